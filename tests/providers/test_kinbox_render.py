"""Our campaigns as Kinbox shows its own."""

import re
from typing import Any

import pytest

from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.domain.lifecycle import MessageState as M
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.views import MessageView
from dispatcher.providers.kinbox.render import Progress, campaign_object, error_object, lead_object, status_of
from tests.providers.made import ANA, CAMPAIGN, NOW_MS, campaign

FIELDS = set(
    re.findall(
        r"\w+",
        """
        id _id name channelId operatorId operatorName businessHoursId channelType leadType scheduledTo nextScheduledTo
        originalScheduledTo finishedAtPrediction leadsAssetUrl message textRaw assetsUrls active
        shouldCreateConversation status chunksCount leadsCount secondsBetweenMessages secondsBetweenChunks
        trackAllChannels trackMaxHours chunkSize template progress resultCounts messagesProcessed
        lastMessageProcessedAt healthCheckData workspaceId createdAt lastUpdateAt updatedAt
        """,
    )
)
ASKED = {"name": "Oferta", "channelId": "canal", "message": "oi", "chunksCount": 3, "leadType": "file"}
CAME_IN = campaign(dialect="kinbox", options=ASKED, total=10, pacing=Pacing(5_000, 5_000, 4, 60_000))


def test_a_newborn_campaign_has_every_field_of_the_seed() -> None:
    shown = campaign_object(CAME_IN, NOW_MS, {"pending": 9, "failed": 1}, Progress(finish_ms=NOW_MS + 1_500))
    assert set(shown) == FIELDS
    expected = {
        **ASKED,
        **{"id": CAMPAIGN, "_id": CAMPAIGN, "status": "processing", "active": True, "workspaceId": 1},
        **{"chunksCount": 3, "chunkSize": 4, "leadsCount": 10, "progress": 10, "messagesProcessed": 1},
        **{"secondsBetweenMessages": 5, "secondsBetweenChunks": 60, "finishedAtPrediction": "2026-11-07T12:00:01.500Z"},
        **{"createdAt": "2026-11-07T12:00:00.000Z", "updatedAt": "2026-11-07T12:00:00.000Z"},
        **{"operatorName": None, "nextScheduledTo": None, "lastMessageProcessedAt": None},
    }
    assert {name: shown[name] for name in expected} == expected


def test_counts_are_kinboxs_words() -> None:
    counts = {"sent": 6, "failed": 2, "pending": 1, "sending": 1, "delivered": 5, "read": 3, "answered": 2}
    shown = campaign_object(CAME_IN, NOW_MS, counts, Progress(NOW_MS + 1_000, NOW_MS + 500))
    assert shown["resultCounts"] == {
        **{"sent": 6, "received": 5, "read": 3, "answered": 2, "chunksExecuted": 2, "byChunkId": {}}
    }
    assert (shown["progress"], shown["messagesProcessed"]) == (80, 8)
    assert shown["lastMessageProcessedAt"] == shown["healthCheckData"]["lastMessageProcessedAt"]
    assert shown["lastUpdateAt"] == "2026-11-07T12:00:01.000Z"


S = CampaignState
STATUSES = [
    (S.SCHEDULED, {"pending": 2}, False, "scheduled"),
    (S.RUNNING, {"pending": 2}, False, "processing"),
    (S.RUNNING, {"pending": 1, "sent": 1}, False, "executing"),
    (S.RUNNING, {"pending": 1, "sent": 1}, True, "awaiting-chunk"),
    (S.PAUSED, {"pending": 2}, False, "paused"),
    (S.CANCELLED, {"cancelled": 2}, False, "canceled"),
    (S.DONE, {"sent": 1, "failed": 1}, False, "done"),
    (S.DONE, {"in_doubt": 1, "failed": 1}, False, "done"),
    (S.DONE, {"failed": 2}, False, "failed"),
]


@pytest.mark.parametrize(("state", "counts", "waits", "status"), STATUSES)
def test_states_are_kinboxs_words(state: S, counts: dict[str, int], waits: bool, status: str) -> None:
    assert status_of(state, counts, waits) == status


LEADS = {
    M.PENDING: "pending",
    M.SENDING: "pending",
    M.IN_DOUBT: "pending",
    M.SENT: "sent",
    **dict.fromkeys((M.FAILED, M.BLOCKED, M.SUPPRESSED, M.EXPIRED, M.CANCELLED), "error"),
}


@pytest.mark.parametrize("state", M)
def test_a_lead_is_in_error_only_when_it_certainly_was_not_sent(state: M) -> None:
    view = MessageView(MessageId(CAME_IN.id, 9), ANA, ANA, state, "canal", "", "", 1, NOW_MS, *[None] * 7)
    shown = lead_object(view, 4)
    assert (shown["chunkId"], shown["phone"], shown["status"], shown["state"]) == ("2", ANA, LEADS[state], state.value)


def test_a_scheduled_campaign_says_when() -> None:
    later = campaign(state=S.SCHEDULED, scheduled_for_ms=NOW_MS + 1_000, total=0)
    shown = campaign_object(later, NOW_MS, {})
    assert (shown["nextScheduledTo"], shown["progress"], shown["chunkSize"]) == ("2026-11-07T12:00:01.000Z", 0, 0)


@pytest.mark.parametrize(
    ("status", "problems", "shown"),
    [
        (400, [("name", "must be a string")], (["name: must be a string"], "Bad Request")),
        (401, [("", "a bearer token is needed")], (["a bearer token is needed"], "Unauthorized")),
    ],
)
def test_errors_look_like_nestjs(status: int, problems: Any, shown: Any) -> None:
    assert error_object(status, problems) == {"statusCode": status, "message": shown[0], "error": shown[1]}
