"""The pulse of a provider's sending: when somebody last could have released its messages.

All of it by PostgreSQL's clock, so that it does not matter whether hosts agree, or what Redis forgot. A start that lies
between a pulse and the next passed while nobody was there; should it be longer ago than the tolerance, and nothing
of the campaign have been claimed yet, the campaign is paused in the same statement that writes the pulse.
"""

from sqlalchemy import Engine, text

from dispatcher.ledger.engine import autocommit

STALE_START = "its start passed while nothing could be sent: resume it to send now"
PAUSE_S = 60  # two pulses so near to each other belong together: four times as long as they are apart

BEAT = text("""
WITH before AS (
    SELECT at FROM pulse WHERE provider = :provider FOR UPDATE
), known AS (
    SELECT coalesce((SELECT at FROM before), '-infinity') AS last
), stale AS (
    SELECT c.id FROM known, campaign c JOIN account a ON a.id = c.account_id
    WHERE :tolerance_s > 0 AND a.provider = :provider AND c.state = 'running' AND c.finished_at IS NULL
        AND known.last < clock_timestamp() - make_interval(secs => :pause_s)
        AND c.scheduled_for > known.last
        AND c.scheduled_for < clock_timestamp() - make_interval(secs => :tolerance_s)
        AND NOT EXISTS (SELECT FROM attempt WHERE campaign_id = c.id)
    ORDER BY c.id FOR UPDATE OF c
), paused AS (
    UPDATE campaign c SET state = 'paused', paused_reason = :reason FROM stale WHERE c.id = stale.id RETURNING c.id
), beat AS (
    INSERT INTO pulse (provider, at) VALUES (:provider, clock_timestamp())
    ON CONFLICT (provider) DO UPDATE SET at = excluded.at
)
SELECT id FROM paused ORDER BY id
""")


class PulseBook:
    """`tolerance_s`: how late a campaign may begin after an outage; 0: however late."""

    def __init__(self, engine: Engine, tolerance_s: int) -> None:
        self._engine = engine
        self._tolerance_s = tolerance_s

    def beat(self, provider: str) -> list[int]:
        """Write down that messages can be released; the campaigns that were paused, for their start is stale."""
        asked = {"provider": provider, "tolerance_s": self._tolerance_s, "pause_s": PAUSE_S, "reason": STALE_START}
        with autocommit(self._engine) as connection:
            return list(connection.execute(BEAT, asked).scalars())
