"""The tasks fit the queues that they travel in."""

from dispatcher.taskbus import SEND
from workers.application import app
from workers.tasks import WakeUpTask


def test_nothing_is_acknowledged_that_the_broker_has_forgotten() -> None:
    """With its channel closed meanwhile, an acknowledgement would end the worker."""
    app.loader.import_default_modules()
    kept = {queue.name for queue in app.conf.task_queues if not queue.no_ack}
    ours = {name: task for name, task in app.tasks.items() if name.startswith("dispatcher.")}
    wake_ups = {name for name in ours if name == SEND or app.conf.task_routes[name]["queue"] not in kept}
    assert {name for name, task in ours.items() if isinstance(task, WakeUpTask)} == wake_ups
