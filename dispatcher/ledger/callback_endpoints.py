"""Where callbacks go: the accounts file names an endpoint for an account, a draft may name one of its own.

An account's endpoint is one row whose URL follows the file, so that what waits follows as well. Without a URL it is
disabled: what waits for it counts as failed.
"""

from sqlalchemy import Connection, text

NOT_NAMED = "not_named"

OWN = text("""
INSERT INTO callback_endpoint AS kept (account_id, of_account, url, disabled_at, disabled_reason)
VALUES (:account, true, :url, CASE WHEN :url = '' THEN now() END, CASE WHEN :url = '' THEN :not_named END)
ON CONFLICT (account_id) WHERE of_account DO UPDATE SET
    url = excluded.url, disabled_at = excluded.disabled_at, disabled_reason = excluded.disabled_reason,
    failures = 0, failing_since = NULL, not_before = now()
WHERE kept.url <> excluded.url
""")

OWN_URL = text("SELECT url FROM callback_endpoint WHERE account_id = :account AND of_account")

OF_ACCOUNT = text("SELECT id FROM callback_endpoint WHERE account_id = :account AND of_account AND url <> ''")

NAMED = text("""
INSERT INTO callback_endpoint AS kept (account_id, of_account, url) VALUES (:account, false, :url)
ON CONFLICT (account_id, url) WHERE NOT of_account DO UPDATE SET
    disabled_at = NULL, disabled_reason = NULL,
    failing_since = CASE WHEN kept.disabled_at IS NULL THEN kept.failing_since END
RETURNING id
""")

FIRST_OF_SETTLED = text("""
INSERT INTO callback (goes_to, campaign_id, seq, type, state, reason, at)
SELECT c.callback_endpoint_id, m.campaign_id, m.seq, 'message.' || m.state, m.state, m.reason, clock_timestamp()
FROM campaign c JOIN message m ON m.campaign_id = c.id AND m.seq >= :first AND m.state <> 'pending'
WHERE c.id = :campaign AND c.callback_endpoint_id IS NOT NULL
ORDER BY m.seq
""")


def name_own(connection: Connection, account_id: int, url: str) -> bool:
    """Make this the account's endpoint, "" for none; False when it was so already."""
    known = connection.execute(OWN_URL, {"account": account_id}).scalar()
    if (known or "") == url:
        return False
    connection.execute(OWN, {"account": account_id, "url": url, "not_named": NOT_NAMED})
    return True


def endpoint_of(connection: Connection, account_id: int, url: str | None) -> int | None:
    """Whom a campaign that is accepted now tells: the URL that it names, or the account's; None: nobody."""
    if url is None:
        return connection.execute(OF_ACCOUNT, {"account": account_id}).scalar()
    number: int = connection.execute(NAMED, {"account": account_id, "url": url}).scalar_one()
    return number


def note_settled(connection: Connection, campaign: int, first_seq: int) -> None:
    """Tell of messages that were settled when they were accepted: triggers do not see what COPY brings."""
    connection.execute(FIRST_OF_SETTLED, {"campaign": campaign, "first": first_seq})
