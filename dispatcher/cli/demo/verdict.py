"""Was everything delivered once, with the right content, at the right pace? The simulator is asked, not us."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from dispatcher.cli.demo.accounts import CHANNEL, INSTANCE
from dispatcher.cli.demo.posts import Arrival, Post, payload
from dispatcher.simulator.server import SimulatorClient

SLACK_MS = 250.0  # for the scheduling, beyond the delay that was drawn
TOO_LATE_MS = 2_000.0  # a busy machine holds a process up so long; a lane that was forgotten waits for its lease
CLOCK_MS = 1.0  # both ends of a gap are read from a clock with a finer grain than this


class Finding(NamedTuple):
    """One line of the verdict; `problem` is empty when all is well."""

    what: str
    messages: str
    found: str
    problem: str = ""


def verdict(posts: Sequence[Post], simulator: SimulatorClient) -> list[Finding]:
    """A finding for each campaign, one for each pace, one for the whole."""
    deliveries = simulator.deliveries()
    findings = [_campaign(post, deliveries) for post in posts]
    uazapi, kinbox = payload("uazapi.json"), payload("kinbox.json")
    least, most = uazapi["delayMin"] * 1000, uazapi["delayMax"] * 1000
    findings.append(gaps("uazapi: gaps on the lane", simulator.gaps_ms(INSTANCE), least, most))
    # Kinbox spaces a chunk's messages by itself; the next chunk may start when it is through with them.
    chunk_ms = kinbox["secondsBetweenChunks"] * 1000
    busy_ms = kinbox["secondsBetweenMessages"] * 1000 * (kinbox["chunkSize"] - 1)
    findings.append(
        gaps("Kinbox: gaps between chunks", simulator.gaps_ms(CHANNEL, "kinbox"), chunk_ms, chunk_ms + busy_ms)
    )
    return [*findings, _whole(simulator.summary(), sum(len(post.expected) for post in posts))]


def _campaign(post: Post, deliveries: Iterable[Mapping[str, Any]]) -> Finding:
    """A campaign's messages are told from others of its provider by their recipients."""
    wanted = {arrival.phone for arrival in post.expected}
    ours = [one for one in deliveries if one["provider"] == post.provider and one["digits"] in wanted]
    arrived = [Arrival(one["digits"], _READ[post.provider](one["content"], post)) for one in ours]
    messages = f"{len(arrived)} of {len(post.expected)}"
    problem = _difference(post.expected, arrived)
    return Finding(post.title, messages, "each once, content as sent" if not problem else "", problem)


def _difference(expected: Sequence[Arrival], arrived: Sequence[Arrival]) -> str:
    """What is wrong, with no more than a message's place in the payload."""
    left = list(arrived)
    for place, one in enumerate(expected):
        if one not in left:
            times = Counter(other.phone for other in arrived)[one.phone]
            return f"message {place} " + ("arrived with other content" if times else "did not arrive")
        left.remove(one)
    return f"{len(left)} arrived that should not have" if left else ""


def gaps(what: str, gaps_ms: Sequence[float], least_ms: float, most_ms: float) -> Finding:
    """What gaps between a lane's calls say of its pace, which allows `least_ms` to `most_ms`."""
    if not gaps_ms:
        return Finding(what, "0", "", "no two calls to measure between")
    shortest, longest = min(gaps_ms), max(gaps_ms)
    found = f"{shortest / 1000:.2f} … {longest / 1000:.2f} s, allowed {least_ms / 1000:g} … {most_ms / 1000:g} s"
    late_ms = longest - most_ms
    if late_ms > SLACK_MS:
        found += f"; {late_ms / 1000:.2f} s late: is this machine busy?"
    early, late = shortest < least_ms - CLOCK_MS, late_ms > TOO_LATE_MS
    return Finding(what, str(len(gaps_ms)), found, "too early" if early else "too late" if late else "")


def _whole(summary: Mapping[str, Any], expected: int) -> Finding:
    counted = {
        "delivered twice": summary["duplicate_count"],
        "overlapping calls on a lane": summary["overlaps"],
        "unfilled templates": summary["unfilled"],
        "mistakes of the simulator": len(summary["errors"]),
        "messages nobody asked for": summary["deliveries"] - expected,
    }
    wrong = ", ".join(f"{count} {what}" for what, count in counted.items() if count)
    return Finding("all together", f"{summary['deliveries']} of {expected}", "" if wrong else "nothing twice", wrong)


def _same_fields(content: Mapping[str, Any], post: Post) -> Mapping[str, Any]:
    """Of what arrived, the fields that were asked for."""
    asked = {name for arrival in post.expected for name in arrival.content}
    return {name: value for name, value in content.items() if name in asked}


def _whole_message(content: Mapping[str, Any], post: Post) -> Mapping[str, Any]:
    return {name: value for name, value in content.items() if name != "number"}


_READ: dict[str, Callable[[Mapping[str, Any], Post], Mapping[str, Any]]] = {
    "uazapi": _whole_message,
    "cpc": _same_fields,
    "kinbox": _same_fields,
    "builder": _same_fields,
}
