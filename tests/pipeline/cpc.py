"""The same stations with an account of Disparo CPC."""

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.producer import submit
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import NAME, phone
from tests.pipeline.conftest import Hand

ACCOUNT = """
[[account]]
name = "loja"
provider = "cpc"
base_urls = ["{url}"]
ingress_token = "ingress"
webhook_secret = "hook"
batch = 10
on_locked = "{on_locked}"
on_doubt = "{on_doubt}"
credentials = {{ token = "x" }}
[[account.sender]]
name = "emp1"
"""


def through_cpc(hand: Hand, simulator: SimulatorClient, on_locked: str = "block", on_doubt: str = "hold") -> Hand:
    told = ACCOUNT.format(url=simulator.url, on_locked=on_locked, on_doubt=on_doubt)
    hand.wiring.accounts.apply(read_accounts(told, {}))
    hand.forget_accounts()
    hand.provider = "cpc"
    return hand


def post(hand: Hand, *people: int, id_account: str = "1") -> int:
    common = {"closeTicket": True, "specialistCode": "admin", "mainTemplate": "Olá"}
    messages = [{"phone": phone(one), **common} for one in people]
    body = {"campaign": "Acordo", "idAccount": id_account, "tag": "emp1", "messages": messages}
    return submit(hand.stations, NAME, body).campaign_id


def told(name: str, **more: object) -> dict[str, object]:
    return {"kind": "preset", "provider": "cpc", "name": name, "times": 1, **more}
