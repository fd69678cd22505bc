"""A message whose worker began it, and was not heard of again before it had claimed it.

the first time        it goes on as before: machines are switched off, workers are killed
then                  it goes alone, so that who kills its worker cannot make others look as if they did
`most` times in a row it has failed, and whoever stands behind it goes on; an operator may let it go again
"""

from collections.abc import Mapping

REASON = "start_lost"
ALONE_MS = 5_000  # between two suspects: far more than a worker needs from taking a message up to its claim


def given_up(times: Mapping[int, int], most: int) -> list[int]:
    """Of messages by seq, with how often in a row each was lost: those that are not tried again."""
    return [seq for seq, lost in times.items() if lost >= most]


def alone_at(times: Mapping[int, int], most: int, taken_ms: int, now_ms: int) -> dict[int, int]:
    """When each of those that go alone may go; the moments up to `taken_ms` are those of other suspects."""
    suspects = sorted(seq for seq, lost in times.items() if 1 < lost < most)
    first_ms = max(now_ms, taken_ms) + ALONE_MS
    return {seq: first_ms + place * ALONE_MS for place, seq in enumerate(suspects)}
