"""A claimed message with its content put together: what is called out, looked up, and published as a file alike."""

from dispatcher.domain.campaign import Campaign, Parcel
from dispatcher.domain.claims import Claimed
from dispatcher.domain.template import fill_content


def parcel_of(campaign: Campaign, row: Claimed) -> Parcel:
    """The message's own content or its campaign's, filled from its fields; raises MissingField.

    A message without fields is sent to the letter.
    """
    content = row.payload.get("content") or campaign.content or {}
    fields = row.payload.get("fields")
    filled = content if fields is None else fill_content(content, fields)
    return Parcel(row.seq, row.attempt, row.phone, row.key, filled, fields or {}, row.payload.get("params") or {})
