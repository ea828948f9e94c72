"""What ran at the same time: lines whose steps overlap, side by side in the narrative."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from runs.rules.events import Event
from runs.rules.lines import Line, LineKind

type Interval = tuple[datetime, datetime]


def interval_of(event: Event) -> Interval | None:
    """Give when a step began and ended, where that was told. No clock is guessed."""
    span = event.facts.get("span")
    if isinstance(span, dict):
        return _between(span.get("start"), span.get("end"), event.at)
    milliseconds = event.facts.get("duration_ms")
    if isinstance(milliseconds, int) and 0 < milliseconds < 10**9:
        return event.at, event.at + timedelta(milliseconds=milliseconds)
    return None


def overlap(one: Interval | None, other: Interval | None) -> bool:
    """Say whether two steps ran at the same time for longer than an instant."""
    if one is None or other is None:
        return False
    return min(one[1], other[1]) > max(one[0], other[0])


def mark_together(lines: Sequence[Line]) -> None:
    """Number the tool lines in a row that overlap; a line on its own keeps 0."""
    numbers = count(1)
    group: list[Line] = []
    for line in [*lines, None]:
        if (
            line is not None
            and _is_step(line)
            and any(overlap(each.span, line.span) for each in group)
        ):
            group.append(line)
            continue
        if len(group) > 1:
            number = next(numbers)
            for each in group:
                each.together = number
        group = [line] if line is not None and _is_step(line) else []


def _is_step(line: Line) -> bool:
    return line.kind == LineKind.EVENT and line.span is not None


def _between(begin: object, end: object, near: datetime) -> Interval | None:
    if not isinstance(begin, str) or not isinstance(end, str):
        return None
    try:
        began, ended = datetime.fromisoformat(begin), datetime.fromisoformat(end)
    except ValueError:
        return None
    # A time without its zone is in the zone of the event, which is UTC.
    began, ended = (
        each if each.tzinfo else each.replace(tzinfo=near.tzinfo)
        for each in (began, ended)
    )
    return (began, ended) if ended > began else None
