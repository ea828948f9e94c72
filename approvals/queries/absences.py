"""My absence: what I planned, what I am asked, and for whom I stand in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Lower

from approvals.models import Proposal
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Absence, Person
from registry.queries.deciding import turns_of

PEOPLE_MAX = 500
SHOWN_MAX = 50
WORKFLOWS_NAMED_MAX = 100
_WORKFLOWS = Proposal._meta.get_field("workflow").related_model._default_manager


@dataclass(frozen=True)
class AbsenceShown:
    """One absence, as the absent person and the stand-in read it."""

    id: UUID
    person: str
    stand_in: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    workflows: str
    is_asked: bool
    is_accepted: bool
    is_declined: bool
    is_now: bool


@dataclass(frozen=True)
class MyAbsence:
    mine: tuple[AbsenceShown, ...]
    asked: tuple[AbsenceShown, ...]
    standing_in: tuple[AbsenceShown, ...]
    people: tuple[tuple[str, str], ...]
    workflows: tuple[tuple[UUID, str], ...]


def my_absence_of(actor: Actor, *, now: datetime) -> MyAbsence:
    """Give what the page of one's own absence shows. Five queries."""
    running = Absence.objects.filter(ended_at=None, ends_at__gt=now).select_related(
        "person", "stand_in"
    )
    mine = list(running.filter(person=actor.id).order_by("starts_at", "id")[:SHOWN_MAX])
    lent = list(
        running.filter(stand_in=actor.id, declined_at=None).order_by("starts_at", "id")[
            :SHOWN_MAX
        ]
    )
    named = {one for row in (*mine, *lent) for one in row.workflow_ids}
    names = names_seen_by(actor, sorted(named))
    shown = [_shown(row, names, now) for row in lent]
    others = Person.objects.filter(is_active=True).exclude(id=actor.id)
    return MyAbsence(
        mine=tuple(_shown(row, names, now) for row in mine),
        asked=tuple(each for each in shown if each.is_asked),
        standing_in=tuple(each for each in shown if each.is_accepted),
        people=tuple(
            (f"{key}", f"{name} ({title})" if title else name)
            for key, name, title in others.order_by(Lower("name"), "id").values_list(
                "id", "name", "job_title"
            )[:PEOPLE_MAX]
        ),
        workflows=decided_by(actor),
    )


def decided_by(actor: Actor) -> tuple[tuple[UUID, str], ...]:
    """Give the workflows in which this person decides something. Three queries."""
    turns = turns_of([actor.id]).get(actor.id, {})
    ids = sorted({one for each in turns.values() for one in each})
    names = names_seen_by(actor, ids[:WORKFLOWS_NAMED_MAX])
    return tuple(sorted(names.items(), key=lambda pair: pair[1].casefold()))


def names_seen_by(actor: Actor, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Name those of these workflows that a person may see. At most two queries."""
    if not ids:
        return {}
    seen = access.visible(_WORKFLOWS.filter(id__in=ids), actor=actor)
    return dict(seen.values_list("id", "name"))


def _shown(row: Absence, names: dict[UUID, str], now: datetime) -> AbsenceShown:
    known = sorted(names[one] for one in row.workflow_ids if one in names)
    hidden = len(row.workflow_ids) - len(known)
    listed = ", ".join(known + ([f"{hidden} more"] if hidden else []))
    return AbsenceShown(
        id=row.id,
        person=row.person.name,
        stand_in=row.stand_in.name if row.stand_in else "",
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        workflows=listed or "every workflow",
        is_asked=row.stand_in is not None
        and row.accepted_at is None
        and row.declined_at is None,
        is_accepted=row.accepted_at is not None,
        is_declined=row.declined_at is not None,
        is_now=row.starts_at <= now,
    )
