"""Fintalk Builder (the third seed, PROVIDERS.md 3; paths and header as section 10 decides).

Log in, then create campaign actions (one delivery for each line of `sheet_values` under its header line) or
"acionamentos" (one delivery each), whose answer is a bare number. Errors look like FastAPI's.
"""

import csv
import secrets
import time
from collections.abc import Callable
from typing import Any

from dispatcher.simulator.presets import UNAUTHORIZED
from dispatcher.simulator.record import Job
from dispatcher.simulator.wire import MISSING, Answer, Call, Refused, Route
from dispatcher.simulator.world import World

PHONES = ("phone", "telefone", "celular", "number", "numero")
STATUSES = ("concluded", "in_progress", "not_started", "error")
TEXTS = (
    *("_id", "organization", "scheduled_date", "campaign_name", "bot_name", "creation_date", "description"),
    *("name", "file", "content", "log_file"),
)
MOST_KEPT = 200_000
Json = dict[str, Any]


def unprocessable(*problems: tuple[list[str], str, str]) -> Refused:
    """422 in FastAPI's shape: where, what, which kind."""
    detail = [{"loc": where, "msg": text, "type": kind} for where, text, kind in problems]
    return Refused(Answer(422, {"detail": detail}))


class Builder:
    def __init__(self, world: World) -> None:
        self.world = world
        self.tokens: dict[str, tuple[str, float]] = {}  # token -> user, end (monotonic)
        self.refreshes: dict[str, str] = {}
        self.triggers: dict[int, Json] = {}
        self.last_trigger = 0
        world.on_forget.append(self.triggers.clear)

    def routes(self) -> dict[tuple[str, str], Route]:
        route = self._route
        return {
            ("POST", "/login"): route(self.login),
            ("POST", "/refresh"): route(self.refresh),
            ("POST", "/acionamento"): route(self.trigger, self.bot_of_trigger, sends=True),
            ("GET", "/acionamento/{id}"): route(self.fetch),
            ("POST", "/{organization}/{bot}/campaign"): route(self.campaign, lambda c: c.names["bot"], sends=True),
        }

    def _route(
        self, handler: Callable[[Call], Answer], sender: Callable[[Call], str] = lambda call: "", sends: bool = False
    ) -> Route:
        return Route("builder", handler, sender, numbers_of, sends)

    # ------------------------------------------------------------------ tokens

    def login(self, call: Call) -> Answer:
        given = body_of(call)
        missing = [name for name in ("user", "password") if not isinstance(given.get(name), str)]
        if missing:
            raise unprocessable(*((["body", name], "field required", "value_error.missing") for name in missing))
        users = self.world.settings.builder_users
        if not given["user"] or (users and users.get(given["user"]) != given["password"]):
            raise Refused(Answer(401, {"detail": "Incorrect username or password"}))
        return self._issue(given["user"])

    def refresh(self, call: Call) -> Answer:
        given = body_of(call)
        if not isinstance(given.get("refresh_token"), str):
            raise unprocessable((["body", "refresh_token"], "field required", "value_error.missing"))
        user = self.refreshes.pop(given["refresh_token"], None)
        if user is None:
            raise Refused(UNAUTHORIZED["builder"])
        return self._issue(user)

    def _issue(self, user: str) -> Answer:
        now = time.monotonic()
        token, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.tokens = {t: held for t, held in self.tokens.items() if held[1] > now}
        self.tokens[token] = (user, now + self.world.settings.builder_token_s)
        self.refreshes[refresh] = user
        if len(self.refreshes) > MOST_KEPT:
            del self.refreshes[next(iter(self.refreshes))]
        return Answer(200, {"token": token, "refresh_token": refresh})

    def user(self, call: Call) -> str:
        """Whose token the call carries; 401 for none, an unknown or an expired one."""
        held = self.tokens.get(call.bearer())
        if held is None or held[1] <= time.monotonic():
            raise Refused(UNAUTHORIZED["builder"])
        return held[0]

    # ------------------------------------------------------------------ campaign actions

    def campaign(self, call: Call) -> Answer:
        """201 and the same object; recipients without a phone column are nobody's."""
        self.user(call)
        given = body_of(call)
        check_campaign(given)
        name = given.get("name") or given.get("campaign_name") or ""
        found = rows(given)
        if not found:
            self.world.record.notes.append(f"builder campaign {name!r}: sheet_values names no phones")
        for row in found:
            self._deliver(call, Job(row.get("job_id") or name, folder=given.get("_id") or ""), row)
        defaults = {"_id": secrets.token_hex(12), "status": "not_started", "bot_name": call.names["bot"]}
        return Answer(201, {**defaults, "organization": call.names["organization"], **given})

    def _deliver(self, call: Call, job: Job, content: Json) -> bool:
        phone = phone_of(content)
        if not phone or self.world.absent(phone):
            return False
        self.world.record.deliver(call, phone, job, content, (*PHONES, "job_id"))
        return True

    # ------------------------------------------------------------------ acionamentos

    def bot_of_trigger(self, call: Call) -> str:
        """The path names no bot: it is in the data, or the user stands for it."""
        data = call.object().get("json")
        if isinstance(data, dict) and isinstance(bot := data.get("bot") or data.get("bot_name"), str):
            return bot
        held = self.tokens.get(call.bearer())
        return held[0] if held else ""

    def trigger(self, call: Call) -> Answer:
        self.user(call)
        data = body_of(call).get("json")
        if not isinstance(data, dict):
            raise unprocessable((["body", "json"], "value is not a valid dict", "type_error.dict"))
        job_id = data.get("job_id", "")
        is_sent = self._deliver(call, Job(str(job_id)), data)
        self.last_trigger += 1
        self.triggers[self.last_trigger] = {
            "id": self.last_trigger,
            "status": "concluded" if is_sent else "error",
            "json": data,
            "creation_date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        if len(self.triggers) > MOST_KEPT:
            del self.triggers[next(iter(self.triggers))]
        return Answer(200, self.last_trigger)

    def fetch(self, call: Call) -> Answer:
        known, given = self.world.settings.builder_apikeys, call.query().get("apikey")
        if given is None:
            raise unprocessable((["query", "apikey"], "field required", "value_error.missing"))
        if not given or (known and given not in known):
            raise Refused(UNAUTHORIZED["builder"])
        number = call.names["id"]
        found = self.triggers.get(int(number)) if number.isdigit() else None
        if found is None:
            raise Refused(Answer(404, {"detail": "Not Found"}))
        return Answer(200, found)


# ---------------------------------------------------------------------- reading a request


def body_of(call: Call) -> Json:
    found = call.json()
    if found is MISSING:
        raise unprocessable((["body"], "field required", "value_error.missing"))
    if not isinstance(found, dict):
        raise unprocessable((["body"], "value is not a valid dict", "type_error.dict"))
    return found


def check_campaign(given: Json) -> None:
    problems = [
        (["body", name], "str type expected", "type_error.str")
        for name in TEXTS
        if given.get(name) is not None and not isinstance(given[name], str)
    ]
    if given.get("status", "not_started") not in STATUSES:
        problems.append((["body", "status"], "value is not a valid enumeration member", "type_error.enum"))
    values = given.get("sheet_values", [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        problems.append((["body", "sheet_values"], "value is not a valid list of strings", "type_error.list"))
    if problems:
        raise unprocessable(*problems)


def rows(given: Json) -> list[dict[str, str]]:
    """The recipients: a header line, then one CSV line each [10]; those without a phone are left out."""
    values = given.get("sheet_values")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return []
    lines = csv.reader(values)
    header = [name.strip() for name in next(lines, [])]
    found = [dict(zip(header, line, strict=False)) for line in lines]
    return [row for row in found if phone_of(row)]


def phone_of(content: Json) -> str:
    return next((str(content[name]) for name in PHONES if content.get(name)), "")


def numbers_of(call: Call) -> list[str]:
    given = call.object()
    if isinstance(given.get("json"), dict):
        return [phone_of(given["json"])]
    return [phone_of(row) for row in rows(given)]
