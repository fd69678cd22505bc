"""The four providers as one honest opponent, for demos and tests: `dispatcher simulate`.

It listens on real sockets, is strict about what the real APIs are strict about, remembers everything it
delivered, notices a second delivery, and makes trouble when told to. It knows nothing of the
dispatcher: it imports none of it and is a second opinion on the providers' documents.

Read `app` (the way of a call), `faults`, then the providers: `uazapi`, `kinbox`, `builder`, `cpc`. Tests use `server`.
"""


def run(host: str = "127.0.0.1", port: int = 9100) -> None:
    """Serves until it is told to stop by SIGINT or SIGTERM; port 0 takes any free one and prints it."""
    from dispatcher.simulator.listen import serve

    serve(host, port)
