"""Access tokens of a login."""

import base64

import pytest

from dispatcher.ingress.tokens import ACCESS, LIFETIME_MS, REFRESH, holder, issue
from dispatcher.secrecy import Secrecy

SECRECY = Secrecy(base64.urlsafe_b64encode(b"k" * 32).decode())
OTHER = Secrecy(base64.urlsafe_b64encode(b"o" * 32).decode())
NOW_MS = 1_794_052_800_000


def test_a_token_names_its_holder_until_it_expires() -> None:
    token = issue(SECRECY, "loja-1", ACCESS, NOW_MS)
    assert holder(SECRECY, token, ACCESS, NOW_MS + LIFETIME_MS[ACCESS] - 1) == "loja-1"
    assert holder(SECRECY, token, ACCESS, NOW_MS + LIFETIME_MS[ACCESS]) is None


def test_a_token_is_good_for_its_kind_and_its_installation_only() -> None:
    token = issue(SECRECY, "loja", REFRESH, NOW_MS)
    assert holder(SECRECY, token, ACCESS, NOW_MS) is None
    assert holder(OTHER, token, REFRESH, NOW_MS) is None


@pytest.mark.parametrize("token", ["", ".", "loja", "loja.access.9999999999999.", "é" * 60, "a.b.c." + "0" * 48])
def test_what_we_did_not_issue_is_nobodys(token: str) -> None:
    assert holder(SECRECY, token, ACCESS, NOW_MS) is None


def test_a_changed_name_breaks_the_token() -> None:
    token = issue(SECRECY, "loja", ACCESS, NOW_MS)
    assert holder(SECRECY, token.replace("loja", "caja"), ACCESS, NOW_MS) is None
