"""A message whose worker began it, and was not heard of again before it had claimed it.

the first time        it goes on as before: machines are switched off, workers are killed
then                  it goes alone, so that who kills its worker cannot make others look as if they did
`most` times in a row it has failed, and whoever stands behind it goes on; an operator may let it go again

Who did not go at its own moment, for its campaign was paused, its hours closed or nobody worked, may have gone together
with others: it gets another moment, and has failed after twice as many losses.
"""

from collections.abc import Collection, Mapping

REASON = "start_lost"
ALONE_MS = 5_000  # between two suspects: far more than a worker needs from taking a message up to its claim


def is_late(alone_ms: int | None, begun_ms: int) -> bool:
    """Was a suspect begun, at `begun_ms` or before, when its moment was over? None: it never had one."""
    return alone_ms is not None and begun_ms > alone_ms + ALONE_MS


def given_up(times: Mapping[int, int], late: Collection[int], most: int) -> list[int]:
    """Of messages by seq, with how often in a row each was lost: those that are not tried again."""
    return [seq for seq, lost in times.items() if lost >= (2 * most if seq in late else most)]


def alone_at(suspects: Collection[int], taken_ms: int, now_ms: int) -> dict[int, int]:
    """When each of them may go; the moments up to `taken_ms` are those of other suspects."""
    first_ms = max(now_ms, taken_ms) + ALONE_MS
    return {seq: first_ms + place * ALONE_MS for place, seq in enumerate(sorted(suspects))}
