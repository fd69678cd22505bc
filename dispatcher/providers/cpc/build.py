"""A job as one `POST /api/messages/massivocpc`, with exactly the documented fields: others are refused (PROVIDERS 4.1).

What a message does not bring itself comes from the account's options: `specialist_code`, `id_account`.
With the option `follow_ups = "dispatcher"`, or where the campaign has follow-ups of its own, the two templates of the
follow-up stay here.
"""

from typing import Any

from dispatcher.domain.account import token_of
from dispatcher.domain.campaign import Job, Parcel
from dispatcher.domain.ids import campaign_text
from dispatcher.providers.contract import Misconfigured, Request, Unsendable

PATH = "/api/messages/massivocpc"
FOLLOW_UPS = ("retryTemplate", "lastTemplate")


def one_call(job: Job) -> tuple[Parcel, ...]:
    """A call has one `idAccount`, and posts of several feed one campaign: those of the first message's."""
    first = _id_account(job, job.parcels[0])
    return tuple(parcel for parcel in job.parcels if _id_account(job, parcel) == first)


def build(job: Job) -> Request:
    """Raises Misconfigured for an account without an operator, Unsendable for what is no text."""
    id_account = _id_account(job, job.parcels[0])
    body = {
        "campaign": job.campaign.name.strip() or campaign_text(job.campaign.id),
        **({"idAccount": id_account} if id_account else {}),
        "tag": job.sender.name,
        "messages": [_message(job, parcel) for parcel in job.parcels],
    }
    return Request("POST", PATH, {"Authorization": f"Bearer {token_of(job.account, job.sender)}"}, body)


def _id_account(job: Job, parcel: Parcel) -> str:
    return str(parcel.params.get("idAccount") or job.account.options.get("id_account") or "")


def _message(job: Job, parcel: Parcel) -> dict[str, Any]:
    params = parcel.params
    if parcel.content.get("type") != "text":
        raise Unsendable("unsupported_content")
    message = {
        "phone": parcel.phone,
        "idMessage": params.get("idMessage", parcel.seq),
        "clientId": str(params.get("clientId") or ""),
        "contract": str(params.get("contract") or ""),
        "closeTicket": True,
        "specialistCode": _specialist(job, parcel),
        "mainTemplate": parcel.content.get("text") or "",
    }
    if not job.campaign.follow_ups and job.account.options.get("follow_ups", "provider") == "provider":
        message |= {name: params[name] for name in FOLLOW_UPS if params.get(name)}
    return message


def _specialist(job: Job, parcel: Parcel) -> str:
    code = parcel.params.get("specialistCode") or job.account.options.get("specialist_code")
    if not code:
        raise Misconfigured("no_specialist_code")
    return str(code)
