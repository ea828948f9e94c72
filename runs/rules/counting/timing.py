"""How long a run took: waiting for people, working, and neither.

The three are disjoint and add up to the whole, to the millisecond: waiting is the union of
the waits for a person, working is the union of the steps that told how long they took
without the waiting, and the rest is idle.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from runs.rules.events import Event, in_order
from runs.rules.together import interval_of
from runs.rules.waits import waits_of

STEP_KINDS = ("tool.called", "model.called", "data.read", "span")
_ANSWER = "the agent's answer"
_FINE_BITS = 3

type Interval = tuple[datetime, datetime]


@dataclass(frozen=True)
class Spent:
    """Milliseconds of a run; the last three add up to the first."""

    took_ms: int
    person_ms: int
    work_ms: int
    idle_ms: int
    has_timed_steps: bool


def time_spent(
    events: Iterable[Event], *, began: datetime, ended: datetime
) -> Spent | None:
    """Split the time of a run; None when its clocks say that it ended before it began."""
    took = _milliseconds(ended - began)
    if took < 0:
        return None
    ordered = in_order(events)
    waits = [
        (begin.at, end.at if end else ended)
        for begin, end, whom in waits_of(ordered)
        if whom != _ANSWER
    ]
    steps = [
        span
        for event in ordered
        if event.kind in STEP_KINDS and not event.is_moment
        if (span := interval_of(event)) is not None
    ]
    person = _milliseconds(length(_clipped(waits, began, ended)))
    both = _milliseconds(length(_clipped([*waits, *steps], began, ended)))
    return Spent(took, person, both - person, took - both, bool(steps))


def length(intervals: Iterable[Interval]) -> timedelta:
    """Add up intervals; what lies in several counts once."""
    total, reached = timedelta(), None
    for begin, end in sorted(intervals):
        begin = max(begin, reached) if reached else begin
        if end > begin:
            total += end - begin
            reached = end
    return total


def bucket_of(milliseconds: int) -> int:
    """Give the number of the range that a value lies in; ranges grow by an eighth."""
    bits = max(0, milliseconds.bit_length() - _FINE_BITS - 1)
    return (bits << _FINE_BITS) + (milliseconds >> bits)


def range_of(bucket: int) -> tuple[int, int]:
    """Give the first value of a range and the first one past it."""
    return _first_of(bucket), _first_of(bucket + 1)


def _first_of(bucket: int) -> int:
    size = 1 << _FINE_BITS
    bits = max(0, (bucket >> _FINE_BITS) - 1)
    return (bucket - (bits << _FINE_BITS)) << bits if bucket >= size else bucket


def _clipped(
    intervals: Iterable[Interval], began: datetime, ended: datetime
) -> list[Interval]:
    return [(max(begin, began), min(end, ended)) for begin, end in intervals]


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
