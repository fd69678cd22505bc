"""Settings from the environment, prefix DISPATCHER_. docs/operations.md lists them; a test compares."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What every process of an installation shares. Reading it fails, naming the variable, when one is malformed."""

    model_config = SettingsConfigDict(env_prefix="DISPATCHER_", extra="ignore")

    redis_url: str = Field(default="", description="Redis or Valkey, broker and lane clock alike: redis://host:6379/0")
    database_url: str = Field(default="", description="PostgreSQL: postgresql://user:password@host:5432/dispatcher")
    home: Path = Field(default=Path(".dispatcher"), description="where the embedded installation keeps its data")
    secret_key: SecretStr = Field(
        default=SecretStr(""), description="32 bytes in urlsafe base64: encrypts credentials, keys every digest"
    )
    admin_token: SecretStr = Field(default=SecretStr(""), description="bearer token of the native API and Flower")
    public_url: str = Field(default="http://127.0.0.1:8000", description="where providers and browsers reach the web")
    allow_private_urls: bool = Field(
        default=False, description="let URLs given by callers, such as leadsAssetUrl, point at private addresses"
    )
    stale_start_s: int = Field(
        default=3600, ge=0, description="a start that passed so long ago while nothing could be sent asks; 0: it fires"
    )
    keep_days: int = Field(default=30, ge=1, description="how long old keys, events and ended locks are kept")
    lost_starts: int = Field(
        default=3, ge=2, description="how often in a row a message may lose its worker before the claim; then it failed"
    )
    web_requests: int = Field(default=256, ge=8, description="requests that a web process has at work at once")
    web_bodies_mib: int = Field(default=128, ge=128, description="MiB of large bodies that it has at work at once")
    web_followers: int = Field(default=500, ge=1, description="streams of events that it keeps up at once")
    die_at: str = Field(default="", description="for tests: where this process kills itself, see wiring/tripwire.py")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="least level logged")
    log_format: Literal["console", "json"] = Field(default="console", description="for people, or one JSON a line")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()


class MissingSetting(RuntimeError):
    """A server command was started without what it needs; says which variables."""


def require(current: Settings, *names: str) -> None:
    """Refuse to go on without these settings; raises MissingSetting that names the variables."""
    missing = [name for name in names if not _filled(getattr(current, name))]
    if missing:
        variables = ", ".join(f"DISPATCHER_{name.upper()}" for name in missing)
        raise MissingSetting(f"{variables} must be set (or use `dispatcher up`, which brings its own servers)")


def _filled(value: object) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)
