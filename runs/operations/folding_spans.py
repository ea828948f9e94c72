"""Telemetry on its way to being folded: spans find their runs and become events."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from portal.audit.operation import step
from portal.core.errors import NotFound
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.rulebook import Tool
from runs.models import InboxBatch
from runs.operations.batch_sealing import opened
from runs.operations.reading_spans import OPENAI, OTLP, ReadSpans, read_spans
from runs.operations.stitching import place_of, stitch
from runs.queries.facts import counted_around, counted_inside
from runs.rules.batches import Looked
from runs.rules.shapes import Rejected, ToldEvent
from runs.rules.spans.aliases import Part
from runs.rules.spans.context import contexts_of
from runs.rules.spans.reading import part_of
from runs.rules.spans.span import Span
from runs.rules.spans.telling import told_by

SPAN_FORMS = (OTLP, OPENAI)
# How long before a model call the one around it may have begun.
AROUND_MAX = timedelta(days=1)


def spans_of(batch: InboxBatch) -> ReadSpans:
    """Read the spans of a stored batch, as the door read them."""
    return read_spans(
        opened(batch),
        form=batch.form,
        content_type=batch.content_type,
        now=batch.received_at,
    )


@step
def told_of_spans(
    batch: InboxBatch, *, now: datetime, only: int | None = None
) -> Looked:
    """Tell the spans of a batch as events of the runs that they belong to.

    With `only`, one span is told; it is still read among the others of its batch.
    """
    read = spans_of(batch)
    chosen = [each for each in read.spans if only is None or each[0] == only]
    places = stitch(batch, chosen, now=now)
    spans = tuple(span for _, span in read.spans)
    contexts = contexts_of(spans)
    tools: dict[str, tuple[Tool, ...]] = {}
    counted: dict[str, set[tuple[str, str]]] = {}
    looked = Looked(rejected=list(read.rejected), duplicate=read.duplicate, spans=spans)
    for index, span in chosen:
        place = place_of(places, span)
        if place is None:
            looked.quarantined += 1
            continue
        if place.workflow not in tools:
            facts = _facts_of(batch, place.workflow)
            tools[place.workflow] = _tools_of(facts)
            counted[place.workflow] = _counted_before(facts, chosen)
        name = (span.trace_id, span.span_id)
        context = contexts[name]
        if name in counted[place.workflow]:
            context = replace(context, is_leaf=False)
        events = told_by(
            span,
            workflow=place.workflow,
            run=place.run,
            tools=tools[place.workflow],
            context=context,
        )
        looked.events += [(index, event) for event in events]
    looked.events, repeated = _once(looked.events)
    looked.duplicate += repeated
    return looked


def _once(
    told: list[tuple[int, ToldEvent]],
) -> tuple[list[tuple[int, ToldEvent]], int]:
    """Leave each event once: a pause shows on every span that it passes through."""
    found: dict[str, tuple[int, ToldEvent]] = {}
    for index, event in told:
        known = found.get(event.id)
        if known is None or event.at < known[1].at:
            found[event.id] = (index, event)
    return list(found.values()), len(told) - len(found)


def count_told(looked: Looked, rejected: Sequence[tuple[int, Rejected]]) -> int:
    """Count what the spans of a batch came to: how many events a span tells, only it knows."""
    refused = {index for index, _ in rejected}
    told = sum(index not in refused for index, _ in looked.events)
    return told + len(rejected) + looked.duplicate + looked.quarantined


def _facts_of(batch: InboxBatch, workflow: str) -> RulebookInForce | None:
    try:
        return standing_facts(workflow, agent_id=batch.agent_id)
    except NotFound:
        return None


def _tools_of(facts: RulebookInForce | None) -> tuple[Tool, ...]:
    rulebook = facts.rulebook if facts is not None else None
    return tuple(rulebook.tools) if rulebook is not None else ()


def _counted_before(
    facts: RulebookInForce | None, spans: Sequence[tuple[int, Span]]
) -> set[tuple[str, str]]:
    """Find the model spans that earlier batches counted, by what is in or around them."""
    models = [span for _, span in spans if part_of(span) is Part.MODEL]
    if facts is None or not models:
        return set()
    begin = min(span.started_at for span in models)
    end = max(span.ended_at or span.started_at for span in models)
    names = {(span.trace_id, span.span_id) for span in models}
    found = counted_inside(facts.workflow_id, spans=names, within=(begin, end))
    above = {
        (span.trace_id, span.span_id): (span.trace_id, span.parent_id)
        for span in models
        if span.parent_id is not None
    }
    around = counted_around(
        facts.workflow_id, spans=above.values(), within=(begin - AROUND_MAX, end)
    )
    return found | {name for name, outer in above.items() if outer in around}
