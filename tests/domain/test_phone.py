import re

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.domain.phone import InvalidPhone, NotAPhone, canonical, dialable, is_group, people, person

LAST_DIGITS = {1: "123456789", 2: "12478", 3: "1234578", 4: "123456789", 5: "1345", 6: "123456789", 7: "134579"}
LAST_DIGITS |= {8: "123456789", 9: "123456789"}
AREA_CODES = [f"{first}{last}" for first, lasts in LAST_DIGITS.items() for last in lasts]

digits8 = st.integers(0, 10**8 - 1).map("{:08d}".format)
area_codes = st.sampled_from(AREA_CODES)
mobiles = st.builds("{}9{}".format, area_codes, digits8)
old_mobiles = st.builds(
    lambda area, first, rest: f"{area}{first}{rest[1:]}", area_codes, st.sampled_from("6789"), digits8
)
landlines = st.builds(
    lambda area, first, rest: f"{area}{first}{rest[1:]}", area_codes, st.sampled_from("2345"), digits8
)

SPELLINGS = [
    "{n}", "55{n}", "+55{n}", "+55 {a} {r}", "+55 ({a}) {r}", "({a}) {r}", "{a}-{r}", "{a}.{r}", "55 {a} {r}",
    "0{n}", "0 {a} {r}", "(0{a}) {r}", "(0xx{a}) {r}", "0XX{n}", "015{n}", "0 21 {a} {r}", "0xx15 {a} {r}", "055{n}",
    "0055{n}", "00{n}", "+55 (0{a}) {r}", "+55 0 41 {a} {r}", "550{n}", "(+55) {a} {r}", " 55{n}\r\n",
    "\t{a}\u00a0{r} ", "\u202a+55 {a} {r}\u202c", "+55 {a} {r}".replace(" ", "\u2011"), "55{n}.0", "{n}.0",
    "55{n}@s.whatsapp.net", "55{n}@c.us", "55{n}:12@s.whatsapp.net", "55{n}.0:12@s.whatsapp.net",
    "55{n}_1:3@s.whatsapp.net", "55{n}@S.WhatsApp.Net", "+55{n}@c.us", " 55{n}@s.whatsapp.net ",
]  # fmt: skip
spellings = st.sampled_from(SPELLINGS)


def spelled(spelling: str, national: str) -> str:
    rest = f"{national[2:-4]}-{national[-4:]}" if "{r}" in spelling else ""
    return spelling.format(n=national, a=national[:2], r=rest)


@given(mobiles, spellings)
def test_every_spelling_of_a_mobile_has_one_key(national: str, spelling: str) -> None:
    assert canonical(spelled(spelling, national)) == f"55{national}"


@given(old_mobiles, spellings)
def test_a_mobile_without_its_ninth_digit_has_the_key_of_the_one_with_it(national: str, spelling: str) -> None:
    assert canonical(spelled(spelling, national)) == f"55{national[:2]}9{national[2:]}"


@given(landlines, spellings)
def test_a_landline_keeps_its_eight_digits(national: str, spelling: str) -> None:
    assert canonical(spelled(spelling, national)) == f"55{national}"


@given(st.one_of(mobiles, old_mobiles, landlines), spellings)
def test_what_is_dialled_has_the_customers_own_digits_made_international(national: str, spelling: str) -> None:
    assert dialable(spelled(spelling, national)) == f"55{national}"


@given(st.one_of(mobiles, old_mobiles, landlines), spellings)
def test_a_key_is_its_own_key(national: str, spelling: str) -> None:
    key = canonical(spelled(spelling, national))
    assert canonical(key) == key == canonical(dialable(spelled(spelling, national)))


@given(landlines, mobiles)
def test_a_landline_and_a_mobile_never_share_a_key(landline: str, mobile: str) -> None:
    assert canonical(landline) != canonical(mobile)
    assert canonical(landline) != canonical(f"{landline[:2]}9{landline[2:]}")


@given(st.integers(10, 99).map(str), digits8)
def test_only_the_area_codes_of_the_numbering_plan_are_known(area: str, rest: str) -> None:
    if area in AREA_CODES:
        assert canonical(f"+55{area}9{rest}") == f"55{area}9{rest}"
    else:
        with pytest.raises(InvalidPhone):
            canonical(f"+55{area}9{rest}")


@given(st.one_of(mobiles, landlines))
def test_the_library_agrees_that_our_numbers_are_brazilian(national: str) -> None:
    number = phonenumbers.parse(national, "BR")
    assert number.country_code == 55
    assert phonenumbers.is_valid_number(number)


def test_digits_that_could_be_brazilian_are_taken_for_brazilian() -> None:
    assert canonical("+45 32 12 34 56") == "4532123456"
    assert canonical("4532123456") == "554532123456"


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("+351 912 345 678", "351912345678"),
        ("351912345678", "351912345678"),
        ("00351912345678", "351912345678"),
        ("351912345678@s.whatsapp.net", "351912345678"),
        ("+1 (415) 555-0001", "14155550001"),
        ("14155550001", "14155550001"),
        ("+44 (0)20 7946 0958", "442079460958"),
        ("442079460958:7@s.whatsapp.net", "442079460958"),
        ("+39 06 1234 5678", "390612345678"),
    ],
)
def test_other_countries_have_one_key_too(raw: str, key: str) -> None:
    assert canonical(raw) == dialable(raw) == key


def test_a_mexican_mobile_has_one_key_with_and_without_its_old_1() -> None:
    assert canonical("5215512345678@s.whatsapp.net") == canonical("+52 55 1234 5678") == "525512345678"


def test_an_argentine_mobile_has_one_key_with_and_without_its_9() -> None:
    assert canonical("5491123456789@s.whatsapp.net") == canonical("+54 11 2345-6789") == "541123456789"
    assert dialable("5491123456789") == "5491123456789"


def test_numbers_without_a_country_code_belong_to_the_given_region() -> None:
    assert canonical("912 345 678", region="PT") == "351912345678"
    assert canonical("020 7946 0958", region="GB") == "442079460958"
    assert canonical("5531988887777", region="PT") == canonical("+55 31 8888-7777", region="PT") == "5531988887777"
    assert canonical("351912345678", region="GB") == "351912345678"


def test_a_whatsapp_id_needs_no_number_range_that_the_library_knows() -> None:
    assert canonical("15550100001@s.whatsapp.net") == "15550100001"
    with pytest.raises(InvalidPhone):
        canonical("+15550100001")


@pytest.mark.parametrize(
    "raw",
    [
        *("", " ", "+", "0", "000", "@", "+@s.whatsapp.net", "@s.whatsapp.net", "null", "None", "undefined"),
        *("988887777", "88887777", "33334444"),  # no area code
        *("20988887777", "5520988887777", "+55 23 98888-7777", "2333334444"),  # unknown area codes
        *("1108887777", "551118887777", "11888877778", "551188887777812", "119888877771", "5511"),  # no such number
        *("08007012345", "0800 701 2345", "558007012345@s.whatsapp.net", "4004-1234", "190"),  # no area code either
        *("5.511988887777E+12", "11 98888-7777 r. 12", "11 98888-7777 / 11 97777-8888", "11 9xxxx-7777",),
        "11+988887777",
        *("+999123456789", "+11988887777", "12345678901234567890", "9" * 65, "1" * 100_000, "0" * 64),
        *("5511\x0088887777", "\x005511988887777", "5511988887777\x00", "55119\ud80088887777", "\ud83d",),
        "5511988887777\ud83d",
        *("٥٥١١٩٨٨٨٨٧٧٧٧", "5511988887777".translate({ord("5"): "५"}), "⁵⁵11988887777", "５５11988887777"),
        *("5511988887777:@:12", "x@s.whatsapp.net", "55119888877_7x", "5511988887777@"),
    ],
)  # fmt: skip
def test_what_is_no_phone_number_is_refused(raw: str) -> None:
    for read in (canonical, dialable):
        with pytest.raises(InvalidPhone):
            read(raw)


@given(st.text(st.characters(), max_size=80))
@example("5511988887777\x00@s.whatsapp.net")
def test_any_text_is_read_or_refused_never_another_error(raw: str) -> None:
    for region in ("BR", "PT", "nowhere"):
        try:
            key = canonical(raw, region)
        except InvalidPhone:
            continue
        assert key.isascii()
        assert key.isdigit()


@given(st.text("0123456789+@:.- ()xX", max_size=24))
def test_whatever_is_read_has_a_key_that_stays(raw: str) -> None:
    try:
        dialled = dialable(raw)
    except InvalidPhone:
        return
    assert canonical(raw) == canonical(f"+{dialled}") == canonical(f"+{canonical(raw)}")


@pytest.mark.parametrize("raw", ["55119888877771", "+5520988887777", "5511988887777@lid", "+999123456789", "5" * 70])
def test_a_refusal_does_not_repeat_the_number(raw: str) -> None:
    with pytest.raises(InvalidPhone) as refused:
        canonical(raw)
    assert not any(len(run) > 2 for run in re.findall("[0-9]+", str(refused.value)))
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "group", ["120363000000000001@g.us", "5511900000001-1600000000@g.us", "120363000000000001@G.US"]
)
def test_a_group_is_dialled_as_it_is_and_has_no_key(group: str) -> None:
    assert is_group(group)
    assert dialable(f" {group}\n") == group
    with pytest.raises(NotAPhone):
        canonical(group)


@pytest.mark.parametrize(
    "raw", ["123456789012345@lid", "status@broadcast", "1600000000@broadcast", "120363000000000001@newsletter",
            "5511900000001@example.com", "@g.us", "x\x00@g.us", "5511900000001@g.us@lid"],
)  # fmt: skip
def test_lists_newsletters_and_hidden_ids_are_no_phone_numbers(raw: str) -> None:
    assert not is_group(raw)
    for read in (canonical, dialable):
        with pytest.raises(NotAPhone):
            read(raw)


@pytest.mark.parametrize("raw", ["5511900000001", "5511900000001@s.whatsapp.net", "", "x" * 1000 + "@g.us"])
def test_a_phone_is_no_group(raw: str) -> None:
    assert not is_group(raw)


how_people_write = st.sampled_from(
    ["{n}", "55{n}", "+55{n}", "+55 ({a}) {r}", "({a}) {r}", "{a} {r}", "{a}-{r}", "55 {a} {r}", "+55{a} {r}", "{a}{r}"]
)


@given(st.tuples(mobiles, how_people_write).map(lambda one: spelled(one[1], one[0])))
@example("55 99999-9999")
@example("(55)99999-9999")
def test_a_common_spelling_is_read_at_once_as_the_general_way_reads_it(raw: str) -> None:
    """An invisible mark sends it the general way; and the library for all countries is asked as well."""
    assert person(raw) == person(f"{raw}\u200e")
    told = phonenumbers.format_number(phonenumbers.parse(raw, "BR"), phonenumbers.PhoneNumberFormat.E164)
    assert f"+{person(raw)[0]}" == told


@given(st.from_regex(r"\A(?:\+?55 ?)?\(?[0-9]{2}\)?[ -]?9?[0-9]{3,5}[ -]?[0-9]{4}\Z"))
def test_what_looks_like_a_common_spelling_is_read_or_refused_the_general_way(raw: str) -> None:
    def outcome(raw: str) -> object:
        try:
            return person(raw)
        except InvalidPhone as error:
            return str(error)

    assert outcome(raw) == outcome(f"{raw}\u200e")


@given(st.lists(mobiles.map("55{}".format) | st.tuples(mobiles, spellings).map(lambda one: spelled(one[1], one[0]))))
@example(["5511988887777\n5511", "", "5511988887777"])
@example(["5511988887777", "nobody", "11988887777"])
def test_many_are_read_as_each_by_itself(written: list[str]) -> None:
    def one(raw: str) -> tuple[str, str]:
        try:
            return person(raw)
        except InvalidPhone:
            return "", ""

    assert list(zip(*people(written), strict=True)) == [one(raw) for raw in written]
