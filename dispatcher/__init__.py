"""Sends WhatsApp campaigns through provider APIs: paced, guarded, each message once.

Start with docs/architecture.md; a message's way through the code is `pipeline`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dispatcher.producer import Producer

__all__ = ["Producer"]


def __getattr__(name: str) -> Any:
    """`Producer` is loaded when it is asked for: it stands high in the house, and every floor imports this file."""
    if name == "Producer":
        from dispatcher.producer import Producer

        return Producer
    raise AttributeError(f"module 'dispatcher' has no attribute {name!r}")
