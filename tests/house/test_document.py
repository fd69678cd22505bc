"""The API's own description leaves nothing out."""

import json
from typing import Any

from dispatcher.ingress.app import doors
from dispatcher.ingress.document import operations
from dispatcher.ingress.document.answers import ANSWERS

DOCUMENT = doors().openapi()
OPERATIONS = dict(operations(DOCUMENT))


def test_every_operation_has_its_row_of_answers_and_no_row_is_left_over() -> None:
    assert set(OPERATIONS) == set(ANSWERS)


def test_every_operation_answers_with_the_status_that_its_door_gives() -> None:
    for name, said in operations(_as_fastapi_wrote_it()):
        assert set(said["responses"]) - {"422"} <= set(ANSWERS[name]), name


def test_every_operation_says_what_it_does_and_refuses() -> None:
    for name, said in OPERATIONS.items():
        assert said["description"], name
        assert name == "GET /healthz" or any(status.startswith("4") for status in said["responses"]), name


def test_every_body_has_an_example() -> None:
    bodies = {name: said["requestBody"] for name, said in OPERATIONS.items() if "requestBody" in said}
    assert bodies
    assert [name for name, body in bodies.items() if "example" not in body["content"]["application/json"]] == []


def test_every_reference_leads_somewhere() -> None:
    named = {one.partition('"')[0] for one in json.dumps(DOCUMENT).split('"#/components/schemas/')[1:]}
    assert named
    assert named <= set(DOCUMENT["components"]["schemas"])


def _as_fastapi_wrote_it() -> dict[str, Any]:
    app = doors()
    del app.openapi  # ours stands in front of the class's own
    return app.openapi()
