"""Words by which a client asks not to be contacted any more: alone in a message, in any case.

Accents, punctuation and signs are set aside: `Sair!`, `SAÍR.` and `sair 🙏` are one word. Within a sentence
it is none: "vou sair agora" asks for nothing.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

OPTION = "opt_out_words"
"""The key under [account.options] that names an account's own words; an empty list: none."""

DEFAULT = ("SAIR", "PARE", "PARAR", "CANCELAR", "STOP", "DESCADASTRAR")

REASON = "opt_out"
"""Why a client is suppressed who asked for it."""


def words_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(options.get(OPTION, DEFAULT))


def opts_out(text: str, words: Iterable[str]) -> bool:
    said = bare(text)
    return bool(said) and any(said == bare(word) for word in words)


def bare(text: str) -> str:
    """Letters and digits only, without accents or case, a space between words."""
    parts = unicodedata.normalize("NFKD", text)
    kept = "".join(sign if sign.isalnum() else " " for sign in parts if not unicodedata.combining(sign))
    return " ".join(kept.casefold().split())
