"""The unguessable, expiring name of a file with a job's recipients: `<campaign>-<seq>.<size>.<until>.<mac>.csv`.

Nothing is stored for it: the name says which messages are meant and until when it holds, and is signed with
the installation's key. Providers that take recipients as a file fetch it under /assets/leads/.
"""

from typing import NamedTuple

from dispatcher.domain.ids import MalformedId, MessageId, parse_message
from dispatcher.secrecy import Secrecy

PATH = "/assets/leads/"
_PURPOSE = "leads"
_MAC_DIGITS = 40


class LeadsLink(NamedTuple):
    """Messages seq .. seq + size - 1 of a campaign; good until `until_ms` (UTC epoch)."""

    campaign: int
    seq: int
    size: int
    until_ms: int


def leads_url(secrecy: Secrecy, public_url: str, link: LeadsLink) -> str:
    """Where the provider may fetch these recipients."""
    stem = f"{MessageId(link.campaign, link.seq)}.{link.size}.{link.until_ms}"
    return f"{public_url.rstrip('/')}{PATH}{stem}.{secrecy.digest(_PURPOSE, stem, _MAC_DIGITS)}.csv"


def read_leads_name(secrecy: Secrecy, name: str, now_ms: int) -> LeadsLink | None:
    """What a file name stands for; None when we did not sign it, or its time is over."""
    stem, _, mac = name.removesuffix(".csv").rpartition(".")
    if not name.isascii() or len(mac) != _MAC_DIGITS or not secrecy.matches(_PURPOSE, stem, mac):
        return None
    try:
        message, size, until_ms = stem.split(".")
        link = LeadsLink(*parse_message(message), int(size), int(until_ms))
    except (MalformedId, ValueError):
        return None
    return link if now_ms <= link.until_ms else None
