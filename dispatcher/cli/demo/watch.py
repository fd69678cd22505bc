"""Progress of the demo's campaigns while they run, as the native API and the lane clock tell it."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from threading import Event
from time import monotonic
from types import TracebackType
from typing import Any, Self

import httpx

from dispatcher.cli.demo.posts import Post
from dispatcher.cli.output import console, table
from dispatcher.coordination import keys
from dispatcher.coordination.connection import connect, our_words
from dispatcher.domain.trouble import DispatcherTrouble

LOOK_EVERY_S = 0.5
COLUMNS = ("campaign", "state", "progress", "messages", "next_send")
BAR = 20
OVER = frozenset({"done", "cancelled"})

Json = dict[str, Any]


class Watch:
    """A line for each campaign, redrawn in a terminal; elsewhere a line for each change."""

    def __init__(self, posts: Sequence[Post], environment: Mapping[str, str], web: str) -> None:
        token = environment["DISPATCHER_ADMIN_TOKEN"]
        self._posts = posts
        self._http = httpx.Client(base_url=web, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        self._redis = connect(environment["DISPATCHER_REDIS_URL"], 2)
        self._console = console()
        self._said: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
        self._redis.close()

    def until_done(self, at_most_s: float) -> bool:
        """Show the campaigns until all are over; False when they are not within that time."""
        from rich.live import Live

        pause, end = Event(), monotonic() + at_most_s
        with ExitStack() as stack:
            live = None
            if self._console.is_terminal:
                live = stack.enter_context(Live(console=self._console, auto_refresh=False))
            while True:
                views = [self._view(post) for post in self._posts]
                rows = [self._row(post, view) for post, view in zip(self._posts, views, strict=True)]
                if live is not None:
                    live.update(table(rows, COLUMNS), refresh=True)
                else:
                    self._say_changes(rows)
                if all(view.get("state") in OVER for view in views):
                    return True
                if monotonic() > end:
                    return False
                pause.wait(LOOK_EVERY_S)

    def _view(self, post: Post) -> Json:
        """The campaign as the API shows it; empty while the web cannot be reached."""
        try:
            answer = self._http.get(f"/v1/campaigns/{post.campaign}")
            view: Json = answer.json() if answer.status_code == 200 else {}
        except (httpx.HTTPError, ValueError):
            view = {}
        return view

    def _row(self, post: Post, view: Json) -> Json:
        if not view:
            return {"campaign": post.title, "state": "?"}
        counts = {name: count for name, count in view["counts"].items() if count}
        filled = round(view["progress"] * BAR)
        return {
            "campaign": post.title,
            "state": view["state"],
            "progress": "█" * filled + "░" * (BAR - filled),
            "messages": ", ".join(f"{count} {name}" for name, count in counts.items()),
            "next_send": "" if view["state"] in OVER else self._next_send(post.provider),
        }

    def _next_send(self, provider: str) -> str:
        """When the provider's next lane is due; each provider of the demo has one."""
        try:
            with our_words():
                seconds, micros = self._redis.time()
                in_flight = self._redis.hlen(keys.flights(provider))
                due: Any = self._redis.zrange(keys.clock(provider), 0, 0, withscores=True)
                now_s = int(seconds) + int(micros) / 1e6
        except DispatcherTrouble:
            return "?"
        if in_flight:
            return "now"
        return f"in {max(0.0, due[0][1] / 1000 - now_s):.0f} s" if due else ""

    def _say_changes(self, rows: Sequence[Json]) -> None:
        for row in rows:
            said = f"{row['campaign']}: {row['state']}, {row.get('messages', '')}"
            if self._said.get(row["campaign"]) != said:
                self._said[row["campaign"]] = said
                print(said, flush=True)
