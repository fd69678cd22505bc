"""Celery's settings. `celery -A workers …` and `dispatcher worker` both read this file.

A Celery message here is a wake-up, never the only copy of a send: losing one or getting it twice is
harmless (docs/architecture.md). The connection settings are explicit, since kombu's own never notice a
connection that hangs half-open.
"""

from kombu import Queue

from dispatcher.domain.tickets import send_queue
from dispatcher.providers.registry import names
from dispatcher.settings import settings
from dispatcher.taskbus import EVENTS_QUEUE, SUBMIT_QUEUE, routes

broker_url = settings().redis_url or None
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # a worker waits for Redis as long as it takes
broker_pool_limit = 20
broker_transport_options = {
    # Longer than the longest call (CPC: 120 s): a job in work is not handed out again without need.
    "visibility_timeout": 180,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "unacked_restore_limit": 100,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 3,  # a half-open connection on which jobs should come is left within 1 s + twice this
    # With kombu's default of 10 a worker of 50 threads runs out of connections and loses acks.
    "max_connections": 400,
}

# A routing key each: without one all would share the first's, and a foreign kombu client's job would come six times.
# Only a foreign producer's job must survive the worker that took it. The others are wake-ups, which leases and the
# sweeper repeat: keeping them as unacknowledged would cost more than half of what Celery costs a message.
task_queues = [Queue(SUBMIT_QUEUE, routing_key=SUBMIT_QUEUE)]
task_queues += [
    Queue(name, routing_key=name, no_ack=True) for name in (EVENTS_QUEUE, *(send_queue(one) for one in names()))
]
task_routes = routes()
task_default_queue = SUBMIT_QUEUE
task_create_missing_queues = False
task_serializer = "json"
accept_content = ["json"]

task_acks_late = True
task_ignore_result = True
result_backend = None
task_publish_retry = False  # a job that cannot be published comes back through its lease

worker_pool = "threads"
worker_concurrency = 32  # measured: docs/architecture.md, "Pool and concurrency"
worker_prefetch_multiplier = 1
worker_disable_prefetch = True  # a job waits in Redis, where any worker can take it, not in one worker
worker_eta_task_limit = 1  # there are no ETA messages; if one turns up, it is not hoarded
worker_cancel_long_running_tasks_on_connection_loss = False
worker_send_task_events = True  # Flower
worker_hijack_root_logger = False
worker_redirect_stdouts = False
enable_utc = True
