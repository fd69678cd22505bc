"""Access tokens that a login hands out (Builder): signed, expiring, nothing stored.

    <account name>.<kind>.<expires ms>.<mac>

The mac covers the account's ingress token as it is now: when that is changed, all that came of it is over at once.
Weak spot: one token alone cannot be called back.
"""

from dispatcher.domain.account import Account
from dispatcher.secrecy import Secrecy

ACCESS = "access"
REFRESH = "refresh"
REFRESH_LIFETIME_S = 30 * 86_400  # an app that is silent for a month logs in again

_PURPOSE = "ingress login"
_MAC_DIGITS = 48


def issue(secrecy: Secrecy, account: Account, kind: str, until_ms: int) -> str:
    """A token for the account that is good until then (UTC epoch, ms)."""
    stem = f"{account.name}.{kind}.{until_ms}"
    return f"{stem}.{secrecy.digest(_PURPOSE, _covered(stem, account), _MAC_DIGITS)}"


def named_in(token: str) -> str:
    """Whose token this says it is; "" when it says nothing of the kind. It may lie: ask `is_good`."""
    steps = token.split(".")
    return steps[0] if token.isascii() and len(steps) == 4 and len(steps[3]) == _MAC_DIGITS else ""


def is_good(secrecy: Secrecy, token: str, kind: str, account: Account, now_ms: int) -> bool:
    """Was it issued to this account, as this kind, under its present ingress token, and is its time not over?"""
    stem, _, mac = token.rpartition(".")
    if named_in(token) != account.name or not secrecy.matches(_PURPOSE, _covered(stem, account), mac):
        return False
    _, found, until_ms = stem.split(".")
    return found == kind and now_ms < int(until_ms)


def _covered(stem: str, account: Account) -> str:
    return f"{stem}\n{account.ingress_mark}"
