"""Time passes: many things in parallel, each told to wait and woken in order."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.core.clock import in_history

# A course yields how many seconds pass before it goes on.
type Course = Iterator[float]


@dataclass(order=True)
class _Waiting:
    at: datetime
    order: int
    course: Course = field(compare=False)
    told: list[datetime] = field(compare=False)


class Clockwork:
    """Runs courses in the order of their times, up to the present."""

    def __init__(self) -> None:
        self._heap: list[_Waiting] = []
        self._order = 0

    def begin(self, at: datetime, course: Course, told: list[datetime]) -> None:
        """Let a course begin at a time; `told[0]` says what time it is whenever it runs."""
        self._order += 1
        heapq.heappush(self._heap, _Waiting(at, self._order, course, told))

    def run(self, *, until: datetime) -> None:
        """Wake what is due, in order, until nothing is due before `until`."""
        while self._heap and self._heap[0].at <= until:
            waiting = heapq.heappop(self._heap)
            waiting.told[:] = [waiting.at]
            with in_history(waiting.at):
                seconds = next(waiting.course, None)
            if seconds is not None:
                later = waiting.at + timedelta(seconds=max(0.001, seconds))
                self.begin(later, waiting.course, waiting.told)


def working_times(
    *,
    first: datetime,
    last: datetime,
    count: int,
    chance,
    opens: int = 8,
    closes: int = 18,
) -> list[datetime]:
    """Spread so many moments over the working hours between two days, mostly on weekdays."""
    days = [
        day
        for number in range((last.date() - first.date()).days + 1)
        if (day := first + timedelta(days=number)).weekday() < 5
        or chance.random() < 0.15
    ]
    found = []
    for _ in range(count):
        day = chance.choice(days)
        hour = chance.triangular(opens, closes, (opens + closes) / 2)
        moment = day.replace(hour=0, minute=0, second=0, microsecond=0)
        found.append(moment + timedelta(hours=hour, seconds=chance.random()))
    return sorted(moment for moment in found if moment < last)
