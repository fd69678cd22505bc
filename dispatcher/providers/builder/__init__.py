"""Fintalk Builder: a sender is a bot; every call carries a token from a login.

`names` are the paths and words that an account may set, `build` and `read` a job's call and its answer,
`login` the token, `dialect` the bodies of upstream apps, `render` our answers to them, `webhook` what comes
back. Mode `trigger`: a job is one acionamento. Mode `campaign`: a job is one campaign action for one chunk.

There is nothing to look up: an acionamento can be asked for by its number only, which a lost answer took along.

`paces_batches`: Builder has no word for a pace. A bot that was handed a chunk is left alone for as long as the
campaign's pace would take for it, so that the rate over all is what was asked for.
"""

from dispatcher.providers.builder.build import batch_for, build
from dispatcher.providers.builder.dialect import parse, recognises
from dispatcher.providers.builder.login import authorise, login, read_login, refresh
from dispatcher.providers.builder.read import read
from dispatcher.providers.builder.webhook import read_inbound
from dispatcher.providers.contract import Provider
from dispatcher.providers.sheet import MOST_ROWS

PROVIDER = Provider(
    name="builder",
    build=build,
    read=read,
    recognises=recognises,
    parse=parse,
    read_inbound=read_inbound,
    login=login,
    refresh=refresh,
    read_login=read_login,
    authorise=authorise,
    batch_for=batch_for,
    max_batch=MOST_ROWS,
    paces_batches=True,
)
