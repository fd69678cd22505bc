"""The rules that every module keeps (docs/architecture.md says why)."""

import ast
import subprocess
import sys

from tests.house.tree import MIGRATIONS, ROOT, calls, functions, shown, sources

MOST_LINES_OF_A_FUNCTION = 50
MOST_LINES_OF_A_FILE = 350
PLACES_FOR_WHAT_NOBODY_PLACED = {"utils", "util", "helpers", "common", "core", "base", "manager", "service"}
SLEEPS = {"sleep", "time.sleep", "asyncio.sleep", "gevent.sleep"}


def test_every_floor_imports_only_the_floors_below_it() -> None:
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", script, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_test_sleeps_and_hopes() -> None:
    assert [shown(file) for file in sources("tests") if SLEEPS.intersection(calls(file))] == []


def test_no_module_attracts_what_nobody_placed() -> None:
    files = sources("dispatcher", "workers", "tests")
    named = [shown(file) for file in files if PLACES_FOR_WHAT_NOBODY_PLACED & {file.stem, file.parent.name}]
    assert named == []


def test_functions_are_short() -> None:
    long = [
        f"{shown(file)}:{function.lineno} {function.name}: {lines} lines"
        for file in sources("dispatcher", "workers")
        if MIGRATIONS not in str(file)
        for function in functions(file)
        if (lines := (function.end_lineno or function.lineno) - function.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


def test_files_are_short() -> None:
    long = [
        f"{shown(file)}: {lines} lines"
        for file in sources("dispatcher", "workers")
        if (lines := len(file.read_text().splitlines())) > MOST_LINES_OF_A_FILE
    ]
    assert long == []


def test_complexity_is_never_silenced() -> None:
    silenced = [shown(file) for file in sources("dispatcher", "workers") if "C901" in file.read_text()]
    assert silenced == []


def test_every_package_says_what_it_is_for() -> None:
    packages = [file for file in sources("dispatcher", "workers") if file.name == "__init__.py"]
    silent = [shown(file) for file in packages if not ast.get_docstring(ast.parse(file.read_text()))]
    assert [name for name in silent if MIGRATIONS not in name] == []
