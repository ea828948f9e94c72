"""Until when a person may put a proposal away.

Never up to its due time: whoever takes it out again must still have time to read it, so
a fifth of its time stays, between five minutes and an hour.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from registry.rules.business_time import Calendar, add_working

MARGIN_MIN, MARGIN_MAX = timedelta(minutes=5), timedelta(hours=1)
MORNING = time(9, 0)
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Choice:
    key: str
    label: str
    until: datetime


def latest_for(*, due_at: datetime, length: timedelta) -> datetime:
    """Return the last moment until which a proposal may be put away."""
    return due_at - min(max(length / 5, MARGIN_MIN), MARGIN_MAX)


def choices_for(
    *, now: datetime, latest: datetime, calendar: Calendar | None
) -> tuple[Choice, ...]:
    """Return the usual choices that still leave time to decide."""
    named = [Choice("hour", "In one hour", now + timedelta(hours=1))]
    here = now.astimezone(calendar.zone if calendar else now.tzinfo)
    morning = datetime.combine(
        here.date() + timedelta(days=1), MORNING, tzinfo=here.tzinfo
    )
    named.append(Choice("morning", "Tomorrow at 9:00", morning))
    if calendar is not None:
        midnight = datetime.combine(
            here.date() + timedelta(days=1), time(), tzinfo=here.tzinfo
        )
        opens = add_working(calendar, midnight, INSTANT) - INSTANT
        named.append(Choice("working", "Next working day", opens))
    return tuple(choice for choice in named if choice.until <= latest)
