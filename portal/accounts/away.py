"""Who is away now, and who stands in for whom, by the database's clock.

A stand-in holds nothing of their own by it: what they may do is what the absent person
may do at that moment, asked where it is used, and never more. Whoever stands in for an
absent person does not pass that on: only the rights people have themselves are lent.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from portal.accounts.models import Absence


@dataclass(frozen=True)
class StandIn:
    """One person in the place of another until a moment, for some workflows or all."""

    absence_id: UUID
    person_id: UUID
    person: str
    absent_id: UUID
    absent: str
    until: datetime
    workflow_ids: frozenset[UUID]

    def covers(self, workflow_id: UUID) -> bool:
        return not self.workflow_ids or workflow_id in self.workflow_ids


def standing_in_for(
    *, absent_ids: Collection[UUID], workflow_id: UUID
) -> tuple[StandIn, ...]:
    """Give who stands in for these people on a workflow now. One query."""
    if not absent_ids:
        return ()
    rows = _in_force().filter(person__in=absent_ids).filter(_covers(workflow_id))
    return _read(rows)


def stands_in_of(*, person_id: UUID) -> tuple[StandIn, ...]:
    """Give in whose place a person stands now, on whatever workflow. One query."""
    return _read(_in_force().filter(stand_in=person_id))


def away_ids(*, person_ids: Collection[UUID], workflow_id: UUID) -> frozenset[UUID]:
    """Keep those of these people who are out of office for a workflow now. One query."""
    if not person_ids:
        return frozenset()
    rows = _now_away().filter(person__in=person_ids).filter(_covers(workflow_id))
    return frozenset(rows.values_list("person_id", flat=True))


def _now_away() -> QuerySet[Absence]:
    return Absence.objects.filter(
        ended_at=None, starts_at__lte=Now(), ends_at__gt=Now()
    )


def _in_force() -> QuerySet[Absence]:
    return _now_away().filter(
        accepted_at__isnull=False, person__is_active=True, stand_in__is_active=True
    )


def _covers(workflow_id: UUID) -> Q:
    return Q(workflow_ids=[]) | Q(workflow_ids__contains=[workflow_id])


def _read(rows: QuerySet[Absence]) -> tuple[StandIn, ...]:
    found = rows.select_related("person", "stand_in").order_by("starts_at", "id")
    return tuple(
        StandIn(
            absence_id=row.id,
            person_id=row.stand_in.id,
            person=row.stand_in.name,
            absent_id=row.person_id,
            absent=row.person.name,
            until=row.ends_at,
            workflow_ids=frozenset(row.workflow_ids),
        )
        for row in found
        if row.stand_in is not None
    )
