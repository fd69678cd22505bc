"""`python -m dispatcher.simulator --port 9100`"""

import argparse
import os
import signal
import sys
import threading

from dispatcher.simulator import run


def end_with_stdin() -> None:
    """A parent that dies, however it dies, closes our standard input."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dispatcher.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100, help="0: any free port")
    parser.add_argument("--until-eof", action="store_true", help="end when the standard input does")
    arguments = parser.parse_args()
    if arguments.until_eof:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    run(arguments.host, arguments.port)


if __name__ == "__main__":
    main()
