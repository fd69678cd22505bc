"""Which provider's endpoint a path belongs to, and through which base URL it came.

The four providers' paths do not collide, so one port serves them all. `/p/<name>/…` is a further base URL
of all of them, so that a test may have several with faults of their own; `/link1` and `/link2` are the
two of CPC. All lead to the same provider, as the real ones do.
"""

import re
from collections.abc import Mapping

from dispatcher.simulator.wire import Call, Route

_LINK = re.compile(r"^/(?:p/([^/]+)|(link[12]))(?=/|$)")
_NAMED = re.compile(r"\{(\w+)\}")


class Routes:
    """Plain paths are looked up; those with `{names}` are tried in order."""

    def __init__(self, *tables: Mapping[tuple[str, str], Route]) -> None:
        self._plain: dict[tuple[str, str], Route] = {}
        self._named: list[tuple[str, re.Pattern[str], Route]] = []
        for table in tables:
            for (method, path), route in table.items():
                if "{" in path:
                    pattern = re.compile(_NAMED.sub(r"(?P<\1>[^/]+)", path) + "$")
                    self._named.append((method, pattern, route))
                else:
                    self._plain[(method, path)] = route

    def split(self, path: str) -> tuple[str, str]:
        """The base URL's name and the provider's own path."""
        found = _LINK.match(path)
        if found is None:
            return "", path
        return found[1] or found[2], path[found.end() :] or "/"

    def find(self, call: Call) -> None:
        """Sets the call's route and the names in its path; leaves None where there is no such endpoint."""
        route = self._plain.get((call.method, call.path))
        if route is not None:
            call.route = route
            return
        for method, pattern, named in self._named:
            if method == call.method and (match := pattern.match(call.path)):
                call.route, call.names = named, match.groupdict()
                return
