"""What the lane clock's campaigns have to send, and when: the part of `laneclock` that knows of no lanes."""

from dispatcher.domain.lanerecords import CampaignRecord


class CampaignBook:
    """The campaigns of one provider, and the retries (campaign, due, seq, size) that wait for a time of their own."""

    def __init__(self) -> None:
        self.campaigns: dict[int, CampaignRecord] = {}
        self.retries: set[tuple[int, int, int, int]] = set()

    def _take(self, campaign: int, now: int) -> tuple[int, int, bool]:
        """Seq and size of what the campaign gives now, and whether it waited for a time of its own: it has work that is
        due."""
        retry, record = self._first_retry(campaign), self.campaigns[campaign]
        if retry and retry[1] <= now:
            self.retries.remove(retry)
            return retry[2], retry[3], True
        first, chunk = record.next, record.pacing.chunk_size
        size = min(record.pacing.batch, record.end - first)
        if chunk:
            size = min(size, (first // chunk + 1) * chunk - first)
        record.next += size
        return first, size, False

    def _close_chunk(self, campaign: int, record: CampaignRecord) -> None:
        retry = self._first_retry(campaign)
        if retry is None or retry[1]:
            record.close_chunk()

    def _first_retry(self, campaign: int) -> tuple[int, int, int, int] | None:
        return min((retry for retry in self.retries if retry[0] == campaign), default=None)

    def _exhausted(self, campaign: int) -> bool:
        record = self.campaigns.get(campaign)
        return record is None or (
            record.next >= record.end and not record.flights and self._first_retry(campaign) is None
        )

    def _earliest(self, campaign: int) -> int | None:
        """When the campaign can give work; None: not until something happens."""
        record = self.campaigns.get(campaign)
        if record is None or record.held:
            return None
        if record.has_work:
            return max(record.start, record.gate)
        retry = self._first_retry(campaign)
        return max(record.start, record.gate, retry[1]) if retry else None

    def _priority(self, campaign: int) -> int:
        record = self.campaigns.get(campaign)
        return record.priority if record else 0
