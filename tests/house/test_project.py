"""The files around the code: what is installed, what is run."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from fnmatch import fnmatch

import pytest

from tests.house.tree import ROOT, shown

PROCESSES = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line.strip())


def test_the_lock_names_no_registry_and_every_hash() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"https?:|://|--index|--extra-index|--find-links|--trusted-host", text)
    packages = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]
    assert packages
    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []


def test_the_lock_covers_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    locked = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert {re.split(r"[\[<>=!~ ;]", name)[0].lower() for name in asked} - locked == set()


def test_every_file_that_is_not_python_is_installed_too() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    files = [file for file in (ROOT / "dispatcher").rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    others = [file for file in files if file.suffix != ".py"]
    assert [shown(file) for file in others if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []


def test_no_text_holds_the_marks_of_a_merge() -> None:
    files = [file for pattern in ("*.md", "docs/**/*.md") for file in ROOT.glob(pattern)]
    assert files
    marks = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)
    assert [shown(file) for file in files if marks.search(file.read_text())] == []


def test_ci_runs_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text().splitlines()


def test_the_procfile_has_the_processes_of_the_contract() -> None:
    assert set(PROCESSES) == {"release", "web", "worker", "flower"}


@pytest.mark.parametrize("name", PROCESSES)
def test_what_the_procfile_runs_exists(name: str) -> None:
    program, *command = shlex.split(PROCESSES[name])
    assert program == "dispatcher"
    entry = [sys.executable, "-c", "from dispatcher.cli import main; main()"]
    done = subprocess.run([*entry, *command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
