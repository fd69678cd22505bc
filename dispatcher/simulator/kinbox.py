"""Kinbox' campaigns, API v3 (PROVIDERS.md 2.2 and the second seed).

Only `name` is required. Recipients come from `leadsAssetUrl`, which is fetched after the 201; then each lead
is one delivery, at once or, with `pace`, at the campaign's own pace. How it goes on is in
`kinbox_campaign`. Errors look like NestJS, as its backend seems to be.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from dispatcher.simulator import leads
from dispatcher.simulator.kinbox_campaign import OVER, Campaign, moment
from dispatcher.simulator.presets import UNAUTHORIZED
from dispatcher.simulator.wire import MISSING, Answer, Call, Refused, Route
from dispatcher.simulator.world import World

TEXTS = (
    *("name", "channelId", "operatorName", "businessHoursId", "scheduledTo", "originalScheduledTo"),
    *("finishedAtPrediction", "leadsAssetUrl", "message", "textRaw"),
)
NUMBERS = ("chunksCount", "secondsBetweenMessages", "secondsBetweenChunks", "chunkSize")
ENUMS = {"channelType": [str(n) for n in range(1, 10)], "leadType": ["lead", "file"]}
MOST_CAMPAIGNS = 100_000


def refused(status: int, message: Any, error: str) -> Refused:
    return Refused(Answer(status, {"statusCode": status, "message": message, "error": error}))


class Kinbox:
    def __init__(self, world: World) -> None:
        self.world = world
        self.campaigns: dict[str, Campaign] = {}
        world.on_forget.append(self.forget)

    def routes(self) -> dict[tuple[str, str], Route]:
        route = self._route
        one = "/v3/campaigns/{id}"
        return {
            ("POST", "/v3/campaigns"): route(self.create, sends=True),
            ("GET", "/v3/campaigns"): route(self.list),
            ("POST", "/v3/campaigns/test-event"): route(lambda call: Answer(201, {})),
            ("GET", one): route(self.get),
            ("PATCH", one): route(self.patch),
            ("DELETE", one): route(self.delete),
            ("POST", f"{one}/pause"): route(self.pause),
            ("POST", f"{one}/resume"): route(self.resume),
            ("GET", f"{one}/chunk-leads"): route(self.chunk_leads),
            ("PATCH", f"{one}/results"): route(self.results),
        }

    def _route(self, handler: Callable[[Call], Answer], sends: bool = False) -> Route:
        def authorized(call: Call) -> Answer:
            token, known = call.bearer(), self.world.settings.kinbox_tokens
            if not token or (known and token not in known):
                raise Refused(UNAUTHORIZED["kinbox"])
            return handler(call)

        return Route("kinbox", authorized, sender_of, lambda call: [], sends)

    def forget(self) -> None:
        for campaign in self.campaigns.values():
            campaign.stop("canceled")
        self.campaigns.clear()

    # ------------------------------------------------------------------ create

    def create(self, call: Call) -> Answer:
        given = body_of(call)
        if not given.get("name"):
            raise refused(400, ["name should not be empty", "name must be a string"], "Bad Request")
        self._check(given)
        campaign = Campaign(self.world, call, secrets.token_hex(12), given)
        self.campaigns[campaign.id] = campaign
        if len(self.campaigns) > MOST_CAMPAIGNS:
            del self.campaigns[next(iter(self.campaigns))]
        shown = campaign.as_dict()
        if given.get("leadsAssetUrl"):
            self.world.spawn(self._fetch(campaign))
        else:
            campaign.start([])
        return Answer(201, shown)

    def _check(self, given: dict[str, Any]) -> None:
        wrong = problems(given)
        url = given.get("leadsAssetUrl")
        if not wrong and url and not self.world.may_reach(url):
            wrong = ["leadsAssetUrl must be a URL on this machine (or of allow_hosts): this is only a simulator"]
        if wrong:
            raise refused(400, wrong, "Bad Request")

    async def _fetch(self, campaign: Campaign) -> None:
        try:
            data = await leads.fetch(campaign.given["leadsAssetUrl"])
            found = await asyncio.to_thread(leads.read, data)
        except leads.BadLeads as error:
            self.world.record.notes.append(f"kinbox campaign {campaign.id}: leads: {error}")
            campaign.stop("failed")
            return
        campaign.start(found)

    # ------------------------------------------------------------------ look

    def list(self, call: Call) -> Answer:
        """`name` finds campaigns that contain it; `limit` and `offset` are marked required [2.2]."""
        query = call.query()
        limit, offset = _whole(query, "limit", 1, 500), _whole(query, "offset", 0, 10**9)
        found = [c for c in reversed(self.campaigns.values()) if _fits(c, query)]
        part = [campaign.as_dict() for campaign in found[offset : offset + limit]]
        return Answer(200, {"totalCount": len(found), "data": part})

    def get(self, call: Call) -> Answer:
        return Answer(200, self._one(call).as_dict())

    def _one(self, call: Call) -> Campaign:
        campaign = self.campaigns.get(call.names["id"])
        if campaign is None:
            raise refused(404, "Campaign not found", "Not Found")
        return campaign

    def chunk_leads(self, call: Call) -> Answer:
        return Answer(200, self._one(call).chunk_leads())

    # ------------------------------------------------------------------ change

    def patch(self, call: Call) -> Answer:
        campaign, given = self._one(call), body_of(call)
        self._check(given)
        campaign.given.update({k: v for k, v in given.items() if k in (*TEXTS, *NUMBERS, *ENUMS)})
        return Answer(200, campaign.as_dict())

    def delete(self, call: Call) -> Answer:
        campaign = self._one(call)
        campaign.stop("canceled")
        del self.campaigns[campaign.id]
        return Answer(200, campaign.as_dict())

    def pause(self, call: Call) -> Answer:
        campaign = self._one(call)
        if campaign.status not in OVER:
            campaign.status = "paused"
        return Answer(201, campaign.as_dict())

    def resume(self, call: Call) -> Answer:
        campaign = self._one(call)
        campaign.resume()
        return Answer(201, campaign.as_dict())

    def results(self, call: Call) -> Answer:
        campaign, given = self._one(call), body_of(call)
        if given.get("status") not in campaign.counts or type(given.get("count")) is not int:
            raise refused(400, ["status and count are required"], "Bad Request")
        campaign.counts[given["status"]] = given["count"]
        return Answer(200, campaign.as_dict())

    def receipt(self, delivery: int, state: str) -> None:
        """Raises the counts that `resultCounts` shows."""
        campaign = self.campaigns.get(self.world.record.job(delivery).folder)
        name = {"Delivered": "received", "Read": "read", "Answered": "answered"}.get(state)
        if campaign is not None and name is not None:
            campaign.counts[name] += 1


# ---------------------------------------------------------------------- reading a request


def sender_of(call: Call) -> str:
    channel = call.object().get("channelId") if call.method == "POST" else None
    return channel if isinstance(channel, str) else ""


def body_of(call: Call) -> dict[str, Any]:
    found = call.json()
    if found is MISSING and not call.body:
        return {}
    if not isinstance(found, dict):
        raise refused(400, "Unexpected token in JSON", "Bad Request")
    return found


def problems(given: dict[str, Any]) -> list[str]:
    """In the words of NestJS' validator."""
    wrong = [f"{name} must be a string" for name in TEXTS if not isinstance(given.get(name, ""), str)]
    wrong += [
        f"{name} must be a number conforming to the specified constraints"
        for name in NUMBERS
        if type(given.get(name, 0)) not in (int, float) or given.get(name, 0) < 0
    ]
    for name, values in ENUMS.items():
        if name in given and given[name] not in values:
            wrong.append(f"{name} must be one of the following values: {', '.join(values)}")
    if not isinstance(given.get("assetsUrls", []), list):
        wrong.append("assetsUrls must be an array")
    if not isinstance(given.get("template", {}), dict):
        wrong.append("template must be an object")
    if isinstance(given.get("scheduledTo"), str) and moment(given["scheduledTo"]) is None:
        wrong.append("scheduledTo must be a valid ISO 8601 date string")
    return wrong


def _whole(query: dict[str, str], name: str, least: int, most: int) -> int:
    text = query.get(name, "")
    if not text.isdigit() or not least <= int(text) <= most:
        raise refused(400, [f"{name} must be a number from {least} to {most}"], "Bad Request")
    return int(text)


def _fits(campaign: Campaign, query: dict[str, str]) -> bool:
    return (
        query.get("name", "").lower() in campaign.given["name"].lower()
        and query.get("channelId", "") in ("", campaign.given.get("channelId"))
        and query.get("status", "") in ("", campaign.status)
    )
