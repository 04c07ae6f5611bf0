from hypothesis import given
from hypothesis import strategies as st

from yiwang.sdk.masking import (
    mask_address,
    mask_bank_card,
    mask_email,
    mask_id_number,
    mask_name,
    mask_phone,
)


def test_the_vectors_of_common_practice():
    assert mask_name("张三丰") == "张**"
    assert mask_name("李四") == "李*"
    assert mask_id_number("320508198501011234") == "320508********1234"
    assert mask_id_number("32050819850101123X", strict=True) == "3****************X"
    assert mask_phone("15638296218") == "156****6218"
    assert mask_phone("0512-65211234") == "****-****1234"
    assert mask_bank_card("6222021000112233449") == "622202*********3449"
    assert mask_email("zhangsan@example.org") == "z***@example.org"


def test_an_address_stops_at_the_district():
    assert mask_address("江苏省苏州市姑苏区平江街道1号") == "江苏省苏州市姑苏区****"
    assert mask_address("苏州市昆山市玉山镇前进路1号") == "苏州市昆山市****"
    assert mask_address("姑苏区观前街1号") == "姑苏区****"
    assert mask_address("前进中路198号") == "前进中****"


@given(st.text("0123456789X", max_size=24))
def test_a_masked_number_is_as_long_and_hides_four_characters_or_all(number):
    for masked in (mask_id_number(number), mask_phone(number), mask_bank_card(number)):
        assert len(masked) == len(number)
        assert masked.count("*") >= min(4, len(number))


@given(st.text(max_size=6))
def test_a_short_text_is_masked_without_failing(text):
    for mask in (mask_name, mask_id_number, mask_phone, mask_address, mask_bank_card, mask_email):
        assert isinstance(mask(text), str)
