"""`POST /sender/simple` as upstream apps write it, as a draft: one content for many numbers.

    {"numbers": ["5511900000001"], "type": "text", "text": "oi", "folder": "Oferta", "delayMin": 3, "delayMax": 6}

What is not about the mass send is content and goes to the provider, `delay` and `mentions` too.
"""

from typing import Any

from pydantic import Field, ValidationError

from dispatcher.domain.campaign import Draft, DraftMessage
from dispatcher.domain.content import check_content
from dispatcher.domain.phone import address
from dispatcher.providers.contract import BadRequest, ParseContext
from dispatcher.providers.forms import PROBLEMS_NAMED, refused
from dispatcher.providers.recipients import number_text
from dispatcher.providers.schedule import MAX_DELAY_S, long_delay
from dispatcher.providers.uazapi import dialect
from dispatcher.providers.uazapi.documents import with_name

_ABOUT_ALL = frozenset({"numbers", "delayMin", "delayMax", "scheduled_for", "folder", "info"})


class SimpleForm(dialect.Pace):
    """The delays must be there, a second or more, as the provider wants it; the start need not be."""

    numbers: list[Any] = Field(min_length=1)
    delayMin: float = Field(ge=1, le=MAX_DELAY_S, allow_inf_nan=False)
    delayMax: float = Field(ge=1, le=MAX_DELAY_S, allow_inf_nan=False)
    folder: str | None = None


def recognises_any(body: Any) -> bool:
    return dialect.recognises(body) or _is_simple(body)


def parse_any(body: Any, context: ParseContext) -> Draft:
    """A body of either mass send."""
    return parse(body, context) if _is_simple(body) else dialect.parse(body, context)


def parse(body: Any, context: ParseContext) -> Draft:
    """The body as a draft; raises BadRequest that names up to twenty fields."""
    content = {name: value for name, value in body.items() if name not in _ABOUT_ALL}
    form = _form(body, check_content(content))
    numbers = [number_text(number) for number in form.numbers]
    return Draft(
        name=form.folder or form.info or "",
        dialect="uazapi",
        messages=[DraftMessage(*address(number), written=number) for number in numbers],
        content=with_name(content),
        pacing=dialect.pacing_of(form, context.account),
        scheduled_for_ms=dialect.start_ms(form.scheduled_for, context.now_ms),
        warnings=long_delay(form.delayMax, "delayMax"),
        options={name: body[name] for name in sorted(_ABOUT_ALL - {"numbers"}) if name in body},
    )


def _form(body: Any, problems: list[tuple[str, str]]) -> SimpleForm:
    """The form, if nothing in it and nothing of the content is wrong."""
    try:
        form = SimpleForm.model_validate(body)
    except ValidationError as invalid:
        problems = [*refused(invalid).problems, *problems]
    else:
        for index, number in enumerate(form.numbers):
            problems += dialect.check_number(number, f"numbers[{index}]")
            if len(problems) >= PROBLEMS_NAMED:
                break
    if problems:
        raise BadRequest(*problems[:PROBLEMS_NAMED])
    return form


def _is_simple(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("numbers"), list) and "messages" not in body
