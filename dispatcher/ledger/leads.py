"""A job's recipients, for providers that fetch them as a file."""

from collections.abc import Sequence

from sqlalchemy import Engine, text

from dispatcher.domain.claims import Claimed
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.messages import claimed

OF_JOB = text("""
SELECT m.*, false AS suppressed, false AS answered, false AS unheard FROM message m
JOIN attempt a ON a.campaign_id = m.campaign_id AND a.seq = m.seq AND a.attempt = m.attempts
WHERE m.campaign_id = :campaign AND m.seq = ANY(:seqs) AND a.job_id = :job
    AND m.state IN ('sending', 'sent', 'in_doubt')
ORDER BY m.seq
""")


def recipients(engine: Engine, campaign: int, job: str, seqs: Sequence[int]) -> tuple[Claimed, ...]:
    """Of these messages, those that the job has in its hands or sent; none that has gone on to another attempt."""
    with autocommit(engine) as connection:
        rows = connection.execute(OF_JOB, {"campaign": campaign, "seqs": list(seqs), "job": job}).all()
    return tuple(claimed(row) for row in rows)
