"""What the rules of the house are checked on: the source files, and the functions in them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MIGRATIONS = "migrations/versions"  # written once, never read as a story


def sources(*folders: str) -> list[Path]:
    """Python files below these folders of the project."""
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(file: Path) -> Iterator[str]:
    """The dotted names of what the file calls: `time.sleep`, `wait_until`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def calls_of(file: Path, name: str) -> Iterator[ast.Call]:
    """The file's calls of one function, by its dotted name."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
            yield node
