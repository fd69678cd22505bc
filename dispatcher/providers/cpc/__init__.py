"""Disparo CPC: a sender is a tag (a wallet of numbers), its two links are base URLs.

`build` and `read` are a job's call and its answer, `reasons` the words in it, `dialect` the bodies of upstream
apps. Nobody can be asked afterwards what became of a call; replies come as Evolution's webhooks.
"""

from dispatcher.providers.contract import Provider
from dispatcher.providers.cpc.build import build, one_call
from dispatcher.providers.cpc.dialect import parse, recognises
from dispatcher.providers.cpc.read import read
from dispatcher.providers.cpc.webhook import read_inbound

PROVIDER = Provider(
    name="cpc",
    one_call=one_call,
    build=build,
    read=read,
    recognises=recognises,
    parse=parse,
    read_inbound=read_inbound,
    max_batch=100,  # it sends one after the other inside the request: more would outlast any time-out
)
