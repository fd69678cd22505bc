"""Small bodies that the simulator's tests send."""

from typing import Any

Json = dict[str, Any]
NUMBER = "5511999999999"
OTHER = "5511988876204"
BEARER = {"authorization": "Bearer secret"}
CPC_PATH = "/api/messages/massivocpc"


def text_job(info: str = "c-1.1", number: str = NUMBER, text: str = "oi") -> Json:
    """A uazapi mass send of one text, as the dispatcher's default mode makes them."""
    return folder(info, {"number": number, "type": "text", "text": text})


def folder(info: str, *messages: Json, delay_min: int = 3, delay_max: int = 6) -> Json:
    return {"delayMin": delay_min, "delayMax": delay_max, "info": info, "messages": list(messages)}


def texts(*numbers: str) -> list[Json]:
    return [{"number": number, "type": "text", "text": "oi"} for number in numbers]


def cpc_body(*phones: str, campaign: str = "Campanha", tag: str = "emp1", **more: Any) -> Json:
    """A CPC call; `more` goes into every message."""
    messages = [
        {"phone": p, "idMessage": i, "closeTicket": True, "specialistCode": "admin", "mainTemplate": "Olá", **more}
        for i, p in enumerate(phones)
    ]
    return {"campaign": campaign, "tag": tag, "messages": messages}
