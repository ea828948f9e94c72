"""Counting working time: add some to a moment, or measure it between two moments.

A week has spans of minutes per weekday; a span may reach into the next day. Time that
really passes is counted, so a span is an hour longer or shorter on the day that clocks
change. Days that are closed have no span of their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

type Span = tuple[int, int]
type Week = tuple[tuple[Span, ...], ...]

DAY_MINUTES = 24 * 60
# With any hours at all, a year and a half of closed days is no calendar.
DAYS_WITHOUT_WORK_MAX = 550
ZERO = timedelta(0)


class NoWorkingTime(ValueError):
    """A calendar in which nobody ever works: nothing could ever be due."""


@dataclass(frozen=True)
class Calendar:
    """When people work. `is_closed` says whether a date is a holiday or closed day."""

    zone: tzinfo
    week: Week
    is_closed: Callable[[date], bool]

    def __post_init__(self) -> None:
        if not any(self.week):
            raise NoWorkingTime("There is no working hour in this week.")


def add_working(calendar: Calendar, start: datetime, time: timedelta) -> datetime:
    """Return the first moment by which so much working time has passed since `start`.

    Raises NoWorkingTime when days without work never end.
    """
    if time <= ZERO:
        return start
    missing = time
    for begins, ends in _shifts(calendar, start):
        length = ends - begins
        if length >= missing:
            return begins + missing
        missing -= length
    raise AssertionError("unreachable")


def working_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return the working time between two moments; nothing when they are the wrong way."""
    passed = ZERO
    if end <= start:
        return passed
    for begins, ends in _shifts(calendar, start, until=end):
        passed += min(ends, end) - begins
        if ends >= end:
            break
    return passed


def counts_from(calendar: Calendar, due: datetime) -> datetime:
    """Return since when working time runs without a break up to `due`."""
    first = due
    day = due.astimezone(calendar.zone).date() - timedelta(days=1)
    for begins, ends in _days(calendar, day, day + timedelta(days=2)):
        if begins < due <= ends:
            first = begins
    return first


def spans_on(calendar: Calendar, day: date) -> tuple[Span, ...]:
    """Return the hours of one day, none on a closed day."""
    return () if calendar.is_closed(day) else calendar.week[day.weekday()]


def _shifts(
    calendar: Calendar, start: datetime, *, until: datetime | None = None
) -> Iterator[tuple[datetime, datetime]]:
    """Give working stretches after `start`, in order and without overlaps."""
    day = start.astimezone(calendar.zone).date() - timedelta(days=1)
    last = start
    idle = 0
    while idle <= DAYS_WITHOUT_WORK_MAX:
        idle += 1
        for begins, ends in _days(calendar, day, day):
            begins = max(begins, last)  # noqa: PLW2901 - what is counted is not counted twice
            if until is not None and begins >= until:
                return
            if ends > begins:
                idle = 0
                last = ends
                yield begins, ends
        day += timedelta(days=1)
        if until is not None and _moment(calendar, day, 0, is_end=False) > until:
            return
    raise NoWorkingTime("Nobody works for a year and a half in this calendar.")


def _days(
    calendar: Calendar, first: date, last: date
) -> Iterator[tuple[datetime, datetime]]:
    day = first
    while day <= last:
        for begins, ends in sorted(spans_on(calendar, day)):
            yield (
                _moment(calendar, day, begins, is_end=False),
                _moment(calendar, day, ends, is_end=True),
            )
        day += timedelta(days=1)


def _moment(calendar: Calendar, day: date, minutes: int, *, is_end: bool) -> datetime:
    """Give the instant of a time on the wall; of an hour that comes twice, the outer one."""
    days, rest = divmod(minutes, DAY_MINUTES)
    wall = datetime(day.year, day.month, day.day, rest // 60, rest % 60) + timedelta(  # noqa: DTZ001 - the wall's
        days=days
    )
    first = wall.replace(tzinfo=calendar.zone).astimezone(UTC)
    if not is_end:
        return first
    return max(first, wall.replace(tzinfo=calendar.zone, fold=1).astimezone(UTC))
