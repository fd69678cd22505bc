"""Notices what was delivered more than once.

    duplicate   the same message of the same job to the same number again, whatever the attempt:
                the marker `…-12.2` is the job `…-12` of `…-12.1`
    repeat      the same content to the same person again, whoever asked for it

Deliveries without a marker can be repeats, never duplicates. Only hashes are kept: 64 bits each.
"""

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

ATTEMPT = re.compile(r"\.\d+$")
MOST_LISTED = 1000


@dataclass(slots=True)
class Tally:
    first: dict[int, int] = field(default_factory=dict)  # job and message -> its first delivery
    again: dict[int, list[int]] = field(default_factory=dict)  # the same -> the further ones
    contents: dict[int, int] = field(default_factory=dict)  # person and content -> how often
    repeated: dict[int, int] = field(default_factory=dict)  # the same, from the second on -> one delivery
    duplicates: int = 0
    repeats: int = 0

    def add(self, delivery: int, job_key: int, content_key: int) -> None:
        """`job_key` 0: the delivery carries no marker."""
        if job_key and self.first.setdefault(job_key, delivery) != delivery:
            self.duplicates += 1
            if job_key in self.again or len(self.again) < MOST_LISTED:
                self.again.setdefault(job_key, []).append(delivery)
        times = self.contents[content_key] = self.contents.get(content_key, 0) + 1
        if times > 1:
            self.repeats += 1
            if len(self.repeated) < MOST_LISTED:
                self.repeated[content_key] = delivery

    def forget(self, job_keys: Iterable[int], content_keys: "array[int]") -> None:
        """Makes room: what these deliveries did can no longer be told from a first time."""
        for key in job_keys:
            self.first.pop(key, None)
        for key in content_keys:
            left = self.contents.get(key, 0) - 1
            if left > 0:
                self.contents[key] = left
            else:
                self.contents.pop(key, None)


def job_of(marker: str) -> str:
    """A marker without the attempt at its end."""
    return ATTEMPT.sub("", marker)
