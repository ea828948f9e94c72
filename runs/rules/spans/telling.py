"""What one span tells of a run: the mapping from wire signals to business steps.

Every span becomes at least one event. A claim stays a claim: a tool call without output
and without error was asked for and never done, and a framework's pause is neither an
error nor an end. Approvals are our own records and never come from here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from registry.rules.rulebook import Tool
from runs.rules.shapes import ToldEvent
from runs.rules.spans import pausing
from runs.rules.spans.aliases import Part
from runs.rules.spans.context import ALONE, Context
from runs.rules.spans.reading import error_of, part_of, pause_of
from runs.rules.spans.roots import begins_a_run, finished, started
from runs.rules.spans.span import Span
from runs.rules.spans.steps import STEPS, Step, decided

OPEN = ":open"


@dataclass(frozen=True, slots=True)
class _Told:
    suffix: str
    step: Step


def told_by(
    span: Span,
    *,
    workflow: str,
    run: str,
    tools: Iterable[Tool] = (),
    context: Context = ALONE,
) -> list[ToldEvent]:
    """Give the events that a span tells: its own step first, then what else it shows."""
    if span.ended_at is None:
        # It is told again when it has ended; until then it is only seen to run.
        return _events(span, [_Told(OPEN, _seen(span))], workflow, run)
    part = part_of(span)
    found = [_Told("", _step(span, part, tools, context))]
    found += _around(span, part, context)
    why = decided(span) if part is Part.MODEL and context.is_leaf else None
    found += [_Told(":decided", why)] if why else []
    found += [_Told(*each) for each in _noted(span)]
    return _events(span, found, workflow, run)


def _step(
    span: Span, part: Part | None, tools: Iterable[Tool], context: Context
) -> Step:
    teller = STEPS.get(part)
    step = teller(span, tools, context) if teller else None
    return step or _seen(span)


def _seen(span: Span) -> Step:
    """Tell a span that means nothing to the business: it is kept for engineers."""
    error = error_of(span)
    return Step("span", span.started_at, {"error": error} if error else {})


def _around(span: Span, part: Part | None, context: Context) -> Iterator[_Told]:
    """Tell the start and the end of a run, where this span is what encloses it."""
    begin = started(span, part, context)
    if begin is not None:
        name = begin.kind.rpartition(".")[2]
        text = str(begin.facts.get("trigger") or "")
        # Told by several calls of one trace, the same beginning is one beginning.
        is_shared = not begins_a_run(span, part)
        yield _Told(f"~{name}-{_mark(text)}" if is_shared else f":{name}", begin)
    if begins_a_run(span, part):
        end = finished(span, context)
        yield _Told(f":{end.kind.rpartition('.')[2]}", end)


def _noted(span: Span) -> Iterator[tuple[str, Step]]:
    """Tell what is noted on a span: a pause, an evaluation, a threat."""
    pause = pause_of(span)
    if pause is not None:
        message = str(pause.attributes.get("exception.message") or "")
        # The same interrupt shows on every span that it passes through: it is one pause.
        asks = pausing.asks_of_exception(pause)
        yield (
            f"~paused-{_mark(message)}",
            Step("paused", pause.at, {"asks": asks} if asks else {}),
        )
    for number, event in enumerate(span.events):
        if event.name == "gen_ai.evaluation.result":
            text = _evaluation(event.attributes)
            yield f":evaluated{number}", Step("note", event.at, {"text": text})
        elif event.name == "agent.threat.detection":
            kind = str(event.attributes.get("agent.threat.type") or "a threat")
            reason = f"A threat was seen: {kind}"
            yield f":threat{number}", Step("escalated", event.at, {"reason": reason})


def _mark(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def _evaluation(attributes: Mapping[str, Any]) -> str:
    name = attributes.get("gen_ai.evaluation.name") or "an evaluation"
    said = [
        str(attributes[key])
        for key in (
            "gen_ai.evaluation.score.label",
            "gen_ai.evaluation.score.value",
            "gen_ai.evaluation.explanation",
        )
        if attributes.get(key) not in (None, "")
    ]
    return f"Evaluated for {name}: {', '.join(said) or 'no result told'}"


def _events(span: Span, found: list[_Told], workflow: str, run: str) -> list[ToldEvent]:
    events = []
    for place, told in enumerate(found):
        facts = dict(told.step.facts)
        facts["span"] = _whole(span) if place == 0 else _name(span)
        events.append(
            ToldEvent(
                id=_id(span, told.suffix),
                workflow=workflow,
                run=run,
                at=told.step.at,
                kind=told.step.kind,
                facts=facts,
            )
        )
    return events


def _id(span: Span, suffix: str) -> str:
    if suffix.startswith("~"):
        return f"{span.trace_id}:{suffix}"
    return f"{span.trace_id}:{span.span_id}{suffix}"


def _name(span: Span) -> dict[str, Any]:
    return {"trace": span.trace_id, "id": span.span_id}


def _whole(span: Span) -> dict[str, Any]:
    """Give a span as engineers see it."""
    found: dict[str, Any] = {
        **_name(span),
        "parent": span.parent_id,
        "name": span.name,
        "start": _written(span.started_at),
        "end": _written(span.ended_at),
        "status": str(span.status),
        "scope": span.scope,
        "attributes": dict(span.attributes),
    }
    if span.status_message:
        found["message"] = span.status_message
    if span.kind:
        found["kind"] = span.kind
    if span.events:
        found["events"] = [
            {
                "name": event.name,
                "at": _written(event.at),
                "attributes": dict(event.attributes),
            }
            for event in span.events
        ]
    return found


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
