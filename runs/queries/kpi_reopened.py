"""Cases that were opened again: an outcome that was confirmed, and later denied."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from portal.accounts.actors import Actor
from registry.queries.across import workflow_ids_seen_by
from runs.queries.kpi_sums import Span

_REOPENED = """
SELECT e.run_id, e.at FROM runs_runevent AS e
WHERE e.workflow_id = ANY(%s) AND e.kind = 'outcome.confirmed'
    AND e.at >= %s AND e.at < %s AND e.facts ->> 'resolved' = 'false'
    AND EXISTS (SELECT FROM runs_runevent AS b WHERE b.run_id = e.run_id
        AND b.kind = 'outcome.confirmed' AND b.at < e.at
        AND b.facts ->> 'resolved' = 'true')
ORDER BY e.at, e.run_id
"""


@dataclass(frozen=True)
class Reopened:
    """A case that was opened again, and when."""

    run_id: UUID
    at: datetime


def reopened_runs(*, actor: Actor, spans: Sequence[Span]) -> tuple[Reopened, ...]:
    """Give the cases opened again in any of the days that spans cover. Three queries.

    Read by the index over workflow, kind and time; what was reopened is rare.
    """
    if not spans:
        return ()
    workflows = _workflows_of(spans, workflow_ids_seen_by(actor))
    first = _midnight(min(span.first for span in spans))
    over = _midnight(max(span.last for span in spans) + timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute(_REOPENED, [workflows, first, over])
        return tuple(Reopened(run_id, at) for run_id, at in cursor.fetchall())


def _workflows_of(spans: Sequence[Span], seen: frozenset[UUID]) -> list[UUID]:
    if any(span.workflows is None for span in spans):
        return sorted(seen)
    asked = frozenset().union(*(span.workflows or () for span in spans))
    return sorted(asked & seen)


def _midnight(day: date) -> datetime:
    zone = timezone.get_default_timezone()
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
