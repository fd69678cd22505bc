"""The Celery application of the workers."""

from celery import signals

from dispatcher.circles import look_rarely
from dispatcher.settings import settings
from dispatcher.taskbus import celery_app
from dispatcher.telemetry import configure
from workers.events import EventsTogether
from workers.pacer import PacerStep

app = celery_app()
app.steps["worker"].add(PacerStep)
app.steps["consumer"].add(EventsTogether)
app.autodiscover_tasks(["workers"], related_name="tasks", force=True)


@signals.setup_logging.connect
def _log_our_way(**_: object) -> None:
    """Celery leaves the root logger alone when somebody answers this signal."""
    configure(settings().log_level, settings().log_format)


@signals.worker_ready.connect
def _settle_in(**_: object) -> None:
    look_rarely()
