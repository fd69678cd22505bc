"""`dispatcher demo`: the order of events."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dispatcher.cli.output import console, say, table

if TYPE_CHECKING:
    from dispatcher.cli.demo.accounts import Access
    from dispatcher.cli.demo.verdict import Finding
    from dispatcher.cli.machine import Running

DONE_WITHIN_S = 150.0  # the first seed starts after a minute and then takes at most 24 s
READY_WITHIN_S = 60.0
WORKERS = 2


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running afterwards, until Ctrl-C.")] = False,
    home: Annotated[Path | None, typer.Option(help="A folder for the data that stays; else a temporary one.")] = None,
) -> None:
    """Everything on this machine: the seeds' payloads through the four dialects to the simulator, and a verdict."""
    signal.signal(signal.SIGTERM, _interrupt)  # whoever stops us: nothing stays behind
    _forget_other_installations()
    with _folder(home) as folder:
        try:
            well = _run(folder, keep)
        except KeyboardInterrupt:
            say("stopped")
            raise typer.Exit(130) from None
    raise typer.Exit(0 if well else 1)


def _run(folder: Path, keep: bool) -> bool:
    from dispatcher.cli.demo.accounts import Access
    from dispatcher.cli.machine import Wanted, machine

    access = Access()
    wanted = Wanted(folder, simulator_port=0, workers=WORKERS, more={"DISPATCHER_ALLOW_PRIVATE_URLS": "1"})

    def prepare(environment: Mapping[str, str], simulator: str | None) -> None:
        from dispatcher.cli.demo.accounts import accounts_file
        from dispatcher.cli.up import prepare

        file = folder / "accounts.toml"
        file.touch(mode=0o600)
        file.write_text(accounts_file(access, simulator or ""))
        prepare(environment, file)

    with machine(wanted, say, prepare) as running:
        well = _play(running, access)
        if keep:
            _tell_how_to_go_on(running, folder)
            running.supervisor.wait()
    return well


def _play(running: "Running", access: "Access") -> bool:
    """Send, watch, judge; whether everything was as it should be."""
    from dispatcher.cli.demo.leads_server import leads_server
    from dispatcher.cli.demo.posts import Refused, Upstream
    from dispatcher.cli.demo.verdict import verdict
    from dispatcher.cli.demo.watch import Watch
    from dispatcher.simulator.server import SimulatorClient

    _wait_until_ready(running)
    print(f"dashboard {running.web}/   Flower {running.flower}/", flush=True)
    try:
        with leads_server() as leads:
            posts = Upstream(running.web, access, leads).send_all()
    except Refused as refused:
        say(f"dispatcher demo: {refused}")
        return False
    console().print(table(({"sent": one.title, "campaign": one.campaign, "answer": one.answer} for one in posts), SENT))
    with Watch(posts, running.environment, running.web) as watch:
        in_time = watch.until_done(DONE_WITHIN_S)
    simulator = SimulatorClient(running.simulator or "")
    findings = verdict(posts, simulator)
    simulator.close()
    return _pronounce(findings, in_time)


SENT = ("sent", "campaign", "answer")


def _wait_until_ready(running: "Running") -> None:
    """Until a worker is there; a campaign that comes before would only wait."""
    from dispatcher.cli.machine import answers
    from dispatcher.embedded import EmbeddedError
    from dispatcher.embedded.ports import becomes_true

    say("waiting for the workers")
    url = f"{running.web}/readyz"
    if not becomes_true(lambda: answers(url), alive=lambda: True, within_s=READY_WITHIN_S):
        raise EmbeddedError(f"not ready after {READY_WITHIN_S:.0f} s: see the logs in {running.home.log}")


def _pronounce(findings: "list[Finding]", in_time: bool) -> bool:
    rows = [
        {
            "checked": one.what,
            "messages": one.messages,
            "found": "; ".join(filter(None, (one.problem, one.found))),
            "verdict": "WRONG" if one.problem else "ok",
        }
        for one in findings
    ]
    console().print(table(rows, ("checked", "messages", "found", "verdict")))
    if not in_time:
        print(f"not everything was done within {DONE_WITHIN_S:.0f} s")
    well = in_time and not any(one.problem for one in findings)
    print("all is well" if well else "something is wrong", flush=True)
    return well


def _tell_how_to_go_on(running: "Running", folder: Path) -> None:
    print(f"dashboard   {running.web}/        admin token {running.environment['DISPATCHER_ADMIN_TOKEN']}")
    print(f"Flower      {running.flower}/        user admin, the same token as password")
    print(f"simulator   {running.simulator}/")
    print(f"commands    DISPATCHER_HOME={folder} dispatcher campaigns list")
    print("Ctrl-C stops and removes everything.", flush=True)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """A temporary folder that is removed, or the given one, which is not."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="dispatcher-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_other_installations() -> None:
    """The demo brings everything along; servers, secrets and addresses of a real installation are not its own."""
    for name in [name for name in os.environ if name.startswith(("DISPATCHER_", "FLOWER_"))]:
        if not name.startswith("DISPATCHER_LOG_"):
            del os.environ[name]


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
