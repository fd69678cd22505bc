"""The fixtures that the other suites stand on."""

import psycopg2
import pytest
import redis
from sqlalchemy import make_url


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_meets_an_empty_redis(redis_url: str, turn: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left behind", turn)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_meets_an_empty_database(database_url: str, turn: int) -> None:
    address = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(address)  # left open: it must not keep the database from being dropped
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)
        cursor.execute("CREATE TABLE left_behind (turn int)")
    connection.commit()
