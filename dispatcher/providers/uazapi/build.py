"""Mode `sender`: a job as one mass send (PROVIDERS 1.2), and the calls that ask: what became of it? of its
messages? is the line up?"""

from typing import Any

from dispatcher.domain.account import Account, Sender, token_of
from dispatcher.domain.campaign import Job, Parcel
from dispatcher.domain.pacing import Pacing
from dispatcher.providers.contract import Request

LARGEST_PAGE = 1_000  # of theirs; a batch of ours has no more


def build(job: Job) -> Request:
    """The mass send of a job."""
    body = {**_delays(job.campaign.pacing), "info": job.id, "messages": [*map(_message, job.parcels)]}
    return Request("POST", "/sender/advanced", token_header(job), body)


def build_lookup(job: Job) -> Request:
    """The instance's mass sends; the one that carries the job's id in `info` is the job's."""
    return Request("GET", "/sender/listfolders", token_header(job))


def build_poll(job: Job, reference: str) -> Request:
    """The messages of the mass send that it made of the job: as many as a job can have."""
    asked = {"folder_id": reference, "page": 1, "pageSize": LARGEST_PAGE}
    return Request("POST", "/sender/listmessages", token_header(job), asked)


def build_probe(account: Account, sender: Sender) -> Request:
    return Request("GET", "/instance/status", {"token": token_of(account, sender)})


def token_header(job: Job) -> dict[str, str]:
    return {"token": token_of(job.account, job.sender)}


def _delays(pacing: Pacing) -> dict[str, int]:
    """Whole seconds, rounded up: they pace the messages of a batch at the provider."""
    return {"delayMin": -(-pacing.delay_min_ms // 1000), "delayMax": -(-pacing.delay_max_ms // 1000)}


def _message(parcel: Parcel) -> dict[str, Any]:
    return {**parcel.content, "number": parcel.phone}
