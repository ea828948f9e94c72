"""Unauthorised actions as incidents tell of them: at once, not when their run is settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.pagination import Page, keyset
from runs.models import Incident
from runs.queries.kpi_sums import SPANS, Columns, Span

_COUNT = (
    " SELECT i.number, i.state <> 'EXPLAINED', i.kind = 'TOLD', f.run_id IS NOT NULL,"
    " sum(i.actions) FROM ("
    " SELECT a.number, i.state, i.kind, i.run_id, i.actions"
    " FROM asked a JOIN runs_incident i ON i.workflow_id = a.workflow_id"
    " AND (i.happened_at AT TIME ZONE %s)::date BETWEEN a.first AND a.last"
    " UNION ALL SELECT s.number, i.state, i.kind, i.run_id, i.actions"
    " FROM unnest(%s::int[], %s::date[], %s::date[]) AS s (number, first, last)"
    " JOIN runs_incident i ON i.workflow_id IS NULL"
    " AND (i.happened_at AT TIME ZONE %s)::date BETWEEN s.first AND s.last) AS i"
    " LEFT JOIN runs_run r ON r.id = i.run_id"
    " LEFT JOIN runs_runfact f ON f.run_id = i.run_id"
    " WHERE r.id IS NULL OR NOT r.is_test GROUP BY 1, 2, 3, 4"
)


@dataclass(frozen=True)
class Beside:
    """Actions that did not come through the gateway, in one span.

    `standing` has no explanation; the other three say how it was known, or that a person
    explained it. `uncounted` are those of runs that are not settled, or of none.
    """

    standing: int = 0
    told: int = 0
    reported: int = 0
    explained: int = 0
    uncounted: int = 0


def beside_over(
    actor: Actor, spans: Sequence[Span], columns: Columns, *, zone: str
) -> tuple[Beside, ...]:
    """Count what happened without a grant in each span. Two queries, few rows.

    What belongs to no workflow is counted for those who see everything.
    """
    found: list[dict[str, int]] = [{} for _ in spans]
    sees_all = access.holds_everywhere(actor, access.VIEW)
    whole = [
        (number, span.first, span.last)
        for number, span in enumerate(spans)
        if sees_all and span.workflows is None
    ]
    strays = [list(column) for column in zip(*whole, strict=True)] or [[], [], []]
    if columns.numbers or whole:
        with connection.cursor() as cursor:
            cursor.execute(f"{SPANS}{_COUNT}", [*columns, zone, *strays, zone])
            for number, stands, is_told, is_counted, actions in cursor.fetchall():
                mine = found[number]
                names = ["told" if is_told else "reported"] if stands else ["explained"]
                names += ["standing"] if stands else []
                names += [] if is_counted else ["uncounted"]
                for name in names:
                    mine[name] = mine.get(name, 0) + int(actions)
    return tuple(Beside(**each) for each in found)


@dataclass(frozen=True)
class IncidentBehind:
    """One incident behind a number."""

    id: UUID
    headline: str
    why: str
    happened_at: datetime
    actions: int


def incidents_behind(
    *, actor: Actor, span: Span, is_standing: bool | None, cursor: str | None
) -> Page[IncidentBehind]:
    """Give one page of the incidents of a span, newest first. Two queries.

    Those that stand, those that a person explained, or with None both.
    """
    rows = access.visible(
        Incident.objects.filter(
            Q(run=None) | Q(run__is_test=False),
            happened_at__gte=_midnight(span.first),
            happened_at__lt=_midnight(span.last + timedelta(days=1)),
        ),
        actor=actor,
        workflow_path="workflow_id",
    )
    if span.workflows is not None:
        rows = rows.filter(workflow_id__in=span.workflows)
    if is_standing is not None:
        explained = Q(state=Incident.State.EXPLAINED)
        rows = rows.exclude(explained) if is_standing else rows.filter(explained)
    page = keyset(rows, order=("-happened_at", "-id"), cursor=cursor)
    return Page(
        tuple(
            IncidentBehind(row.id, row.headline, row.why, row.happened_at, row.actions)
            for row in page.items
        ),
        page.next_cursor,
        page.previous_cursor,
    )


def _midnight(day: date) -> datetime:
    zone = timezone.get_default_timezone()
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
