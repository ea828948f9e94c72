"""How people decided in a week, in their order: what overrides are counted from."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.fields.json import KT

from portal.accounts.actors import Actor
from portal.core.pagination import keyset
from registry.queries.workflows import workflow_head
from runs.models import RunEvent
from runs.models.events import Provenance
from runs.queries.populations import bounds_of
from runs.rules.drifting import DECIDED, OVERRULING, is_override

# The same as rules.drifting.is_override, for the rows behind a number.
_OVERRULED = Q(resolution__in=OVERRULING) | Q(resolution="edited") & (
    Q(facts__material=True)
    | (Q(facts__material=None) | Q(facts__material__isnull=True))
    & Q(facts__edited_fields__0__isnull=False)
)


@dataclass(frozen=True)
class Decision:
    """One person's final decision about one proposal, as a run keeps it."""

    run_id: UUID
    at: datetime
    is_override: bool


@dataclass(frozen=True)
class DecisionRow:
    """One decision in the list behind a week's override rate."""

    run_id: UUID
    run: str
    at: datetime
    by: str
    resolution: str
    headline: str
    is_override: bool


@dataclass(frozen=True)
class DecisionList:
    workflow: str
    slug: str
    starts_on: date
    total: int
    overruled: int
    rows: tuple[DecisionRow, ...]
    next_cursor: str | None
    previous_cursor: str | None


def decisions_of_week(
    *,
    actor: Actor,
    slug: str,
    starts_on: date,
    only_overruled: bool,
    cursor: str | None = None,
) -> DecisionList:
    """Give the decisions of one week of a workflow, in their order. Four queries.

    Raises NotFound for who may not see the workflow.
    """
    found = workflow_head(actor=actor, slug=slug)
    rows = _decided(starts_on, [found.id])
    counts = rows.aggregate(total=Count("id"), overruled=Count("id", filter=_OVERRULED))
    if only_overruled:
        rows = rows.filter(_OVERRULED)
    page = keyset(rows.select_related("run"), order=("at", "id"), cursor=cursor)
    return DecisionList(
        workflow=found.name,
        slug=found.slug,
        starts_on=starts_on,
        total=counts["total"],
        overruled=counts["overruled"],
        rows=tuple(_decision_row(event) for event in page.items),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
    )


def decisions_in(
    *, starts_on: date, workflow_ids: Iterable[UUID]
) -> dict[UUID, list[Decision]]:
    """Give a week's decisions in their order, by workflow. One query, index only by kind."""
    rows = (
        _decided(starts_on, workflow_ids)
        .order_by("at", "id")
        .values_list(
            "workflow_id",
            "run_id",
            "at",
            "resolution",
            "facts__material",
            "facts__edited_fields",
        )
    )
    found: dict[UUID, list[Decision]] = defaultdict(list)
    for workflow_id, run_id, at, resolution, material, fields in rows.iterator(
        chunk_size=2_000
    ):
        facts = {
            "resolution": resolution,
            "material": material,
            "edited_fields": fields,
        }
        found[workflow_id].append(Decision(run_id, at, is_override(facts)))
    return dict(found)


def _decided(starts_on: date, workflow_ids: Iterable[UUID]) -> QuerySet[Any]:
    begin, end = bounds_of(starts_on)
    return (
        RunEvent.objects.filter(
            workflow__in=list(workflow_ids),
            kind="decided",
            provenance=Provenance.ENFORCED,
            at__gte=begin,
            at__lt=end,
            run__is_test=False,
        )
        .annotate(resolution=KT("facts__resolution"))
        .filter(resolution__in=DECIDED)
    )


def _decision_row(event: Any) -> DecisionRow:
    facts = event.facts
    return DecisionRow(
        run_id=event.run_id,
        run=event.run.title or f"Run {event.run.agent_run_id}",
        at=event.at,
        by=event.source_name,
        resolution=event.resolution,
        headline=str(facts.get("headline") or ""),
        is_override=is_override(facts),
    )
