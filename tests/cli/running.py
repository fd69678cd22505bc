"""What of an installation runs on this machine, seen from outside (Linux)."""

import sys
from pathlib import Path

DISPATCHER = [sys.executable, "-m", "dispatcher.cli"]


def processes_of(folder: Path) -> list[str]:
    """Command lines of what has to do with a folder: servers name it, web, workers and Flower have it as their home."""
    found = []
    for process in _processes():
        command = _read(process / "cmdline")
        if str(folder) in command or f"DISPATCHER_HOME={folder}" in _read(process / "environ"):
            found.append(command)
    return found


def command_lines() -> list[str]:
    return [_read(process / "cmdline") for process in _processes()]


def _processes() -> list[Path]:
    return [one for one in Path("/proc").iterdir() if one.name.isdigit()]


def _read(file: Path) -> str:
    try:
        return file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
