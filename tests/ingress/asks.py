"""Requests that the tests send, whole and valid; each test spoils what it wants."""

from typing import Any, NamedTuple

ANA, BIA, CAIO = "5511900000001", "5511900000002", "5511900000003"


class Ask(NamedTuple):
    """A creating request of one dialect, and the status of its answer."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    status: int


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


CREATING = {
    "uazapi": Ask(
        "/sender/advanced",
        {"token": "loja-token"},
        {"delayMin": 3, "delayMax": 6, "messages": [{"number": ANA, "type": "text", "text": "oi"}]},
        200,
    ),
    "uazapi simple": Ask(
        "/sender/simple",
        {"token": "loja-token"},
        {"delayMin": 3, "delayMax": 6, "numbers": [ANA], "type": "text", "text": "oi"},
        200,
    ),
    "kinbox": Ask(
        "/v3/campaigns",
        bearer("caixa-token"),
        {"name": "Lançamento", "message": "Olá {{nome}}", "leads": [{"phone": ANA, "nome": "Ana"}]},
        201,
    ),
    "builder campaign": Ask(
        "/org/bot-1/campaign",
        bearer("obra-token"),
        {"campaign_name": "Lançamento", "sheet_values": ["phone,message", f"{ANA},Olá"]},
        201,
    ),
    "builder acionamento": Ask("/acionamento", bearer("obra-token"), {"json": {"phone": ANA, "message": "Olá"}}, 200),
    "cpc": Ask(
        "/api/messages/massivocpc",
        bearer("cobranca-token"),
        {
            "campaign": "Campanha teste",
            "idAccount": "1234",
            "tag": "emp1",
            "messages": [
                {
                    "phone": ANA,
                    "idMessage": 1234,
                    "clientId": "",
                    "contract": "91757",
                    "closeTicket": True,
                    "specialistCode": "admin",
                    "mainTemplate": "Olá",
                }
            ],
        },
        200,
    ),
    "native": Ask(
        "/v1/campaigns",
        bearer("admin-token-of-the-tests"),
        {"account": "loja", "text": "oi {{name}}", "recipients": [{"phone": ANA, "name": "Ana"}]},
        201,
    ),
}
