"""`dispatcher send --dry-run`: what would be sent when, by the arithmetic of pacing, and to whom not. Nothing is stored
or sent. Phones are shown as the file has them: it is the caller's own. Times are of the account's zone.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from dispatcher.cli.audience import read_audience
from dispatcher.cli.output import show_json, show_one, show_table
from dispatcher.cli.trouble import Problem
from dispatcher.domain.account import Account, OnLocked, Sender
from dispatcher.domain.audience import Audience, KeptBack
from dispatcher.domain.campaign import Draft
from dispatcher.domain.forecast import Crew, Timetable, chunk_count, timetable
from dispatcher.domain.guards import LOCK_MS, is_guarded
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.pacing import Pacing, chunk_size_for
from dispatcher.domain.parts import messages_after
from dispatcher.domain.policies import zone_of
from dispatcher.providers.contract import ParseContext
from dispatcher.providers.registry import read
from dispatcher.wiring.crews import crews

if TYPE_CHECKING:
    from dispatcher.wiring import Wiring

Show = Callable[[int | None], str]
"""A moment (UTC epoch, ms; None: it never comes) as people read it."""

PARTS_SHOWN = 20
KEPT_BACK_SHOWN = 10
PART_COLUMNS = ("part", "messages", "first", "last")
KEPT_BACK_COLUMNS = ("recipient", "phone", "would_be", "why", "since", "until")
LEAVING = {"chunks": "When each chunk leaves", "days": "What leaves on each day and in each opening of the hours"}
CONTACTS = {
    OnLocked.BLOCK: "blocked: not written to, should they be in contact when it is their turn",
    OnLocked.DEFER: "deferred: written to when they have replied, or when the contact is over",
}


def outlook(wiring: "Wiring", account: Account, body: Any) -> dict[str, Any]:
    """For programs. The end keeps the hours and the senders' caps; retries, nights, pauses and other campaigns on the
    same senders make it later; follow-ups come after it. Raises what the body's dialect refuses, and Problem."""
    one = _look(wiring, account, body)
    may_send = any(crew.lanes for crew in one.crew)
    show = _shown_in(zone_of(account), may_send)
    expected = one.played(one.pacing)
    expire = _expiring(one, expected)
    return {
        **_recipients(one),
        **_pace(one),
        "times_in": zone_of(account),
        "starts": show(expected.parts[0].first_ms if expected.parts else one.start_ms),
        **{name: show(at_ms) for name, at_ms in _ends(one, expected.end_ms).items()},
        "would_expire": expire,
        "warnings": [*one.draft.warnings, *([_late(one, expire, show)] if expire else [])],
        "parts_are": "chunks" if one.pacing.chunk_size else "days",
        "timetable": _timetable(expected, show),
        "who_is_kept_back": _kept_back(wiring, one.audience.kept_back, show),
    }


class Prospect(NamedTuple):
    """A campaign that is only looked at."""

    account: Account
    draft: Draft
    senders: Sequence[Sender]
    crew: tuple[Crew, ...]
    audience: Audience
    pacing: Pacing
    start_ms: int

    @property
    def validity_s(self) -> int:
        return self.account.validity_s if self.draft.validity_s is None else self.draft.validity_s

    def played(self, pacing: Pacing) -> Timetable:
        account, audience = self.account, self.audience
        start_ms, total, absent = self.start_ms, audience.total, audience.absent
        hours = account.hours_for(self.draft.business_hours)
        return timetable(pacing, start_ms, total, self.crew, hours, zone_of(account), absent)


def _look(wiring: "Wiring", account: Account, body: Any) -> Prospect:
    now_ms = wiring.stations.now_ms()
    draft = read(body, ParseContext(account, now_ms, wiring.stations.open_leads))
    if draft.callback_url is not None:
        wiring.stations.check_callback_url(account, draft.callback_url)
    senders = _senders(draft, wiring.accounts.senders(account.id))
    audience = read_audience(wiring, account, draft, senders)
    size = chunk_size_for(audience.total, draft.pacing.chunk_size, draft.chunks_count)
    pacing = replace(draft.pacing, chunk_size=size, batch=wiring.stations.batch(account, draft.pacing.chunk_size))
    crew = tuple(crews(wiring, account, senders).values())
    return Prospect(account, draft, senders, crew, audience, pacing, max(now_ms, draft.scheduled_for_ms or 0))


def _recipients(one: Prospect) -> dict[str, Any]:
    audience, guarded = one.audience, is_guarded(one.account, one.draft)
    return {
        "dialect": one.draft.dialect,
        "account": one.account.name,
        "name": one.draft.name,
        "recipients": audience.recipients,
        "different_people": len(audience.people),
        "invalid": dict(audience.invalid),
        "kept_back": dict(Counter(kept.would_be.value for kept in audience.kept_back)),
        "leaving": audience.total - len(audience.absent),
        "guarded_by_cpc_lock": guarded,
        "on_locked": audience.on_locked.value,
        "who_is_in_contact": CONTACTS[audience.on_locked] if guarded else None,
        "follow_ups": [_step(step) for step in one.draft.follow_ups],
    }


def _pace(one: Prospect) -> dict[str, Any]:
    pacing = one.pacing
    return {
        "senders": [sender.name for sender in one.senders],
        "lanes": sum(crew.lanes for crew in one.crew),
        "delay_s": f"{pacing.delay_min_ms / 1000:g} to {pacing.delay_max_ms / 1000:g}",
        "chunks": chunk_count(one.audience.total, pacing.chunk_size),
        "seconds_between_chunks": pacing.chunk_gap_ms / 1000,
        "messages_per_call": pacing.batch,
    }


def _ends(one: Prospect, expected_ms: int | None) -> dict[str, int | None]:
    pacing = one.pacing
    slowest = one.played(replace(pacing, delay_min_ms=pacing.delay_max_ms))
    return {
        "earliest_end": one.played(replace(pacing, delay_max_ms=pacing.delay_min_ms)).end_ms,
        "expected_end": expected_ms,
        "latest_end": _latest_ms(slowest.end_ms, one.audience),
        "last_follow_up_not_before": _last_follow_up_ms(one.draft, expected_ms),
    }


def _expiring(one: Prospect, plan: Timetable) -> int:
    return messages_after(plan.parts, one.start_ms + one.validity_s * 1000) if one.validity_s else 0


def _late(one: Prospect, expire: int, show: Show) -> str:
    until = show(one.start_ms + one.validity_s * 1000)
    return f"some {expire} would leave after {until} by this plan, and expire (validity_s is {one.validity_s})"


def show_outlook(told: Mapping[str, Any], as_json: bool) -> None:
    """For people: the first rows of the two lists; JSON has all."""
    if as_json:
        show_json(told)
        return
    lists = ("parts_are", "timetable", "who_is_kept_back")
    show_one({name: value for name, value in told.items() if name not in lists}, as_json)
    print(f"\n{LEAVING[told['parts_are']]}, in the time of {told['times_in']}:\n")
    _show_first(told["timetable"], PART_COLUMNS, PARTS_SHOWN)
    if told["who_is_kept_back"]:
        print("\nWho would not be written to now:\n")
        _show_first(told["who_is_kept_back"], KEPT_BACK_COLUMNS, KEPT_BACK_SHOWN)


def _show_first(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], most: int) -> None:
    show_table(rows[:most], columns, as_json=False)
    if len(rows) > most:
        print(f"… and {len(rows) - most} more (--json has all)")


def _timetable(plan: Timetable, show: Show) -> list[dict[str, Any]]:
    """A part without a message that leaves has no times."""
    return [
        {
            "part": number,
            "messages": part.messages,
            "first": show(part.first_ms) if part.messages else None,
            "last": show(part.last_ms) if part.messages else None,
        }
        for number, part in enumerate(plan.parts, 1)
    ]


def _kept_back(wiring: "Wiring", kept_back: Sequence[KeptBack], show: Show) -> list[dict[str, Any]]:
    holders = {one.lock.holder.campaign for one in kept_back if one.lock}
    names = wiring.campaigns.names(holders) if holders else {}
    return [
        {"recipient": one.place + 1, "phone": one.phone, "would_be": one.would_be.value, **_because(one, names, show)}
        for one in kept_back
    ]


def _because(one: KeptBack, names: Mapping[int, str], show: Show) -> dict[str, Any]:
    if one.suppression:
        reason = f" ({one.suppression.reason})" if one.suppression.reason else ""
        return {"why": f"asked not to be contacted{reason}", "since": show(one.suppression.since_ms), "until": None}
    if one.lock:
        holder = one.lock.holder.campaign
        name = f" ({names[holder]})" if names.get(holder) else ""
        times = {"since": show(one.lock.taken_ms), "until": show(one.lock.until_ms)}
        return {
            "why": f"in contact by campaign {campaign_text(holder)}{name}",
            **times,
            "campaign": campaign_text(holder),
        }
    return {"why": "an earlier message of this campaign is for the same client", "since": None, "until": None}


def _latest_ms(end_ms: int | None, audience: Audience) -> int | None:
    """Whoever is waited for leaves when the contact is over, if they do not reply before."""
    if end_ms is None:
        return None
    waits = (one for one in audience.kept_back if one.would_be.waits)
    return max((one.lock.until_ms if one.lock else end_ms + LOCK_MS for one in waits), default=end_ms)


def _step(step: Mapping[str, Any]) -> str:
    return f"{step['after_s']:g} s later: {step.get('text') or step['param']}"


def _last_follow_up_ms(draft: Draft, end_ms: int | None) -> int | None:
    """To whoever is written to last and never answers; without follow-ups that is the end."""
    return None if end_ms is None else end_ms + int(sum(step["after_s"] for step in draft.follow_ups) * 1000)


def _senders(draft: Draft, all_of_account: list[Sender]) -> list[Sender]:
    """Those that the draft names, else all; raises Problem for one that the account does not have."""
    if not draft.senders:
        return all_of_account
    found = [one for one in all_of_account if one.name in draft.senders]
    if len(found) < len(set(draft.senders)):
        raise Problem("the account has no sender of that name: `dispatcher senders list` shows them all")
    return found


def _shown_in(zone: str, may_send: bool) -> Show:
    never = "never: not within ten years" if may_send else "never: no sender may send"

    def show(at_ms: int | None) -> str:
        if at_ms is None:
            return never
        return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).isoformat(timespec="milliseconds")

    return show
