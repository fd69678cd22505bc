"""The login that comes before every call (seeds/003), and where its token goes."""

from dataclasses import replace

from dispatcher.domain.account import Account
from dispatcher.providers.builder.names import names_of
from dispatcher.providers.contract import Request, Response


def login(account: Account) -> Request:
    names, held = names_of(account), account.credentials
    body = {names.login_user: held.get("user", ""), names.login_password: held.get("password", "")}
    return Request("POST", names.login_path, {}, body)


def read_login(response: Response) -> str:
    """The token in a login's answer; raises ValueError where there is none."""
    body = response.json() if 200 <= response.status < 300 else None
    token = body.get("token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token:
        raise ValueError("the answer to the login holds no token")
    return token


def authorise(account: Account, request: Request, token: str) -> Request:
    names = names_of(account)
    return replace(request, headers={**request.headers, names.token_header: f"{names.token_prefix}{token}"})
