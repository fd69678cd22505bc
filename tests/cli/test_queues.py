"""The queues that `dispatcher worker` reads, as foreign producers see them."""

import redis

from dispatcher.taskbus import SUBMIT_QUEUE, celery_app


def test_a_job_of_a_foreign_kombu_client_goes_to_one_queue_only(redis_url: str) -> None:
    """kombu's own simple queues publish to an exchange of the queue's name: nobody else may listen there."""
    app = celery_app()
    with app.connection(redis_url) as connection:
        for queue in app.amqp.queues.values():
            queue(connection.default_channel).declare()
        foreign = connection.SimpleQueue(SUBMIT_QUEUE)
        foreign.put({})
        foreign.close()
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        lengths = {name: client.llen(name) for name in app.amqp.queues}
    assert {name: length for name, length in lengths.items() if length} == {SUBMIT_QUEUE: 1}
