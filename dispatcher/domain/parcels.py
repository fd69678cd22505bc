"""A claimed message with its content put together: what is called out, looked up, and published as a file alike."""

from dispatcher.domain.campaign import Campaign, Parcel
from dispatcher.domain.claims import Claimed
from dispatcher.domain.followups import follow_up_at
from dispatcher.domain.template import fill_content


def parcel_of(campaign: Campaign, row: Claimed) -> Parcel:
    """The message's own content, its campaign's or its follow-up's, filled from its fields; raises MissingField.

    A message without fields is sent to the letter.
    """
    parcel = unfilled(campaign, row)
    if row.payload.get("fields") is None:
        return parcel
    return parcel._replace(content=fill_content(parcel.content, parcel.fields))


def unfilled(campaign: Campaign, row: Claimed) -> Parcel:
    """The same to the letter: to ask about a message it is not needed that its template can be filled."""
    content = row.payload.get("content") or campaign.content or {}
    follow_up = follow_up_at(campaign.follow_ups, row.payload, row.seq)
    if follow_up is not None:
        content = {"type": "text", "text": follow_up.text}
    fields, params = row.payload.get("fields") or {}, row.payload.get("params") or {}
    return Parcel(row.seq, row.attempt, row.phone, row.key, content, fields, params)
