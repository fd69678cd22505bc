from time import thread_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.template import MissingField, Template, fill, fill_content

HOSTILE_S = 5.0  # 80,000 characters take milliseconds, and hours if the time grows with their square

names = st.text("abcdefgNOME_0123 é-", min_size=1, max_size=8).map(str.strip).filter(bool)
values = st.text(max_size=20).filter(lambda value: bool(value) and not value.isspace())
plain_text = st.text(st.characters(exclude_characters="{}"), max_size=20)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Olá {{name}}!", "Olá Ana!"),
        ("{{ name }}{{name}}", "AnaAna"),
        ("{{\n name\t}}", "Ana"),
        ("{{NAME}}, {{Cidade Natal}}", "Ana, Belém"),
        ("{{name|cliente}}", "Ana"),
        ("{{apelido|cliente}}", "cliente"),
        ("{{ apelido | caro cliente }}", "caro cliente"),
        ("[{{apelido|}}]", "[]"),
        ("{{apelido|a|b}}", "a|b"),
        ("{{empty|cliente}} {{blank|cliente}}", "cliente cliente"),
        ("Sim, {{name}}|reply:sim", "Sim, Ana|reply:sim"),
        ("{{{name}}}", "{Ana}"),
        ('{"a":{"b":{{name}}}}', '{"a":{"b":Ana}}'),
        ("{name} {{name}} }}", "{name} Ana }}"),
        ("{{name, dear {{name}}", "{{name, dear Ana"),
    ],
)
def test_columns_are_filled_from_the_recipients_fields(text: str, filled: str) -> None:
    assert fill(text, {"name": "Ana", "cidade natal": "Belém", "empty": "", "blank": " \t"}) == filled


@pytest.mark.parametrize(
    "text", ["", "none", "{name}", "{{name", "name}}", "{{}}", "{{ }}", "{{|x}}", "{{a {{name}} b}}", "{{a{{name}}}}",
             "{{{{name}}}}", "{{a{{b{{name}}}}}}", "{ {name} }", "{{na{me}}", "}}name{{"],
)  # fmt: skip
def test_nested_unbalanced_and_empty_braces_stay_as_they_are(text: str) -> None:
    assert fill(text, {"name": "Ana", "a": "1", "b": "2"}) == text
    assert Template(text).fields == ()


@pytest.mark.parametrize("fields", [{}, {"nome": "Ana"}, {"name": ""}, {"name": "  "}])
def test_a_missing_field_is_an_error_and_names_the_field(fields: dict[str, str]) -> None:
    with pytest.raises(MissingField, match="'name'") as refused:
        fill("Olá {{ name }}, {{nome|}}", fields)
    assert refused.value.field == "name"
    assert "Ana" not in str(refused.value)


def test_the_exact_name_wins_over_another_case() -> None:
    assert fill("{{Name}} {{name}} {{NAME}}", {"NAme": "1", "Name": "2", "name": "3"}) == "2 3 1"


def test_a_template_knows_its_fields_in_order_and_once() -> None:
    assert Template("{{b}} {{a|x}} {{ b }} {{B}}").fields == ("b", "a", "B")


def test_a_value_is_not_a_template() -> None:
    assert fill("{{a}}{{b}}", {"a": "{{b}}", "b": "{{a|x}}"}) == "{{b}}{{a|x}}"


@given(st.lists(st.tuples(plain_text, names), max_size=6), plain_text, st.data())
def test_a_filled_text_is_its_pieces_with_the_values_between(
    pieces: list[tuple[str, str]], end: str, data: st.DataObject
) -> None:
    fields = {name: data.draw(values) for _, name in pieces}
    text = "".join(f"{before}{{{{{name}}}}}" for before, name in pieces) + end
    assert fill(text, fields) == "".join(before + fields[name] for before, name in pieces) + end


@given(st.text("{}|a b", max_size=40))
def test_no_column_is_left_behind(text: str) -> None:
    fields = {"a": "1", "b": "2", "a b": "3", "b a": "4"}
    try:
        filled = fill(text, fields)
    except MissingField:
        return
    template = Template(text)
    assert filled == text or template.fields
    assert template.fill(fields) == filled
    assert "{{a}}" not in filled or "{{a}}" in text


@given(st.text("{} a", min_size=2, max_size=4), st.integers(1, 20_000))
def test_hostile_braces_take_no_longer_than_others(seed: str, times: int) -> None:
    begun = thread_time()
    Template(seed * times)
    assert thread_time() - begun < HOSTILE_S


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("{}ab x", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("{}ab", max_size=5), inner, max_size=3),
    max_leaves=12,
)


def recursively(content: Any, fields: dict[str, str]) -> Any:
    if isinstance(content, str):
        return Template(content).fill(fields)
    if isinstance(content, dict):
        return {key: recursively(value, fields) for key, value in content.items()}
    return [recursively(item, fields) for item in content] if isinstance(content, list) else content


@given(json_like)
def test_every_text_within_a_content_is_filled(content: Any) -> None:
    fields = dict.fromkeys(("a", "b", "x", "ab", "ba", "aa", "bb"), "v")
    try:
        expected = recursively(content, fields)
    except MissingField:
        with pytest.raises(MissingField):
            fill_content(content, fields)
    else:
        assert fill_content(content, fields) == expected


def test_a_content_is_copied_not_changed() -> None:
    content = {
        "type": "button",
        "text": "Olá {{name}}",
        "choices": ["{{name}}|a", "B|b"],
        "delay": 3,
        "x": {"{{k}}": None},
    }
    before = repr(content)
    assert fill_content(content, {"name": "Ana"}) == {
        "type": "button", "text": "Olá Ana", "choices": ["Ana|a", "B|b"], "delay": 3, "x": {"{{k}}": None},
    }  # fmt: skip
    assert repr(content) == before


def test_a_content_may_be_nested_deeper_than_the_stack() -> None:
    content: Any = "{{name}}"
    for _ in range(50_000):
        content = [content]
    filled = fill_content(content, {"name": "Ana"})
    while isinstance(filled, list):
        [filled] = filled
    assert filled == "Ana"
