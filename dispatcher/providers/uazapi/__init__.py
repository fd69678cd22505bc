"""uazapi (uazapiGO v2): a sender is a WhatsApp number with a token of its own.

Mode `sender`: a job is one mass send (`POST /sender/advanced`) marked with our job id; `build` and `read` are
that call and its answer. Mode `direct`: a job is one message in one call, tracked by that id. `modes` picks.
`dialect` and `simple` read the bodies of upstream apps, `folders` shows them their campaigns, `webhook` reads what
comes back.
"""

from dispatcher.providers.contract import Provider
from dispatcher.providers.uazapi.build import build_poll, build_probe
from dispatcher.providers.uazapi.modes import batch_for, build, build_lookup, read, read_lookup
from dispatcher.providers.uazapi.poll import read_poll
from dispatcher.providers.uazapi.read import POLL_WAITS_S, read_probe
from dispatcher.providers.uazapi.simple import parse_any, recognises_any
from dispatcher.providers.uazapi.webhook import read_inbound

PROVIDER = Provider(
    name="uazapi",
    build=build,
    read=read,
    recognises=recognises_any,
    parse=parse_any,
    read_inbound=read_inbound,
    lookup=build_lookup,
    read_lookup=read_lookup,
    poll=build_poll,
    read_poll=read_poll,
    probe=build_probe,
    read_probe=read_probe,
    batch_for=batch_for,
    max_batch=1_000,  # no limit is published; a page of their own listings holds as many
    paces_batches=True,
    lookup_waits_s=(5.0, 15.0, 40.0),  # a mass send is listed as soon as it is queued; the rest is for a slow server
    poll_waits_s=POLL_WAITS_S,
)
