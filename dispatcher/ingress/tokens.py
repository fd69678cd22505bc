"""Access tokens that a login hands out (Builder): signed, expiring, nothing stored.

    <account name>.<kind>.<expires ms>.<mac>

Weak spot: a token holds until it expires, also when the account's ingress token is changed meanwhile.
"""

from dispatcher.secrecy import Secrecy

ACCESS = "access"
REFRESH = "refresh"
LIFETIME_MS = {ACCESS: 3_600_000, REFRESH: 30 * 86_400_000}

_PURPOSE = "ingress login"
_MAC_DIGITS = 48


def issue(secrecy: Secrecy, account_name: str, kind: str, now_ms: int) -> str:
    """A token for the account that is good for its kind's lifetime."""
    stem = f"{account_name}.{kind}.{now_ms + LIFETIME_MS[kind]}"
    return f"{stem}.{secrecy.digest(_PURPOSE, stem, _MAC_DIGITS)}"


def holder(secrecy: Secrecy, token: str, kind: str, now_ms: int) -> str | None:
    """The name of the account that a token of this kind was issued to; None when it is not ours or is over."""
    stem, _, mac = token.rpartition(".")
    if not token.isascii() or len(mac) != _MAC_DIGITS or not secrecy.matches(_PURPOSE, stem, mac):
        return None
    account_name, found, expires_ms = stem.split(".")
    return account_name if found == kind and now_ms < int(expires_ms) else None
