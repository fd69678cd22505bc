"""The simulator's own API under `/_sim/…`: what was received, faults, settings.

GET    /_sim/deliveries?number=&after=&limit=    in order; `number` in any spelling
GET    /_sim/calls?after=&limit=                 every HTTP call, refused ones too
GET    /_sim/summary                             counts, duplicates, repeats, overlaps, gaps
GET    /_sim/gaps?provider=&sender=              all gaps of one sender, in ms
DELETE /_sim/deliveries                          forget all of that
GET    /_sim/faults    PUT (a list of rules)    DELETE
GET    /_sim/settings  PUT (an object)
GET    /_sim/ready
"""

from collections.abc import Callable
from typing import Any

from dispatcher.simulator.wire import MISSING, Answer, Call
from dispatcher.simulator.world import World

Handler = Callable[[Call], Answer]
OK = Answer(200, {"ok": True})


class Control:
    def __init__(self, world: World) -> None:
        self.world = world
        self.handlers: dict[tuple[str, str], Handler] = {
            ("GET", "/_sim/ready"): lambda call: OK,
            ("GET", "/_sim/deliveries"): self.deliveries,
            ("DELETE", "/_sim/deliveries"): self.forget,
            ("GET", "/_sim/calls"): self.calls,
            ("GET", "/_sim/summary"): lambda call: Answer(200, world.record.summary()),
            ("GET", "/_sim/gaps"): self.gaps,
            ("GET", "/_sim/faults"): self.faults,
            ("PUT", "/_sim/faults"): self.set_faults,
            ("DELETE", "/_sim/faults"): self.clear_faults,
            ("GET", "/_sim/settings"): lambda call: Answer(200, world.settings.as_dict()),
            ("PUT", "/_sim/settings"): self.set_settings,
        }

    def answer(self, call: Call) -> Answer:
        handler = self.handlers.get((call.method, call.path))
        if handler is None:
            return Answer(404, {"error": f"no {call.method} {call.path} here"})
        try:
            return handler(call)
        except ValueError as error:
            return Answer(400, {"error": str(error)})

    def deliveries(self, call: Call) -> Answer:
        query = call.query()
        after, limit = int(query.get("after", -1)), int(query.get("limit", 10_000))
        return Answer(200, self.world.record.deliveries(query.get("number", ""), after, limit))

    def calls(self, call: Call) -> Answer:
        query = call.query()
        return Answer(200, self.world.record.calls_after(int(query.get("after", -1)), int(query.get("limit", 10_000))))

    def gaps(self, call: Call) -> Answer:
        query = call.query()
        gaps = self.world.record.lanes.gaps_ms(query.get("provider", "uazapi"), query.get("sender", ""))
        return Answer(200, gaps)

    def forget(self, call: Call) -> Answer:
        self.world.record.forget()
        return OK

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
        return Answer(200, self.world.settings.as_dict())


def given(call: Call) -> Any:
    found = call.json()
    if found is MISSING:
        raise ValueError("the body is not JSON")
    return found
