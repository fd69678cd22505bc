"""The unguessable, expiring name of a file with a job's recipients: `<job>.<who>.<until>.<mac>.csv`.

Nothing is stored for it: the name says which messages of which attempt are meant and until when it holds, and is
signed with the installation's key. Providers that take recipients as a file fetch it under /assets/leads/.

It names the attempt so that a file that is fetched late, when its messages have gone out in another job,
holds nobody; and it names each message, because those that the guards kept back share the job's range.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import NamedTuple

from dispatcher.domain.ids import MalformedId, parse_message
from dispatcher.secrecy import Secrecy

PATH = "/assets/leads/"
_PURPOSE = "leads"
_MAC_DIGITS = 40


class LeadsLink(NamedTuple):
    """The messages `seqs` of the campaign in `job` (`ids.job_text`); good until `until_ms` (UTC epoch)."""

    job: str
    seqs: tuple[int, ...]
    until_ms: int

    @property
    def campaign(self) -> int:
        return parse_message(self.job.partition(".")[0]).campaign


def leads_url(secrecy: Secrecy, public_url: str, link: LeadsLink) -> str:
    """Where the provider may fetch these recipients. A thousand of them make 170 characters."""
    first = parse_message(link.job.partition(".")[0]).seq
    stem = f"{link.job}.{_bits(link.seqs, first)}.{link.until_ms}"
    return f"{public_url.rstrip('/')}{PATH}{stem}.{secrecy.digest(_PURPOSE, stem, _MAC_DIGITS)}.csv"


def read_leads_name(secrecy: Secrecy, name: str, now_ms: int) -> LeadsLink | None:
    """What a file name stands for; None when we did not sign it, or its time is over."""
    stem, _, mac = name.removesuffix(".csv").rpartition(".")
    if not name.isascii() or len(mac) != _MAC_DIGITS or not secrecy.matches(_PURPOSE, stem, mac):
        return None
    try:
        job, who, until_ms = stem.rsplit(".", 2)
        first = parse_message(job.partition(".")[0]).seq
        link = LeadsLink(job, _seqs(who, first), int(until_ms))
    except (MalformedId, binascii.Error, ValueError):
        return None
    return link if now_ms <= link.until_ms else None


def _bits(seqs: Sequence[int], first: int) -> str:
    """A bit for each message from the job's first on, in base64."""
    bits = sum(1 << (seq - first) for seq in seqs)
    return base64.urlsafe_b64encode(bits.to_bytes(bits.bit_length() // 8 + 1, "little")).decode().rstrip("=")


def _seqs(who: str, first: int) -> tuple[int, ...]:
    bits = int.from_bytes(base64.urlsafe_b64decode(who + "=" * (-len(who) % 4)), "little")
    return tuple(first + place for place in range(bits.bit_length()) if bits >> place & 1)
