"""Digests keep fields apart and JSON in one form."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import digest, ids


def test_moving_a_byte_from_one_field_to_the_next_changes_the_digest():
    assert digest.sha256_of("ab", "c") != digest.sha256_of("a", "bc")
    assert digest.sha256_of("a|b") != digest.sha256_of("a", "b")


def test_the_canonical_form_does_not_depend_on_the_order_of_keys():
    first = digest.canonical({"b": 1, "a": [Decimal("1.50"), None]})

    assert first == digest.canonical({"a": [Decimal("1.50"), None], "b": 1})
    assert first == b'{"a":["1.50",null],"b":1}'


def test_not_a_number_has_no_canonical_form():
    with pytest.raises(ValueError, match="JSON"):
        digest.canonical({"a": float("nan")})


@given(
    st.lists(st.binary(max_size=6), max_size=4),
    st.lists(st.binary(max_size=6), max_size=4),
)
def test_two_lists_of_fields_have_one_digest_only_when_they_are_equal(left, right):
    same = digest.sha256_bytes(*left) == digest.sha256_bytes(*right)

    assert same == (left == right)


def test_ids_are_version_seven_and_sort_by_their_millisecond():
    early, late = ids.new_id(unix_ms=1_000), ids.new_id(unix_ms=2_000)

    assert early < late
    assert early.version == 7
    assert early.variant == uuid.RFC_4122
    assert ids.first_id_of(unix_ms=1_000) <= early < ids.first_id_of(unix_ms=1_001)
