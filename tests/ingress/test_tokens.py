"""Access tokens of a login."""

import base64
from dataclasses import replace

import pytest

from dispatcher.domain.account import Account
from dispatcher.ingress.tokens import ACCESS, REFRESH, is_good, issue, named_in
from dispatcher.secrecy import Secrecy

SECRECY = Secrecy(base64.urlsafe_b64encode(b"k" * 32).decode())
OTHER = Secrecy(base64.urlsafe_b64encode(b"o" * 32).decode())
NOW_MS = 1_794_052_800_000
LOJA = Account(1, "loja-1", "builder", (), ingress_mark="aa")
TOKEN = issue(SECRECY, LOJA, ACCESS, NOW_MS)


def test_a_token_names_its_holder_until_it_expires() -> None:
    assert named_in(TOKEN) == "loja-1"
    assert is_good(SECRECY, TOKEN, ACCESS, LOJA, NOW_MS - 1)
    assert not is_good(SECRECY, TOKEN, ACCESS, LOJA, NOW_MS)


def test_a_token_is_good_for_its_kind_and_its_installation_only() -> None:
    assert not is_good(SECRECY, TOKEN, REFRESH, LOJA, NOW_MS - 1)
    assert not is_good(OTHER, TOKEN, ACCESS, LOJA, NOW_MS - 1)


def test_a_changed_ingress_token_ends_what_came_of_the_old_one() -> None:
    assert not is_good(SECRECY, TOKEN, ACCESS, replace(LOJA, ingress_mark="bb"), NOW_MS - 1)
    assert not is_good(SECRECY, TOKEN, ACCESS, replace(LOJA, ingress_mark=""), NOW_MS - 1)


@pytest.mark.parametrize("token", ["", ".", "loja", "loja.access.9999999999999.", "é" * 60, "é.b.c." + "0" * 48])
def test_what_we_did_not_issue_names_nobody(token: str) -> None:
    assert named_in(token) == ""
    assert not is_good(SECRECY, token, ACCESS, LOJA, NOW_MS - 1)


@pytest.mark.parametrize(
    "token",
    [
        TOKEN.replace("loja-1", "loja-2"),
        TOKEN.replace(str(NOW_MS), str(NOW_MS + 1)),
        TOKEN[:-1] + ("0" if TOKEN[-1] != "0" else "1"),
        "a.b.c." + "0" * 48,
    ],
)
def test_a_token_that_was_tampered_with_is_good_for_nobody(token: str) -> None:
    holder = replace(LOJA, name=named_in(token))
    assert not is_good(SECRECY, token, ACCESS, holder, NOW_MS - 1)
