"""Nothing public says that the system calls us (PROVIDERS 4.5); the lines behind it speak Evolution."""

from typing import Any

from dispatcher.domain.account import Account
from dispatcher.domain.inbound import InboundEvent
from dispatcher.providers import evolution


def read_inbound(account: Account, body: Any) -> tuple[InboundEvent, ...]:
    return evolution.read_inbound(body)
