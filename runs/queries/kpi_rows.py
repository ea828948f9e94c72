"""The exact runs behind a number, one keyset page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.pagination import Page, keyset
from runs.models import RunFact
from runs.queries.kpi_sums import Span

ORDER = ("-on", "-ended_at", "-run_id")


@dataclass(frozen=True)
class CountedRun:
    """One run behind a number, with everything that it adds to its day."""

    id: UUID
    title: str
    ended_at: datetime
    took_ms: int | None
    measures: Mapping[str, Any]


def counted_runs(
    *,
    actor: Actor,
    span: Span,
    having: Sequence[str],
    lacking: Sequence[str] = (),
    cursor: str | None,
) -> Page[CountedRun]:
    """Give one page of the runs that add to one of some measures, newest first.

    `lacking` leaves out the runs that add to one of those. Two queries.
    """
    rows = _facts(actor, span).filter(measures__has_any_keys=list(having))
    if lacking:
        rows = rows.exclude(measures__has_any_keys=list(lacking))
    page = keyset(
        rows.select_related("run").defer("run__fold"), order=ORDER, cursor=cursor
    )
    return Page(
        tuple(
            CountedRun(
                fact.run_id, fact.run.title, fact.ended_at, fact.took_ms, fact.measures
            )
            for fact in page.items
        ),
        page.next_cursor,
        page.previous_cursor,
    )


def reopened_runs(
    *, actor: Actor, first: Any, last: Any, workflows: frozenset[UUID] | None = None
) -> QuerySet:
    """Give the ids of completed runs of cases that were opened again. Not run yet."""
    rows = _facts(actor, Span(first, last, workflows))
    return rows.filter(measures__has_key="run.reopened").values_list(
        "run_id", "workflow_id", "on", "ended_at"
    )


def _facts(actor: Actor, span: Span) -> QuerySet[RunFact]:
    rows = access.visible(
        RunFact.objects.filter(on__gte=span.first, on__lte=span.last),
        actor=actor,
        workflow_path="workflow_id",
    )
    if span.workflows is not None:
        rows = rows.filter(workflow_id__in=span.workflows)
    return rows
