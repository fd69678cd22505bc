"""What the recipients and the lines do: they answer, read, and lose the connection.

    POST /_sim/reply        {"provider", "identity"?, "number", "text"?, …}     events.REPLY lists the options
    POST /_sim/receipt      {"provider", "identity"?, "number", "state", …}     events.RECEIPT
    POST /_sim/connection   {"identity", "status", …}                           events.CONNECTION

Each answers what the webhooks answered. The settings `auto_receipts` and `auto_reply_probability` make the same
happen by itself after each delivery.
"""

from functools import partial
from typing import Any

from dispatcher.simulator import events
from dispatcher.simulator.cpc import Cpc
from dispatcher.simulator.kinbox import Kinbox
from dispatcher.simulator.record import message_id
from dispatcher.simulator.uazapi import STATES, Uazapi
from dispatcher.simulator.webhooks import PROVIDERS, Webhooks
from dispatcher.simulator.world import World

Json = dict[str, Any]


class People:
    def __init__(self, world: World, hooks: Webhooks, uazapi: Uazapi, kinbox: Kinbox, cpc: Cpc) -> None:
        self.world, self.hooks = world, hooks
        self.uazapi, self.kinbox, self.cpc = uazapi, kinbox, cpc
        world.record.on_delivery = self.delivered

    # ------------------------------------------------------------------ on demand

    async def reply(self, given: Any) -> list[Json]:
        wanted = self._wanted(events.REPLY, given)
        event = events.reply(wanted)
        if not (wanted["from_me"] or wanted["group"]):
            self._answered(wanted)
        return [answer for _ in range(wanted["times"]) for answer in await self.hooks.post(event)]

    async def receipt(self, given: Any) -> list[Json]:
        wanted = self._wanted(events.RECEIPT, given)
        latest = self.world.record.latest(wanted["number"], wanted["provider"], wanted["identity"])
        if latest >= 0:
            wanted["message_ids"] = wanted["message_ids"] or [message_id(latest)]
            self._count(latest, wanted["state"])
        event = events.receipt(wanted)
        return [answer for _ in range(wanted["times"]) for answer in await self.hooks.post(event)]

    async def connection(self, given: Any) -> list[Json]:
        wanted = self._wanted(events.CONNECTION, given)
        if wanted["status"] not in STATES:
            raise ValueError(f"status: one of {', '.join(sorted(STATES))}")
        if wanted["provider"] == "uazapi":
            self.uazapi.states[wanted["identity"]] = wanted["status"]
        return await self.hooks.post(events.connection(wanted))

    def _wanted(self, defaults: Json, given: Any) -> Json:
        wanted = events.options(defaults, given)
        if wanted["provider"] not in PROVIDERS:
            raise ValueError(f"provider: one of {', '.join(PROVIDERS)}")
        if wanted["shape"] not in ("", "uazapi", "evolution", "kinbox", "flat", "text"):
            raise ValueError("shape: not known")
        if not wanted["identity"] and wanted.get("number"):
            latest = self.world.record.latest(wanted["number"], wanted["provider"])
            wanted["identity"] = self.world.record.owner(latest)[1] if latest >= 0 else ""
        return wanted

    def _answered(self, wanted: Json) -> None:
        self.cpc.contacts.replied(wanted["number"])
        if wanted["provider"] == "kinbox":
            latest = self.world.record.latest(wanted["number"], "kinbox")
            if latest >= 0:
                self.kinbox.receipt(latest, "Answered")

    def _count(self, delivery: int, state: str) -> None:
        provider = self.world.record.owner(delivery)[0]
        if provider == "uazapi":
            self.uazapi.receipt(delivery, state)
        elif provider == "kinbox":
            self.kinbox.receipt(delivery, state)

    # ------------------------------------------------------------------ by itself

    def delivered(self, delivery: int) -> None:
        """A delivery was made: its receipts, and perhaps a reply, follow on the simulator's clock."""
        settings = self.world.settings
        for step, state in enumerate(settings.auto_receipts, 1):
            self.world.later(step * settings.auto_delay_s, partial(self._receipt, delivery, state))
        if settings.auto_reply_probability and self.world.dice.random() < settings.auto_reply_probability:
            step = len(settings.auto_receipts) + 1
            self.world.later(step * settings.auto_delay_s, partial(self._reply, delivery))

    def _receipt(self, delivery: int, state: str) -> None:
        if not self.world.record.holds(delivery):
            return
        self._count(delivery, state)
        provider, sender = self.world.record.owner(delivery)
        number = self.world.record.number(delivery)
        given = {"provider": provider, "identity": sender, "number": number, "state": state}
        self.hooks.queue(events.receipt({**events.RECEIPT, **given, "message_ids": [message_id(delivery)]}))

    def _reply(self, delivery: int) -> None:
        if not self.world.record.holds(delivery):
            return
        provider, sender = self.world.record.owner(delivery)
        number, text = self.world.record.number(delivery), self.world.settings.auto_reply_text
        wanted = {**events.REPLY, "provider": provider, "identity": sender, "number": number, "text": text}
        self._answered(wanted)
        self.hooks.queue(events.reply(wanted))
