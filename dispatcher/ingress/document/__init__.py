"""The API's own description (`/openapi.json`, shown by `/docs`), made true.

FastAPI writes down paths and parameters. The doors read their bodies and shape their refusals by themselves, so
what it says of bodies and answers stands here: `bodies` has what each operation takes (the doors hand it to FastAPI),
`answers` what it gives, one row for each operation, `refusals` what else it may say, by dialect and by what an
operation takes, `schemas` the words answers and refusals are written in. tests/ingress runs schemathesis against the
result; tests/house fails where an operation has no row.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from dispatcher.ingress.document.answers import ANSWERS, OBJECTS
from dispatcher.ingress.document.refusals import REFUSALS, SECURITY, SECURITY_SCHEMES, refusals_of

_FASTAPIS_REFUSALS = ("HTTPValidationError", "ValidationError")
METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def completed(generate: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """FastAPI's generator, followed by ours; the document is made when it is first asked for."""
    made: list[dict[str, Any]] = []

    def document() -> dict[str, Any]:
        if not made:
            made.append(complete(generate()))
        return made[0]

    return document


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The document itself, with every operation's answers and whom it lets in."""
    for name, operation in operations(document):
        tag = operation["tags"][0]
        _name_all_of_the_path(name, operation)
        good = ANSWERS.get(name, operation["responses"])
        operation["responses"] = {**good, **refusals_of(name, tag, operation)}
        operation["security"] = SECURITY.get(name, SECURITY[tag])
    words = document["components"]["schemas"]
    schemas = {name: word for name, word in words.items() if name not in _FASTAPIS_REFUSALS}
    document["components"] = {"schemas": {**schemas, **OBJECTS, **REFUSALS}, "securitySchemes": SECURITY_SCHEMES}
    return document


def _name_all_of_the_path(name: str, operation: dict[str, Any]) -> None:
    """What the door reads from the request by itself is a parameter as well."""
    given = operation.setdefault("parameters", [])
    named = {one["name"] for one in given if one["in"] == "path"}
    for step in re.findall(r"{(\w+)}", name):
        if step not in named:
            given.append({"name": step, "in": "path", "required": True, "schema": {"type": "string"}})


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """`GET /v1/campaigns` and what is said of it, for each."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation
