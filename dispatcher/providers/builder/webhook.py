"""What Builder tells of replies is not known (PROVIDERS 3); Evolution's shape is read, which may stand behind it."""

from typing import Any

from dispatcher.domain.account import Account
from dispatcher.domain.inbound import InboundEvent
from dispatcher.providers import evolution


def read_inbound(account: Account, body: Any) -> tuple[InboundEvent, ...]:
    """The events in a webhook body; none in a shape that is not known."""
    return evolution.read_inbound(body)
