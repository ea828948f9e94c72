"""Time in which nothing happened, and what kind of nothing it was.

Waiting for a person and waiting for a system are known; a gap in which nothing was
recorded is not. Loose ends are what should have come and did not.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from runs.rules.events import PLUMBING, Event, Provenance, stamp_of, time_stamp
from runs.rules.lines import Line, LineKind
from runs.rules.phrases import duration

GAP_SECONDS_MIN = 60
GAP_FACTOR = 5
SILENT_GRANT_AFTER = timedelta(minutes=20)
WAIT_SECONDS_MIN = 1

type Span = tuple[Event, Event | None, str]


def wait_lines(ordered: list[Event], *, now: datetime | None) -> list[Line]:
    """Give a line for each wait for a person, open ones up to `now`."""
    lines = []
    for begin, end, whom in waits_of(ordered):
        until = end.at if end is not None else now
        if until is None or (until - begin.at).total_seconds() < WAIT_SECONDS_MIN:
            continue
        took = duration((until - begin.at).total_seconds())
        took += _allowed_time(begin)
        text = (
            f"waited {took} for {whom}" if end else f"{took} waiting for {whom} so far"
        )
        provenance = Provenance.ENFORCED if begin.is_moment else Provenance.REPORTED
        line = _line(begin, LineKind.WAIT, text, provenance)
        line.about = f"wait-{begin.id}"
        allowed = _allowed_seconds(begin)
        if allowed:
            line.waited = ((until - begin.at).total_seconds(), allowed)
        lines.append(line)
    return lines


def open_gaps(ordered: list[Event]) -> list[tuple[datetime, datetime]]:
    """Give where a gap might be: long pauses between one event and the next."""
    pairs = zip(ordered, ordered[1:], strict=False)
    return [
        (before.at, after.at)
        for before, after in pairs
        if (after.at - before.at).total_seconds() >= GAP_SECONDS_MIN
    ]


def gap_lines(
    ordered: list[Event],
    *,
    known: list[Event] | None = None,
    quiet: list[tuple[datetime, datetime]] | None = None,
) -> list[Line]:
    """Give a line for each long gap that no wait explains.

    Of a part of a run, `known` are the events that tell of its waits, and `quiet` is when
    nothing at all was recorded: what is hidden is recorded too.
    """
    told = [event for event in ordered if event.kind not in PLUMBING]
    steps = zip(told, told[1:], strict=False)
    gaps = [(after.at - before.at).total_seconds() for before, after in steps]
    positive = [gap for gap in gaps if gap > 0]
    if not positive:
        return []
    long = max(GAP_SECONDS_MIN, GAP_FACTOR * median(positive))
    if quiet is None:
        pairs = zip(ordered, ordered[1:], strict=False)
        quiet = [(before.at, after.at) for before, after in pairs]
    waits = [
        (b.at, e.at if e else None)
        for b, e, _ in waits_of(ordered if known is None else known)
    ]
    lines, times = [], [event.at for event in ordered]
    over = [event.at for event in ordered if event.kind == "run.finished"]
    for begin, end in quiet:
        gap = (end - begin).total_seconds()
        # After the end nothing is expected: what still comes is late.
        if gap < long or (over and begin >= max(over)):
            continue
        if any(b <= begin and (e is None or e >= end) for b, e in waits):
            continue
        before, after = bisect_right(times, begin) - 1, bisect_left(times, end)
        if before >= 0 and after < len(ordered):
            lines.append(_gap_line(ordered[before], ordered[after], begin, gap))
    return lines


def _gap_line(before: Event, after: Event, begin: datetime, gap: float) -> Line:
    system = _system_waited_for(before, after)
    text = f"{duration(gap)}, nothing recorded"
    if system:
        text = f"waited {duration(gap)} for {system}"
    kind = LineKind.SYSTEM if system else LineKind.GAP
    line = _line(before, kind, text, Provenance.INFERRED)
    if before.at < begin:
        # It stands behind a hidden step, which has no line of its own.
        line.at, line.sort_key = begin, time_stamp(begin) + "~"
    return line


def loose_ends(
    ordered: list[Event], *, now: datetime | None, last: Event | None = None
) -> list[Line]:
    """Give a line for what should have been told and was not; it stands behind `last`."""
    if not ordered:
        return []
    last = last or ordered[-1]
    is_over = any(e.kind == "run.finished" for e in ordered)
    told = {
        str(e.facts.get("grant"))
        for e in ordered
        if e.kind in ("outcome", "change.made")
    }
    lines = []
    for event in ordered:
        if event.kind != "redeemed" or not event.is_moment:
            continue
        is_old = now is not None and now - event.at > SILENT_GRANT_AFTER
        if str(event.facts.get("grant")) not in told and (is_over or is_old):
            text = "A grant was used and no outcome was told for it."
            lines.append(_line(last, LineKind.GAP, text, Provenance.INFERRED))
    if is_over and any(
        end is None and whom == "a person" for _, end, whom in waits_of(ordered)
    ):
        text = "The agent ended the run while a person was still asked."
        lines.append(_line(last, LineKind.GAP, text, Provenance.INFERRED))
    return lines


def _line(event: Event, kind: LineKind, text: str, provenance: Provenance) -> Line:
    # "~" sorts behind the event itself and before the next one.
    return Line(
        stamp_of(event) + "~", event.at, "", text, kind=kind, provenance=provenance
    )


def waits_of(ordered: list[Event]) -> Iterator[Span]:
    """Pair what begins a wait with what ends it."""
    yield from _pairs(
        ordered, ("proposed",), _ends_proposal, "action_request", "a person"
    )
    yield from _pairs(
        ordered, ("question",), ("answer",), "proposal", "the agent's answer"
    )
    ends = ("resumed", "stopped")
    yield from _pairs(ordered, ("held",), ends, "", "a person to lift the hold")
    # What an agent tells of its own pauses, unless our records tell of the same wait.
    told = [event for event in ordered if not event.is_moment]
    ours = [event for event in ordered if event.is_moment and event.kind == "proposed"]
    if not ours:
        yield from _pairs(told, ("paused",), _goes_on, "", "an answer", ours=False)


def _pairs(  # type: ignore[no-untyped-def]
    ordered: list[Event], begins, ends, key: str, whom: str, *, ours: bool = True
) -> Iterator[Span]:
    waiting: dict[str, Event] = {}
    for event in ordered:
        if event.is_moment is not ours:
            continue
        name = str(event.facts.get(key)) if key else ""
        is_end = ends(event) if callable(ends) else event.kind in ends
        if is_end and name in waiting:
            yield waiting.pop(name), event, whom
        if event.kind in begins:
            waiting.setdefault(name, event)
    for event in waiting.values():
        yield event, None, whom


def _goes_on(event: Event) -> bool:
    """Say whether an agent that had paused did something again; few frameworks say so."""
    return event.kind not in ("paused", "run.finished", "span", "cost")


def _ends_proposal(event: Event) -> bool:
    if event.kind == "decided":
        return bool(event.facts.get("resolution"))
    if event.kind == "glass_broken":
        return True
    is_about_a_grant = event.kind == "expired" and event.facts.get("grant")
    return event.kind in ("withdrawn", "expired", "revoked") and not is_about_a_grant


def _allowed_seconds(begin: Event) -> float:
    due = begin.facts.get("due_at")
    if not isinstance(due, str):
        return 0
    try:
        return max(0, (datetime.fromisoformat(due) - begin.at).total_seconds())
    except (ValueError, TypeError):
        return 0


def _allowed_time(begin: Event) -> str:
    allowed = _allowed_seconds(begin)
    return f" of {duration(60 * round(allowed / 60))}" if allowed >= 60 else ""


def _system_waited_for(before: Event, after: Event) -> str:
    if before.kind == "redeemed" or (
        before.kind == "granted" and after.kind == "redeemed"
    ):
        return str(before.facts.get("system") or "the agent")
    if before.kind == "handoff":
        return str(before.facts.get("to") or "another")
    return ""
