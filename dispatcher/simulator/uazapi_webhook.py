"""uazapi's own configuration of webhooks, one for each instance (PROVIDERS.md 1.8)."""

from typing import Any

from dispatcher.simulator.uazapi import Uazapi
from dispatcher.simulator.uazapi_requests import bad, body_of
from dispatcher.simulator.webhooks import Hook, Webhooks
from dispatcher.simulator.wire import Answer, Call, Route

EVENTS = {
    *("connection", "history", "messages", "messages_update", "newsletter_messages", "call", "contacts"),
    *("presence", "groups", "labels", "chats", "chat_labels", "blocks", "sender"),
}


class WebhookSettings:
    def __init__(self, uazapi: Uazapi, hooks: Webhooks) -> None:
        self.uazapi, self.hooks = uazapi, hooks

    def routes(self) -> dict[tuple[str, str], Route]:
        route = self.uazapi.route
        return {
            ("POST", "/webhook"): route(self.configure),
            ("GET", "/webhook"): route(self.show),
            ("GET", "/webhook/errors"): route(self.errors),
        }

    def configure(self, call: Call) -> Answer:
        token = self.uazapi.token(call)
        given = body_of(call)
        if given.get("action") == "delete":
            self.hooks.drop("uazapi", token)
            return Answer(200, [])
        events, exclude = _texts(given, "events"), _texts(given, "excludeMessages")
        if unknown := set(events) - EVENTS:
            raise bad(f"unknown events: {', '.join(sorted(unknown))}")
        try:
            self.hooks.check_url(given.get("url"))
        except ValueError as error:
            raise bad(str(error)) from error
        hook = Hook("uazapi", given["url"], token, events, exclude)
        hook.add_event, hook.add_type = bool(given.get("addUrlEvents")), bool(given.get("addUrlTypesMessages"))
        hook.enabled = bool(given.get("enabled", True))
        self.hooks.put(hook)
        return self.show(call)

    def show(self, call: Call) -> Answer:
        token = self.uazapi.token(call)
        return Answer(200, [_shown(hook) for hook in self.hooks.of("uazapi", token)])

    def errors(self, call: Call) -> Answer:
        self.uazapi.token(call)
        return Answer(200, list(self.hooks.errors))


def _texts(given: dict[str, Any], name: str) -> list[str]:
    found = given.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise bad(f"{name} must be a list of strings")
    return found


def _shown(hook: Hook) -> dict[str, Any]:
    return {
        "url": hook.url,
        "events": hook.events,
        "excludeMessages": hook.exclude,
        "addUrlEvents": hook.add_event,
        "addUrlTypesMessages": hook.add_type,
        "enabled": hook.enabled,
    }
