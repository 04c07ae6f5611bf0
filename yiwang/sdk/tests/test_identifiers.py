import doctest
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.sdk import identifiers, masking
from yiwang.sdk.identifiers import (
    BASE_36,
    USCC_ALPHABET,
    USCC_CLASSES,
    id_number_birth_date,
    id_number_check,
    id_number_make,
    id_number_sex,
    id_number_upgrade,
    id_number_valid,
    landline_valid,
    luhn_check,
    luhn_valid,
    mobile_valid,
    mod37_36_check,
    normalise,
    org_code_check,
    registration_number_check,
    uscc_check,
    uscc_class_known,
    uscc_make,
    uscc_valid,
)

# The vectors: the standards' own examples, public organisations' codes, and made numbers.
ID_NUMBERS = [
    "11010519491231002X",
    "110105195001010039",
    "11010519500101999X",
    "11010519500102000X",
    "360426199101010071",
    "320508198501011234",
    "320508198501011242",
    "500118199006300011",
    "41010219781231888X",
    "310101194910010201",
    "810000199003070015",
]
USCCS = [
    "91110000600037341L",
    "91350100M000100Y43",
    "91310230MA1K314J7C",
    "11100000000013338W",
    "11440000MB2D0164XH",
    "11440100007482575H",
    "11430000006122244L",
    "11220000013544541J",
    "11350128345071904J",
    "11320482014138860P",
    "113205000141456735",
    "12320500466931237P",
    "51320500509210000B",
    "52500118MJ01234568",
    "91320508MA1XYW01XY",
    "92410102MA40A1B28B",
    "93500118MA5U000113",
    "N2320509MF0012348W",
    "Y1310101MB0000019U",
]


@pytest.mark.parametrize("number", ID_NUMBERS)
def test_an_identity_number_of_the_standard_or_of_a_merged_region_holds(number):
    assert id_number_valid(number)
    assert id_number_valid(number.lower())


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("320508198501011235", "wrong check digit"),
        ("32050819850230123" + id_number_check("32050819850230123"), "30 February"),
        ("32050829850101123" + id_number_check("32050829850101123"), "born in the future"),
        ("3205081985010112A4", "a letter inside"),
        ("32050819850101123y", "another letter at the end"),
        ("３２０５０８１９８５０１０１１２３４", "full-width digits"),
        ("32050819850101123", "17 characters"),
        ("320508198501011234 ", "a space"),
        ("320508850101123", "the old form"),
        ("", "nothing"),
    ],
)
def test_an_identity_number_is_refused_for(number, reason):
    assert not id_number_valid(number), reason


def test_full_width_digits_hold_once_normalised():
    assert id_number_valid(normalise("　３２０５０８１９８５０１０１１２３４ "))
    assert normalise("11010519491231002x") == "11010519491231002X"


def test_the_day_a_person_is_born_is_not_in_the_future():
    number = id_number_make("320508", date(2026, 11, 21), 1)
    assert id_number_valid(number, today=date(2026, 11, 21))
    assert not id_number_valid(number, today=date(2026, 11, 20))


def test_birth_date_and_sex_are_read_from_a_number():
    assert id_number_birth_date("41010219781231888X") == date(1978, 12, 31)
    assert [id_number_sex(n) for n in ID_NUMBERS[-6:]] == ["1", "2", "1", "2", "2", "1"]


def test_an_old_number_is_upgraded():
    assert id_number_upgrade("320508850101123") == "320508198501011234"
    with pytest.raises(ValueError):
        id_number_upgrade("320508198501011234")


@given(
    st.sampled_from(["320508", "320576", "810000", "500118"]),
    st.dates(date(1900, 1, 1), date(2026, 11, 21)),
    st.integers(0, 999),
)
def test_a_made_identity_number_holds_and_one_changed_digit_breaks_it(region, birth, sequence):
    number = id_number_make(region, birth, sequence)
    assert id_number_valid(number, today=date(2026, 11, 21))
    assert id_number_birth_date(number) == birth
    assert id_number_sex(number) == ("1" if sequence % 2 else "2")
    last = str((int(number[16]) + 1) % 10)
    assert not id_number_valid(number[:16] + last + number[17])


@pytest.mark.parametrize("code", USCCS)
def test_a_unified_social_credit_code_holds_whatever_letter_its_department_has(code):
    assert uscc_valid(code)
    assert uscc_class_known(code)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("91320508MA1XYW01XX", "wrong check character"),
        ("91320508MA1XYW010" + uscc_check("91320508MA1XYW010"), "wrong organisation code inside"),
        ("91320508MA1XYW0IXY", "I is not in the alphabet"),
        ("91320508ma1xyw01xy", "lower case"),
        ("91320508MA1XYW01X", "17 characters"),
        ("", "nothing"),
    ],
)
def test_a_unified_social_credit_code_is_refused_for(code, reason):
    assert not uscc_valid(code), reason


@given(
    st.sampled_from([(d, c) for d, classes in USCC_CLASSES.items() for c in classes]),
    st.text(USCC_ALPHABET, min_size=8, max_size=8),
    st.integers(0, 17),
)
def test_a_made_code_holds_and_one_changed_character_breaks_it(kind, body, place):
    code = uscc_make(*kind, "320508", body)
    assert uscc_valid(code)
    other = "1" if code[place] == "0" else "0"
    assert not uscc_valid(code[:place] + other + code[place + 1 :])


def test_an_unknown_class_is_a_warning_and_no_refusal():
    code = uscc_make("1", "4", "320500", "01414567")
    assert uscc_valid(code)
    assert not uscc_class_known(code)


@pytest.mark.parametrize(
    "code", ["600037341", "M000100Y4", "D2143569X", "MA1FL0LY9", "MA1XYW01X", "509210000"]
)
def test_an_organisation_code_has_its_check_character(code):
    assert org_code_check(code[:8]) == code[8]


@pytest.mark.parametrize(
    "identifier",
    [
        "11100000000013338W011.11430000006122244L.20230000403.001.U",
        "11100000000013338W032.11220000013544541J.2430599.001.F",
        "11100000000013338W002.11320482014138860P.20180725020.1001.M",
        "11320500014145678K001.11320500014145678K.20261121000001.001.H",
    ],
)
def test_a_licence_identifier_has_its_check_character_without_dots_and_prefix(identifier):
    body, _, check = identifier.rpartition(".")
    assert mod37_36_check(body.replace(".", "")) == check
    with_oid = "1.2.156.3005.2." + body
    assert mod37_36_check(with_oid.replace(".", "")) != check


@given(st.text(BASE_36, min_size=1, max_size=60), st.data())
def test_mod_37_36_notices_every_single_changed_character(text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([c for c in BASE_36 if c != text[place]]))
    changed = text[:place] + other + text[place + 1 :]
    assert mod37_36_check(text) != mod37_36_check(changed)


def test_old_registration_numbers_and_bank_cards_have_their_check_digits():
    assert registration_number_check("31023000171614") == "6"
    assert luhn_check("622202100011223344") == "9"
    assert luhn_valid("6222021000112233449")
    assert not luhn_valid("6222021000112233448")
    assert not luhn_valid("62220")


@pytest.mark.parametrize("function", [id_number_check, uscc_check, org_code_check, mod37_36_check])
def test_a_check_of_nonsense_is_refused(function):
    with pytest.raises(ValueError):
        function("？")


def test_phones_have_their_forms():
    assert mobile_valid("19912345678")
    assert not mobile_valid("1991234567")
    assert not mobile_valid("１９９１２３４５６７８")
    assert landline_valid("0512-65211234")
    assert not landline_valid("110")


@pytest.mark.parametrize("module", [identifiers, masking])
def test_the_examples_run(module):
    assert doctest.testmod(module).failed == 0
