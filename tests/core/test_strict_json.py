"""The one parser for JSON from outside refuses each thing that would be a 500 later."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import strict_json
from portal.core.errors import Malformed, TooLarge


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"amount": 5, "amount": 5000}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": 9007199254740992}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b"[" * 3000 + b"]" * 3000,
        b"[" * 33 + b"]" * 33,
        b'{"a": 1} trailing',
    ],
)
def test_a_hostile_text_is_malformed(raw):
    with pytest.raises(Malformed):
        strict_json.parse(raw)


def test_a_text_of_the_largest_size_is_read_and_one_byte_more_is_not():
    text = b'"' + b"a" * 98 + b'"'

    assert strict_json.parse(text, bytes_max=100) == "a" * 98
    with pytest.raises(TooLarge):
        strict_json.parse(text + b" ", bytes_max=100)


def test_nesting_at_the_limit_is_read():
    assert strict_json.parse(b"[" * 32 + b"]" * 32) is not None


def test_brackets_inside_texts_are_not_nesting():
    assert strict_json.parse(b'{"a": "' + b"[{" * 200 + b'\\"["}') is not None


def test_the_largest_integer_is_read_and_the_next_is_not():
    assert strict_json.parse(b"9007199254740991") == 2**53 - 1
    with pytest.raises(Malformed):
        strict_json.parse(b"9007199254740992")


def test_a_fraction_keeps_every_digit():
    assert strict_json.parse(b'{"a": 84.20}') == {"a": Decimal("84.20")}


def test_a_pair_of_surrogates_is_one_character():
    assert strict_json.parse(b'"\\ud83d\\ude00"') == "\U0001f600"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(raw):
    try:
        strict_json.parse(raw)
    except (Malformed, TooLarge):
        return
    assert raw.strip()
