"""uazapi (uazapiGO v2): a sender is a WhatsApp number with a token of its own.

`build` and `read` are a job's call and its answer, `dialect` the bodies of upstream apps, `webhook` what
comes back. Mode `sender`: a job is one mass send (`POST /sender/advanced`) marked with our job id.
"""

from dispatcher.providers.contract import Provider
from dispatcher.providers.uazapi.build import build, build_lookup, build_probe
from dispatcher.providers.uazapi.dialect import parse, recognises
from dispatcher.providers.uazapi.read import read, read_lookup, read_probe
from dispatcher.providers.uazapi.webhook import read_inbound

PROVIDER = Provider(
    name="uazapi",
    build=build,
    read=read,
    recognises=recognises,
    parse=parse,
    read_inbound=read_inbound,
    lookup=build_lookup,
    read_lookup=read_lookup,
    probe=build_probe,
    read_probe=read_probe,
    max_batch=1_000,  # no limit is published; a page of their own listings holds as many
    paces_batches=True,
    lookup_waits_s=(5.0, 15.0, 40.0),  # a mass send is listed as soon as it is queued; the rest is for a slow server
)
