"""Small bodies that the simulator's tests send."""

from typing import Any

NUMBER = "5511999999999"


def text_job(info: str = "c-1.1", number: str = NUMBER, text: str = "oi") -> dict[str, Any]:
    """A uazapi mass send of one text, as the dispatcher's default mode makes them."""
    return {"delayMin": 3, "delayMax": 6, "info": info, "messages": [{"number": number, "type": "text", "text": text}]}
