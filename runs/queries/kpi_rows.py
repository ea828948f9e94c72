"""The exact runs behind a number, one keyset page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, TruncDate

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.pagination import Page, keyset
from runs.models import Run, RunDue, RunFact
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
    where: Q | None = None,
    cursor: str | None,
) -> Page[CountedRun]:
    """Give one page of the runs that add to one of some measures, newest first.

    `lacking` leaves out the runs that add to one of those, `where` narrows by columns of
    their facts. Two queries.
    """
    rows = _facts(actor, span).filter(measures__has_any_keys=list(having))
    if where is not None:
        rows = rows.filter(where)
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


def waiting_runs(*, actor: Actor, span: Span, cursor: str | None) -> Page[CountedRun]:
    """Give one page of the runs that ended and are not counted yet, newest first.

    The same that `waiting_over` counts. Two queries.
    """
    over = Coalesce("ended_at", "last_event_at", output_field=DateTimeField())
    rows = access.visible(
        Run.objects.filter(
            Exists(RunDue.objects.filter(run_id=OuterRef("id"))),
            Q(ended_at__isnull=False) | Q(state="UNKNOWN"),
            is_test=False,
        )
        .annotate(over=over)
        .annotate(over_on=TruncDate("over", tzinfo=ZoneInfo(settings.TIME_ZONE)))
        .filter(over_on__gte=span.first, over_on__lte=span.last),
        actor=actor,
        workflow_path="workflow_id",
    )
    if span.workflows is not None:
        rows = rows.filter(workflow_id__in=span.workflows)
    page = keyset(rows.defer("fold"), order=("-over", "-id"), cursor=cursor)
    return Page(
        tuple(CountedRun(run.id, run.title, run.over, None, {}) for run in page.items),
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
