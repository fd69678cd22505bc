"""Messages and the replies to them: what had left before a reply, and which replies nobody has looked at yet."""

LEFT_BEFORE = """
CASE WHEN (SELECT provider FROM account WHERE id = c.account_id) = ANY(CAST(:paced AS text[])) THEN (
    SELECT m.claimed_at + make_interval(secs => count(*) * ceil(c.delay_max_ms / 1000.0))
    FROM attempt mine JOIN attempt before ON before.campaign_id = mine.campaign_id AND before.job_id = mine.job_id
    WHERE mine.campaign_id = m.campaign_id AND mine.seq = m.seq AND mine.attempt = m.attempts
        AND before.campaign_id = m.campaign_id AND before.seq > m.seq - c.batch AND before.seq < m.seq
        AND (before.fate IS NULL OR before.fate IN ('sent', 'failed', 'in_doubt'))
) ELSE m.claimed_at END < :at
"""
"""Of a message `m` and its campaign `c`: had it left at `:at`? As `pacing.leaves_in_ms` says, by its place among
those of its job that were called for. `:paced`: providers that space a batch out."""

UNHEARD = """(
    {message}.phone_key <> '' AND EXISTS (
        SELECT FROM inbound_event e
        WHERE e.kind = 'reply' AND e.phone_key = {message}.phone_key AND e.processed_at IS NULL)
)"""
"""Is a reply of the message's client stored whose job was lost, or is under way? Whomever it is to: that is found out
when it is processed."""
