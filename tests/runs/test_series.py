"""Imported series: rows are read as people write them, corrected, undone, and seen by right."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from portal.accounts.actors import agent_actor
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound
from runs.models import SeriesPoint
from runs.operations.series import (
    add_series,
    discard_import,
    put_points,
    take_points,
    undo_import,
    upload_points,
)
from runs.queries.series import all_series, points_of, series_over
from runs.rules.series import (
    PointRead,
    become_one,
    day_of,
    point_of,
    problems_of,
    suggest,
    value_of,
)
from tests.people import live_workflow, make_company

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
FILE = (
    b"Week;Score;Answers;Workflow\n"
    b"2026-11-02;4,1;40;refund-management\n"
    b"09.11.2026;4,3;60;Refund management\n"
    b"2026-11-09;4,4;60;refund-management\n"
    b"soon;4;1;refund-management\n"
    b"2026-11-16;4,5;10;luck\n"
)


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-11-09", "", date(2026, 11, 9)),
        ("2026-W46", "", date(2026, 11, 9)),
        ("2026-11", "", date(2026, 11, 1)),
        ("9.11.2026", "", date(2026, 11, 9)),
        ("11/09/2026", "mdy", date(2026, 11, 9)),
        ("09/11/2026", "dmy", date(2026, 11, 9)),
    ],
)
def test_days_are_read_as_people_write_them(text, order, day):
    assert day_of(text, order=order) == day


@pytest.mark.parametrize("text", ["", "soon", "31.02.2026", "2026-W60", "1066-10-14"])
def test_what_is_no_day_is_said_to_be_none(text):
    assert isinstance(day_of(text), str)


def test_a_day_that_reads_two_ways_is_not_guessed():
    assert "two ways" in day_of("09/11/2026")


@pytest.mark.parametrize(
    ("text", "value"),
    [("4,3", "4.3"), ("1.234,50", "1234.5"), ("1,234,567", "1234567"), ("93 %", "93")],
)
def test_values_are_read_as_people_write_them(text, value):
    assert value_of(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "Infinity", "four", "1e99", "1E+9999999", "99999999999999.9999999"],
)
def test_what_is_no_number_is_no_value(text):
    assert isinstance(value_of(text), str)


@pytest.mark.parametrize("n", ["0" * 11 + "1" + "9" * 30, "100000001", "0", "1e3"])
def test_what_stands_for_more_than_is_kept_is_no_count(n):
    said = {"on": "2026-11-02", "value": "4", "n": n}
    assert "no whole number" in str(point_of(said, order="", today=date(2026, 11, 21)))


def test_tomorrow_is_not_known_today():
    said = {"on": "2026-11-22", "value": "4"}
    assert "to come" in point_of(said, order="", today=date(2026, 11, 21))


def test_several_points_become_their_sum_or_their_weighted_mean():
    points = [(Decimal(4), 3), (Decimal(2), 1)]
    assert become_one(points, sums="mean") == 3.5
    assert become_one(points, sums="sum") == 6
    assert become_one([], sums="mean") is None


def test_columns_are_suggested_once_each():
    mapping = suggest(("Week", "Score", "Answers", "Queue", "Date"))
    assert list(mapping.values()) == ["on", "value", "n", "workflow", "left_out"]
    assert problems_of(mapping, 5) == {}
    assert problems_of({0: "on"}, 1)[""] == "Say which column holds: Value."


@pytest.fixture
def made(db):
    people = make_company()
    workflow = live_workflow(people)
    add_series(
        actor=people.actor("ada"),
        slug="satisfaction",
        name="Satisfaction",
        source="the survey after each case",
        keeper_id=people.dana.id,
        agent_id=people.agent.id,
        now=NOW,
    )
    return people, workflow


def brought(people, data=FILE, name="dana"):
    import_id = upload_points(
        actor=people.actor(name),
        slug="satisfaction",
        file_name="scores.csv",
        data=data,
        how="file",
        now=NOW,
    )
    return take_points(
        actor=people.actor(name),
        slug="satisfaction",
        import_id=import_id,
        mapping={0: "on", 1: "value", 2: "n", 3: "workflow"},
        order="",
        now=NOW,
    )


def over(people, name="maya", workflows=None):
    found = series_over(actor=people.actor(name), spans=[NOVEMBER], workflows=workflows)
    return found["satisfaction"][0] if found else None


def test_a_file_is_taken_in_row_by_row_and_the_rest_is_reported(made):
    people, workflow = made
    taken = brought(people)

    assert (taken.added, taken.corrected) == (2, 0)
    counted = over(people, workflows=[workflow.id])
    assert counted.points == 2
    assert counted.value == pytest.approx((4.1 * 40 + 4.3 * 60) / 100)


def test_a_correction_wins_and_what_was_said_before_is_kept(made):
    people, workflow = made
    brought(people)
    later = brought(
        people, b"date,value,n,workflow\n2026-11-09,4.8,60,refund-management\n"
    )

    assert (later.added, later.corrected) == (0, 1)
    assert over(people).value == pytest.approx((4.1 * 40 + 4.8 * 60) / 100)
    lines = points_of(
        actor=people.actor("maya"), slug="satisfaction", cursor=None
    ).lines
    assert [(str(line.value.normalize()), line.state) for line in lines] == [
        ("4.8", "counts"),
        ("4.3", "replaced"),
        ("4.1", "counts"),
    ]

    undo_import(
        actor=people.actor("dana"),
        slug="satisfaction",
        import_id=later.import_id,
        now=NOW,
    )
    assert over(people).value == pytest.approx((4.1 * 40 + 4.3 * 60) / 100)
    with pytest.raises(Conflict):
        undo_import(
            actor=people.actor("dana"),
            slug="satisfaction",
            import_id=later.import_id,
            now=NOW,
        )


def test_a_point_is_never_changed(made):
    people, _ = made
    brought(people)
    with pytest.raises(DatabaseError), transaction.atomic():
        SeriesPoint.objects.update(value=5)


def test_the_same_file_again_changes_nothing(made):
    people, _ = made
    brought(people)
    with pytest.raises(Conflict, match="No row would change"):
        brought(people)


def test_putting_the_same_points_twice_is_one(made):
    people, workflow = made
    system = agent_actor(agent_id=people.agent.id, name="Survey tool")
    points = [PointRead(date(2026, 11, 3), Decimal("4.5"), 10, workflow.slug)]

    first, again = (
        put_points(actor=system, slug="satisfaction", points=points, now=NOW)
        for _ in range(2)
    )

    assert (first.added, again.added, again.same) == (1, 0, 1)
    assert SeriesPoint.objects.count() == 1
    other = agent_actor(agent_id=people.other_agent.id, name="Other")
    with pytest.raises(NotFound):
        put_points(actor=other, slug="satisfaction", points=points, now=NOW)
    with pytest.raises(Invalid):
        put_points(actor=system, slug="satisfaction", points=[], now=NOW)


def test_only_its_keeper_administrators_and_the_risk_team_import(made):
    people, _ = made
    with pytest.raises(Forbidden):
        brought(people, name="olga")
    with pytest.raises(Forbidden):
        add_series(actor=people.actor("maya"), slug="x", name="X", source="me", now=NOW)


def test_points_are_seen_by_who_sees_their_workflow(made):
    people, workflow = made
    brought(people)
    company = put_points(
        actor=agent_actor(agent_id=people.agent.id, name="Survey tool"),
        slug="satisfaction",
        points=[PointRead(date(2026, 11, 3), Decimal("3.9"), 900)],
        now=NOW,
    )
    assert company.added == 1

    assert over(people, "olga") is None
    assert over(people, "maya").points == 2
    everything = over(people, "audrey")
    assert (everything.points, everything.value) == (1, 3.9)
    assert [each.may_import for each in all_series(actor=people.actor("maya"))] == [
        False
    ]


def test_a_discarded_file_leaves_nothing(made):
    people, _ = made
    import_id = upload_points(
        actor=people.actor("dana"),
        slug="satisfaction",
        file_name="scores.csv",
        data=FILE,
        how="file",
        now=NOW,
    )
    discard_import(actor=people.actor("dana"), slug="satisfaction", import_id=import_id)
    assert not SeriesPoint.objects.exists()
