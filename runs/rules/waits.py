"""Time in which nothing happened, and what kind of nothing it was.

Waiting for a person and waiting for a system are known; a gap in which nothing was
recorded is not. Loose ends are what should have come and did not.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from runs.rules.events import Event, Provenance, stamp_of
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
    for begin, end, whom in _waits(ordered):
        until = end.at if end is not None else now
        if until is None or (until - begin.at).total_seconds() < WAIT_SECONDS_MIN:
            continue
        took = duration((until - begin.at).total_seconds())
        took += _allowed_time(begin)
        text = (
            f"waited {took} for {whom}" if end else f"{took} waiting for {whom} so far"
        )
        lines.append(_line(begin, LineKind.WAIT, text, Provenance.ENFORCED))
    return lines


def gap_lines(ordered: list[Event]) -> list[Line]:
    """Give a line for each long gap that no wait explains."""
    pairs = list(zip(ordered, ordered[1:], strict=False))
    gaps = [(after.at - before.at).total_seconds() for before, after in pairs]
    positive = [gap for gap in gaps if gap > 0]
    if not positive:
        return []
    long = max(GAP_SECONDS_MIN, GAP_FACTOR * median(positive))
    waits = [(b.at, e.at if e else None) for b, e, _ in _waits(ordered)]
    lines = []
    for (before, after), gap in zip(pairs, gaps, strict=True):
        is_waited = any(
            b <= before.at and (e is None or e >= after.at) for b, e in waits
        )
        if gap < long or is_waited:
            continue
        system = _system_waited_for(before, after)
        text = (
            f"waited {duration(gap)} for {system}"
            if system
            else f"{duration(gap)}, nothing recorded"
        )
        kind = LineKind.WAIT if system else LineKind.GAP
        lines.append(_line(before, kind, text, Provenance.INFERRED))
    return lines


def loose_ends(ordered: list[Event], *, now: datetime | None) -> list[Line]:
    """Give a line for what should have been told and was not."""
    if not ordered:
        return []
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
            lines.append(_line(ordered[-1], LineKind.GAP, text, Provenance.INFERRED))
    if is_over and any(
        end is None and whom == "a person" for _, end, whom in _waits(ordered)
    ):
        text = "The agent ended the run while a person was still asked."
        lines.append(_line(ordered[-1], LineKind.GAP, text, Provenance.INFERRED))
    return lines


def _line(event: Event, kind: LineKind, text: str, provenance: Provenance) -> Line:
    # "~" sorts behind the event itself and before the next one.
    return Line(
        stamp_of(event) + "~", event.at, "", text, kind=kind, provenance=provenance
    )


def _waits(ordered: list[Event]) -> Iterator[Span]:
    """Pair what begins a wait with what ends it."""
    yield from _pairs(
        ordered, ("proposed",), _ends_proposal, "action_request", "a person"
    )
    yield from _pairs(
        ordered, ("question",), ("answer",), "proposal", "the agent's answer"
    )
    ends = ("resumed", "stopped")
    yield from _pairs(ordered, ("held",), ends, "", "a person to lift the hold")


def _pairs(ordered: list[Event], begins, ends, key: str, whom: str) -> Iterator[Span]:  # type: ignore[no-untyped-def]
    waiting: dict[str, Event] = {}
    for event in ordered:
        if not event.is_moment:
            continue
        name = str(event.facts.get(key)) if key else ""
        is_end = ends(event) if callable(ends) else event.kind in ends
        if is_end and name in waiting:
            yield waiting.pop(name), event, whom
        if event.kind in begins:
            waiting.setdefault(name, event)
    for event in waiting.values():
        yield event, None, whom


def _ends_proposal(event: Event) -> bool:
    if event.kind == "decided":
        return bool(event.facts.get("resolution"))
    if event.kind == "glass_broken":
        return True
    is_about_a_grant = event.kind == "expired" and event.facts.get("grant")
    return event.kind in ("withdrawn", "expired", "revoked") and not is_about_a_grant


def _allowed_time(begin: Event) -> str:
    due = begin.facts.get("due_at")
    if not isinstance(due, str):
        return ""
    try:
        allowed = (datetime.fromisoformat(due) - begin.at).total_seconds()
    except (ValueError, TypeError):
        return ""
    return f" of {duration(60 * round(allowed / 60))}" if allowed >= 60 else ""


def _system_waited_for(before: Event, after: Event) -> str:
    if before.kind == "redeemed" or (
        before.kind == "granted" and after.kind == "redeemed"
    ):
        return str(before.facts.get("system") or "the agent")
    if before.kind == "handoff":
        return str(before.facts.get("to") or "another")
    return ""
