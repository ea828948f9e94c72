"""Holds on runs, as the rooms above read them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import Hold

IS_WAITING = Q(resumed_at=None, stopped_at=None)


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


def holds_of_runs(run_ids: Collection[UUID]) -> Mapping[UUID, HoldRow]:
    """Give the oldest open hold of each of these runs that has one. One query."""
    rows = (
        Hold.objects.filter(run_id__in=run_ids, resumed_at=None)
        .order_by("run_id", "placed_at", "id")
        .distinct("run_id")
        .values_list("id", "run_id", "rule_key", "sentence", "placed_at")
    )
    return {row[1]: HoldRow(*row) for row in rows}


@dataclass(frozen=True)
class HoldCase:
    """One hold as whoever settles it reads it."""

    id: UUID
    run_id: UUID
    run_title: str
    agent_run_id: str
    agent_id: UUID
    agent: str
    workflow_id: UUID
    rule_key: str
    sentence: str
    placed_at: datetime
    placed_by: str
    taken_by_id: UUID | None
    taken_by: str | None
    resumed_at: datetime | None
    stopped_at: datetime | None

    @property
    def is_waiting(self) -> bool:
        return self.resumed_at is None and self.stopped_at is None


def waiting_holds(actor: Actor) -> QuerySet[Hold]:
    """Give the holds that nobody has settled, of workflows a person may see."""
    return access.visible(
        Hold.objects.filter(IS_WAITING), actor=actor, workflow_path="workflow_id"
    )


def hold_seen_by(actor: Actor, hold_id: UUID) -> HoldCase | None:
    """Give one hold, settled or not, to somebody who may see it; else None."""
    seen = access.visible(
        Hold.objects.filter(id=hold_id), actor=actor, workflow_path="workflow_id"
    )
    row = seen.select_related("run__agent", "taken_by").first()
    if row is None:
        return None
    return HoldCase(
        id=row.id,
        run_id=row.run_id,
        run_title=row.run.title,
        agent_run_id=row.run.agent_run_id,
        agent_id=row.run.agent_id,
        agent=row.run.agent.name,
        workflow_id=row.workflow_id,
        rule_key=row.rule_key,
        sentence=row.sentence,
        placed_at=row.placed_at,
        placed_by=row.placed_by_name,
        taken_by_id=row.taken_by_id,
        taken_by=row.taken_by.name if row.taken_by else None,
        resumed_at=row.resumed_at,
        stopped_at=row.stopped_at,
    )


def workflows_with_holds(workflow_ids: Collection[UUID]) -> frozenset[UUID]:
    """Say in which of these workflows a hold waits. One query."""
    rows = Hold.objects.filter(IS_WAITING, workflow_id__in=workflow_ids)
    return frozenset(rows.order_by().values_list("workflow_id", flat=True).distinct())


def unsettled_of_run(*, run_id: UUID) -> tuple[tuple[UUID, str, str], ...]:
    """Give id, rule and sentence of each hold on a run that waits. One query."""
    rows = Hold.objects.filter(IS_WAITING, run_id=run_id).order_by("placed_at", "id")
    return tuple(rows.values_list("id", "rule_key", "sentence"))


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
