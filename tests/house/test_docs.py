"""What is documented is all that there is, and says what is so."""

import ast
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel, SecretStr

from dispatcher.cli.app import app
from dispatcher.domain import optout
from dispatcher.domain.account_options import MODES, OPTIONS
from dispatcher.domain.account_specs import CREDENTIALS, AccountSpec, HoursSpec, SenderSpec
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.lifecycle import MOVES, CampaignState
from dispatcher.providers import registry
from dispatcher.providers.builder.build import CAMPAIGN, TRIGGER
from dispatcher.providers.builder.names import Names
from dispatcher.providers.kinbox.build import PASSED_ON
from dispatcher.providers.uazapi.modes import MODES as UAZAPI_MODES
from dispatcher.settings import Settings
from dispatcher.telemetry import EVENTS
from tests.house.documents import DOCUMENTS, blocks, headings, rows, section
from tests.house.tree import ROOT, calls_of, shown, sources

COMMANDS = "docs/commands.md"
OPTION = re.compile(r"--[a-z-]+")
ACCOUNTS, OPERATIONS, ARCHITECTURE = "docs/accounts.md", "docs/operations.md", "docs/architecture.md"


def commands(command: Any, path: str) -> Iterator[str]:
    """The full names of all commands below this one."""
    if not hasattr(command, "commands"):
        yield path
    for name, one in below(command):
        yield from commands(one, f"{path} {name}")


def below(command: Any) -> Iterator[tuple[str, Any]]:
    """The commands of a group, by name."""
    if hasattr(command, "commands"):
        for name in command.list_commands(None):
            yield name, command.get_command(None, name)


def default_of(model: type[BaseModel], name: str) -> str | None:
    """A field's default as a document writes it; None where words are needed."""
    field = model.model_fields[name]
    if field.is_required():
        return "required"
    default = field.default
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, Enum):
        return str(default.value)
    if isinstance(default, int | float):
        return f"{default:g}" if isinstance(default, float) else str(default)
    return None


# ---------------------------------------------------------------- settings, commands


def test_every_setting_is_documented_with_its_default() -> None:
    documented = {name: default for name, default, _ in rows(section(OPERATIONS, "## Settings"))}
    plain = {
        f"DISPATCHER_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in ((name, field.default) for name, field in Settings.model_fields.items())
    }
    words = {"": "none", False: "false", True: "true"}
    assert documented == {name: words.get(value, str(value)) for name, value in plain.items()}


def test_every_command_is_documented() -> None:
    text = section(OPERATIONS, "## Commands")
    known = set(commands(typer.main.get_command(app), "dispatcher"))
    assert {name for name in known if f"`{name}`" not in text} == set()


def test_every_option_of_a_command_is_documented_and_no_other() -> None:
    """A heading for each command that has some, a row for each of them; `--json` and `--help` are said of all."""
    documented = {
        title.strip("`"): {name for row in rows(section(COMMANDS, f"## {title}")) for name in OPTION.findall(row[0])}
        for title in headings(ROOT / COMMANDS)[1:]
    }
    assert documented == {path: found for path, found in options(typer.main.get_command(app), "dispatcher") if found}


def options(command: Any, path: str) -> Iterator[tuple[str, set[str]]]:
    """The long options of every command below this one."""
    for name, one in below(command):
        yield from options(one, f"{path} {name}")
    given = [name for one in command.params for name in (*one.opts, *one.secondary_opts)]
    yield path, {name for name in given if OPTION.fullmatch(name)} - {"--json", "--help"}


def test_every_command_that_a_document_names_exists() -> None:
    known = set(commands(typer.main.get_command(app), "dispatcher"))
    groups = {name.rpartition(" ")[0] for name in known} | {"dispatcher"}
    for file in DOCUMENTS:
        quoted = re.findall(r"`(dispatcher [a-z][a-z -]*?)(?: [^`a-z][^`]*| ID[^`]*)?`", file.read_text())
        assert [name for name in quoted if name not in known | groups] == [], shown(file)


# ---------------------------------------------------------------- what it tells about itself


def test_every_log_event_is_documented_with_its_fields() -> None:
    documented = {name: f"{meaning}: {fields}" for name, fields, meaning in rows(section(OPERATIONS, "### Log events"))}
    assert documented == EVENTS


def test_every_log_event_is_told_with_the_fields_that_its_table_names() -> None:
    told: dict[str, set[str]] = {}
    for file in sources("dispatcher", "workers"):
        for call in calls_of(file, "emit"):
            [event, *_] = call.args
            assert isinstance(event, ast.Constant), shown(file)
            told.setdefault(str(event.value), set()).update(word.arg or "**" for word in call.keywords)
    named = {name: set(re.sub(r" \(.*?\)", "", text.rpartition(": ")[2]).split(", ")) for name, text in EVENTS.items()}
    ours = {"level", "exc_info"}
    assert {name: fields - ours for name, fields in told.items()} == {name: f - ours for name, f in named.items()}


def test_every_metric_is_documented() -> None:
    named = set(re.findall(r'"(dispatcher_[a-z_]+)"', (ROOT / "dispatcher/ingress/metrics.py").read_text()))
    assert named
    assert {name for name, *_ in rows(section(OPERATIONS, "## What to watch"))} == named


# ---------------------------------------------------------------- accounts, providers


@pytest.mark.parametrize(
    ("heading", "model"),
    [("## `[[account]]`", AccountSpec), ("## `[[account.sender]]`", SenderSpec), ("## `[account.hours]`", HoursSpec)],
)
def test_every_key_of_the_accounts_file_is_documented_with_its_default(heading: str, model: type[BaseModel]) -> None:
    documented = {name: default for name, default, _ in rows(section(ACCOUNTS, heading))}
    assert list(documented) == list(model.model_fields)
    told = {name: default_of(model, name) for name in documented}
    assert {name: text for name, text in documented.items() if told[name] not in (None, text)} == {}


def test_every_provider_is_documented_with_its_credentials() -> None:
    documented = dict(rows(section(ACCOUNTS, "## `[account.credentials]`")))
    assert set(documented) == set(registry.names()) == set(CREDENTIALS)
    for provider, keys in CREDENTIALS.items():
        assert [key for key in keys if f"`{key}`" not in documented[provider]] == []
    [choice] = [get_args(AccountSpec.model_fields["provider"].annotation)]
    assert set(choice) == set(registry.names())


def test_every_option_of_a_provider_is_documented_with_its_default() -> None:
    documented: dict[str, dict[str, str]] = {}
    provider = ""
    for name, key, default, _ in rows(section(ACCOUNTS, "## `[account.options]`")):
        provider = name or provider
        documented.setdefault(provider, {})[key] = default
    names = Names()
    assert documented["builder"] == {key: str(getattr(names, key)) or "none" for key in Names.__slots__}
    assert set(documented["kinbox"]) == set(PASSED_ON)
    assert set(documented["all"]) == {optout.OPTION}
    read_by_cpc = {key for file in sources("dispatcher/providers/cpc") for key in _options_read(file.read_text())}
    assert set(documented["cpc"]) == read_by_cpc
    assert {name: set(documented.get(name, ())) for name in OPTIONS} == {
        name: set(one) for name, one in OPTIONS.items()
    }


def test_every_mode_of_a_provider_is_documented_and_one_that_the_provider_has() -> None:
    [(_, _, text)] = [row for row in rows(section(ACCOUNTS, "## `[[account]]`")) if row[0] == "mode"]
    assert [mode for modes in MODES.values() for mode in modes if f"`{mode}`" not in text] == []
    assert {"", *MODES["uazapi"]} == set(UAZAPI_MODES)
    assert MODES["builder"] == (TRIGGER, CAMPAIGN)


def _options_read(code: str) -> list[str]:
    return re.findall(r'account\.options\.get\("([a-z_]+)"', code)


@pytest.mark.parametrize(
    "text", [text for file in DOCUMENTS for text in blocks(file, "toml") if text.startswith("[[account]]")]
)
def test_every_accounts_file_in_a_document_can_be_applied(text: str) -> None:
    variables = re.findall(r"env:(\w+)", text)
    secret = "whsec_" + "c2VjcmV0" * 4
    values = {name: secret if name.endswith("CALLBACK_SECRET") else f"value-{at}" for at, name in enumerate(variables)}
    assert read_accounts(text, values)


# ---------------------------------------------------------------- states, and what code says about documents


def test_the_documented_moves_of_a_message_are_those_of_the_code() -> None:
    documented = rows(section(ARCHITECTURE, "## The states of a message"))
    assert {state: set(re.findall(r"\w+", moves)) for state, moves, _ in documented} == MOVES


def test_every_state_of_a_campaign_is_documented() -> None:
    text = section(ARCHITECTURE, "## The states of a message")
    assert [state.value for state in CampaignState if f"`{state.value}`" not in text] == []


def test_every_document_and_section_that_the_code_speaks_of_exists() -> None:
    missing = []
    for file in [*sources("dispatcher", "workers", "tests"), ROOT / "celeryconfig.py"]:
        for name, title in re.findall(r'(docs/[\w/]+\.md|CHANGELOG\.md|README\.md)(?:, "([^"]+)")?', file.read_text()):
            there = (ROOT / name).exists()
            if not there or (title and title not in headings(ROOT / name)):
                missing.append(f"{shown(file)}: {name} {title}")
    assert missing == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=shown)
def test_every_link_between_documents_leads_somewhere(file: Any) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", file.read_text())
    assert [target for target in targets if not (file.parent / target).exists()] == []
