"""Words by which a client asks not to be contacted any more."""

import pytest

from dispatcher.domain.accounts_file import AccountsFileError, read_accounts
from dispatcher.domain.optout import DEFAULT, opts_out, words_of

FILE = """
[[account]]
name = "loja"
provider = "uazapi"
base_urls = ["https://uazapi.example"]
credentials = { token = "x" }
options = { opt_out_words = %s }
[[account.sender]]
name = "line"
"""


@pytest.mark.parametrize(
    "text",
    [*DEFAULT, "sair", " Sair. ", "SAIR!!", "saír", "*PARE*", "“Stop”", "cancelar\n", "descadastrar 🙏", "ＳＡＩＲ"],
)
def test_a_word_alone_asks_out(text: str) -> None:
    assert opts_out(text, DEFAULT)


@pytest.mark.parametrize("text", ["", " ", "!", "vou sair agora", "sair?nao", "saira", "não pare", "s a i r", "stop 1"])
def test_anything_else_does_not(text: str) -> None:
    assert not opts_out(text, DEFAULT)


def test_an_account_may_have_words_of_its_own() -> None:
    [account] = read_accounts(FILE % '["Não quero", "Baja"]', {})
    assert opts_out("nao quero!", words_of(account.options))
    assert not opts_out("SAIR", words_of(account.options))
    [none] = read_accounts(FILE % "[]", {})
    assert words_of(none.options) == ()
    assert words_of({}) == DEFAULT


@pytest.mark.parametrize("words", ['"SAIR"', "[7]", '["SAIR", "!"]', "{}"])
def test_words_that_are_none_are_refused(words: str) -> None:
    with pytest.raises(AccountsFileError, match="opt_out_words must be a list of words"):
        read_accounts(FILE % words, {})
