"""Kinbox (API v3): a sender is a channel; recipients are a file that Kinbox fetches from us.

`build` and `read` are a job's call and its answer, `dialect` the bodies of upstream apps, `webhook` what
comes back, `render` our campaigns as Kinbox shows its own. A job is one campaign there, for one chunk.
"""

from dispatcher.providers.contract import Provider
from dispatcher.providers.kinbox.build import build, build_lookup, build_poll, leads_csv
from dispatcher.providers.kinbox.dialect import parse, recognises
from dispatcher.providers.kinbox.read import POLL_WAITS_S, read, read_lookup, read_poll
from dispatcher.providers.kinbox.webhook import read_inbound
from dispatcher.providers.sheet import MOST_ROWS, rows_for

PROVIDER = Provider(
    name="kinbox",
    build=build,
    read=read,
    recognises=recognises,
    parse=parse,
    read_inbound=read_inbound,
    lookup=build_lookup,
    read_lookup=read_lookup,
    poll=build_poll,
    read_poll=read_poll,
    batch_for=rows_for,
    max_batch=MOST_ROWS,
    paces_batches=True,
    needs_leads_url=True,
    leads_file=leads_csv,
    lookup_waits_s=(5.0, 30.0, 120.0),  # a chunk of people hangs on "not there": no haste
    poll_waits_s=POLL_WAITS_S,
)
