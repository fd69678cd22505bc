"""`python -m dispatcher.simulator --port 9100`"""

import argparse

from dispatcher.simulator import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dispatcher.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100, help="0: any free port")
    arguments = parser.parse_args()
    run(arguments.host, arguments.port)


if __name__ == "__main__":
    main()
