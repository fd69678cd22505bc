"""What is taken in by rolls is what is taken in one by one: the same messages, the same rows of COPY.

For a leads file lead by lead, for a JSON body message by message.
"""

import csv
import io
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.domain.campaign import DraftMessage, Rolls
from dispatcher.domain.leads import read_leads, read_slices
from dispatcher.ledger.intake import MessageFile
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.recipients import messages, rolls
from dispatcher.providers.uazapi.dialect import parse
from tests.providers.jobs import context

TEXT = "Olá {{nome}}, {{cidade|aí}} {{NOTA|}}"

People = list[tuple[str, str, str]]

phones = st.one_of(
    st.integers(0, 30).map("5511988{:06d}".format),
    st.sampled_from(["(11) 98800-0001", "+55 11 98800-0002", "1133334444", "553188887777", "+44 20 7946 0958"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=70),
)
cells = st.one_of(
    st.sampled_from(["Ana", "João", "", " ", '"', "\\", "100%", "%s", "{0}", "\\N", "a\tb", "\u00a0", "\x7f"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8),
)
people = st.lists(st.tuples(phones, cells, cells), min_size=1, max_size=12)
headers = st.permutations(["telefone", "nome", "cidade"]).map(tuple) | st.just(('te"l', "telefone", "50%\\"))


def pieces(header: tuple[str, ...], rows: People, size: int) -> list[bytes]:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerows([header, *rows])
    data = file.getvalue().encode()
    return [data[at : at + size] for at in range(0, len(data), size)]


def written(read: MessageFile) -> list[bytes]:
    """The rows, by seq: nobody asks in which order a block's are copied."""
    lines = b"".join(iter(read.read, b"")).splitlines(keepends=True)
    assert read.error is None
    return sorted(lines, key=lambda line: int(line.split(b"\t")[2]))


@given(headers, people, st.integers(1, 200))
@example(("telefone", "nome", "cidade"), [(f"55119880000{n:02d}", "Ana", "Sé") for n in range(12)], 90)
@example(("telefone", "nome", "cidade"), [("5511988000001", "Ana", "Sé")] * 12, 90)
def test_rolls_hold_the_messages_that_each_lead_would_be(header: tuple[str, ...], rows: People, size: int) -> None:
    one_by_one = messages(read_leads(pieces(header, rows, size)), TEXT)
    together = rolls(read_slices(pieces(header, rows, size)), TEXT)
    assert list(together) == list(one_by_one)


words = st.sampled_from(["Olá", "},{", '"},{"', "\\", "%s", "a\tb\n", ""]) | st.text(max_size=5)
contents = st.dictionaries(words, words | st.lists(st.dictionaries(words, words, max_size=2), max_size=3), max_size=3)
phone = st.just("5511988000001")
few = st.none() | st.dictionaries(words, words, max_size=2)
plain = st.tuples(phone, phone | st.just(""), contents).map(lambda one: DraftMessage(*one))
any_message = st.tuples(
    phone | st.just("123-45@g.us"), phone, st.none() | contents, few, few, st.none() | st.just("invalid_number")
).map(lambda one: DraftMessage(*one))


@given(st.lists(plain, max_size=5) | st.lists(plain | any_message, max_size=5))
@example([DraftMessage("5511988000001", "", {"text": "},{"}), DraftMessage("5511988000001", "", {"a": [{}, {}]})])
def test_messages_are_copied_together_as_each_by_itself(given: list[DraftMessage]) -> None:
    alone = [row for seq, message in enumerate(given) for row in written(MessageFile([message], 12, seq))]
    assert written(MessageFile(given, 12, 0)) == alone


@given(headers, people, st.integers(1, 200), st.sampled_from([None, 7]), st.integers(0, 5))
@example(("telefone", "nome", "cidade"), [(f"55119880000{n:02d}", "Ana", "Sé") for n in range(12)], 90, None, 0)
def test_rolls_are_copied_as_their_messages_are(
    header: tuple[str, ...], rows: People, size: int, endpoint: int | None, first: int
) -> None:
    def file(given: Rolls | list[DraftMessage]) -> MessageFile:
        return MessageFile(given, 12, first, endpoint=endpoint)

    by_message = file(list(rolls(read_slices(pieces(header, rows, size)), TEXT)))
    by_roll = file(rolls(read_slices(pieces(header, rows, size)), TEXT))
    assert written(by_roll) == written(by_message)
    assert (by_roll.count, by_roll.settled) == (by_message.count, by_message.settled)


# ---------------------------------------------------------------- a JSON body

ODD: dict[str, Any] = {"number": "5511977000000", "type": "location", "latitude": 1.5, "longitude": 2}
"""Is like no other, so that those beside it are looked at one by one."""

texts = st.sampled_from(["Olá", "Olá\nAna", "", " ", '"},{"', "],[", "\\", "%s", "a\tb", "\u00a0", "\x7f"]) | st.text(
    max_size=5
)
values: st.SearchStrategy[Any] = st.one_of(
    texts, st.sampled_from([None, True, False, 0, 1, 1.0, -1, [1], [True], [[]], {}, {"a": "],["}])
)
choices = st.sampled_from([["Sim|1"], ["Sim|1", "Não"], ["|"], [], "Sim", [1], None])
lasting = {"number": phones | st.integers(5511988000000, 5511988000030), "text": texts, "type": st.just("text")}
odd_values = {
    "number": values,
    "text": values,
    "type": st.sampled_from(["text", "list", "button", "document", "fax", None]),
}
more = {
    "choices": choices,
    "listButton": values,
    "file": texts | st.just("https://x.example/a%20b.pdf"),
    "docName": values,
    "linkPreview": values,
    "selectableCount": values,
    "50%": values,
    "Infinity": values,
}


@st.composite
def alike(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Messages with the same fields, of which most have one value in all and a few are wrong."""
    kind = draw(st.sampled_from(["text", "text", "list", "button", "document", "image", "poll"]))
    names = draw(st.lists(st.sampled_from([*more]), unique=True, max_size=4))
    by_name = {**lasting, "type": st.just(kind), **{name: more[name] for name in names}}
    same = {name: draw(of) for name, of in by_name.items() if draw(st.booleans())}
    many = draw(st.lists(st.fixed_dictionaries(by_name), min_size=1, max_size=8))
    given = [{**one, **{name: same[name] for name in one if name in same}} for one in many]
    if draw(st.integers(0, 4)) == 0:
        field = draw(st.sampled_from([*odd_values]))
        draw(st.sampled_from(given))[field] = draw(odd_values[field])
    return given


def of_body(given: list[dict[str, Any]]) -> list[DraftMessage] | list[str]:
    """The messages, or what is said to be wrong with them."""
    try:
        return list(parse({"messages": given}, context("uazapi")).messages)
    except BadRequest as refused:
        return [f"{field}: {rule}" for field, rule in refused.problems]


@given(alike())
@example([{"number": "5511988000001", "type": "text", "text": text} for text in ("a", " ")])
@example([{"number": "5511988000001", "type": "text", "text": text} for text in ("a", "")])
@example([{"number": "5511988000001", "type": "document", "file": "a", "docName": name} for name in ("a", "")])
@example(
    [
        {"number": "5511988000001", "type": "poll", "text": "a", "choices": ["a"], "selectableCount": n}
        for n in (1, True)
    ]
)
@example([{"number": "5511988000001", "type": "document", "file": f"https://x.example/{n}.pdf"} for n in (1, 2)])
def test_messages_that_are_alike_are_read_as_each_by_itself(given: list[dict[str, Any]]) -> None:
    beside_another = [one for one in of_body([*given, ODD]) if ODD["number"] not in one]
    assert repr(of_body(given)) == repr(beside_another)


@given(alike())
@example([{"number": f"55119880000{n:02d}", "type": "text", "text": f'{n}"],[b', "n": [[n], [n]]} for n in range(12)])
def test_messages_that_are_alike_are_copied_as_each_by_itself(given: list[dict[str, Any]]) -> None:
    try:
        draft = parse({"messages": given}, context("uazapi"))
    except BadRequest:
        return
    assert isinstance(draft.messages, Rolls)
    together = MessageFile(draft.messages, 12, 0)
    alone = [row for seq, message in enumerate(draft.messages) for row in written(MessageFile([message], 12, seq))]
    assert written(together) == alone
