"""Open campaigns of an account whose senders were changed: whom they may leave from now.

Written in the transaction that changes the senders, so that it cannot be forgotten: the clock does not know yet
(`opened_at` is null) and the sweeper tells it, should whoever changed them not get to it.
"""

from sqlalchemy import Connection, text

NO_SENDER = "none of its senders is in the accounts file any more"

CHANGED = text("""
WITH open AS (
    SELECT c.id, c.state = 'running' AND NOT EXISTS (
        SELECT FROM account a JOIN sender s ON s.account_id = a.id
        WHERE a.id = c.account_id AND a.removed_at IS NULL AND s.removed_at IS NULL AND (
            EXISTS (SELECT FROM campaign_sender WHERE campaign_id = c.id AND sender_id = s.id)
            OR NOT EXISTS (SELECT FROM campaign_sender WHERE campaign_id = c.id))
    ) AS stranded
    FROM campaign c
    WHERE c.account_id = :account AND c.finished_at IS NULL AND c.state IN ('running', 'paused')
    ORDER BY c.id FOR UPDATE
)
UPDATE campaign c SET
    opened_at = NULL,
    grown_at = now(),
    state = CASE WHEN open.stranded THEN 'paused' ELSE c.state END,
    paused_reason = CASE WHEN open.stranded THEN :reason ELSE c.paused_reason END
FROM open WHERE c.id = open.id
""")


def crews_changed(connection: Connection, account_id: int) -> None:
    """Have the account's open campaigns planned anew; one that is left without any sender is paused, and says why."""
    connection.execute(CHANGED, {"account": account_id, "reason": NO_SENDER})
