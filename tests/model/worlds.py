"""The worlds: what is in each, and what may go wrong there."""

from tests.model.setting import Setting

EVERY_ANSWER = ("sent", "busy", "refused", "cut after", "cut before")

TINY = Setting(campaigns=(((0,), {}),), may={"die": 1, "double": 1, "lose": 1, "stall": 1, "sweep": 1})
"""One message. Small enough for every play with two surprises."""

FORGETFUL = Setting(campaigns=(((0,), {}),), may={"empty": 1, "older": 1, "stall": 1, "die": 1})
"""The same, and Redis loses all or the last of what it knew."""

BEHIND = Setting(campaigns=(((0,), {}),), may={"older": 1, "double": 1})
"""Redis has forgotten that a job was begun, and the job comes again: only the claim stands in its way."""

GUARDED = Setting(
    campaigns=(((0,), {"cpc": True}), ((0,), {"cpc": True})),
    lanes=2,
    may={"die": 1, "double": 1, "stall": 1, "reply": 1, "empty": 1, "older": 1},
    answers=EVERY_ANSWER,
)
"""Two campaigns to one client, from two lanes."""

STEERED = Setting(
    campaigns=(((0, 1), {}),),
    may={"die": 1, "stall": 1, "double": 1, "sweep": 1, "empty": 1},
    orders=("pause", "resume", "cancel", "retry", "decide"),
    answers=EVERY_ANSWER,
)
"""Two messages, and an operator with all that one may say."""

IN_CHUNKS = Setting(
    campaigns=(((0, 1, 2, 3), {"chunk_size": 2, "seconds_between_chunks": 30, "delay_min": 2, "delay_max": 4}),),
    lanes=2,
    may={"die": 1, "stall": 1, "double": 1, "empty": 1, "older": 1},
    answers=EVERY_ANSWER,
    steps=100,
)
"""Four messages in two chunks, from two lanes."""

IN_BATCHES = Setting(
    campaigns=(((0, 1, 2, 3), {"cpc": True, "chunk_size": 3, "seconds_between_chunks": 30}),),
    lanes=2,
    account={"batch": 2},
    may={"die": 1, "double": 1, "stall": 1, "reply": 1, "empty": 1, "older": 1},
    answers=EVERY_ANSWER,
    steps=100,
)
"""Guarded, two messages in a call."""

DEFERRED = Setting(
    campaigns=(((0,), {"cpc": True}), ((0,), {"cpc": True, "on_locked": "defer"})),
    lanes=2,
    may={"die": 2, "double": 1, "stall": 1, "reply": 2, "sweep": 1, "empty": 1, "older": 1},
    answers=EVERY_ANSWER,
    steps=100,
)
"""The second campaign waits for the client of the first."""

FOLLOWED_UP = Setting(
    campaigns=(((0,), {"cpc": True, "follow_ups": [{"after_s": 30, "text": "Olá?"}]}), ((0,), {"cpc": True})),
    lanes=2,
    may={"die": 2, "double": 1, "stall": 1, "reply": 2, "sweep": 1, "empty": 1},
    answers=EVERY_ANSWER,
    steps=120,
)
"""A message with a follow-up, and another campaign that wants the same client."""

CUT_OFF = Setting(
    campaigns=(((0, 1), {"cpc": True}), ((0,), {"cpc": True})),
    lanes=2,
    may={"cut": 2, "stall": 1, "die": 1},
    answers=EVERY_ANSWER,
)
"""The ways to Redis and to the ledger break, before a call has its effect or after it."""

TWO_CAMPAIGNS = Setting(
    campaigns=(((0, 1), {"delay_min": 1, "delay_max": 2}), ((2, 3), {"priority": 1})),
    may={"die": 1, "double": 1, "stall": 1, "sweep": 1, "empty": 1, "older": 1},
    orders=("pause", "resume"),
    answers=EVERY_ANSWER,
    steps=100,
)
"""Two campaigns share a lane, one goes before the other."""

HANDED_OVER = Setting(
    campaigns=(((0,), {}),),
    handed_over=((1,), {"delay_min": 1, "delay_max": 2}),
    may={"submit": 2, "die": 2, "stall": 1, "empty": 1, "cut": 1, "sweep": 1},
    answers=EVERY_ANSWER,
    steps=100,
)
"""While one message is sent another campaign comes in, perhaps twice, and the door that took it may die."""

RESENT = Setting(
    campaigns=(((0,), {"cpc": True}), ((0,), {"cpc": True})),
    lanes=2,
    account={"on_doubt": "resend"},
    may={"die": 2, "stall": 1, "double": 1, "reply": 1, "sweep": 1, "empty": 1, "older": 1},
    orders=("decide",),
    answers=("sent", "cut after", "cut before", "busy"),
    lookup_waits_s=(),
    steps=100,
)
"""Nobody can be asked: who is in doubt is sent to once more, unless they answered, or an operator knows better."""

CONCURRENT = Setting(
    campaigns=(((0, 1, 2, 3), {"delay_min": 2, "delay_max": 4}),),
    sender={"concurrency": 2},
    may={"die": 2, "stall": 1, "double": 1, "lose": 1, "sweep": 1, "empty": 1, "older": 1},
    answers=EVERY_ANSWER,
    steps=100,
)
"""Four messages from two lanes of one sender."""

SPARING = Setting(
    campaigns=(((0, 1, 2, 3), {}),),
    sender={"concurrency": 2, "min_gap_s": 3, "daily_limit": 3},
    may={"die": 1, "stall": 1, "double": 1, "lose": 1, "sweep": 1, "empty": 1},
    answers=EVERY_ANSWER,
    steps=100,
)
"""The same sender keeps a gap between its two lanes and sends three a day: one waits for tomorrow."""

CALLED_OFF = Setting(
    campaigns=(((0, 1), {"cpc": True}), ((0, 1), {"cpc": True, "on_locked": "defer"})),
    lanes=2,
    may={"die": 2, "stall": 1, "double": 1, "reply": 1, "sweep": 1, "empty": 1, "older": 1},
    orders=("cancel", "decide"),
    answers=EVERY_ANSWER,
    steps=120,
)
"""A guarded campaign is cancelled, wherever it is, while another waits for its clients."""

TOGETHER = Setting(
    campaigns=(((0, 1, 2), {"cpc": True, "delay_min": 1, "delay_max": 2}), ((0,), {"cpc": True})),
    lanes=3,
    tickets_a_job=3,
    may={"die": 2, "cut": 1, "double": 1, "lose": 1, "stall": 1, "reply": 1, "sweep": 1, "empty": 1, "older": 1},
    orders=("pause", "resume"),
    answers=EVERY_ANSWER,
    steps=120,
)
"""Guarded, three tickets in a job, of two campaigns to one client among others."""

SMALL = {"tiny": TINY, "forgetful": FORGETFUL}
BIGGER = {
    "guarded": GUARDED,
    "steered": STEERED,
    "in chunks": IN_CHUNKS,
    "in batches": IN_BATCHES,
    "deferred": DEFERRED,
    "followed up": FOLLOWED_UP,
    "cut off": CUT_OFF,
    "two campaigns": TWO_CAMPAIGNS,
    "handed over": HANDED_OVER,
    "resent": RESENT,
    "concurrent": CONCURRENT,
    "sparing": SPARING,
    "called off": CALLED_OFF,
    "together": TOGETHER,
}
