"""Keyset pages walk a list once, forwards and back, without a gap or a repeat."""

import base64
import json

import pytest
from django.db.models.functions import TruncDate

from portal.accounts.models import Department
from portal.core.clock import database_now
from portal.core.errors import Malformed
from portal.core.pagination import keyset

pytestmark = pytest.mark.django_db
ORDER = ("-name", "id")


@pytest.fixture
def departments():
    now = database_now()
    made = [
        Department(
            slug=f"d{n}", name=f"name {n % 3}", lock_number=20_000 + n, created_at=now
        )
        for n in range(11)
    ]
    Department.objects.bulk_create(made)
    rows = Department.objects.filter(lock_number__gte=20_000)
    return rows, [row.slug for row in rows.order_by(*ORDER)]


def test_walking_forwards_meets_every_row_once(departments):
    rows, expected = departments

    met, cursor, pages = [], None, 0
    while True:
        page = keyset(rows, order=ORDER, cursor=cursor, size=4)
        met += [row.slug for row in page.items]
        pages += 1
        if not page.has_more:
            break
        cursor = page.next_cursor

    assert (met, pages) == (expected, 3)


def test_rows_ordered_by_a_day_are_walked_too(departments):
    rows, _ = departments
    dated = rows.annotate(on=TruncDate("created_at"))

    first = keyset(dated, order=("-on", "id"), size=6)
    rest = keyset(dated, order=("-on", "id"), size=6, cursor=first.next_cursor)

    assert len({row.id for row in (*first.items, *rest.items)}) == 11


def test_going_back_gives_the_page_before(departments):
    rows, expected = departments
    first = keyset(rows, order=ORDER, size=4)
    second = keyset(rows, order=ORDER, cursor=first.next_cursor, size=4)

    back = keyset(rows, order=ORDER, cursor=second.previous_cursor, size=4)

    assert [row.slug for row in back.items] == expected[:4]
    assert back.previous_cursor is None
    assert first.previous_cursor is None


def test_a_row_that_is_removed_meanwhile_costs_no_other_row(departments):
    rows, expected = departments
    first = keyset(rows, order=ORDER, size=4)
    Department.objects.filter(slug=expected[3]).delete()

    second = keyset(rows, order=ORDER, cursor=first.next_cursor, size=4)

    assert [row.slug for row in second.items] == expected[4:8]


@pytest.mark.parametrize(
    "cursor",
    [
        "!",
        "x" * 2000,
        base64.urlsafe_b64encode(b"[]").decode(),
        base64.urlsafe_b64encode(json.dumps(["n", "a"]).encode()).decode(),
        base64.urlsafe_b64encode(json.dumps(["n", "a", None]).encode()).decode(),
        base64.urlsafe_b64encode(json.dumps(["n", "\x00", "a"]).encode()).decode(),
        base64.urlsafe_b64encode(json.dumps(["n", {"a": 1}, "a"]).encode()).decode(),
    ],
)
def test_a_cursor_that_was_not_made_here_is_malformed(departments, cursor):
    with pytest.raises(Malformed):
        keyset(departments[0], order=ORDER, cursor=cursor)


def test_a_cursor_with_a_wrong_kind_of_value_is_malformed(departments):
    cursor = base64.urlsafe_b64encode(json.dumps(["n", "a", "not an id"]).encode())

    with pytest.raises(Malformed):
        keyset(departments[0], order=ORDER, cursor=cursor.decode())
