"""Counting working time: what holds in every calendar, and what real weeks come to."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.rules.business_time import (
    ZERO,
    Calendar,
    NoWorkingTime,
    add_working,
    counts_from,
    working_between,
)

EXAMPLES = settings(max_examples=80, deadline=None)
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
HOURS, OFFICE = timedelta(hours=1), (540, 1020)
OFFICE_WEEK = ((OFFICE,),) * 5 + ((), ())
CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 26)})


def calendar(week=OFFICE_WEEK, zone=BERLIN, closed=frozenset()) -> Calendar:
    return Calendar(zone=zone, week=week, is_closed=lambda day: day in closed)


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)


@st.composite
def spans(draw):
    """Give the hours of a day, some of them reaching into the next."""
    points = sorted(
        draw(st.lists(st.integers(0, 1800), min_size=0, max_size=4, unique=True))
    )
    pairs = zip(points[::2], points[1::2], strict=False)
    return tuple((begins, ends) for begins, ends in pairs if begins < 1440)


weeks = st.tuples(*[spans()] * 7).filter(any)
zones = st.sampled_from([UTC, BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe")])
# Both changes of the clock, on either side of the world, lie in these months.
moments = st.datetimes(
    min_value=datetime(2026, 2, 1), max_value=datetime(2026, 12, 1)
).map(lambda naive: naive.replace(tzinfo=UTC))
lengths = st.timedeltas(min_value=ZERO, max_value=timedelta(hours=60))


@EXAMPLES
@given(weeks, zones, moments, lengths)
def test_what_is_added_is_what_is_measured(week, zone, start, length):
    when = calendar(week, zone)
    end = add_working(when, start, length)
    assert end >= start
    assert working_between(when, start, end) == length


@EXAMPLES
@given(weeks, zones, moments, lengths, lengths)
def test_adding_twice_is_adding_the_sum(week, zone, start, one, other):
    when = calendar(week, zone)
    twice = add_working(when, add_working(when, start, one), other)
    assert twice == add_working(when, start, one + other)


@EXAMPLES
@given(weeks, zones, moments, lengths, lengths)
def test_more_time_is_never_due_earlier(week, zone, start, one, other):
    when = calendar(week, zone)
    less, more = sorted((one, other))
    assert add_working(when, start, less) <= add_working(when, start, more)


@EXAMPLES
@given(weeks, zones, moments, lengths, lengths)
def test_measuring_adds_up_at_any_moment_between(week, zone, start, one, other):
    when = calendar(week, zone)
    middle, end = start + min(one, other), start + max(one, other)
    parts = working_between(when, start, middle) + working_between(when, middle, end)
    assert parts == working_between(when, start, end)


@EXAMPLES
@given(weeks, zones, moments, lengths)
def test_working_time_is_never_more_than_the_time_that_passed(
    week, zone, start, length
):
    assert working_between(calendar(week, zone), start, start + length) <= length


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        # Friday afternoon goes on on Monday.
        (berlin(2026, 11, 20, 16, 0), 2, berlin(2026, 11, 23, 10, 0)),
        # What comes at night begins in the morning.
        (berlin(2026, 11, 23, 22, 0), 1, berlin(2026, 11, 24, 10, 0)),
        # What fills the day ends with it and not the next morning.
        (berlin(2026, 11, 23, 9, 0), 8, berlin(2026, 11, 23, 17, 0)),
        # Christmas on Friday and Saturday, then a Sunday.
        (berlin(2026, 12, 24, 16, 0), 2, berlin(2026, 12, 28, 10, 0)),
        # The weekend on which clocks go back, and that on which they go forward.
        (berlin(2026, 10, 23, 16, 0), 2, berlin(2026, 10, 26, 10, 0)),
        (berlin(2026, 3, 27, 16, 0), 2, berlin(2026, 3, 30, 10, 0)),
    ],
)  # fmt: skip
def test_office_hours_in_berlin(start, hours, due):
    assert add_working(calendar(closed=CHRISTMAS), start, hours * HOURS) == due


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 28), 7), (date(2026, 10, 24), 9), (date(2026, 11, 21), 8)],
)
def test_a_night_shift_is_as_long_as_it_really_was(day, hours):
    night = calendar(week=((),) * 5 + (((1320, 1800),), ()))
    start = datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN)
    assert working_between(night, start, start + 30 * HOURS) == hours * HOURS


def test_a_night_shift_belongs_to_the_day_on_which_it_begins():
    night = calendar(
        week=(((1320, 1800),),) * 7, closed=frozenset({date(2026, 12, 25)})
    )
    # Christmas Eve's shift ends on Christmas morning; Christmas has none of its own.
    assert add_working(night, berlin(2026, 12, 25, 5, 0), 2 * HOURS) == berlin(
        2026, 12, 26, 23, 0
    )


def test_a_week_without_an_hour_is_an_error():
    with pytest.raises(NoWorkingTime):
        calendar(week=((),) * 7)


def test_a_calendar_that_is_always_closed_is_an_error_and_not_an_endless_loop():
    never = Calendar(zone=UTC, week=OFFICE_WEEK, is_closed=lambda _day: True)
    with pytest.raises(NoWorkingTime):
        add_working(never, datetime(2026, 1, 1, tzinfo=UTC), HOURS)


def test_the_countdown_begins_with_the_shift_in_which_it_is_due():
    due = berlin(2026, 11, 23, 10, 30)
    assert counts_from(calendar(), due) == berlin(2026, 11, 23, 9, 0)
