"""The process, its control API and its page; and that it is a second opinion."""

import ast
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import dispatcher.simulator
from dispatcher.simulator.server import SimulatorClient, SimulatorProcess
from tests.simulator.messages import text_job
from tests.waiting import wait_until

SOURCES = sorted(Path(dispatcher.simulator.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_it_imports_nothing_of_the_dispatcher(source: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    ours = {name for name in imported if name.startswith("dispatcher")}
    assert all(name.startswith("dispatcher.simulator") for name in ours)


def test_it_comes_back_on_the_same_port_with_an_empty_memory() -> None:
    with SimulatorProcess() as process:
        url = process.url
        httpx.post(f"{url}/sender/advanced", json=text_job(), headers={"token": "a"})
        assert len(process.client.deliveries()) == 1
        process.kill()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/_sim/ready")
        process.start()
        assert process.url == url
        assert process.client.deliveries() == []


def test_a_port_that_is_taken_is_an_error_in_words(simulator_process: SimulatorProcess) -> None:
    taken = SimulatorProcess(port=simulator_process.port)
    with pytest.raises(RuntimeError, match="did not start"):
        taken.start()


def test_it_stops_soon_while_a_call_hangs() -> None:
    with SimulatorProcess() as process:
        process.client.set_faults({"kind": "hang"})
        with socket.create_connection((process.host, process.port)) as hanging:
            hanging.sendall(b"POST /sender/advanced HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
            wait_until(lambda: process.client.calls())
            begun = time.monotonic()
            process.stop()
            assert time.monotonic() - begun < 4


def test_it_ends_with_its_parent() -> None:
    source = """
import os
from dispatcher.simulator.server import SimulatorProcess
print(SimulatorProcess().start().port, flush=True)
os._exit(1)
"""
    parent = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    port = int(parent.stdout)

    def is_gone() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    wait_until(is_gone)


def test_help_names_the_port() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "dispatcher.simulator", "--help"], capture_output=True, text=True, check=True
    )
    assert "--port" in shown.stdout


def test_the_page_is_there(simulator: SimulatorClient) -> None:
    page = httpx.get(simulator.url)
    assert page.headers["content-type"].startswith("text/html")
    assert "/_sim/summary" in page.text


def test_unknown_paths_are_404(simulator: SimulatorClient, http: httpx.Client) -> None:
    for path in ("/sender/list", "/p/x", "/link3/sender/advanced", "/_sim/x", "/sender/advanced"):
        assert http.get(path).status_code == 404, path
    assert simulator.deliveries() == []


def test_settings_are_checked(simulator: SimulatorClient) -> None:
    for wrong in ({"odd": 1}, {"pace": "yes"}, {"keep": 1.5}, {"cpc_tags": "emp1"}):
        with pytest.raises(httpx.HTTPStatusError):
            simulator.set(**wrong)
    assert httpx.put(f"{simulator.url}/_sim/settings", json=[]).status_code == 400
    assert httpx.put(f"{simulator.url}/_sim/settings", content=b"{").status_code == 400
    simulator.set(cpc_rule_hours=1)
    assert httpx.get(f"{simulator.url}/_sim/settings").json()["cpc_rule_hours"] == 1.0


def test_wrong_queries_are_400(simulator: SimulatorClient) -> None:
    for path in ("deliveries?limit=x", "calls?after=x", "counts?by=x"):
        assert httpx.get(f"{simulator.url}/_sim/{path}").status_code == 400, path
