"""Holds on runs, as the rooms above read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from runs.models import Hold


@dataclass(frozen=True)
class HoldRow:
    """One hold that nobody has lifted."""

    id: UUID
    run_id: UUID
    rule_key: str
    sentence: str
    placed_at: datetime


def hold_of_run(*, run_id: UUID) -> HoldRow | None:
    """Give the oldest open hold on a run, or None. One query."""
    row = (
        Hold.objects.filter(run_id=run_id, resumed_at=None)
        .order_by("placed_at", "id")
        .values_list("id", "run_id", "rule_key", "sentence", "placed_at")
        .first()
    )
    return HoldRow(*row) if row else None


def holds_by_rule(*, workflow_id: UUID, since: datetime) -> Mapping[str, int]:
    """Count the runs that each stop rule held. One query, by the index runs_hold_fired."""
    rows = (
        Hold.objects.filter(workflow_id=workflow_id, placed_at__gte=since)
        .order_by()
        .values_list("rule_key")
        .annotate(number=Count("run_id", distinct=True))
    )
    return dict(rows)


def runs_held_by(
    *, workflow_id: UUID, rule_key: str, since: datetime, most: int
) -> tuple[tuple[UUID, str, datetime], ...]:
    """Give the runs that one stop rule held, newest first, with their titles. One query."""
    rows = Hold.objects.filter(
        workflow_id=workflow_id, rule_key=rule_key, placed_at__gte=since
    ).order_by("-placed_at", "-id")
    return tuple(rows.values_list("run_id", "run__title", "placed_at")[:most])
