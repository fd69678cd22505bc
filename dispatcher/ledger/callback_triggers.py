"""The triggers that write down what upstream apps are to be told, in the transaction that makes it so.

Of a statement that moves messages they look at the campaigns first: one without an endpoint costs no more than
that look. A campaign's own changes are seen only where it has an endpoint (WHEN). Rows that COPY brings settled
are not seen here: accept writes those down itself.
"""

from sqlalchemy import DDL

from dispatcher.domain.callbacks import OF_CAMPAIGN
from dispatcher.domain.lifecycle import OPEN

_OPEN = ", ".join(f"'{state}'" for state in sorted(OPEN))

MESSAGES_FUNCTION = f"""
CREATE FUNCTION note_message_callbacks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM campaign
        WHERE id IN (SELECT campaign_id FROM message_after) AND callback_endpoint_id IS NOT NULL
    ) THEN
        INSERT INTO callback (goes_to, campaign_id, seq, type, state, reason, at)
        SELECT c.callback_endpoint_id, a.campaign_id, a.seq, event.type, a.state, a.reason, event.at
        FROM message_after a
        JOIN message_before b ON b.campaign_id = a.campaign_id AND b.seq = a.seq
        JOIN campaign c ON c.id = a.campaign_id AND c.callback_endpoint_id IS NOT NULL
        CROSS JOIN LATERAL (VALUES
            (1, 'message.' || a.state, a.state <> b.state AND a.state NOT IN ({_OPEN}), clock_timestamp()),
            (2, 'message.delivered', b.delivered_at IS NULL AND a.delivered_at IS NOT NULL, a.delivered_at),
            (3, 'message.undelivered', a.reason = 'not_delivered' AND b.reason IS DISTINCT FROM a.reason,
                clock_timestamp()),
            (4, 'message.read', b.read_at IS NULL AND a.read_at IS NOT NULL, a.read_at),
            (5, 'message.answered', a.answered_at IS NOT NULL AND a.state = 'sent'
                AND (b.answered_at IS NULL OR b.state <> 'sent'), a.answered_at)
        ) AS event (rank, type, happened, at)
        WHERE event.happened
        ORDER BY a.campaign_id, a.seq, event.rank;
    END IF;
    RETURN NULL;
END $$
"""

MESSAGES_TRIGGER = """
CREATE TRIGGER message_callbacks AFTER UPDATE ON message
REFERENCING OLD TABLE AS message_before NEW TABLE AS message_after
FOR EACH STATEMENT EXECUTE FUNCTION note_message_callbacks()
"""

CAMPAIGN_FUNCTION = f"""
CREATE FUNCTION note_campaign_callback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callback (goes_to, campaign_id, seq, type, state, reason, at)
    SELECT NEW.callback_endpoint_id, NEW.id, {OF_CAMPAIGN}, 'campaign.' || shown, shown, NEW.paused_reason,
        clock_timestamp()
    FROM (
        SELECT CASE WHEN NEW.state = 'running' AND NEW.scheduled_for > now() THEN 'scheduled' ELSE NEW.state::text END
    ) AS now_is (shown);
    RETURN NULL;
END $$
"""

CAMPAIGN_INSERT_TRIGGER = """
CREATE TRIGGER campaign_callback_first AFTER INSERT ON campaign FOR EACH ROW
WHEN (NEW.callback_endpoint_id IS NOT NULL) EXECUTE FUNCTION note_campaign_callback()
"""

CAMPAIGN_UPDATE_TRIGGER = """
CREATE TRIGGER campaign_callback AFTER UPDATE ON campaign FOR EACH ROW
WHEN (NEW.callback_endpoint_id IS NOT NULL AND OLD.state IS DISTINCT FROM NEW.state)
EXECUTE FUNCTION note_campaign_callback()
"""

CALLBACK_TRIGGERS = [
    DDL(statement)  # type: ignore[no-untyped-call]
    for statement in (
        MESSAGES_FUNCTION,
        MESSAGES_TRIGGER,
        CAMPAIGN_FUNCTION,
        CAMPAIGN_INSERT_TRIGGER,
        CAMPAIGN_UPDATE_TRIGGER,
    )
]
