"""The spans of a run for engineers: trees by trace, with times, tokens and costs."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from portal.accounts.actors import Actor
from runs.queries.stories import run_for
from runs.rules.events import PLUMBING
from runs.rules.span_tree import SpanSeen, Trace, traces_of
from runs.rules.values import decimal_of

SPANS_MAX = 3_000
ROWS_A_PAGE = 400
NAME_LENGTH_MAX = 160
_SPANS = (
    "SELECT id, kind, at, left(facts#>>'{span,trace}', 128), left(facts#>>'{span,id}', 128),"
    " left(facts#>>'{span,parent}', 128), left(facts#>>'{span,name}', 400),"
    " facts#>>'{span,start}', facts#>>'{span,end}', left(facts#>>'{span,status}', 20),"
    " facts->>'input_tokens', facts->>'output_tokens', left(facts#>>'{cost,value}', 40),"
    " left(facts#>>'{cost,currency}', 3)"
    " FROM runs_runevent WHERE run_id = %s AND facts ? 'span' ORDER BY at, id LIMIT %s"
)


@dataclass(frozen=True)
class SpanPage:
    """The traces of a run, of many spans a page of the rows."""

    run_id: UUID
    title: str
    agent_run_id: str
    state: str
    traces: tuple[Trace, ...]
    span_count: int
    is_cut: bool
    start: int
    next_start: int
    previous_start: int | None


def span_page(*, actor: Actor, run_id: UUID, start: int = 0) -> SpanPage:
    """Give the span trees of a run, some hundred rows of them. Three queries.

    Raises NotFound for who may not see it.
    """
    run = run_for(actor, run_id)
    with connection.cursor() as cursor:
        cursor.execute(_SPANS, [run.id, SPANS_MAX + 1])
        rows = cursor.fetchall()
    spans = [span for row in rows[:SPANS_MAX] if (span := _span(row)) is not None]
    traces = traces_of(spans)
    total = sum(len(trace.branches) for trace in traces)
    start = min(start, max(0, total - 1))
    return SpanPage(
        run_id=run.id,
        title=run.title,
        agent_run_id=run.agent_run_id,
        state=run.state,
        traces=tuple(_window(traces, start)),
        span_count=sum(trace.spans for trace in traces),
        is_cut=len(rows) > SPANS_MAX,
        start=start,
        next_start=start + ROWS_A_PAGE if start + ROWS_A_PAGE < total else 0,
        previous_start=max(0, start - ROWS_A_PAGE) if start else None,
    )


def _window(traces: tuple[Trace, ...], start: int) -> list[Trace]:
    """Cut a page of rows out of all traces; each keeps its own head."""
    shown, passed = [], 0
    for trace in traces:
        first = max(0, start - passed)
        last = max(0, start + ROWS_A_PAGE - passed)
        branches = trace.branches[first:last]
        if branches:
            shown.append(replace(trace, branches=branches))
        passed += len(trace.branches)
    return shown


def _span(row: tuple) -> SpanSeen | None:
    event_id, kind, at, trace, span_id, parent, name, start, end, status, *use = row
    if not span_id:
        return None
    began = _time(start) or at
    taken, given, cost, currency = use
    return SpanSeen(
        key=str(event_id),
        trace=trace or "",
        id=span_id,
        parent=parent or "",
        name=(name or "without a name")[:NAME_LENGTH_MAX],
        start=began,
        end=_time(end),
        status=(status or "").lower(),
        tokens=sum(int(text) for text in (taken, given) if text and text.isdecimal()),
        cost=decimal_of(cost),
        currency=currency or "",
        is_technical=kind in PLUMBING,
    )


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
