"""Disparo CPC (the fourth seed, PROVIDERS.md 4): one call sends many, and the body tells how it went.

HTTP 201 whatever became of the messages; unknown fields are refused (whitelist and forbid). The provider's
own 24 h rule is off unless `cpc_rule` is set; breaches of it are counted in any case.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from dispatcher.simulator.numbers import person
from dispatcher.simulator.presets import UNAUTHORIZED, cpc_locked_reason
from dispatcher.simulator.record import Job
from dispatcher.simulator.wire import MISSING, Answer, Call, Refused, Route
from dispatcher.simulator.world import World

Json = dict[str, Any]
Check = Callable[[Any], bool]
ASIDE = ("phone", "idMessage")
INVALID = "Número inválido"
_PHONE = re.compile(r"^\d{10,15}$")


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


REQUIRED: dict[str, tuple[Check, str]] = {
    "phone": (_filled, "should not be empty"),
    "closeTicket": (lambda value: value is True, "must be true"),
    "specialistCode": (_filled, "should not be empty"),
    "mainTemplate": (_text, "must be a string"),  # the seed: accepted when empty, and sent empty
}
OPTIONAL: dict[str, tuple[Check, str]] = {
    "idMessage": (_number, "must be a number"),
    "clientId": (_text, "must be a string"),
    "contract": (_text, "must be a string"),
    "retryTemplate": (_text, "must be a string"),
    "lastTemplate": (_text, "must be a string"),
}
ENVELOPE = {"campaign", "idAccount", "tag", "messages"}


class Contacts:
    """The 24 h rule as the public code has it: free after a reply, or a day after the first contact [4.3]."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.first: dict[str, float] = {}  # person -> monotonic
        self.breaches = 0
        world.on_forget.append(self.forget)

    def forget(self) -> None:
        self.first.clear()
        self.breaches = 0

    def left_h(self, phone: str) -> float:
        """Hours until the person may be contacted again; 0: now."""
        first = self.first.get(person(phone))
        if first is None:
            return 0.0
        return max(self.world.settings.cpc_rule_hours - (time.monotonic() - first) / 3600, 0.0)

    def sent(self, phone: str) -> None:
        if self.left_h(phone) > 0:
            self.breaches += 1
            return
        self.first[person(phone)] = time.monotonic()
        if len(self.first) > self.world.settings.keep:
            del self.first[next(iter(self.first))]

    def replied(self, phone: str) -> None:
        self.first.pop(person(phone), None)


class Cpc:
    def __init__(self, world: World) -> None:
        self.world = world
        self.contacts = Contacts(world)

    def routes(self) -> dict[tuple[str, str], Route]:
        path = "/api/messages/massivocpc"
        return {("POST", path): Route("cpc", self.send, tag_of, numbers_of, sends=True)}

    def send(self, call: Call) -> Answer:
        token, known = call.bearer(), self.world.settings.cpc_tokens
        if not token or (known and token not in known):
            raise Refused(UNAUTHORIZED["cpc"])
        body = call.json()
        wrong = problems(body)
        if wrong:
            raise Refused(Answer(400, {"statusCode": 400, "message": "Erro de validação", "errors": wrong}))
        tags = self.world.settings.cpc_tags
        if tags and body["tag"] not in tags:
            text = f"Tag '{body['tag']}' não encontrada"
            raise Refused(Answer(404, {"message": text, "error": "Not Found", "statusCode": 404}))
        return report([self._send(call, body["campaign"], i, m) for i, m in enumerate(body["messages"])])

    def _send(self, call: Call, campaign: str, index: int, message: Json) -> Json | None:
        """None when it was sent, else its entry in `errors`."""
        phone = message["phone"]
        reason = call.refuses(index, phone) if call.refuses else None
        if reason := reason or self._reason(phone):
            return {"phone": phone, "reason": reason}
        marker = str(message["idMessage"]) if "idMessage" in message else ""
        self.world.record.deliver(call, phone, Job(marker, group=campaign), message, ASIDE)
        self.contacts.sent(phone)
        return None

    def _reason(self, phone: str) -> str | None:
        if not _PHONE.match(phone):
            return INVALID
        hours = self.contacts.left_h(phone)
        if self.world.settings.cpc_rule and hours > 0:
            return cpc_locked_reason(hours)
        return "Falha ao enviar mensagem pela Evolution" if self.world.absent(phone) else None


def report(results: list[Json | None]) -> Answer:
    """`errors` is a number when all went well and a list otherwise [4.2]."""
    errors = [result for result in results if result is not None]
    sent = len(results) - len(errors)
    if not errors:
        done = {"status": "success", "message": "Mensagens enviadas com sucesso", "processed": sent, "errors": 0}
        return Answer(201, done)
    if not sent:
        return Answer(201, {"status": "error", "message": "Falha ao processar requisição", "errors": errors})
    text = f"{sent} mensagens processadas, {len(errors)} com erro"
    return Answer(201, {"status": "partial", "message": text, "processed": sent, "errors": errors})


# ---------------------------------------------------------------------- reading a request


def problems(body: Any) -> list[str]:
    """`field: text` for everything that is wrong with a body."""
    if body is MISSING or not isinstance(body, dict):
        return ["body: must be an object"]
    wrong = [f"{name}: property {name} should not exist" for name in sorted(body.keys() - ENVELOPE)]
    wrong += [f"{name}: should not be empty" for name in ("campaign", "tag") if not _filled(body.get(name))]
    if "idAccount" in body and not _text(body["idAccount"]):
        wrong.append("idAccount: must be a string")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return [*wrong, "messages: must contain at least 1 element"]
    for index, message in enumerate(messages):
        wrong += [f"messages.{index}.{text}" for text in _message_problems(message)]
    return wrong


def _message_problems(message: Any) -> list[str]:
    if not isinstance(message, dict):
        return ["must be an object"]
    unknown = sorted(message.keys() - REQUIRED.keys() - OPTIONAL.keys())
    wrong = [f"{name}: property {name} should not exist" for name in unknown]
    wrong += [f"{name}: {text}" for name, (check, text) in REQUIRED.items() if not check(message.get(name))]
    wrong += [
        f"{name}: {text}" for name, (check, text) in OPTIONAL.items() if name in message and not check(message[name])
    ]
    return wrong


def tag_of(call: Call) -> str:
    tag = call.object().get("tag")
    return tag if isinstance(tag, str) else ""


def numbers_of(call: Call) -> list[str]:
    messages = call.object().get("messages")
    if not isinstance(messages, list):
        return []
    return [str(m.get("phone", "")) for m in messages if isinstance(m, dict)]
