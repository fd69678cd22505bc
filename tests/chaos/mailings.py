"""What is sent in a run: accounts of every provider, and campaigns to people of whom some are in several of them."""

from dataclasses import dataclass
from typing import Any

from tests.journey.bodies import phone

TIMEOUT_S = 1.0  # so that a begun job's lease is 17 s, the shortest there is
LANES = {"direct": 12, "bulk": 3, "kinbox": 2, "builder": 4, "guarded": 6, "cpc": 3}
SHARES = {"direct": 0.36, "bulk": 0.15, "kinbox": 0.1, "builder": 0.1, "guarded": 0.14, "cpc": 0.15}
BATCH = {"bulk": 5, "kinbox": 10, "cpc": 5}
PROVIDERS = {"kinbox": "kinbox", "builder": "builder", "cpc": "cpc"}  # the others are uazapi's
GUARDED = {"guarded", "cpc"}

ACCOUNT = """
[[account]]
name = "{name}"
provider = "{provider}"
base_urls = ["{url}"]
ingress_token = "ingress-{name}"
webhook_secret = "hook-{name}"
timeout_s = {timeout_s}
pause_at_error_rate = 0
max_attempts = 8
cpc = {guarded}
batch = {batch}
mode = "{mode}"
credentials = {credentials}
options = {options}
"""
CREDENTIALS = {"builder": '{ user = "u", password = "p", organization = "o" }'}
OPTIONS = {"builder": '{ json_bot = "bot" }', "cpc": '{ specialist_code = "admin" }'}
MODES = {"direct": "direct", "guarded": "direct", "bulk": "sender"}


@dataclass(frozen=True, slots=True)
class Mailing:
    """One campaign, to people `first` .. `first + size - 1`; its text carries its name, so that it is known again.

    Delays are drawn from `delay_s`, less and more by the share `spread`.
    """

    name: str
    account: str
    first: int
    size: int
    delay_s: float
    spread: float = 0.5

    @property
    def guarded(self) -> bool:
        return self.account in GUARDED

    def body(self) -> dict[str, Any]:
        people = [{"phone": phone(number)} for number in range(self.first, self.first + self.size)]
        pace = {"delayMin": self.delay_s * (1 - self.spread), "delayMax": self.delay_s * (1 + self.spread)}
        return {"account": self.account, "name": self.name, "text": f"Olá [{self.name}]", "recipients": people, **pace}


def senders(account: str) -> list[str]:
    return [f"{account}{number}" for number in range(LANES[account])]


def provider_of(account: str) -> str:
    return PROVIDERS.get(account, "uazapi")


def accounts_toml(url: str, timeout_s: float = TIMEOUT_S) -> str:
    return "\n".join(_account(name, url, timeout_s) for name in LANES)


def _account(name: str, url: str, timeout_s: float) -> str:
    own_tokens = provider_of(name) == "uazapi"
    lines = [
        ACCOUNT.format(
            name=name,
            provider=provider_of(name),
            url=url,
            timeout_s=timeout_s,
            guarded=str(name in GUARDED).lower(),
            batch=BATCH.get(name, 1),
            mode=MODES.get(name, ""),
            credentials=CREDENTIALS.get(name, '{ token = "t" }'),
            options=OPTIONS.get(name, "{}"),
        )
    ]
    for sender in senders(name):
        lines += ["[[account.sender]]", f'name = "{sender}"', *([f'token = "{sender}"'] if own_tokens else [])]
    return "\n".join(lines)


def mailings(messages: int, span_s: float, submits_cut_off: int) -> tuple[list[Mailing], list[Mailing]]:
    """Those that begin at once, and those that are handed over later: `submits_cut_off` of them, and one to people of
    whom most are in contact by then. All that an account sends would take it most of `span_s`.
    """
    sizes = {name: max(2, int(messages * share)) for name, share in SHARES.items()}
    paces = {name: _delay_s(name, size, span_s) for name, size in sizes.items()}
    late_size = max(1, sizes["direct"] // (2 * submits_cut_off)) if submits_cut_off else 0
    sizes["direct"] -= late_size * submits_cut_off
    firsts = {"guarded": 0, "cpc": sizes["guarded"] // 2}
    free = sizes["guarded"] + sizes["cpc"]
    made = []
    for name, size in sizes.items():
        made.append(Mailing(name, name, firsts.get(name, free), size, paces[name]))
        free += 0 if name in firsts else size
    late = [
        Mailing(f"late-{number}", "direct", free + number * late_size, late_size, paces["direct"])
        for number in range(submits_cut_off)
    ]
    return made, [*late, Mailing("again", "guarded", 0, sizes["guarded"], paces["guarded"])]


def _delay_s(account: str, messages: int, span_s: float) -> float:
    """CPC's calls are one send each; the others space their batches out at the same pace."""
    calls = messages / LANES[account] / (BATCH["cpc"] if account == "cpc" else 1)
    return round(max(0.05, 0.7 * span_s / max(1.0, calls)), 2)
