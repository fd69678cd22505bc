"""The reasons in `errors`, in the words of the public code (PROVIDERS 4.2), and what they mean for one message.

the reason says                                     the message
… há menos de 24h … em X.X horas                    blocked, and our lock holds that long
Bloqueado por regra CPC                             blocked, and our lock holds a day: the rule lasts no longer
number invalid or in a wrong format                 failed: invalid_number
number without WhatsApp                             failed: not_on_whatsapp
number or CPF on the block list                     failed: on_block_list
template not found                                  failed: template_not_found
operator not found                                  failed: operator_not_found
no line for the operator                            failed: no_line_for_operator
a line without app or token                         put back, the tag halts
line not available, limit reached, no Evolution     retry
failure sending; anything with a time-out           in doubt: after 30 s they give up without knowing
an error inside                                     in doubt: they book the message after it left
anything else                                       failed: refused_by_provider
"""

import re
import unicodedata
from dataclasses import replace
from typing import NamedTuple

from dispatcher.domain.outcomes import Fate, Outcome, without_numbers

_HOURS = re.compile(r"(\d+(?:[.,]\d+)?)\s*h(?:ora|rs?\b|\b)")
LONGEST_LOCK_S = 24 * 3600.0  # the rule's own (seeds/004)


class Meaning(NamedTuple):
    """`words` is looked for in the reason without accents and in lower case."""

    words: re.Pattern[str]
    outcome: Outcome
    halts: bool = False


def _row(words: str, fate: Fate, reason: str, *, halts: bool = False) -> Meaning:
    return Meaning(re.compile(words), Outcome(fate, reason), halts)


REASONS = (
    _row(r"menos de 24 ?h|regra cpc", Fate.BLOCKED, "contact_open"),
    _row(r"lista de bloqueio|block ?list", Fate.FAILED, "on_block_list"),
    _row(r"time-?d?-?out|tempo (limite|esgotado)|econn|socket hang up|aborted", Fate.IN_DOUBT, "send_failed"),
    _row(
        r"(numero|telefone|phone|number).*invalid|invalid.*(numero|telefone|phone|number)",
        Fate.FAILED,
        "invalid_number",
    ),
    _row(r"(nao|sem|not)\b.*whatsapp", Fate.FAILED, "not_on_whatsapp"),
    _row(r"template.*nao encontrad", Fate.FAILED, "template_not_found"),
    _row(r"(operador|specialistcode).*nao encontrad", Fate.FAILED, "operator_not_found"),
    _row(r"sem (app|token)", Fate.DEFERRED, "line_not_configured", halts=True),
    _row(r"nenhuma linha|atribuir linha|sem linha", Fate.FAILED, "no_line_for_operator"),
    _row(r"limite", Fate.RETRY, "line_limit_reached"),
    _row(r"nao (esta )?disponivel|indisponivel|evolution nao encontrad", Fate.RETRY, "line_unavailable"),
    _row(r"falha ao enviar", Fate.IN_DOUBT, "send_failed"),
    _row(r"erro ao processar|prisma|invocation|exception|internal", Fate.IN_DOUBT, "provider_error"),
)
OTHER = Meaning(re.compile(""), Outcome(Fate.FAILED, "refused_by_provider"))


def meaning_of(reason: str) -> Meaning:
    """What a reason means; its outcome carries the reason's wording and, for a lock, its seconds."""
    words = _plain(reason)
    found = next((row for row in REASONS if row.words.search(words)), OTHER)
    lock_s = _lock_s(words) if found.outcome.fate is Fate.BLOCKED else None
    return found._replace(outcome=replace(found.outcome, detail=without_numbers(reason), lock_s=lock_s))


def _lock_s(words: str) -> float:
    """The last duration that is named, the first one being the rule's "menos de 24h"; the rule's own if it is alone."""
    _, *named = [float(hours.replace(",", ".")) for hours in _HOURS.findall(words)] or [0.0]
    return min(named[-1] * 3600, LONGEST_LOCK_S) if named else LONGEST_LOCK_S


def _plain(reason: str) -> str:
    letters = unicodedata.normalize("NFKD", reason.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
