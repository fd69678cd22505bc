from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.choices import check_choices

KINDS = ["button", "list", "poll", "carousel"]


@pytest.mark.parametrize(
    ("kind", "choices"),
    [
        ("button", ["Ver Ofertas|https://loja.exemplo.com/ofertas",
                    "Falar com Vendedor|reply:vendedor", "Copiar Cupom|copy:PROMO2024"]),
        ("button", ["Sim", "Não|nao", "Site|url:https://exemplo.com", "Ligar|call:+5511900000001",
                    "Quebra\ncopy:X", "a|b|c"]),
        ("button", ["{{nome}}|sim", "[colchetes]", "Sim|"]),
        ("list", ["[Eletrônicos]", "Smartphones|phones|Últimos", "Notebooks|notes", "[Roupas]", "Camisetas"]),
        ("list", ["Sem seção|id", "[Seção]", "Fones"]),
        ("list", ["[Vazia]", "[Outra]", "Fones||só descrição"]),
        ("poll", ["Manhã (8h-12h)", "[Tarde]", "a|b"]),
        ("carousel", ["[XYZ\nO mais avançado]", "{https://exemplo.com/1.jpg}", "Copiar|copy:P1", "Ver|https://exemplo.com/xyz",
                      "[ABC]", "{https://exemplo.com/2.jpg}", "Comprar|https://exemplo.com/abc"]),
        ("carousel", ["[Sem imagem]", "Quero|reply:sim", "Ligar|call:+5511900000001"]),
        ("carousel", ["[{{produto}}]", "{{{imagem}}}", "{{botao}}", "{{botao}}|{{id}}"]),
    ],
)  # fmt: skip
def test_what_the_documents_show_has_no_problems(kind: str, choices: list[str]) -> None:
    assert check_choices(kind, choices) == []


@pytest.mark.parametrize(
    ("kind", "choices", "problems"),
    [
        ("button", ["Ok", "|id"], [(1, "a button needs a label before its action")]),
        ("button", [" \ncopy:X"], [(0, "a button needs a label before its action")]),
        ("button", ["Copiar|copy:", "Ligar\ncall: ", "Site|url:"], [
            (0, "a copy button needs its code"), (1, "a call needs its number"), (2, "a link needs its address")]),
        ("list", ["[A]", "[B]"], [(None, "a list needs a row, not only sections")]),
        ("list", ["[ ]", "Fones", "|id|descrição"], [
            (0, "a section needs a title"), (2, "a row needs a text before its id")]),
        ("carousel", ["Ver|https://exemplo.com"], [(0, "a carousel begins with a card: [text]")]),
        ("carousel", ["{https://exemplo.com/1.jpg}", "[A]", "Ok"], [(0, "a carousel begins with a card: [text]")]),
        ("carousel", ["[A]", "{https://exemplo.com/1.jpg}", "[B]", "Ok"], [(0, "a card needs a button")]),
        ("carousel", ["[A]", "Ok", "[B]"], [(2, "a card needs a button")]),
        ("carousel", ["[]", "{ }", "Ok", "|x"], [
            (0, "a card needs a text"), (1, "an image needs its address or its base64"),
            (3, "a button needs a label before its action")]),
        ("carousel", ["[A]", "Ok", "{https://exemplo.com/1.jpg}"], [(2, "an image comes right after its card's text")]),
    ],
)  # fmt: skip
def test_what_the_documents_rule_out_is_named_with_its_place(
    kind: str, choices: list[str], problems: list[tuple[int | None, str]]
) -> None:
    assert check_choices(kind, choices) == problems


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("choices", [None, [], (), "Sim", {"a": 1}, 3])
def test_choices_are_a_list_with_something_in_it(kind: str, choices: Any) -> None:
    assert check_choices(kind, choices) == [(None, "must be a list with at least one choice")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_choice_is_a_text(kind: str) -> None:
    assert [at for at, _ in check_choices(kind, ["[A]", None, "B", 3, " ", {}])] == [1, 3, 4, 5]


@pytest.mark.parametrize("kind", ["text", "image", "unknown", ""])
def test_other_types_have_no_choices_to_check(kind: str) -> None:
    assert check_choices(kind, None) == []


@given(st.sampled_from(KINDS), st.lists(st.text("[]{}|\n a", max_size=6), max_size=6))
def test_any_list_of_texts_is_judged_within_its_bounds(kind: str, choices: list[str]) -> None:
    for at, rule in check_choices(kind, choices):
        assert rule
        assert at is None or 0 <= at < len(choices)
