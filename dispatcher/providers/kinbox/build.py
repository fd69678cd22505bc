"""A job as a Kinbox campaign of one chunk (PROVIDERS 2.2, 10), and the call that finds it again.

The recipients are a CSV file `phone,name,text,…columns`. What Kinbox fills into `{{column}}` is not documented
beyond that form, so a text goes out as its template only where plain replacing gives each recipient
exactly the text that we mean for them; else it goes out as `{{text}}`, whole, from the column of that name.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dispatcher.domain.account import token_of
from dispatcher.domain.campaign import Job, Parcel
from dispatcher.providers.contract import Request, Unsendable
from dispatcher.providers.sheet import Sheet, column_of, sheet, text_of

PASSED_ON = ("operatorName", "businessHoursId", "channelType", "assetsUrls", "template")
"""What an upstream app may ask of Kinbox for which we have no word; an account's options may hold it too."""

_LONGEST_NAME = 100
_PAGE = "50"
_WHOLE_TEXT = "{{text}}"
_NAMES = ("name", "nome")
_HOLE = re.compile(r"\{\{\s*([^{}|]+?)\s*\}\}")
_UNSEARCHABLE = re.compile(r"[^\w\s.,:;/#@&%!'’°ºª–—·-]+")


def build(job: Job) -> Request:
    """The campaign; raises Unsendable for what is not a text."""
    if any(parcel.content.get("type", "text") != "text" for parcel in job.parcels):
        raise Unsendable("unsupported_content")
    text = _text(job)
    body = {
        **_passed_on(job),
        "name": campaign_name(job),
        "channelId": job.sender.name,
        "leadType": "file",
        "leadsAssetUrl": job.leads_url,
        **({"message": text, "textRaw": text} if text else {}),
        "chunksCount": 1,
        "chunkSize": len(job.parcels),
        # Kinbox has one number where we have two: the longer one, so that nobody is written to too soon
        "secondsBetweenMessages": seconds(job.campaign.pacing.delay_max_ms),
    }
    return Request("POST", "/v3/campaigns", _headers(job), body)


def build_lookup(job: Job) -> Request:
    """The campaigns of the job's name: all of it, which any kind of search finds, however it compares."""
    params = {"limit": _PAGE, "offset": "0", "name": campaign_name(job)}
    return Request("GET", "/v3/campaigns", _headers(job), params=params)


def build_poll(job: Job, reference: str) -> Request:
    """The campaign that it made of the job."""
    return Request("GET", f"/v3/campaigns/{quote(reference, safe='')}", _headers(job))


def campaign_name(job: Job) -> str:
    """The campaign's name and the job's id, without signs that a search might take for a pattern."""
    name = " ".join(_UNSEARCHABLE.sub(" ", job.campaign.name)[:_LONGEST_NAME].split())
    return f"{name} {job.id}".lstrip()


def leads_csv(parcels: Sequence[Parcel]) -> str:
    """The file that a job's `leads_url` leads to."""
    return _leads(parcels).text()


def _leads(parcels: Sequence[Parcel]) -> Sheet:
    return sheet(parcels, [{"phone": one.phone, "name": _name(one), "text": text_of(one)} for one in parcels])


def _name(parcel: Parcel) -> str:
    column = column_of(parcel.fields, _NAMES)
    return "" if column is None else parcel.fields[column]


def _text(job: Job) -> str:
    template = str((job.campaign.content or {}).get("text", ""))
    leads = _leads(job.parcels)
    rows = (dict(zip(leads.header, row, strict=True)) for row in leads.rows)
    return template if all(_filled(template, row) == row["text"] for row in rows) else _WHOLE_TEXT


def _filled(template: str, row: Mapping[str, str]) -> str | None:
    """The text that plain replacing makes; None where a hole has no column."""
    if not all(name in row for name in _HOLE.findall(template)):
        return None
    return _HOLE.sub(lambda hole: row[hole[1]], template)


def _passed_on(job: Job) -> dict[str, Any]:
    asked = job.campaign.options if job.campaign.dialect == "kinbox" else {}
    found = {name: asked.get(name) or job.account.options.get(name) for name in PASSED_ON}
    return {name: value for name, value in found.items() if value}


def seconds(ms: int) -> float | int:
    """Whole where it can be."""
    return ms // 1000 if ms % 1000 == 0 else ms / 1000


def _headers(job: Job) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(job.account, job.sender)}"}
