"""The names of everything that the dispatcher keeps in Redis, apart from Celery's own keys.

    d:epoch              string  run id of the server whose memory is complete, and a build's own mark
    d:building           string  the same, while a rebuild is under way
    d:clock:<provider>   zset    lane -> ms when it may next release, or when its lease ends; below 0: its place in line
    d:lanes:<p>          hash    lane -> {ready, ring, held, until, rest, why}
    d:flights:<p>        hash    lane in flight -> {token, campaign, seq, size, until, begun, overdue, kept, …}
    d:campaigns:<p>      hash    campaign -> its cursor and pace: {next, stop, dmin, dmax, cs, cg, …}
    d:crews:<p>          hash    campaign -> [lanes], apart because it is long and seldom read
    d:retries:<p>        zset    all scores 0: <campaign>:<due ms, 13 digits>:<seq, 9>:<size, 5>, read in this order
    d:days:<p>           hash    sender with caps -> {until, today, last, gone, gap, lanes}: its day and last starts
    d:turns:<p>          hash    account -> its last turn, while lanes wait in line; reached: the turn that is served
    d:offered:<p>        set     lanes whose ticket is out, and nobody has begun it yet
    d:again:<p>          zset    <campaign>:<seq>:<size>:<lane>, tickets that are out and waited for their time
    d:wake:<p>           channel "<ms>": in so many ms a lane is due, earlier than any before
    d:lock:<scope>:<digest>  string  <holder>|<taken ms>|<until ms>, of one client
    d:circuits:<digest>  hash    host -> <failures>|<until ms>|<probing>, of a list of base URLs that it did not reach
    d:looks:<campaign>   hash    {rounds, last}: how often and when (ms) sweepers looked at it
    send.<p>             list    Celery's queue of the provider's jobs; only its length is looked at

Names hold providers, campaign and lane ids; a client is the keyed digest of its number.
"""

EPOCH = "d:epoch"
BUILDING = "d:building"
LOCKS = "d:lock:*"
_WAKE = "d:wake:"


def wake(provider: str) -> str:
    return _WAKE + provider


def provider_of_wake(channel: str) -> str:
    return channel.removeprefix(_WAKE)


def clock(provider: str) -> str:
    return f"d:clock:{provider}"


def lanes(provider: str) -> str:
    return f"d:lanes:{provider}"


def flights(provider: str) -> str:
    return f"d:flights:{provider}"


def campaigns(provider: str) -> str:
    return f"d:campaigns:{provider}"


def retries(provider: str) -> str:
    return f"d:retries:{provider}"


def days(provider: str) -> str:
    return f"d:days:{provider}"


def lock(scope: str, digest: str) -> str:
    return f"d:lock:{scope}:{digest}"


def circuits(digest: str) -> str:
    return f"d:circuits:{digest}"


def looks(campaign: int) -> str:
    return f"d:looks:{campaign}"


def memory(provider: str) -> list[str]:
    """The keys that the lane clock of a provider is made of, in the order in which the scripts take them."""
    crews = f"d:crews:{provider}"
    tables = [clock(provider), lanes(provider), flights(provider), campaigns(provider), crews, retries(provider)]
    return [*tables, days(provider), f"d:turns:{provider}", f"d:offered:{provider}", f"d:again:{provider}"]


def of_clock(provider: str) -> list[str]:
    """KEYS of every lane clock script."""
    *tables, turns, offered, again = memory(provider)
    return [EPOCH, *tables, wake(provider), turns, offered, again]
