"""A leads file taken in by rolls is the file taken in lead by lead: the same messages, the same rows of COPY."""

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.domain.campaign import DraftMessage, Rolls
from dispatcher.domain.leads import read_leads, read_slices
from dispatcher.ledger.intake import MessageFile
from dispatcher.providers.recipients import messages, rolls

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
