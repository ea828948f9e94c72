"""The spans of a run as trees, one for each trace, in the order in which they are read.

A span whose parent never came stands under "parent not received" of its trace: nothing
is dropped, and no parent is invented. Built without recursion: depth is no danger.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class SpanSeen:
    """One span as its event holds it. `key` leads to the event."""

    key: str
    trace: str
    id: str
    parent: str
    name: str
    start: datetime
    end: datetime | None
    status: str = ""
    tokens: int = 0
    cost: Decimal | None = None
    currency: str = ""
    is_technical: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """One row of the tree. `begin` and `share` are thousandths of its trace's time.

    A row without a span says that the parent of what hangs below it was not received.
    """

    span: SpanSeen | None
    level: int
    position: int
    siblings: int
    children: int
    begin: int
    share: int
    row: str
    parent_row: str


@dataclass(frozen=True, slots=True)
class Trace:
    id: str
    start: datetime
    seconds: float
    spans: int
    failed: int
    orphans: int
    tokens: int
    branches: tuple[Branch, ...]


def traces_of(spans: Iterable[SpanSeen]) -> tuple[Trace, ...]:
    """Sort spans into traces and trees, earliest first. Takes n log n, at any depth."""
    by_trace: dict[str, dict[str, SpanSeen]] = defaultdict(dict)
    for span in spans:
        known = by_trace[span.trace].get(span.id)
        # What came again with an end says more than what came without.
        if known is None or (known.end is None and span.end is not None):
            by_trace[span.trace][span.id] = span
    traces = [_trace(name, found) for name, found in by_trace.items()]
    return tuple(sorted(traces, key=lambda trace: (trace.start, trace.id)))


def _trace(name: str, found: dict[str, SpanSeen]) -> Trace:
    ordered = sorted(found.values(), key=lambda span: (span.start, span.id))
    children: dict[str, list[SpanSeen]] = defaultdict(list)
    roots, orphans = [], []
    for span in ordered:
        if not span.parent:
            roots.append(span)
        elif span.parent in found and span.parent != span.id:
            children[span.parent].append(span)
        else:
            orphans.append(span)
    reached = _reached([*roots, *orphans], children)
    # Spans that name each other as parents hang from nothing; they are orphans too.
    for span in ordered:
        if span.id not in reached:
            orphans.append(span)
            children[span.parent] = [s for s in children[span.parent] if s is not span]
            reached |= _reached([span], children)
    start = ordered[0].start
    ends = [span.end or span.start for span in ordered]
    seconds = max(0.0, (max(ends) - start).total_seconds())
    return Trace(
        id=name,
        start=start,
        seconds=seconds,
        spans=len(ordered),
        failed=sum(span.status == "error" for span in ordered),
        orphans=len(orphans),
        tokens=sum(span.tokens for span in ordered),
        branches=tuple(_branches(name, roots, orphans, children, start, seconds)),
    )


def _reached(
    roots: Sequence[SpanSeen], children: dict[str, list[SpanSeen]]
) -> set[str]:
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        span = waiting.pop()
        if span.id not in seen:
            seen.add(span.id)
            waiting += children.get(span.id, [])
    return seen


def _branches(
    name: str,
    roots: Sequence[SpanSeen],
    orphans: Sequence[SpanSeen],
    children: dict[str, list[SpanSeen]],
    start: datetime,
    seconds: float,
) -> list[Branch]:
    rows: list[Branch] = []
    top = len(roots) + bool(orphans)
    # A stack of what is still to be written: span, level, place among its siblings.
    waiting: list[tuple[SpanSeen | None, int, int, int, str]] = []
    if orphans:
        waiting.append((None, 1, top, top, ""))
    waiting += [(span, 1, place, top, "") for place, span in reversed(_numbered(roots))]
    while waiting:
        span, level, position, siblings, parent_row = waiting.pop()
        below = list(orphans) if span is None else children.get(span.id, [])
        row = f"{name}-{span.id}" if span else f"{name}-orphans"
        begin, share = _bar(span, start, seconds)
        rows.append(
            Branch(
                span=span,
                level=level,
                position=position,
                siblings=siblings,
                children=len(below),
                begin=begin,
                share=share,
                row=row,
                parent_row=parent_row,
            )
        )
        waiting += [
            (each, level + 1, place, len(below), row)
            for place, each in reversed(_numbered(below))
        ]
    return rows


def _numbered(spans: Sequence[SpanSeen]) -> list[tuple[int, SpanSeen]]:
    return list(enumerate(spans, start=1))


def _bar(span: SpanSeen | None, start: datetime, seconds: float) -> tuple[int, int]:
    """Give where the bar begins and how long it is, in thousandths; at least one."""
    if span is None or seconds <= 0:
        return 0, 1000 if span else 0
    begin = int(1000 * (span.start - start).total_seconds() / seconds)
    end = span.end or span.start
    share = int(1000 * (end - span.start).total_seconds() / seconds)
    begin = max(0, min(999, begin))
    return begin, max(1, min(1000 - begin, share))
