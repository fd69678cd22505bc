import base64
import stat
from pathlib import Path

import pytest

from dispatcher.embedded.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_secrets_are_generated_once_and_kept(home: Home) -> None:
    first = home.secrets({})
    assert len(base64.urlsafe_b64decode(first["DISPATCHER_SECRET_KEY"])) == 32
    assert len(first["DISPATCHER_ADMIN_TOKEN"]) >= 32
    assert Home(home.root).secrets({}) == first


def test_a_given_secret_is_used_and_not_kept(home: Home) -> None:
    given = home.secrets({"DISPATCHER_ADMIN_TOKEN": "mine"})
    assert given["DISPATCHER_ADMIN_TOKEN"] == "mine"
    later = home.secrets({})
    assert later["DISPATCHER_ADMIN_TOKEN"] != "mine"
    assert later["DISPATCHER_SECRET_KEY"] == given["DISPATCHER_SECRET_KEY"]


def test_an_empty_variable_is_not_a_secret(home: Home) -> None:
    assert home.secrets({"DISPATCHER_SECRET_KEY": ""})["DISPATCHER_SECRET_KEY"]


def test_only_the_owner_reads_what_is_secret(home: Home) -> None:
    home.secrets({})
    home.announce({"DISPATCHER_DATABASE_URL": "postgresql://with:password@host/db"})
    for name in ("env", "running"):
        assert stat.S_IMODE((home.root / name).stat().st_mode) == 0o600


def test_addresses_are_known_while_it_runs(home: Home) -> None:
    assert home.announced() == {}
    home.announce({"DISPATCHER_REDIS_URL": "redis://127.0.0.1:1/0?a=b"})
    assert Home(home.root).announced() == {"DISPATCHER_REDIS_URL": "redis://127.0.0.1:1/0?a=b"}
    home.withdraw()
    home.withdraw()
    assert home.announced() == {}


def test_lines_of_others_in_the_file_stay(home: Home) -> None:
    home.make()
    (home.root / "env").write_text("# ours\n\nLOJA_TOKEN = abc=def\n")
    home.secrets({})
    assert "LOJA_TOKEN=abc=def" in (home.root / "env").read_text()
