"""What of an installation runs on this machine, seen from outside (Linux)."""

import sys
from pathlib import Path

DISPATCHER = [sys.executable, "-m", "dispatcher.cli"]


def processes_of(folder: Path) -> list[str]:
    """Command lines of what has to do with a folder: servers name it, web, workers and Flower have it as their home."""
    return [_read(process / "cmdline") for process in _processes() if _belongs(process, folder)]


def pid_of(folder: Path, word: str) -> int:
    """The one process of a folder's installation that has this word in its command line."""
    (found,) = [one for one in _processes() if _belongs(one, folder) and word in _read(one / "cmdline").split()]
    return int(found.name)


def command_lines() -> list[str]:
    return [_read(process / "cmdline") for process in _processes()]


def _belongs(process: Path, folder: Path) -> bool:
    return str(folder) in _read(process / "cmdline") or f"DISPATCHER_HOME={folder}" in _read(process / "environ")


def _processes() -> list[Path]:
    return [one for one in Path("/proc").iterdir() if one.name.isdigit()]


def _read(file: Path) -> str:
    try:
        return file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
