"""Which installation a command talks to."""

import os
from pathlib import Path

import pytest

from dispatcher.cli.installation import current
from dispatcher.embedded.home import Home
from tests.cli.conftest import Shell

REDIS, DATABASE = "redis://127.0.0.1:6/0", "postgresql://127.0.0.1:7/dispatcher"


@pytest.fixture
def running(nowhere: Shell) -> Home:
    """The home of an installation that runs, with the secrets it generated."""
    home = Home(nowhere.home)
    home.secrets({})
    home.announce({"DISPATCHER_REDIS_URL": REDIS, "DISPATCHER_DATABASE_URL": DATABASE})
    return home


def test_what_runs_in_the_home_folder_is_used(running: Home) -> None:
    found = current()
    assert (found.redis_url, found.database_url) == (REDIS, DATABASE)
    assert found.secret_key.get_secret_value() == running.kept()["DISPATCHER_SECRET_KEY"]
    assert os.environ["DISPATCHER_REDIS_URL"] == REDIS  # for the processes we become or start


def test_what_the_environment_says_counts(running: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_ADMIN_TOKEN", "given")
    assert current().admin_token.get_secret_value() == "given"


@pytest.mark.parametrize("name", ["DISPATCHER_REDIS_URL", "DISPATCHER_DATABASE_URL"])
def test_another_installations_servers_never_get_our_secrets(
    running: Home, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "redis://elsewhere:6379/0")
    found = current()
    assert not found.secret_key.get_secret_value()
    assert not (found.redis_url and found.database_url)


def test_servers_given_as_they_run_are_the_same_installation(running: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_REDIS_URL", REDIS)
    monkeypatch.setenv("DISPATCHER_DATABASE_URL", DATABASE)
    assert current().secret_key.get_secret_value()


def test_an_installation_that_has_stopped_is_not_there(running: Home) -> None:
    running.withdraw()
    assert not current().redis_url


def test_looking_generates_nothing(nowhere: Shell) -> None:
    current()
    assert not Path(nowhere.home).exists()
