"""The Celery side: thin tasks, and the pacer that lives in every worker.

`celery -A workers worker` and `celery -A workers flower` find `app` here. Read `tasks`, then `pacer`.
"""

from workers.application import app

__all__ = ["app"]
