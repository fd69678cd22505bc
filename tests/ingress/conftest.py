"""The web as it is: a uvicorn server on a port, a wired installation behind it, four accounts."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import func, literal, select, union_all

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.ingress.app import create_app
from dispatcher.ingress.serve import server
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.tables import metadata
from dispatcher.pipeline.desk import Desk
from dispatcher.settings import Settings
from dispatcher.wiring import Wiring
from dispatcher.wiring.counter import desk_of
from tests.ledgers import Ledgers
from tests.plain import NO_TLS
from tests.serving import Quiet, serving
from tests.waiting import wait_until

ADMIN = "admin-token-of-the-tests"

ACCOUNTS = """
[[account]]
name = "loja"
provider = "uazapi"
base_urls = ["https://uazapi.example"]
ingress_token = "loja-token"
webhook_secret = "loja-hook"
credentials = { token = "x" }
[[account.sender]]
name = "5511900000091"
[[account.sender]]
name = "5511900000092"

[[account]]
name = "caixa"
provider = "kinbox"
base_urls = ["https://kinbox.example"]
ingress_token = "caixa-token"
credentials = { token = "x" }
[[account.sender]]
name = "canal-1"

[[account]]
name = "obra"
provider = "builder"
base_urls = ["https://builder.example"]
ingress_token = "obra-token"
credentials = { user = "u", password = "p", apikey = "k", organization = "org", bot = "bot-1" }
[[account.sender]]
name = "bot-1"

[[account]]
name = "cobranca"
provider = "cpc"
base_urls = ["https://cpc.example"]
ingress_token = "cobranca-token"
credentials = { token = "x" }
[[account.sender]]
name = "emp1"
"""


@dataclass(frozen=True)
class Web:
    """A running web: `http` speaks to it without any token, `admin` with the admin token."""

    http: httpx.Client
    admin: httpx.Client
    desk: Desk
    wiring: Wiring


@pytest.fixture
def web(ledger_url: str, redis_url: str) -> Iterator[Web]:
    """A web of this test's own."""
    with running(settings_for(ledger_url, redis_url)) as found:
        yield found


@pytest.fixture(scope="module")
def shared_web(ledgers: Ledgers, valkey: str) -> Iterator[Web]:
    """One web for a module's tables of cases, which store nothing or do not mind what is stored."""
    with ledgers.lent() as url, running(settings_for(url, valkey)) as found:
        yield found


def rows_of(web: Web) -> dict[str, int]:
    """How many rows each table of the ledger has."""
    counts = [select(literal(table.name), func.count()).select_from(table) for table in metadata.sorted_tables]
    with autocommit(web.wiring.engine) as connection:
        return {row[0]: row[1] for row in connection.execute(union_all(*counts))}


@contextmanager
def storing_nothing(web: Web) -> Iterator[None]:
    """Whatever happens meanwhile leaves not a row in any table, and takes none away."""
    before = rows_of(web)
    yield
    assert rows_of(web) == before


@pytest.fixture
def nothing_stored(shared_web: Web) -> Iterator[None]:
    with storing_nothing(shared_web):
        yield


def settings_for(database_url: str, redis_url: str) -> Settings:
    return Settings(
        redis_url=redis_url,
        database_url=database_url,
        secret_key=SecretStr(base64.urlsafe_b64encode(bytes(32)).decode()),
        admin_token=SecretStr(ADMIN),
        allow_private_urls=True,
    )


@contextmanager
def running(settings: Settings, accounts: str = ACCOUNTS, rebuild: bool = True) -> Iterator[Web]:
    wiring = Wiring(settings)
    if accounts:
        wiring.accounts.apply(read_accounts(accounts, {}))
    if rebuild:
        wiring.rebuild_clock()
    desk = desk_of(wiring)
    with served(create_app(desk, settings)) as url:
        bearer = {"Authorization": f"Bearer {ADMIN}"}
        with (
            httpx.Client(base_url=url, timeout=30, trust_env=False, verify=NO_TLS) as http,
            httpx.Client(base_url=url, headers=bearer, timeout=30, trust_env=False, verify=NO_TLS) as admin,
        ):
            yield Web(http, admin, desk, wiring)
    wiring.close()


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    running_server = server(app, "127.0.0.1", 0)
    thread = Thread(target=running_server.run, daemon=True)
    thread.start()
    wait_until(lambda: running_server.started)
    port = running_server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running_server.should_exit = True
    thread.join()


class _Leads(Quiet):
    def do_GET(self) -> None:
        self.answer(200, "telefone;nome\n5511900000001;Ana\n5511900000002;João\n".encode("latin-1"))


@pytest.fixture
def leads_server() -> Iterator[str]:
    """A server with a file of two leads, as Excel writes it."""
    with serving(_Leads) as url:
        yield url
