"""The login that comes before every call (seeds/003), what renews it, and where its token goes."""

from dataclasses import replace

from dispatcher.domain.account import Account
from dispatcher.providers.builder.names import names_of
from dispatcher.providers.contract import Grant, Request, Response


def login(account: Account) -> Request:
    names, held = names_of(account), account.credentials
    body = {names.login_user: held.get("user", ""), names.login_password: held.get("password", "")}
    return Request("POST", names.login_path, {}, body)


def refresh(account: Account, held: str) -> Request | None:
    """None where the account says that its Builder has no such call."""
    names = names_of(account)
    return Request("POST", names.refresh_path, {}, {names.login_refresh: held}) if names.refresh_path else None


def read_login(response: Response) -> Grant:
    """What the answer to a login or a refresh gives; raises ValueError where it holds no token."""
    body = response.json() if 200 <= response.status < 300 else None
    given = body if isinstance(body, dict) else {}
    token, renewing = given.get("token"), given.get("refresh_token")
    if not isinstance(token, str) or not token:
        raise ValueError("the answer to the login holds no token")
    return Grant(token, renewing if isinstance(renewing, str) else "")


def authorise(account: Account, request: Request, token: str) -> Request:
    names = names_of(account)
    return replace(request, headers={**request.headers, names.token_header: f"{names.token_prefix}{token}"})
