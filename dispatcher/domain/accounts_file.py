"""The accounts file (TOML): accounts and their senders as an operator writes them down (`account_specs`).

Any text value may be `env:NAME` and then comes from the environment.
"""

import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from dispatcher.domain.account_specs import AccountSpec, Table


class AccountsFileError(ValueError):
    """The accounts file breaks rules: one line that names each place and its rule, never a value."""


class _File(Table):
    account: tuple[AccountSpec, ...] = ()


def read_accounts(text: str, environ: Mapping[str, str]) -> tuple[AccountSpec, ...]:
    """The accounts of a file, with `env:NAME` filled in from `environ`; raises AccountsFileError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AccountsFileError(f"not TOML: {error}") from None
    problems: list[str] = []
    filled = _fill(raw, environ, "", problems)
    if not problems:
        try:
            accounts = _File.model_validate(filled).account
        except ValidationError as error:
            problems = [_line(one["loc"], one["msg"]) for one in error.errors(include_input=False, include_url=False)]
        else:
            problems = _clashes(accounts)
    if problems:
        raise AccountsFileError("; ".join(problems))
    return accounts


def _fill(value: Any, environ: Mapping[str, str], where: str, problems: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(one, environ, f"{where}.{key}".lstrip("."), problems) for key, one in value.items()}
    if isinstance(value, list):
        return [_fill(one, environ, f"{where}[{index}]", problems) for index, one in enumerate(value)]
    if not (isinstance(value, str) and value.startswith("env:")):
        return value
    name = value.removeprefix("env:").strip()
    if not environ.get(name):
        problems.append(f"{where}: the environment variable {name} is not set")
    return environ.get(name, "")


def _line(where: tuple[int | str, ...], rule: str) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
    return f"{path}: {rule.removeprefix('Value error, ')}"


def _clashes(accounts: tuple[AccountSpec, ...]) -> list[str]:
    """What two accounts of one file must not share."""
    problems, names, tokens = [], set(), set()
    for index, account in enumerate(accounts):
        if account.name in names:
            problems.append(f"account[{index}].name: another account has the same name")
        if account.ingress_token and (account.provider, account.ingress_token) in tokens:
            problems.append(f"account[{index}].ingress_token: another account of this provider has the same")
        names.add(account.name)
        tokens.add((account.provider, account.ingress_token))
    return problems
