"""Providers are found by themselves, and bodies speak one dialect or none."""

from typing import Any

import pytest

from dispatcher.providers import registry
from dispatcher.providers.contract import BadRequest
from tests.simulator import seeds

NATIVE = {"account": "loja", "text": "oi", "recipients": [{"phone": "5511900000001"}]}


def test_the_four_providers_are_found() -> None:
    assert registry.names() == ("builder", "cpc", "kinbox", "uazapi")
    assert [registry.provider(name).name for name in registry.names()] == [*registry.names()]


def test_an_unknown_provider_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(registry.UnknownProvider, match="builder, cpc, kinbox, uazapi"):
        registry.provider("telegram")


@pytest.mark.parametrize("name", registry.names())
def test_a_provider_that_can_be_asked_says_when(name: str) -> None:
    one = registry.provider(name)
    assert (one.lookup is None) == (one.read_lookup is None) == (not one.lookup_waits_s)
    assert (one.login is None) == (one.read_login is None) == (one.authorise is None)
    assert one.max_batch >= 1


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        (seeds.UAZAPI, "uazapi"),
        (seeds.CPC, "cpc"),
        (NATIVE, "native"),
        ({**seeds.CPC, "account": "loja"}, "native"),
    ],
)
def test_a_body_is_recognised_by_its_shape(body: Any, dialect: str) -> None:
    assert registry.recognise(body).name == dialect


@pytest.mark.parametrize("body", [{}, [], "x", None, {"hello": "world"}])
def test_a_body_in_no_dialect_is_told_which_there_are(body: Any) -> None:
    with pytest.raises(BadRequest, match=r"known dialects.*native.*uazapi"):
        registry.recognise(body)
