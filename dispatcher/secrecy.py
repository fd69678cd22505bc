"""One installation's secret key at work: credentials are encrypted, tokens and phone numbers digested.

Each purpose has a key of its own, derived from DISPATCHER_SECRET_KEY, so that a digest made for one
purpose says nothing about another's.
"""

import base64
import binascii
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MOST_PLAIN = 10_000
"""Texts that were decrypted and are kept: an account has its senders' tokens decrypted whenever they are looked at."""


class BadSecretKey(ValueError):
    """DISPATCHER_SECRET_KEY is not 32 bytes in urlsafe base64, or not the key that the data was encrypted with."""


class Secrecy:
    """Encrypts and digests under one secret key (32 bytes, urlsafe base64)."""

    def __init__(self, secret_key: str) -> None:
        try:
            key = base64.urlsafe_b64decode(secret_key)
        except (binascii.Error, ValueError) as error:
            raise BadSecretKey("DISPATCHER_SECRET_KEY must be urlsafe base64") from error
        if len(key) != 32:
            raise BadSecretKey("DISPATCHER_SECRET_KEY must be 32 bytes in urlsafe base64")
        self._key = key
        self._fernet = Fernet(base64.urlsafe_b64encode(self._derive("credentials")))
        self._derived = lru_cache(maxsize=32)(self._derive)
        self._plain = lru_cache(maxsize=MOST_PLAIN)(self._decrypt)

    def encrypt(self, plain: str) -> str:
        return self._fernet.encrypt(plain.encode()).decode()

    def decrypt(self, cipher: str) -> str:
        """The plain text; raises BadSecretKey when it was encrypted under another key."""
        return self._plain(cipher)

    def _decrypt(self, cipher: str) -> str:
        try:
            return self._fernet.decrypt(cipher.encode()).decode()
        except InvalidToken as error:
            raise BadSecretKey("stored credentials were encrypted with another DISPATCHER_SECRET_KEY") from error

    def digest(self, purpose: str, text: str, digits: int = 64) -> str:
        """`digits` hex digits that stand for `text` and cannot be turned back, or guessed, without the key."""
        return hmac.digest(self._derived(purpose), text.encode(), "sha256").hex()[:digits]

    def matches(self, purpose: str, text: str, digest: str) -> bool:
        """Is this the digest of that text? Takes the same time whatever differs."""
        return hmac.compare_digest(self.digest(purpose, text, len(digest)), digest)

    def _derive(self, purpose: str) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=b"dispatcher:" + purpose.encode()).derive(self._key)
