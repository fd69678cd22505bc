"""The accounts file: every key, its default and its bounds, and errors that name the place."""

import pytest

from dispatcher.domain.account import CpcScope, OnDoubt, OnLocked
from dispatcher.domain.accounts_file import AccountsFileError, read_accounts

LEAST = """
[[account]]
name = "loja"
provider = "uazapi"
base_urls = ["https://impeto.uazapi.com"]
[account.credentials]
token = "t-1"
[[account.sender]]
name = "5511900000001"
"""

FULL = """
[[account]]
name = "loja"
provider = "uazapi"
base_urls = ["https://impeto.uazapi.com/", "http://127.0.0.1:9100"]
ingress_token = "env:LOJA_TOKEN"
webhook_secret = "env:LOJA_HOOK"
cpc = true
cpc_scope = "account"
on_locked = "defer"
on_doubt = "resend"
timeout_s = 12.5
max_attempts = 3
delay_min = 1.5
delay_max = 4
validity_s = 0
batch = 20
mode = "direct"
[account.credentials]
token = "env:UAZAPI_TOKEN"
[account.options]
opt_out_words = ["basta"]
[account.hours]
timezone = "America/Sao_Paulo"
windows = ["mon-fri 08:00-20:00", "sat 09:00-13:00"]
holidays = "BR"
[[account.sender]]
name = "5511900000001"
concurrency = 2
min_gap_s = 0.5
daily_limit = 1000
token = "own"
base_urls = ["https://outra.uazapi.com"]
[[account.sender]]
name = "5511900000002"
"""

ENVIRON = {"LOJA_TOKEN": "in", "LOJA_HOOK": "hook", "UAZAPI_TOKEN": "out"}


def test_what_is_not_written_has_its_default() -> None:
    (account,) = read_accounts(LEAST, {})
    assert (account.cpc_scope, account.on_locked, account.on_doubt) == (CpcScope.GLOBAL, OnLocked.BLOCK, OnDoubt.HOLD)
    assert (account.timeout_s, account.max_attempts, account.validity_s, account.batch) == (30, 5, 86_400, 1)
    assert (account.delay_min, account.delay_max, account.mode, account.options) == (0, 0, "", {})
    assert (account.guarded, account.hours, account.ingress_token) == (False, None, None)
    assert (account.sender[0].concurrency, account.sender[0].min_gap_s, account.sender[0].daily_limit) == (1, 0, 0)


def test_every_key_is_read() -> None:
    (account,) = read_accounts(FULL, ENVIRON)
    assert account.base_urls == ("https://impeto.uazapi.com", "http://127.0.0.1:9100")
    assert (account.ingress_token, account.webhook_secret, account.credentials) == ("in", "hook", {"token": "out"})
    assert (account.cpc_scope, account.on_locked, account.on_doubt) == ("account", "defer", "resend")
    assert (account.guarded, account.mode, account.options) == (True, "direct", {"opt_out_words": ["basta"]})
    assert account.hours is not None
    assert account.hours.windows == ("mon-fri 08:00-20:00", "sat 09:00-13:00")
    assert (account.sender[0].token, account.sender[0].concurrency, account.sender[0].min_gap_s) == ("own", 2, 0.5)
    assert account.sender[1].token is None


OPTIONS = [
    ("builder", 'timezone = "Brazil"', "timezone is no time zone, such as America/Sao_Paulo"),
    ("cpc", "timezone = 3", "timezone is no time zone, such as America/Sao_Paulo"),
    ("cpc", 'follow_ups = "us"', "follow_ups must be provider or dispatcher"),
    ("cpc", 'specialist_code = " "', "specialist_code must be a text, and not an empty one"),
    ("cpc", "id_account = true", "id_account must be a text, and not an empty one"),
    ("builder", 'login_path = "entrar"', "login_path must begin with a slash"),
    ("builder", 'campaign_path = ""', "campaign_path must begin with a slash"),
    ("builder", "token_prefix = 5", "token_prefix must be a text"),
    ("builder", "token_lifetime_s = 0", "token_lifetime_s must be a whole number from 1 to 2592000"),
    ("builder", 'token_lifetime_s = "9"', "token_lifetime_s must be a whole number from 1 to 2592000"),
    ("uazapi", 'opt_out_words = "sair"', "opt_out_words must be a list of words"),
    ("builder", 'login_pth = "/login"', "login_pth is no option of builder; did you mean login_path?"),
    ("cpc", 'specialistCode = "a"', "specialistCode is no option of cpc; did you mean specialist_code?"),
    ("kinbox", 'business_hours_id = "a"', "business_hours_id is no option of kinbox; did you mean businessHoursId?"),
    ("uazapi", 'opt_out_word = ["x"]', "opt_out_word is no option of uazapi; did you mean opt_out_words?"),
    ("uazapi", 'login_path = "/login"', "login_path is no option of uazapi: opt_out_words"),
]


@pytest.mark.parametrize(("provider", "option", "told"), OPTIONS)
def test_an_option_that_nobody_reads_is_refused_with_the_nearest_that_somebody_does(
    provider: str, option: str, told: str
) -> None:
    with pytest.raises(AccountsFileError) as refused:
        read_accounts(of_provider(provider, f"[account.options]\n{option}"), {})
    assert str(refused.value) == f"account[0].options: {told}"


@pytest.mark.parametrize(
    ("provider", "mode", "told"),
    [
        ("uazapi", "dirct", "must be sender or direct; did you mean direct?"),
        ("builder", "Campaign", "must be trigger or campaign; did you mean campaign?"),
        ("builder", "direct", "must be trigger or campaign"),
        ("kinbox", "direct", "kinbox has no modes: leave it out"),
    ],
)
def test_a_mode_that_does_not_exist_is_refused(provider: str, mode: str, told: str) -> None:
    with pytest.raises(AccountsFileError) as refused:
        read_accounts(of_provider(provider, "").replace("base_urls", f'mode = "{mode}"\nbase_urls'), {})
    assert str(refused.value) == f"account[0].mode: {told}"


def test_of_a_provider_that_does_not_exist_only_that_is_told() -> None:
    with pytest.raises(AccountsFileError) as refused:
        read_accounts(of_provider("uazapi", "[account.options]\nx = 1").replace('"uazapi"', '"sms"'), {})
    assert str(refused.value).startswith("account[0].provider: ")
    assert "options" not in str(refused.value)


def of_provider(provider: str, more: str) -> str:
    credentials = 'user = "u"\npassword = "p"' if provider == "builder" else 'token = "t"'
    return f"""
[[account]]
name = "loja"
provider = "{provider}"
base_urls = ["http://127.0.0.1:9"]
[account.credentials]
{credentials}
{more}
[[account.sender]]
name = "um"
"""


def test_cpc_is_guarded_and_patient_unless_told_otherwise() -> None:
    (account,) = read_accounts(LEAST.replace("uazapi", "cpc"), {})
    assert account.guarded
    assert account.timeout_s == 120
    (account,) = read_accounts(LEAST.replace('"uazapi"', '"cpc"\ncpc = false\ntimeout_s = 5'), {})
    assert not account.guarded
    assert account.timeout_s == 5


@pytest.mark.parametrize(
    ("line", "instead", "told"),
    [
        ("concurrency = 2", "concurrency = 0", "account[0].sender[0].concurrency: "),
        ("concurrency = 2", "concurency = 2", "account[0].sender[0].concurency: "),
        ("concurrency = 2", "concurrency = true", "account[0].sender[0].concurrency: "),
        ('name = "5511900000002"', "", "account[0].sender[1].name: "),
        ('name = "5511900000002"', 'name = "5511900000001"', "account[0].sender: two senders have the same name"),
        ('name = "loja"', 'name = "Loja!"', "account[0].name: "),
        ('provider = "uazapi"', 'provider = "sms"', "account[0].provider: "),
        ('["https://outra.uazapi.com"]', '["outra.uazapi.com"]', "account[0].sender[0].base_urls[0]: must be http"),
        ('["https://outra.uazapi.com"]', '["https://o.com/send"]', "account[0].sender[0].base_urls[0]: must be scheme"),
        ("delay_max = 4", "delay_max = 1", "account[0].delay_max: must not be less than delay_min"),
        ("delay_min = 1.5", "delay_min = -1", "account[0].delay_min: "),
        ("timeout_s = 12.5", "timeout_s = 0", "account[0].timeout_s: "),
        ('on_locked = "defer"', 'on_locked = "wait"', "account[0].on_locked: "),
        ('"sat 09:00-13:00"', '"sat 9-13"', "account[0].hours.windows[1]: must read like"),
        ('"sat 09:00-13:00"', '"sat 09:00-09:00"', "account[0].hours.windows[1]: begins and ends at the same time"),
        ('holidays = "BR"', 'holidays = "Brazil"', "account[0].hours.holidays: is no country"),
        ('holidays = "BR"', 'recipient_night = "at night"', "account[0].hours.recipient_night: must read like"),
        ('"America/Sao_Paulo"', '"Brazil/Nowhere"', "account[0].hours.timezone: is no time zone"),
        ('token = "env:UAZAPI_TOKEN"', 'tokem = "x"', "account[0]: credentials: uazapi knows only token"),
        ('token = "env:UAZAPI_TOKEN"', "", "account[0]: credentials: token must be given"),
        ("env:LOJA_HOOK", "env:NOWHERE", "account[0].webhook_secret: the environment variable NOWHERE is not set"),
        ("[[account]]", "[[accounts]]", "account"),
        ("[[account]]", "[[account]", "not TOML: "),
    ],
)
def test_an_error_names_the_place_and_the_rule(line: str, instead: str, told: str) -> None:
    with pytest.raises(AccountsFileError) as caught:
        read_accounts(FULL.replace(line, instead, 1), ENVIRON)
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)


def test_an_error_in_the_second_account_says_so() -> None:
    second = LEAST.replace('"loja"', '"outra"').replace('"5511900000001"', '"5511900000002"\nconcurrency = 0')
    with pytest.raises(AccountsFileError, match=r"^account\[1\]\.sender\[0\]\.concurrency: "):
        read_accounts(LEAST + second, {})


def test_two_accounts_share_neither_name_nor_token() -> None:
    with pytest.raises(AccountsFileError, match=r"account\[1\]\.name: .*; account\[1\]\.ingress_token: "):
        read_accounts(FULL + FULL, ENVIRON)


def test_errors_and_texts_never_tell_a_secret() -> None:
    (account,) = read_accounts(FULL, {**ENVIRON, "UAZAPI_TOKEN": "s3cret"})
    assert "s3cret" not in repr(account)
    assert "own" not in repr(account)
    with pytest.raises(AccountsFileError) as caught:
        read_accounts(FULL.replace('token = "own"', 'token = ["s3cret"]'), ENVIRON)
    assert "s3cret" not in str(caught.value)


def test_builder_needs_user_and_password() -> None:
    text = LEAST.replace("uazapi", "builder").replace('token = "t-1"', 'user = "u"\norganization = "o"')
    with pytest.raises(AccountsFileError, match="credentials: password must be given"):
        read_accounts(text, {})
    (account,) = read_accounts(text.replace('user = "u"', 'user = "u"\npassword = "p"'), {})
    assert account.credentials == {"user": "u", "password": "p", "organization": "o"}


SECRET = "whsec_" + "c2VjcmV0" * 4
URL, SIGNED = 'callback_url = "https://app.example/hook"', f'callback_secret = "{SECRET}"'


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (URL, r"account\[0\]: callback_secret: must be given"),
        (f'callback_url = "ftp://app.example"\n{SIGNED}', r"account\[0\]\.callback_url: must be http"),
        (f'callback_url = "https:///hook"\n{SIGNED}', r"account\[0\]\.callback_url: must be http"),
        (f'callback_url = ""\n{SIGNED}', r"account\[0\]\.callback_url: must be http"),
        (f'callback_url = "https://a.example/{"x" * 2_000}"\n{SIGNED}', r"account\[0\]\.callback_url: "),
        (f'callback_url = "https://u:p@a.example"\n{SIGNED}', r"account\[0\]\.callback_url: must hold no user"),
        (f'{URL}\ncallback_secret = "c2VjcmV0c2VjcmV0"', r"account\[0\]\.callback_secret: must be whsec_"),
        (f'{URL}\ncallback_secret = "whsec_c2VjcmV0"', r"account\[0\]\.callback_secret: must be whsec_"),
        (f'{URL}\ncallback_secret = "whsec_{"c2VjcmV0" * 11}"', r"account\[0\]\.callback_secret: must be whsec_"),
        (f'{URL}\ncallback_secret = "whsec_{"!" * 40}"', r"account\[0\]\.callback_secret: must be whsec_"),
        (f'{URL}\ncallback_secret = ""', r"account\[0\]\.callback_secret: must be whsec_"),
    ],
)
def test_callbacks_need_a_url_that_can_be_called_and_a_secret_that_signs(lines: str, told: str) -> None:
    with pytest.raises(AccountsFileError, match=told) as caught:
        read_accounts(LEAST.replace("[account.credentials]", f"{lines}\n[account.credentials]"), {})
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize("lines", [f"{URL}\n{SIGNED}", SIGNED])
def test_a_secret_may_be_for_the_urls_that_campaigns_name(lines: str) -> None:
    (account,) = read_accounts(LEAST.replace("[account.credentials]", f"{lines}\n[account.credentials]"), {})
    assert account.callback_secret == SECRET
    assert SECRET not in repr(account)
