import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain import leads
from dispatcher.domain.leads import Lead, LeadsError, read_leads

cells = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=12)
separators = st.sampled_from(",;\t")
words = st.lists(st.sampled_from(["João", "É", "maçã", "“Sé”", "€ 5", "Ünï", "Ana"]), min_size=1, max_size=4).map(
    " ".join
)


def rows_of(data: bytes, size: int = 1 << 16) -> list[Lead]:
    return list(read_leads(data[at : at + size] for at in range(0, len(data), size)))


@pytest.mark.parametrize("size", [1_000, 1 << 16, 1 << 20])
def test_a_row_of_many_lines_has_a_bound_whatever_the_pieces(size: int) -> None:
    """A quote that is closed half a megabyte later: what is kept of a row is bounded, not only each line of it."""
    endless = b'phone,note\n5511900000001,"' + b"x" * 99 + b"\n" * 5_000 + b"x" * 99 + b'"\n'
    assert len(rows_of(endless, size)) == 1
    with pytest.raises(LeadsError, match="row 2"):
        rows_of(endless.replace(b"\n\n", b"\n" + b"x" * 300 + b"\n"), size)


def test_rows_within_the_bound_stay_fine_however_many_blocks_they_begin_in() -> None:
    row = b'5511900000001,"' + b"x\n" * 60_000 + b'"\n'
    assert len(rows_of(b"phone,note\n" + row * 5)) == 5


def fields_of(text: str | bytes) -> list[dict[str, str]]:
    data = text.encode() if isinstance(text, str) else text
    return [lead.fields for lead in read_leads([data])]


@given(st.lists(st.tuples(cells, cells), max_size=8), separators, st.sampled_from(["\n", "\r\n"]), st.integers(1, 64))
def test_what_a_spreadsheet_writes_is_read_back_whatever_the_pieces(
    people: list[tuple[str, str]], separator: str, line_end: str, size: int
) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator, lineterminator=line_end)
    writer.writerow(["phone", "name", "note"])
    for place, (name, note) in enumerate(people):
        writer.writerow([f"55119000000{place:02d}", name, note])
    expected = [
        (place + 2, f"55119000000{place:02d}", {"phone": f"55119000000{place:02d}", "name": name, "note": note})
        for place, (name, note) in enumerate(people)
    ]
    assert rows_of(file.getvalue().encode(), size) == expected


@given(st.lists(words, max_size=5), st.booleans())
def test_accents_are_read_in_every_encoding(people: list[str], bom: bool) -> None:
    text = "\n".join(["telefone;nome", *(f"5511900000001;{name}" for name in people)])
    expected = [{"telefone": "5511900000001", "nome": name} for name in people]
    assert fields_of(text.encode("utf-8-sig" if bom else "utf-8")) == expected
    assert fields_of(text.encode("cp1252")) == expected


def test_a_latin_1_file_may_begin_with_any_number_of_plain_lines() -> None:
    data = b"phone,cidade\n" + b"5511900000001,Santos\n" * 1000 + "5511900000001,São João".encode("latin-1")
    assert fields_of(data)[-1]["cidade"] == "São João"


def test_latin_1_that_spells_utf_8_is_read_as_utf_8() -> None:
    assert fields_of("phone,note\n1,Ã©\n".encode("latin-1")) == [{"phone": "1", "note": "é"}]


def test_a_file_pasted_together_from_two_encodings_reads_well() -> None:
    data = "phone,cidade\n1,São Paulo\n".encode() + "2,Belém\n".encode("latin-1") + "3,Goiânia\n".encode()
    assert [row["cidade"] for row in fields_of(data)] == ["São Paulo", "Belém", "Goiânia"]


@given(st.binary(max_size=60).map(lambda noise: b"phone,name\n5511900000001," + noise), st.integers(1, 20))
def test_any_bytes_are_read_or_refused_whatever_the_pieces(data: bytes, size: int) -> None:
    def outcome(size: int) -> object:
        try:
            return rows_of(data, size)
        except LeadsError as error:
            return str(error)

    assert outcome(size) == outcome(1 << 16)


@pytest.mark.parametrize("column", [*leads.PHONE_COLUMNS, "Telefone", " CELULAR ", "Número", '"phone"'])
def test_the_phone_column_is_found_by_its_name(column: str) -> None:
    [lead] = read_leads([f"nome;{column};x\nAna;5511900000001;1\n".encode()])
    assert lead.phone == "5511900000001"


def test_the_first_of_the_known_names_is_the_phone() -> None:
    [lead] = read_leads([b"fone,phone\n551133330001,5511900000001\n"])
    assert lead.phone == "5511900000001"
    [lead] = read_leads([b"phone,contato\n551133330001,5511900000001\n"], phone_columns=["Contato"])
    assert lead.phone == "5511900000001"


def test_the_separator_is_the_one_that_finds_the_phone() -> None:
    assert fields_of("telefone;nome, apelido, e mais\n1;Ana\n") == [{"telefone": "1", "nome, apelido, e mais": "Ana"}]
    assert fields_of('"nome; sobrenome",phone\nAna,1\n') == [{"nome; sobrenome": "Ana", "phone": "1"}]
    assert fields_of("phone\n1\n2\n") == [{"phone": "1"}, {"phone": "2"}]


def test_quoted_cells_hold_line_breaks_quotes_and_separators() -> None:
    assert fields_of('phone,note\r\n1,"a\r\nb ""c"", d"\r\n') == [{"phone": "1", "note": 'a\r\nb "c", d'}]


def test_blank_rows_are_skipped_and_counted() -> None:
    data = b"\xef\xbb\xbf\r\n\r\nphone;name\r\n\r\n1;Ana\r\n  \r\n;\r\n\n2;Bia"
    assert [(row, phone) for row, phone, _ in rows_of(data)] == [(5, "1"), (9, "2")]


def test_a_column_without_a_name_is_left_out() -> None:
    assert fields_of("phone;name;\n1;Ana;\n") == [{"phone": "1", "name": "Ana"}]


def test_a_header_alone_is_a_file_without_recipients() -> None:
    assert rows_of(b"phone,name\n") == []


@pytest.mark.parametrize(
    ("data", "row", "rule"),
    [
        (b"", 1, "empty"),
        (b"\n\r\n\n", 1, "empty"),
        (b"nome;cidade\nAna;Santos\n", 1, "no column for the phone .*found: nome, cidade"),
        (b"phone,name\n1,Ana\n2\n", 3, "has 1 cells where the header has 2"),
        (b"phone,name\n\n1,Ana,x\n", 3, "has 3 cells where the header has 2"),
        (b"phone,name,name\n1,a,b\n", 1, "'name' appears twice"),
        (b"phone,name\n1,Ana\n2,\0\n", 3, "NUL"),
        ("phone,name\n1,Ana\n".encode("utf-16"), 1, "UTF-16"),
        (b'phone,name\n1,"Ana\n2,Bia\n3,Eva\n', 2, "unexpected end of data"),
        (b'phone,name\n1,Ana\n2,"Bia"x\n', 3, "expected"),
        (b"phone\r1\r2\r", 1, "new-line"),
        (b"phone," + b",".join(b"c%d" % n for n in range(300)) + b"\n", 1, "more than 256 columns"),
        (b"phone,name\n1," + b"x" * 300_000, 2, "longer than"),
        (b"phone,name\n1," + b"x" * 200_000 + b"\n", 2, "field larger than"),
        (b"phone,name\n" + b'1,"' + b"x\n" * 200_000, 2, "field larger than"),
        (b"phone,name\n1" + b',"x\n"' * 200_000, 2, "longer than"),
        (b"\n" * 600_000, 1, "longer than"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_named_with_its_row(data: bytes, row: int, rule: str) -> None:
    with pytest.raises(LeadsError, match=rule) as refused:
        rows_of(data)
    assert refused.value.row == row
    assert str(refused.value) == f"row {row}: {refused.value.rule}"


def test_rows_before_a_broken_one_are_given_out() -> None:
    stream = read_leads([b"phone,name\n1,Ana\n2\n"])
    assert next(stream).phone == "1"
    with pytest.raises(LeadsError):
        next(stream)


def test_a_file_without_a_header_does_not_get_its_people_into_the_error() -> None:
    with pytest.raises(LeadsError, match="where a column's name should be") as refused:
        rows_of(b"5511900000001,Ana\n5511900000002,Bia\n")
    assert "5511900000001" not in str(refused.value)
    assert "Ana" not in str(refused.value)


def test_nothing_is_read_before_it_is_needed() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"phone,name\n1,Ana\n"
        raise AssertionError("read too far")

    assert next(read_leads(chunks())).phone == "1"


def test_memory_does_not_grow_with_the_file() -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        try:
            assert (
                sum(1 for _ in read_leads(b"phone,name\n" if n == 0 else b"1,Ana\n" for n in range(rows + 1))) == rows
            )
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(30_000) < peak(300) + 20_000


def test_a_line_that_never_ends_is_refused_before_it_fills_memory() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"phone\n"
        for _ in range(8):
            yield b"1" * (1 << 16)
        raise AssertionError("read on")

    with pytest.raises(LeadsError, match="longer than"):
        list(read_leads(chunks()))
