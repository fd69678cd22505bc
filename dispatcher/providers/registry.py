"""The providers that there are: the folders beside this file, found by themselves.

provider(name)     the functions of one
recognise(body)    whose language a body speaks, by its shape: a provider's, or the native form
read(body)         it as a draft for an account, which may be another provider's
"""

import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from dispatcher import providers
from dispatcher.domain.campaign import Draft
from dispatcher.providers import native
from dispatcher.providers.contract import BadRequest, ParseContext, Provider
from dispatcher.providers.operators import with_operators


class UnknownProvider(ValueError):
    """There is no provider of that name; the text names those that there are."""


class Dialect(NamedTuple):
    """A language of bodies: a provider's, or ours."""

    name: str
    recognises: Callable[[Any], bool]
    parse: Callable[[Any, ParseContext], Draft]


@cache
def names() -> tuple[str, ...]:
    """The names of all providers, in alphabetical order."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(providers.__path__) if found.ispkg))


@cache
def provider(name: str) -> Provider:
    """The provider of that name; raises UnknownProvider."""
    if name not in names():
        raise UnknownProvider(f"there is no provider {name!r}; known are {', '.join(names())}")
    found = import_module(f"{providers.__name__}.{name}").PROVIDER
    if not isinstance(found, Provider) or found.name != name:
        raise TypeError(f"dispatcher/providers/{name} must have a PROVIDER of the same name")
    return found


@cache
def pacing() -> tuple[str, ...]:
    """Providers that space the messages of a batch out by themselves."""
    return tuple(name for name in names() if provider(name).paces_batches)


@cache
def dialects() -> tuple[Dialect, ...]:
    ours = Dialect("native", native.recognises, native.parse)
    theirs = (provider(name) for name in names())
    return (ours, *(Dialect(one.name, one.recognises, one.parse) for one in theirs))


def recognise(body: Any) -> Dialect:
    """The one dialect that a body speaks; raises BadRequest where there is none, and where it could be several."""
    speakers = [dialect for dialect in dialects() if dialect.recognises(body)]
    if len(speakers) != 1:
        known = ", ".join(dialect.name for dialect in dialects())
        raise BadRequest(("", f"speaks none of the known dialects, or several: {known}"))
    return speakers[0]


def read(body: Any, context: ParseContext) -> Draft:
    """A body of any dialect as a draft; raises BadRequest, also while its messages are read."""
    return with_operators(recognise(body).parse(body, context), context.account)
