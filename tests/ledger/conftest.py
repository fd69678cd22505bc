"""A migrated ledger for each test."""

import base64
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from dispatcher.domain.account import Account
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.ledger.accounts import Accounts
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.engine import make_engine
from dispatcher.secrecy import Secrecy


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = make_engine(ledger_url, pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture
def secrecy() -> Secrecy:
    return Secrecy(base64.urlsafe_b64encode(bytes(32)).decode())


FILE = """
[[account]]
name = "loja"
provider = "uazapi"
base_urls = ["https://impeto.uazapi.com"]
ingress_token = "ingress"
validity_s = 3600
[account.credentials]
token = "token"
[[account.sender]]
name = "5511900000001"
concurrency = 2
[[account.sender]]
name = "5511900000002"
"""


@pytest.fixture
def loja(engine: Engine, secrecy: Secrecy) -> Account:
    """An account with two senders; the first has two lanes."""
    accounts = Accounts(engine, secrecy)
    accounts.apply(read_accounts(FILE, {}))
    return accounts.named("loja")


@pytest.fixture
def campaigns(engine: Engine) -> Campaigns:
    return Campaigns(engine)
