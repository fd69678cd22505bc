"""Before a worker takes anything up."""

from collections.abc import Callable
from threading import Event

from celery.worker import state

from dispatcher.domain.trouble import DispatcherTrouble, OlderSchema
from dispatcher.telemetry import trouble

LOOK_AGAIN_S = 1.0
_never = Event()


def wait_for_schema(fits: Callable[[], bool]) -> None:
    """Wait while the ledger is older than this version: what became of a call could perhaps not be written down.

    A ledger that does not answer is waited for later on, by whoever needs it. Raises WorkerShutdown when the worker is
    told to stop.
    """
    while _is_older(fits):
        _never.wait(LOOK_AGAIN_S)
        state.maybe_shutdown()


def _is_older(fits: Callable[[], bool]) -> bool:
    try:
        if fits():
            return False
    except DispatcherTrouble as error:
        trouble(error)
        return False
    trouble(OlderSchema())
    return True
