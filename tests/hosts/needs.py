"""What a run needs of the machine, and the way into namespaces of its own."""

import os
import shutil
import subprocess
import sys

TOOLS = {"ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux"}
PROBE = """set -e
ip link add hosts0 type bridge
ip link add near0 type veth peer name far0
unshare --net --uts --time --monotonic 1 true"""
PROBE_WITHIN_S = 60.0


def enter() -> list[str]:
    """To be put before a command: it runs in namespaces of its own, which end with it, and all in them."""
    ourselves = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    return ["unshare", *ourselves, "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


def missing() -> str:
    """Why a run cannot be made on this machine, in one line; empty when it can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    absent = [f"{tool} (Debian: {package})" for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if absent:
        return f"{', '.join(absent)} must be installed"
    probe = subprocess.run([*enter(), "sh", "-c", PROBE], capture_output=True, text=True, timeout=PROBE_WITHIN_S)
    if probe.returncode:
        words = (probe.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"network and time namespaces cannot be made here ({words}): be root, or let users make them"
    return ""
