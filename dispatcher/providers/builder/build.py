"""A job as one acionamento (mode `trigger`, the default) or as one campaign action (mode `campaign`)."""

from typing import Any
from urllib.parse import quote

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Job, Parcel
from dispatcher.providers.builder.names import Names, names_of
from dispatcher.providers.contract import Misconfigured, Request, Unsendable
from dispatcher.providers.recipients import as_columns
from dispatcher.providers.sheet import rows_for, sheet, text_of

TRIGGER, CAMPAIGN = "trigger", "campaign"


def mode_of(account: Account) -> str:
    return account.mode or TRIGGER


def batch_for(account: Account, total: int) -> int:
    """One for acionamentos; for campaign actions a chunk, or the account's own `batch` above 1."""
    return rows_for(account, total) if mode_of(account) == CAMPAIGN else 1


def build(job: Job) -> Request:
    """The call, without its token; raises Misconfigured for an unknown mode, Unsendable for what is not a text."""
    if any(parcel.content.get("type", "text") != "text" for parcel in job.parcels):
        raise Unsendable("unsupported_content")
    mode, names = mode_of(job.account), names_of(job.account)
    if mode == CAMPAIGN:
        return _campaign(job, names)
    if mode != TRIGGER:
        raise Misconfigured("unknown_mode")
    if len(job.parcels) > 1:
        raise Unsendable("one_message_a_call")
    return Request("POST", names.acionamento_path, {}, {"json": _trigger(job, names)})


def _trigger(job: Job, names: Names) -> dict[str, Any]:
    """The recipient's columns and the app's own data, then what we are sure of."""
    [parcel] = job.parcels
    text = text_of(parcel)
    return {
        **parcel.fields,
        **parcel.params,
        **({names.json_bot: job.sender.name} if names.json_bot else {}),
        names.json_phone: parcel.phone,
        **({names.json_message: text} if text else {}),
        names.json_job_id: job.id,
    }


def _with_data(parcel: Parcel) -> Parcel:
    """The app's own data as columns beside the recipient's: a sheet has no other place for it."""
    return parcel._replace(fields={**as_columns(parcel.params), **parcel.fields})


def _campaign(job: Job, names: Names) -> Request:
    organization = job.account.credentials.get("organization", "")
    if not organization and "{organization}" in names.campaign_path:
        raise Misconfigured("no_organization")
    leading = [{names.json_phone: one.phone, names.json_message: text_of(one)} for one in job.parcels]
    body = {
        "organization": organization,
        "campaign_name": f"{job.campaign.name} {job.id}".lstrip(),
        "status": "not_started",
        "bot_name": job.sender.name,
        "sheet_values": sheet(tuple(map(_with_data, job.parcels)), leading).lines(),
    }
    path = names.campaign_path.replace("{organization}", quote(organization, safe=""))
    return Request("POST", path.replace("{bot}", quote(job.sender.name, safe="")), {}, body)
