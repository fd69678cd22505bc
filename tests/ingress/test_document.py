"""The API's own description is true: schemathesis reads it and tries what it promises, operation by operation.

One of its checks is left out: that whatever fits the schema is accepted. No schema says that an account exists, that
a number can be dialled, or that a delay's least is not over its most.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from dispatcher.ingress.app import doors
from dispatcher.ingress.document import operations
from tests.ingress.conftest import ADMIN, Web

TOKENS = {
    "admin": {"bearer": ADMIN},
    "uazapi": {"api_key": "loja-token"},
    "kinbox": {"bearer": "caixa-token"},
    "builder": {"bearer": "obra-token"},
    "builder-apikey": {"api_key": "obra-token"},
    "cpc": {"bearer": "cobranca-token"},
}
DOCUMENT = schemathesis.openapi.from_dict(
    doors().openapi(),
    config=SchemathesisConfig.from_dict(
        {
            "auth": {"openapi": TOKENS},
            "checks": {"positive_data_acceptance": {"enabled": False}},
            "phases": {"coverage": {"unexpected-methods": ["PUT", "OPTIONS"]}},
            "operations": [
                # no worker is there, and it says so
                {
                    "include-path": "/readyz",
                    "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "4xx", "503"]}},
                },
            ],
        }
    ),
)


@DOCUMENT.parametrize()
@settings(max_examples=3, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_operation_keeps_what_its_description_promises(case: schemathesis.Case[Any], shared_web: Web) -> None:
    case.call_and_validate(base_url=str(shared_web.http.base_url))


EXAMPLES = {
    name: (said["requestBody"]["content"]["application/json"]["example"], next(iter(said["security"][0])))
    for name, said in operations(doors().openapi())
    if any(one["name"] == "Idempotency-Key" for one in said["parameters"])
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_request_that_creates_something_is_taken(name: str, shared_web: Web) -> None:
    example, scheme = EXAMPLES[name]
    path = name.partition(" ")[2].format(organization_name="org", bot_name="bot-1")
    token = next(iter(TOKENS[scheme].values()))
    answer = shared_web.http.post(path, json=example, headers={"token": token, "Authorization": f"Bearer {token}"})
    assert answer.is_success, answer.text
    assert answer.headers["x-campaign-id"]
