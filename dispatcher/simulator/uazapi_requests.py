"""Reading uazapi's requests: numbers, delays in seconds, schedules (PROVIDERS.md 1.2, 1.3)."""

import time
from typing import Any

from dispatcher.simulator import contents
from dispatcher.simulator.folders import Message
from dispatcher.simulator.numbers import is_destination
from dispatcher.simulator.wire import MISSING, Answer, Call, Refused

MINUTES_BELOW = 100_000  # a scheduled_for below this counts minutes, from EPOCH_MS_FROM on milliseconds [1.3]
EPOCH_MS_FROM = 10**12
MOST_DELAY_S = 86_400
BAD_NUMBER = "Formato de número inválido"


def bad(text: str, status: int = 400) -> Refused:
    return Refused(Answer(status, {"error": text}))


def sender_of(call: Call) -> str:
    return call.header(b"token")


def numbers_of(call: Call) -> list[str]:
    body = call.object()
    messages = body.get("messages")
    if isinstance(messages, list):
        return [str(m.get("number", "")) for m in messages if isinstance(m, dict)]
    numbers = body.get("numbers")
    if isinstance(numbers, list):
        return [str(number) for number in numbers]
    return [str(body["number"])] if "number" in body else []


def body_of(call: Call) -> Message:
    found = call.json()
    if found is MISSING and not call.body:
        return {}
    if not isinstance(found, dict):
        raise bad("Invalid JSON payload")
    return found


def check_message(message: Any) -> None:
    if not isinstance(message, dict) or not is_destination(message.get("number")):
        raise bad(BAD_NUMBER)
    if message.get("type") and (wrong := contents.problem(message)):
        raise bad(wrong)


def delays(body: Message) -> tuple[int, int]:
    """Whole seconds; the bound catches milliseconds sent by mistake [1.3]."""
    least = _delay(body.get("delayMin", 0))
    most = _delay(body.get("delayMax", least))
    if least > most:
        raise bad("delayMin must not be greater than delayMax")
    return least, most


def _delay(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MOST_DELAY_S:
        raise bad("delayMin and delayMax must be integers, in seconds")
    return value


def schedule(value: Any) -> int:
    """Epoch milliseconds, 0 for at once; between minutes and milliseconds nothing is defined [1.3]."""
    if value is None or value == 0:
        return 0
    if type(value) is not int or value < 0 or MINUTES_BELOW <= value < EPOCH_MS_FROM:
        raise bad("scheduled_for must be epoch milliseconds or minutes from now")
    return value if value >= EPOCH_MS_FROM else int(time.time() * 1000) + value * 60_000
