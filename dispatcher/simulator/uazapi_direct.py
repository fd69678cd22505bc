"""uazapi's direct sends and the look-up of what became of them (PROVIDERS.md 1.5).

`track_id` is a search key, not an idempotency key: the same one sends again. With `async` the answer
only means "queued", and a number without an account shows as failed in `/message/find`.
"""

from collections.abc import Callable

from dispatcher.simulator import contents
from dispatcher.simulator.folders import Message
from dispatcher.simulator.numbers import is_destination
from dispatcher.simulator.record import Job, delivery_of
from dispatcher.simulator.uazapi import Uazapi
from dispatcher.simulator.uazapi_requests import BAD_NUMBER, bad, body_of
from dispatcher.simulator.wire import Answer, Call, Route

MENUS = ("button", "list", "poll", "carousel")
TRACKS = ("number", "track_id", "track_source")
MOST_FAILED = 10_000


class Direct:
    def __init__(self, uazapi: Uazapi) -> None:
        self.uazapi = uazapi
        self.world = uazapi.world
        self.failed: list[tuple[str, Message]] = []  # async sends that failed: token, message object
        self.world.on_forget.append(self.failed.clear)

    def routes(self) -> dict[tuple[str, str], Route]:
        send = self.uazapi.send_route
        return {
            ("POST", "/send/text"): send(lambda call: self._send(call, _text)),
            ("POST", "/send/menu"): send(lambda call: self._send(call, _menu)),
            ("POST", "/send/media"): send(lambda call: self._send(call, _media)),
            ("POST", "/send/contact"): send(lambda call: self._send(call, _typed("contact"))),
            ("POST", "/send/location"): send(lambda call: self._send(call, _typed("location"))),
            ("POST", "/send/carousel"): send(lambda call: self._send(call, _carousel)),
            ("POST", "/message/find"): self.uazapi.route(self.find),
        }

    def _send(self, call: Call, problem: Callable[[Message], str | None]) -> Answer:
        self.uazapi.connected(call)
        body = body_of(call)
        if wrong := problem(body):
            raise bad(wrong)
        number = body["number"]
        if not is_destination(number):
            raise bad(BAD_NUMBER)
        job = Job(_string(body, "track_id"), source=_string(body, "track_source"))
        if error := self.world.absent(number):
            return self._absent(call, body, job, error)
        delivery = self.world.record.deliver(call, number, job, body, TRACKS)
        message = self.uazapi.message(delivery)
        if body.get("async"):
            message["status"] = "Queued"
        return Answer(200, {**message, "response": {"status": "success", "message": "Message sent successfully"}})

    def _absent(self, call: Call, body: Message, job: Job, error: str) -> Answer:
        if not body.get("async"):
            raise bad(error, 500)
        message = {
            "chatid": self.world.jid(body["number"]),
            "status": "Failed",
            "error": error,
            "owner": call.sender,
            "track_id": job.marker,
            "track_source": job.source,
        }
        self.failed = self.failed[-MOST_FAILED:]
        self.failed.append((call.sender, message))
        return Answer(200, {**message, "status": "Queued", "error": "", "response": {"status": "queued"}})

    # ------------------------------------------------------------------ look-ups

    def find(self, call: Call) -> Answer:
        token = self.uazapi.token(call)
        body = body_of(call)
        limit, offset = body.get("limit", 100), body.get("offset", 0)
        if type(limit) is not int or type(offset) is not int or limit < 1 or offset < 0:
            raise bad("limit and offset must be integers")
        found = list(reversed(self._found(token, body)))  # newest first
        part = found[offset : offset + limit]
        has_more = offset + limit < len(found)
        return Answer(
            200,
            {
                "returnedMessages": len(part),
                "messages": part,
                "limit": limit,
                "offset": offset,
                "nextOffset": offset + len(part),
                "hasMore": has_more,
            },
        )

    def _found(self, token: str, wanted: Message) -> list[Message]:
        names = [name for name in ("id", "chatid", "track_source", "track_id") if wanted.get(name)]
        messages = [self.uazapi.message(i) for i in self._candidates(wanted)]
        messages += [message for owner, message in self.failed if owner == token]
        return [m for m in messages if m["owner"] == token and all(_is(m, name, wanted[name]) for name in names)]

    def _candidates(self, wanted: Message) -> list[int]:
        """The deliveries worth a closer look; a scan of one column, because look-ups are rare."""
        record = self.world.record
        if isinstance(wanted.get("id"), str):
            delivery = delivery_of(wanted["id"])
            return [delivery] if record.holds(delivery) else []
        if isinstance(wanted.get("track_id"), str):
            return record.ids_of_marker(wanted["track_id"])
        return list(record.ids(str(wanted.get("chatid") or "")))


def _is(message: Message, name: str, wanted: object) -> bool:
    """A message is found by its full id as well as by the bare one."""
    return wanted == message.get(name) or (name == "id" and wanted == message.get("messageid"))


def _string(body: Message, name: str) -> str:
    found = body.get(name, "")
    if not isinstance(found, str):
        raise bad(f"{name} must be a string")
    return found


def _text(body: Message) -> str | None:
    if not body.get("number") or not body.get("text"):
        return "Missing number or text"
    return contents.problem({**body, "type": "text"})


def _menu(body: Message) -> str | None:
    if not body.get("number") or body.get("type") not in MENUS:
        return f"number and type ({', '.join(MENUS)}) are required"
    return contents.problem(body)


def _media(body: Message) -> str | None:
    if not body.get("number") or body.get("type") not in contents.FILES or not body.get("file"):
        return "number, type and file are required"
    return contents.problem(body)


def _typed(kind: str) -> Callable[[Message], str | None]:
    return lambda body: contents.problem({**body, "type": kind}) if body.get("number") else "number is required"


def _carousel(body: Message) -> str | None:
    """This endpoint has its cards as objects, not as choices."""
    if not body.get("number") or not isinstance(body.get("carousel"), list):
        return "number, text and carousel are required"
    return contents.problem({**body, "type": "carousel"})
