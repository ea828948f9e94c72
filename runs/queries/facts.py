"""What a ruling reads about the run that asks."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection

from registry.rules.rulebook import RunFacts
from runs.models import RunEvent
from runs.rules.stopping import Call, failure_ages

# Failures further back than so many calls of one run are no longer counted.
CALLS_MAX = 1000
_COUNTS = (
    "SELECT coalesce((fold->>'events')::integer, 0),"
    " coalesce((fold->>'tool_errors')::integer, 0) FROM runs_run WHERE id = %s"
)
_COUNTS_OF = _COUNTS.replace("SELECT ", "SELECT id, ", 1).replace(
    "id = %s", "id = ANY(%s)"
)


def run_facts(run_id: UUID) -> RunFacts:
    """Count a run's steps and the tool failures nothing has made good. One or two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [run_id])
        steps, tool_errors = cursor.fetchone() or (0, 0)
    if not tool_errors:
        return RunFacts(tool_failures_open=0, steps=steps)
    return _facts(tool_calls(run_id), steps)


def facts_of_runs(run_ids: Collection[UUID]) -> Mapping[UUID, RunFacts]:
    """Give the same of many runs. One query, and one for each that has tool failures."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS_OF, [list(run_ids)])
        counts = cursor.fetchall()
    return {
        run_id: _facts(tool_calls(run_id), steps)
        if tool_errors
        else RunFacts(tool_failures_open=0, steps=steps)
        for run_id, steps, tool_errors in counts
    }


def tool_calls(run_id: UUID) -> tuple[Call, ...]:
    """Give the newest tool calls of a run, in their order. One query."""
    newest = (
        RunEvent.objects.filter(run_id=run_id, kind="tool.called")
        .order_by("-at", "-id")
        .values_list("id", "facts__tool", "facts__status")[:CALLS_MAX]
    )
    return tuple(_call(*row) for row in reversed(newest))


def counted_inside(
    workflow_id: UUID,
    *,
    spans: Iterable[tuple[str, str]],
    within: tuple[datetime, datetime],
) -> set[tuple[str, str]]:
    """Say which spans hold a model call that is counted already. One query.

    Children come before their parents, often in an earlier batch.
    """
    wanted = set(spans)
    if not wanted:
        return set()
    rows = RunEvent.objects.filter(
        workflow_id=workflow_id,
        kind="model.called",
        at__range=within,
        facts__span__parent__in=sorted({span for _, span in wanted}),
    ).values_list("facts__span__trace", "facts__span__parent")
    return wanted & set(rows)


def counted_around(
    workflow_id: UUID,
    *,
    spans: Iterable[tuple[str, str]],
    within: tuple[datetime, datetime],
) -> set[tuple[str, str]]:
    """Say which of these spans are model calls whose tokens are counted. One query.

    An export that was sent again late brings a parent before its children.
    """
    wanted = set(spans)
    if not wanted:
        return set()
    rows = RunEvent.objects.filter(
        workflow_id=workflow_id,
        kind="model.called",
        at__range=within,
        facts__span__id__in=sorted({span for _, span in wanted}),
        facts__has_any_keys=["input_tokens", "output_tokens", "cost"],
    ).values_list("facts__span__trace", "facts__span__id")
    return wanted & set(rows)


def run_facts_then(
    moments: Iterable[tuple[UUID, datetime]],
) -> Mapping[tuple[UUID, datetime], RunFacts]:
    """Give what each run had told by a moment: what a ruling could know then. One query."""
    moments = tuple(moments)
    told: dict[UUID, list[tuple]] = defaultdict(list)
    rows = (
        RunEvent.objects.filter(
            run_id__in={run_id for run_id, _ in moments}, kind="tool.called"
        )
        .order_by("run_id", "at", "id")
        .values_list("run_id", "received_at", "id", "facts__tool", "facts__status")
    )
    for run_id, received_at, *rest in rows:
        told[run_id].append((received_at, rest))
    found = {}
    for run_id, moment in moments:
        calls = [_call(*rest) for at, rest in told[run_id] if at <= moment]
        found[run_id, moment] = _facts(calls[-CALLS_MAX:], steps=len(calls))
    return found


def _facts(calls: Iterable[Call], steps: int) -> RunFacts:
    ages = failure_ages(tuple(calls))
    return RunFacts(tool_failures_open=len(ages), steps=steps, failure_ages=ages)


def _call(event_id: UUID, tool: str | None, status: str | None) -> Call:
    return Call(event_id, tool or "", has_failed=status == "error")
