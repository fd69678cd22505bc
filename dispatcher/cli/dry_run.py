"""`dispatcher send --dry-run`: what would be sent when, by the arithmetic of pacing. Nothing is stored or sent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dispatcher.cli.trouble import Problem
from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Draft
from dispatcher.domain.forecast import Crew, chunk_count, finish_ms
from dispatcher.domain.hours import Hours, not_before
from dispatcher.domain.pacing import Pacing, chunk_size_for
from dispatcher.providers.contract import ParseContext
from dispatcher.providers.registry import recognise
from dispatcher.wiring.crews import crews

if TYPE_CHECKING:
    from dispatcher.wiring import Wiring


def outlook(wiring: "Wiring", account: Account, body: Any) -> dict[str, Any]:
    """A summary for people and programs. The end keeps the account's hours and the senders' caps; retries, nights,
    pauses, clients in contact and other campaigns on the same senders make it later; follow-ups come after it."""
    now_ms = wiring.stations.now_ms()
    draft = recognise(body).parse(body, ParseContext(account, now_ms, wiring.stations.open_leads))
    recipients, invalid, people = _count(draft)
    total = recipients + sum(invalid.values())
    senders = _senders(draft, wiring.accounts.senders(account.id))
    crew = tuple(crews(wiring, account, senders).values())
    plan = Course(crew, account.hours, recipients, max(now_ms, draft.scheduled_for_ms or 0))
    size = chunk_size_for(total, draft.pacing.chunk_size, draft.chunks_count)
    pacing = replace(draft.pacing, chunk_size=size, batch=wiring.stations.batch(account, draft.pacing.chunk_size))
    least, most = pacing.delay_min_ms / 1000, pacing.delay_max_ms / 1000
    return {
        "dialect": draft.dialect,
        "account": account.name,
        "name": draft.name,
        "recipients": recipients,
        "different_people": people,
        "invalid": dict(invalid),
        "senders": [one.name for one in senders],
        "lanes": sum(one.lanes for one in crew),
        "delay_s": f"{least:g} to {most:g}",
        "chunks": chunk_count(total, size),
        "seconds_between_chunks": pacing.chunk_gap_ms / 1000,
        "messages_per_call": pacing.batch,
        "guarded_by_cpc_lock": account.cpc if draft.guarded is None else draft.guarded,
        "on_locked": (draft.on_locked or account.on_locked).value,
        "follow_ups": [_step(step) for step in draft.follow_ups],
        "starts": _iso(not_before(account.hours, plan.start_ms).ms if account.hours else plan.start_ms),
        "earliest_end": _iso(plan.end_ms(replace(pacing, delay_max_ms=pacing.delay_min_ms))),
        "expected_end": _iso(plan.end_ms(pacing)),
        "latest_end": _iso(plan.end_ms(replace(pacing, delay_min_ms=pacing.delay_max_ms))),
        "last_follow_up_not_before": _iso(_last_follow_up_ms(draft, plan, pacing)),
        "warnings": list(draft.warnings),
    }


def _step(step: Mapping[str, Any]) -> str:
    return f"{step['after_s']:g} s later: {step.get('text') or step['param']}"


def _last_follow_up_ms(draft: Draft, plan: "Course", pacing: Pacing) -> int | None:
    """To whoever is written to last and never answers; without follow-ups that is the end."""
    end_ms = plan.end_ms(pacing)
    return None if end_ms is None else end_ms + int(sum(step["after_s"] for step in draft.follow_ups) * 1000)


def _count(draft: Draft) -> tuple[int, Counter[str], int]:
    """Messages that would be sent, those that cannot be by reason, and how many different people the former reach."""
    valid, invalid, keys = 0, Counter[str](), set()
    for message in draft.messages:
        if message.problem:
            invalid[message.problem] += 1
        else:
            valid += 1
            keys.add(message.key or message.phone)
    return valid, invalid, len(keys)


def _senders(draft: Draft, all_of_account: list[Sender]) -> list[Sender]:
    """Those that the draft names, else all; raises Problem for one that the account does not have."""
    if not draft.senders:
        return all_of_account
    found = [one for one in all_of_account if one.name in draft.senders]
    if len(found) < len(set(draft.senders)):
        raise Problem("the account has no sender of that name: `dispatcher senders list` shows them all")
    return found


class Course(NamedTuple):
    """What the end depends on besides the pace."""

    crew: tuple[Crew, ...]
    hours: Hours | None
    recipients: int
    start_ms: int

    def end_ms(self, pacing: Pacing) -> int | None:
        return finish_ms(pacing, self.start_ms, 0, self.recipients, self.crew, hours=self.hours)


def _iso(ms: int | None) -> str:
    if ms is None:
        return "never: no sender may send"
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
