"""What weeks saw, added up: counts by line, and percentiles from rounded values.

A week keeps each time rounded to two digits with how often it came, so that a dozen weeks
add up exactly and stay small. A percentile is therefore right to five per cent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

EXAMPLES_MAX = 3
NINE_TENTHS = 0.9
SECOND, MINUTE, HOUR = 1_000, 60, 3_600


@dataclass(frozen=True)
class Line:
    """One thing that was seen, over a week or over several."""

    kind: str
    key: str
    count: int
    runs: int
    by_week: tuple[int, ...]
    examples: tuple[Mapping[str, Any], ...]
    p50: int | None
    p90: int | None

    @property
    def half_within(self) -> str:
        return took(self.p50)

    @property
    def most_within(self) -> str:
        return took(self.p90)


def took(milliseconds: int | None) -> str:
    """Say a time in its own unit, as exactly as two digits are."""
    if milliseconds is None:
        return "no data"
    if milliseconds < SECOND:
        return f"{milliseconds} ms"
    seconds = milliseconds / SECOND
    if seconds < MINUTE:
        return f"{seconds:.2g} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"


def percentile(times: Mapping[int, int], share: float) -> int | None:
    """Give the least value that so large a share is not above; none of nothing."""
    total = sum(times.values())
    reached = 0
    for value in sorted(times):
        reached += times[value]
        if reached >= share * total:
            return value
    return None


def added_up(
    weeks: Iterable[Iterable[Mapping[str, Any]]],
) -> dict[tuple[str, str], Line]:
    """Add up the lines of weeks, the oldest week first; a run of two weeks counts in both."""
    told = [list(lines) for lines in weeks]
    keys = dict.fromkeys((str(x["kind"]), str(x["key"])) for w in told for x in w)
    found = {}
    for kind, key in keys:
        of_key = [
            next((x for x in week if (x["kind"], x["key"]) == (kind, key)), None)
            for week in told
        ]
        there = [line for line in of_key if line is not None]
        times: dict[int, int] = {}
        for line in there:
            for value, number in (line.get("times") or {}).items():
                times[int(value)] = times.get(int(value), 0) + int(number)
        examples = [each for line in reversed(there) for each in line["examples"]]
        found[kind, key] = Line(
            kind=kind,
            key=key,
            count=sum(int(line["count"]) for line in there),
            runs=sum(int(line["runs"]) for line in there),
            by_week=tuple(int(line["count"]) if line else 0 for line in of_key),
            examples=tuple(examples[:EXAMPLES_MAX]),
            p50=percentile(times, 0.5),
            p90=percentile(times, NINE_TENTHS),
        )
    return found
