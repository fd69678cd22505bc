"""Paths, the token's header and JSON names: none of them is published (PROVIDERS 3), so an account may set each.

[account.options]           default
login_path                  /login
campaign_path               /{organization}/{bot}/campaign
acionamento_path            /acionamento
token_header                Authorization
token_prefix                "Bearer " (with its space)
login_user                  user                    JSON names of the login's body
login_password              password
json_phone                  phone                   JSON names in an acionamento, columns of a sheet
json_message                message
json_job_id                 job_id                  only in an acionamento
json_bot                    ""                      "": an acionamento does not name its bot
timezone                    America/Sao_Paulo       whose days acionamentos are gathered by
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from dispatcher.domain.account import Account


@dataclass(frozen=True, slots=True)
class Names:
    login_path: str = "/login"
    campaign_path: str = "/{organization}/{bot}/campaign"
    acionamento_path: str = "/acionamento"
    token_header: str = "Authorization"
    token_prefix: str = "Bearer "
    login_user: str = "user"
    login_password: str = "password"
    json_phone: str = "phone"
    json_message: str = "message"
    json_job_id: str = "job_id"
    json_bot: str = ""
    timezone: str = "America/Sao_Paulo"


_KNOWN = frozenset(field.name for field in fields(Names))


def names_of(account: Account) -> Names:
    return Names(**_texts(account.options))


def _texts(options: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in options.items() if name in _KNOWN and isinstance(value, str)}
