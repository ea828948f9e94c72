"""The exact runs behind a number."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.pagination import Page, keyset
from runs.models import Run
from runs.queries.kpi_sums import Span


@dataclass(frozen=True)
class CountedRun:
    """One run behind a number."""

    id: UUID
    title: str
    ended_at: datetime


def ended_runs(*, actor: Actor, span: Span, cursor: str | None) -> Page[CountedRun]:
    """Give one page of the runs that ended in a span, newest first. Two queries."""
    rows = access.visible(
        Run.objects.filter(
            is_test=False,
            ended_at__gte=_midnight(span.first),
            ended_at__lt=_midnight(span.last + timedelta(days=1)),
        ),
        actor=actor,
        workflow_path="workflow_id",
    )
    if span.workflows is not None:
        rows = rows.filter(workflow_id__in=span.workflows)
    page = keyset(rows, order=("-ended_at", "-id"), cursor=cursor)
    return Page(
        tuple(CountedRun(run.id, run.title, run.ended_at) for run in page.items),
        page.next_cursor,
        page.previous_cursor,
    )


def _midnight(day: date) -> datetime:
    zone = timezone.get_default_timezone()
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
