"""Accounts of the four providers that all lead to the simulator, with tokens of the moment."""

import secrets
from dataclasses import dataclass, field

CHANNEL, BOT, ORGANIZATION, TAG, NUMBER = "canal-demo", "bot-demo", "demo", "emp1", "5511900000001"
INSTANCE = "demo-instance"  # uazapi's token, by which the simulator tells its senders apart
PROVIDERS = ("uazapi", "kinbox", "builder", "cpc")


def _tokens() -> dict[str, str]:
    return {provider: secrets.token_urlsafe(18) for provider in PROVIDERS}


@dataclass(frozen=True, slots=True)
class Access:
    """The ingress token of each provider's account: what an upstream app presents."""

    tokens: dict[str, str] = field(default_factory=_tokens, repr=False)

    def account(self, provider: str) -> str:
        return f"demo-{provider}"


def accounts_file(access: Access, simulator: str) -> str:
    """The accounts as a file for `dispatcher accounts apply`; `simulator` is its base URL."""
    senders = {"uazapi": NUMBER, "kinbox": CHANNEL, "builder": BOT, "cpc": TAG}
    credentials = {
        "uazapi": {"token": INSTANCE},
        "kinbox": {"token": "demo-kinbox"},
        "cpc": {"token": "demo-cpc"},
        "builder": {
            "user": "demo",
            "password": "demo",
            "apikey": "demo-key",
            "organization": ORGANIZATION,
            "bot": BOT,
        },
    }
    return "\n".join(
        f"[[account]]\n"
        f'name = "{access.account(provider)}"\n'
        f'provider = "{provider}"\n'
        f'base_urls = ["{simulator}"]\n'
        f'ingress_token = "{access.tokens[provider]}"\n'
        f'webhook_secret = "{secrets.token_urlsafe(18)}"\n'
        f"[account.credentials]\n"
        + "".join(f'{name} = "{value}"\n' for name, value in credentials[provider].items())
        + f'[[account.sender]]\nname = "{senders[provider]}"\n'
        for provider in PROVIDERS
    )
