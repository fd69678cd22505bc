"""The simulator's own API under `/_sim/…`, and its page at `/`.

    GET    /_sim/deliveries?number=&after=&limit=    in order; `number` in any spelling
    DELETE /_sim/deliveries                          forget them, the calls, folders, campaigns and locks
    GET    /_sim/calls?after=&limit=                 every HTTP call, refused ones too
    GET    /_sim/summary                             counts, duplicates, repeats, overlaps, gaps
    GET    /_sim/gaps?provider=&sender=              all gaps of one sender, in ms
    GET    /_sim/counts?by=person|content&limit=     who, or what to whom, was reached how often
    GET    /_sim/faults    PUT (a list of rules)     DELETE
    GET    /_sim/settings  PUT (an object)
    GET    /_sim/webhooks  PUT (a list)
    POST   /_sim/reply     /_sim/receipt             /_sim/connection
    GET    /_sim/ready

A 400 says in `error` what was wrong.
"""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from dispatcher.simulator import views
from dispatcher.simulator.cpc import Contacts
from dispatcher.simulator.people import People
from dispatcher.simulator.webhooks import Webhooks
from dispatcher.simulator.wire import MISSING, Answer, Call
from dispatcher.simulator.world import World

OK = Answer(200, {"ok": True})
PAGE_LIMIT = 10_000


class Control:
    def __init__(self, world: World, hooks: Webhooks, people: People, contacts: Contacts) -> None:
        self.world, self.hooks, self.people, self.contacts = world, hooks, people, contacts
        self.handlers: dict[tuple[str, str], Callable[[Call], Answer]] = {
            ("GET", "/"): self.page,
            ("GET", "/_sim/ready"): lambda call: OK,
            ("GET", "/_sim/deliveries"): self.deliveries,
            ("DELETE", "/_sim/deliveries"): self.forget,
            ("GET", "/_sim/calls"): self.calls,
            ("GET", "/_sim/summary"): self.summary,
            ("GET", "/_sim/gaps"): self.gaps,
            ("GET", "/_sim/counts"): self.counts,
            ("GET", "/_sim/faults"): self.faults,
            ("PUT", "/_sim/faults"): self.set_faults,
            ("DELETE", "/_sim/faults"): self.clear_faults,
            ("GET", "/_sim/settings"): lambda call: Answer(200, world.settings.as_dict()),
            ("PUT", "/_sim/settings"): self.set_settings,
            ("GET", "/_sim/webhooks"): lambda call: Answer(200, hooks.as_list()),
            ("PUT", "/_sim/webhooks"): self.set_webhooks,
        }
        self.acts: dict[tuple[str, str], Callable[[Any], Awaitable[Any]]] = {
            ("POST", "/_sim/reply"): people.reply,
            ("POST", "/_sim/receipt"): people.receipt,
            ("POST", "/_sim/connection"): people.connection,
        }

    async def answer(self, call: Call) -> Answer:
        where = (call.method, call.path)
        try:
            if where in self.acts:
                return Answer(200, await self.acts[where](given(call)))
            if where in self.handlers:
                return self.handlers[where](call)
        except ValueError as error:
            return Answer(400, {"error": str(error)})
        return Answer(404, {"error": f"no {call.method} {call.path} here"})

    # ------------------------------------------------------------------ what was received

    def page(self, call: Call) -> Answer:
        html = files(__package__).joinpath("page.html").read_text("utf-8")
        return Answer(200, html, (("content-type", "text/html; charset=utf-8"),))

    def deliveries(self, call: Call) -> Answer:
        after, limit = window(call)
        return Answer(200, views.deliveries(self.world.record, call.query().get("number", ""), after, limit))

    def calls(self, call: Call) -> Answer:
        return Answer(200, views.calls(self.world.record, *window(call)))

    def summary(self, call: Call) -> Answer:
        more = {"cpc_breaches": self.contacts.breaches, "webhooks": self.hooks.as_dict()}
        return Answer(200, {**views.summary(self.world.record), **more})

    def gaps(self, call: Call) -> Answer:
        query = call.query()
        gaps = self.world.record.lanes.gaps_ms(query.get("provider", "uazapi"), query.get("sender", ""))
        return Answer(200, gaps)

    def counts(self, call: Call) -> Answer:
        by = call.query().get("by", "person")
        if by not in ("person", "content"):
            raise ValueError("by: person or content")
        return Answer(200, views.counts(self.world.record, by, window(call)[1]))

    def forget(self, call: Call) -> Answer:
        self.world.forget()
        return OK

    # ------------------------------------------------------------------ what it shall do

    def faults(self, call: Call) -> Answer:
        return Answer(200, [rule.as_dict() for rule in self.world.faults.rules])

    def set_faults(self, call: Call) -> Answer:
        self.world.faults.set(given(call), self.world.settings.seed)
        return self.faults(call)

    def clear_faults(self, call: Call) -> Answer:
        self.world.faults.set([], 0)
        return OK

    def set_settings(self, call: Call) -> Answer:
        changes = given(call)
        if not isinstance(changes, dict):
            raise ValueError("a JSON object is needed")
        self.world.settings.update(changes)
        if "seed" in changes:
            self.world.dice.seed(changes["seed"])
            self.world.faults.reseed(changes["seed"])
        return Answer(200, self.world.settings.as_dict())

    def set_webhooks(self, call: Call) -> Answer:
        self.hooks.set(given(call))
        return Answer(200, self.hooks.as_list())


def given(call: Call) -> Any:
    found = call.json()
    if found is MISSING:
        raise ValueError("the body is not JSON")
    return found


def window(call: Call) -> tuple[int, int]:
    """`after` and `limit` of the query."""
    query = call.query()
    return int(query.get("after", -1)), int(query.get("limit", PAGE_LIMIT))
