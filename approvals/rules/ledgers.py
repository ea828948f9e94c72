"""What one rulebook would have used of its caps and daily counts, as a replay goes on.

It answers what `runs.queries.spend` answers of the real entries: what was reserved less
than a window ago counts. Moments are whole microseconds, and come in their order.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from registry.rules.answers import Ruling
from registry.rules.rulebook import Request, Rulebook

HOUR = timedelta(hours=1)
DAY_HOURS = 24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# At, system, verb, and what was taken from which cap.
type Take = tuple[int, str, str, tuple[tuple[str, Decimal], ...]]


def micros(moment: datetime) -> int:
    """Give a moment as whole microseconds, as exact as the database keeps it."""
    return (moment - _EPOCH) // _MICROSECOND


def window_hours(rulebook: Rulebook | None) -> int:
    """Say how far back a rulebook looks when it rules; 0 when it counts nothing."""
    if rulebook is None:
        return 0
    counts = any(row.count_per_day is not None for row in rulebook.allowances.values())
    return max(
        [cap.window_hours for cap in rulebook.caps] + [DAY_HOURS if counts else 0],
        default=0,
    )


class Ledger:
    """The running use of every cap of one rulebook, and the grants of the last day."""

    def __init__(self, rulebook: Rulebook | None) -> None:
        caps = rulebook.caps if rulebook else ()
        self._windows = {
            cap.key: cap.window_hours * (HOUR // _MICROSECOND) for cap in caps
        }
        self._entries: dict[str, deque[tuple[int, Decimal]]] = {
            key: deque() for key in self._windows
        }
        self._used = dict.fromkeys(self._windows, Decimal(0))
        self._counts = Counter[tuple[str, str]]()
        self._day: deque[tuple[int, tuple[str, str]]] = deque()
        self._day_window = DAY_HOURS * (HOUR // _MICROSECOND)
        self.is_needed = window_hours(rulebook) > 0

    def used(self, at: int) -> Mapping[str, Decimal]:
        """Give what is used of each cap at a moment."""
        for key, entries in self._entries.items():
            edge = at - self._windows[key]
            while entries and entries[0][0] <= edge:
                self._used[key] -= entries.popleft()[1]
        return self._used

    def day_counts(self, at: int) -> Mapping[tuple[str, str], int]:
        """Give how often each system and verb was granted in the day before a moment."""
        edge = at - self._day_window
        while self._day and self._day[0][0] <= edge:
            place = self._day.popleft()[1]
            self._counts[place] -= 1
            if not self._counts[place]:
                del self._counts[place]
        return self._counts

    def take(self, at: int, request: Request, ruling: Ruling) -> Take:
        """Count one request that goes ahead, and give what is to be remembered of it."""
        taken = (at, request.system, request.verb, ruling.reserves)
        self.put(taken)
        return taken

    def put(self, taken: Take) -> None:
        """Count what was taken; once more, when a replay goes on where another stopped."""
        at, system, verb, reserves = taken
        for key, amount in reserves:
            if key in self._entries:
                self._entries[key].append((at, amount))
                self._used[key] += amount
        self._day.append((at, (system, verb)))
        self._counts[system, verb] += 1


def written(takes: Iterable[Take]) -> list[list[Any]]:
    """Give what was taken as JSON."""
    return [
        [at, system, verb, [[key, str(amount)] for key, amount in reserves]]
        for at, system, verb, reserves in takes
    ]


def read(document: Iterable[list[Any]]) -> Iterable[Take]:
    """Read again what `written` gave."""
    for at, system, verb, reserves in document:
        yield at, system, verb, tuple((key, Decimal(said)) for key, said in reserves)
