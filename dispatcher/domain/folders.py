"""A campaign as the folder that uazapi's clients see: how far its receipts are, and its messages with their content."""

from typing import NamedTuple

from dispatcher.domain.campaign import Content
from dispatcher.domain.views import MessageView


class Receipts(NamedTuple):
    """How many of a campaign's messages were delivered and read; who answered one read it, who read one got it."""

    delivered: int = 0
    read: int = 0


class FolderLine(NamedTuple):
    """A message, the provider's name for it, and its own content; None: its campaign's."""

    message: MessageView
    provider_ref: str | None
    content: Content | None


class Cleared(NamedTuple):
    folders: int
    messages: int
