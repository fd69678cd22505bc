"""Is what Redis holds ours and complete? The epoch says so, and on which run of which server it was built.

Scripts only look whether there is an epoch (an empty Redis has none). A server that was restarted, or took
over from another, may hold an epoch and yet lack the last second: `clock_is_ours` tells, by the run id.
"""

import secrets

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.connection import our_words
from dispatcher.coordination.scripts import EPOCH_VERBS, Scripts
from dispatcher.domain.trouble import ClockLost


def clock_is_ours(client: redis.Redis) -> bool:
    """Was the memory built up on this run of this server? Two round trips; ask after every lost connection."""
    with our_words():
        epoch = client.get(keys.EPOCH)
    return isinstance(epoch, str) and epoch.startswith(f"{_run_id(client)}:")


def begin_build(client: redis.Redis) -> str:
    """No memory is complete from now on; the mark of the build that makes it so again."""
    mark = f"{_run_id(client)}:{secrets.token_hex(8)}"
    with our_words():
        batch = client.pipeline(transaction=True)
        batch.delete(keys.EPOCH)
        batch.set(keys.BUILDING, mark)
        batch.execute()
    return mark


def end_build(client: redis.Redis, mark: str) -> None:
    """The memory is complete. ClockLost if the server was restarted or another build began meanwhile."""
    if not Scripts(client, EPOCH_VERBS)("epoch_set", [keys.EPOCH, keys.BUILDING], [mark]):
        raise ClockLost("the memory was lost again while it was being rebuilt")


def _run_id(client: redis.Redis) -> str:
    with our_words():
        return str(client.info("server")["run_id"])
