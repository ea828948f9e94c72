"""Holds on runs, as the rooms above read them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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
