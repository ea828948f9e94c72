"""Who is active: counts over 28 days, and names only for those who may see them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from portal.accounts.activity import Activity
from portal.accounts.models import Person
from portal.home.queries.kpis.catalogue import figures_for, rows_for
from portal.home.queries.kpis.figure import Answer, Scope, Side
from tests.approvals.asking import make_portal

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
WEEK = Scope(TODAY - timedelta(days=6), TODAY)
KEYS = ("active-users", "habitual", "frequency", "breadth")
PEOPLE = 11  # of the cast, with the administrator


@pytest.fixture
def portal(db):
    made = make_portal()
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    Person.objects.update(created_at=long_ago)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_actedday")
    return made


def acted(portal, name: str, *days_ago: int, kind: str = "decide") -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            'INSERT INTO audit_actedday (actor_id, "on", kind) VALUES (%s, %s, %s)',
            [
                (portal.people.people[name].id, TODAY - timedelta(days=ago), kind)
                for ago in days_ago
            ],
        )


def figures(portal, *scopes, name="ada", keys=KEYS):
    found = figures_for(
        actor=portal.people.actor(name), keys=keys, scopes=scopes or (WEEK,), now=NOW
    )
    return found if len(scopes) > 1 else {key: each[0] for key, each in found.items()}


def names(portal, side, *, name="ada", scope=WEEK):
    return [
        row.title
        for row in rows_for(
            actor=portal.people.actor(name),
            key="active-users",
            scope=scope,
            side=side,
            cursor=None,
        ).rows
    ]


def test_people_are_counted_by_the_days_on_which_they_acted(portal):
    acted(portal, "dana", *range(8))
    acted(portal, "dana", 0, kind="comment")
    acted(portal, "tom", 0, 27)
    acted(portal, "lena", 28)

    found = figures(portal)

    active, habitual = found["active-users"], found["habitual"]
    assert (active.over, active.under) == (2, PEOPLE)
    assert active.low < active.value < active.high
    assert (habitual.over, habitual.under) == (1, PEOPLE)
    # Two active on fewer days is one; one acted before and not now; the others never did.
    assert [detail.note for detail in habitual.details] == [
        f"1 of {PEOPLE}",
        f"1 of {PEOPLE}",
        f"{PEOPLE - 3} of {PEOPLE}",
    ]
    # 8 days and 2 days: half of the two is 5, and ten of 28 × 2 person-days.
    assert found["frequency"].value == 5
    assert found["frequency"].details[0].value == pytest.approx(10 / 28 / 2)


def test_each_period_looks_at_its_own_28_days_and_at_who_was_there(portal):
    acted(portal, "dana", 40)
    before = Scope(TODAY - timedelta(days=36), TODAY - timedelta(days=30))
    long_before = Scope(date(2025, 12, 1), date(2025, 12, 31))

    found = figures(portal, long_before, before, WEEK)["active-users"]

    assert [figure.over for figure in found] == [0, 1, 0]
    assert found[0].answer == Answer.NO_DATA
    assert (found[2].answer, found[2].value) == (Answer.MEASURED, 0.0)


def test_breadth_counts_departments_with_three_who_act_and_live_work(portal):
    for name in ("dana", "tom"):
        acted(portal, name, 1)
    two = figures(portal)["breadth"]
    acted(portal, "lena", 1)

    three = figures(portal)["breadth"]

    assert (two.over, three.over) == (0, 1)
    assert three.under == two.under == 4
    assert three.details[0].value == 1
    # orders: read, billing: refund and credit; what is never done is no verb in production.
    assert three.details[1].value == 3


def test_a_group_of_fewer_than_five_is_not_broken_out(portal):
    acted(portal, "dana", 1)
    here = Scope(WEEK.first, WEEK.last, frozenset({portal.workflow.id}))
    large = figures(portal, here)
    care = Person.objects.filter(department=portal.workflow.department)
    assert care.count() == 5
    care.filter(id=portal.people.people["lena"].id).update(is_active=False)

    small = figures(portal, here)

    assert large["active-users"].answer == Answer.MEASURED
    for key in ("active-users", "habitual", "frequency"):
        assert small[key].answer == Answer.NOT_MEASURABLE
        assert "singled out" in small[key].why
        assert (small[key].value, small[key].details) == (None, ())


def test_names_are_for_oneself_and_for_administrators(portal):
    for name in ("dana", "tom"):
        acted(portal, name, 1)

    assert names(portal, Side.OVER) == ["Dana Reyes", "Tom Okafor"]
    assert "Lena Fischer" in names(portal, Side.UNDER)
    assert names(portal, Side.OVER, name="dana") == ["Dana Reyes"]
    assert names(portal, Side.OVER, name="maya") == []
    assert names(portal, Side.UNDER, name="maya") == ["Maya Adler"]
    # The counts are for whoever sees work there.
    assert figures(portal, name="maya")["active-users"].over == 2
    assert figures(portal, name="olga")["active-users"].answer == Answer.NO_DATA


@pytest.mark.parametrize(
    ("days", "median", "stickiness"),
    [
        ((), None, None),
        ((1,), 1.0, 1 / 28),
        ((28, 28), 28.0, 1.0),
        ((1, 4), 2.5, 5 / 56),
    ],
)
def test_frequency_by_hand(days, median, stickiness):
    found = Activity(eligible=9, days=days)

    assert found.median_days == median
    assert found.stickiness == (
        None if stickiness is None else pytest.approx(stickiness)
    )
