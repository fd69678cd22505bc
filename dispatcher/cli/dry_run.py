"""`dispatcher send --dry-run`: what would be sent when, by the arithmetic of pacing. Nothing is stored or sent."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dispatcher.cli.trouble import Problem
from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Draft
from dispatcher.domain.forecast import chunk_count, finish_ms
from dispatcher.domain.pacing import Pacing, chunk_size_for
from dispatcher.providers.contract import ParseContext
from dispatcher.providers.registry import recognise

if TYPE_CHECKING:
    from dispatcher.wiring import Wiring


def outlook(wiring: "Wiring", account: Account, body: Any) -> dict[str, Any]:
    """A summary for people and programs. The end counts with the middle of the delays; retries, pauses and
    other campaigns on the same senders make it later."""
    now_ms = wiring.stations.now_ms()
    draft = recognise(body).parse(body, ParseContext(account, now_ms, wiring.stations.open_leads))
    recipients, invalid, people = _count(draft)
    total = recipients + sum(invalid.values())
    senders = _senders(draft, wiring.accounts.senders(account.id))
    lanes = sum(len(one.lanes) for one in senders if one.paused_reason is None)
    size = chunk_size_for(total, draft.pacing.chunk_size, draft.chunks_count)
    pacing = replace(draft.pacing, chunk_size=size, batch=wiring.stations.batch(account, draft.pacing.chunk_size))
    start_ms = max(now_ms, draft.scheduled_for_ms or 0)
    least, most = pacing.delay_min_ms / 1000, pacing.delay_max_ms / 1000
    return {
        "dialect": draft.dialect,
        "account": account.name,
        "name": draft.name,
        "recipients": recipients,
        "different_people": people,
        "invalid": dict(invalid),
        "senders": [one.name for one in senders],
        "lanes": lanes,
        "delay_s": f"{least:g} to {most:g}",
        "chunks": chunk_count(total, size),
        "seconds_between_chunks": pacing.chunk_gap_ms / 1000,
        "messages_per_call": pacing.batch,
        "guarded_by_cpc_lock": account.cpc if draft.guarded is None else draft.guarded,
        "starts": _iso(start_ms),
        "earliest_end": _iso(_end(replace(pacing, delay_max_ms=pacing.delay_min_ms), start_ms, recipients, lanes)),
        "expected_end": _iso(_end(pacing, start_ms, recipients, lanes)),
        "latest_end": _iso(_end(replace(pacing, delay_min_ms=pacing.delay_max_ms), start_ms, recipients, lanes)),
        "warnings": list(draft.warnings),
    }


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


def _end(pacing: Pacing, start_ms: int, recipients: int, lanes: int) -> int | None:
    return finish_ms(pacing, start_ms, 0, recipients, lanes)


def _iso(ms: int | None) -> str:
    if ms is None:
        return "never: every sender is paused"
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
