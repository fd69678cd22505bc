"""The triggers that write down what upstream apps are to be told, in the transaction that makes it so.

They fire only for rows that name an endpoint (WHEN): others cost a look at a column that is in the hand already.
Rows that COPY brings settled are not seen here: accept writes those down itself. What follows an event that still
waits is due no sooner than that one (`ledger.callbacks`).
"""

from sqlalchemy import DDL

from dispatcher.domain.callbacks import OF_CAMPAIGN
from dispatcher.domain.lifecycle import OPEN

_OPEN = ", ".join(f"'{state}'" for state in sorted(OPEN))

MESSAGES_FUNCTION = f"""
CREATE FUNCTION note_message_callbacks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callback (goes_to, campaign_id, seq, type, state, reason, at, due_at)
    SELECT NEW.callback_endpoint_id, NEW.campaign_id, NEW.seq, event.type, NEW.state, NEW.reason, event.at,
        coalesce((
            SELECT max(b.due_at) FROM callback b
            WHERE b.campaign_id = NEW.campaign_id AND b.seq = NEW.seq AND b.settled_at IS NULL
        ), now())
    FROM (VALUES
        (1, 'message.' || NEW.state, NEW.state <> OLD.state AND NEW.state NOT IN ({_OPEN}),
            clock_timestamp()),
        (2, 'message.delivered', OLD.delivered_at IS NULL AND NEW.delivered_at IS NOT NULL, NEW.delivered_at),
        (3, 'message.undelivered', NEW.reason = 'not_delivered' AND OLD.reason IS DISTINCT FROM NEW.reason,
            clock_timestamp()),
        (4, 'message.read', OLD.read_at IS NULL AND NEW.read_at IS NOT NULL, NEW.read_at),
        (5, 'message.answered', NEW.answered_at IS NOT NULL AND NEW.state = 'sent'
            AND (OLD.answered_at IS NULL OR OLD.state <> 'sent'), NEW.answered_at)
    ) AS event (rank, type, happened, at)
    WHERE event.happened
    ORDER BY event.rank;
    RETURN NULL;
END $$
"""

MESSAGES_TRIGGER = """
CREATE TRIGGER message_callbacks AFTER UPDATE ON message FOR EACH ROW
WHEN (NEW.callback_endpoint_id IS NOT NULL) EXECUTE FUNCTION note_message_callbacks()
"""

CAMPAIGN_FUNCTION = f"""
CREATE FUNCTION note_campaign_callback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callback (goes_to, campaign_id, seq, type, state, reason, at, due_at)
    SELECT NEW.callback_endpoint_id, NEW.id, {OF_CAMPAIGN}, 'campaign.' || shown, shown, NEW.paused_reason,
        clock_timestamp(), coalesce((
            SELECT max(b.due_at) FROM callback b
            WHERE b.campaign_id = NEW.id AND b.seq = {OF_CAMPAIGN} AND b.settled_at IS NULL
        ), now())
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
