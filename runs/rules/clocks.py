"""Clocks that differ: a step never begins before the step that it is part of.

Only what is shown is moved. What the sender's clock said stays in the event, and is said
beside the line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from runs.rules.events import Event

SKEW = timedelta(seconds=1)
DEPTH_MAX = 64
_HAIR = timedelta(microseconds=1)
SAID = "clock_said"

type _Key = tuple[str, str]


def clamped(events: Iterable[Event]) -> list[Event]:
    """Show each step no earlier than its parent began, where that is among the events."""
    events = list(events)
    spans = [_span_of(event) for event in events]
    begun: dict[_Key, tuple[datetime, _Key | None]] = {}
    for span in spans:
        start = _time(span.get("start")) if span else None
        if span and start is not None:
            begun[_key(span, "id")] = (start, _parent(span))
    if not begun:
        return events
    return [
        _moved(event, begun, _parent(span)) if span else event
        for event, span in zip(events, spans, strict=True)
    ]


def moved_words(event: Event) -> str:
    """Say of a step that is shown later why, and what its sender's clock said."""
    said = datetime.fromisoformat(event.facts[SAID])
    return (
        f"The sender's clock said {said:%H:%M:%S} UTC, before the step that it is part of"
        " began; it is shown where that one began."
    )


def _moved(
    event: Event,
    begun: Mapping[_Key, tuple[datetime, _Key | None]],
    parent: _Key | None,
) -> Event:
    latest, depth = event.at, 0
    while parent is not None and parent in begun and depth < DEPTH_MAX:
        start, parent = begun[parent]
        latest, depth = max(latest, start), depth + 1
    if latest <= event.at + SKEW:
        return event
    facts = {**event.facts, SAID: event.at.isoformat()}
    # A hair later for each step above it, so that it also stands after them.
    return replace(event, at=latest + depth * _HAIR, facts=facts)


def _span_of(event: Event) -> Mapping[str, Any] | None:
    span = event.facts.get("span")
    return span if isinstance(span, Mapping) else None


def _key(span: Mapping[str, Any], name: str) -> _Key:
    return str(span.get("trace")), str(span.get(name))


def _parent(span: Mapping[str, Any]) -> _Key | None:
    return _key(span, "parent") if span.get("parent") else None


def _time(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else None
