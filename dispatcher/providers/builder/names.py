"""Paths, the token's header and JSON names: none of them is published (PROVIDERS 3), so an account may set each.

[account.options]           default
login_path                  /login
refresh_path                /refresh                "": there is none, an expired token is a new login
campaign_path               /{organization}/{bot}/campaign
acionamento_path            /acionamento
token_header                Authorization
token_prefix                "Bearer " (with its space)
login_user                  user                    JSON names of the login's body
login_password              password
login_refresh               refresh_token           JSON name in the refresh's body
json_phone                  phone                   JSON names in an acionamento, columns of a sheet
json_message                message
json_job_id                 job_id                  only in an acionamento
json_bot                    ""                      "": an acionamento does not name its bot
timezone                    America/Sao_Paulo       whose days acionamentos are gathered by
token_lifetime_s            3600                    how long a token is good that an app got from our login
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from dispatcher.domain.account import Account


@dataclass(frozen=True, slots=True)
class Names:
    login_path: str = "/login"
    refresh_path: str = "/refresh"
    campaign_path: str = "/{organization}/{bot}/campaign"
    acionamento_path: str = "/acionamento"
    token_header: str = "Authorization"
    token_prefix: str = "Bearer "
    login_user: str = "user"
    login_password: str = "password"
    login_refresh: str = "refresh_token"
    json_phone: str = "phone"
    json_message: str = "message"
    json_job_id: str = "job_id"
    json_bot: str = ""
    timezone: str = "America/Sao_Paulo"
    token_lifetime_s: int = 3600


_KINDS = {field.name: type(field.default) for field in fields(Names)}


def names_of(account: Account) -> Names:
    return Names(**_fitting(account.options))


def _fitting(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are names of ours, with a value of the right type."""
    return {name: value for name, value in options.items() if type(value) is _KINDS.get(name)}
