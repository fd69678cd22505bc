"""What can be set about the simulator while it runs: `PUT /_sim/settings` with any of these fields."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class Settings:
    seed: int = 0  # of the dice for faults and replies; setting it rolls them anew
    keep: int = 2_000_000  # deliveries (and calls) kept; the oldest are forgotten
    pace: bool = False  # send folders and campaigns message by message, at their own delays
    honour_schedule: bool = True  # hold what is scheduled for later; False: deliver it at once
    allow_hosts: list[str] = field(default_factory=list)  # besides loopback: leads and webhooks may live there
    not_on_whatsapp: list[str] = field(default_factory=list)  # numbers without an account
    jid_rule: str = "evolution"  # "evolution": ids of area codes from 31 on lack the ninth digit; "keep"
    uazapi_tokens: list[str] = field(default_factory=list)  # known instances; empty: any token is one
    uazapi_keep_folders: int = 100_000
    kinbox_tokens: list[str] = field(default_factory=list)
    builder_users: dict[str, str] = field(default_factory=dict)  # user -> password; empty: anyone
    builder_token_s: float = 3600.0
    builder_apikeys: list[str] = field(default_factory=list)
    cpc_tokens: list[str] = field(default_factory=list)
    cpc_tags: list[str] = field(default_factory=list)  # known wallets; empty: any
    cpc_rule: bool = False  # enforce the provider's own "one contact per client in 24 h"
    cpc_rule_hours: float = 24.0
    auto_receipts: list[str] = field(default_factory=list)  # e.g. ["Delivered", "Read"], after each delivery
    auto_reply_probability: float = 0.0
    auto_reply_text: str = "oi"
    auto_delay_s: float = 0.2  # from a delivery to its first receipt, and on to the next

    def update(self, changes: dict[str, Any]) -> None:
        """Raises ValueError for an unknown name or a value of another kind."""
        kinds = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        for name, value in changes.items():
            if name not in kinds:
                raise ValueError(f"{name}: no such setting; there are {', '.join(kinds)}")
            wanted = kinds[name]
            if wanted is float and isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
            if type(value) is not wanted:
                raise ValueError(f"{name}: must be {wanted.__name__}")
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
