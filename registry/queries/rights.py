"""Who decides what, at which level: the people named there, above it, or by default.

A right that nobody active holds at its level belongs to the level above, and where no
level names anybody, to a default (`rules.rights`). Where somebody is named, nobody else
holds it there, administrators included.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.accounts.operations.people import ADMINISTRATORS, RISK_TEAM
from portal.accounts.queries import is_administrator
from portal.core.errors import Forbidden
from registry.models import DecisionRight
from registry.queries.reviewing import PersonRef, person_ref
from registry.rules.rights import (
    FALLBACK_WORDS,
    KINDS,
    Fallback,
    is_taken_at,
    levels_from,
)
from registry.rules.rulebook import Level

_WHO = ("person", "position__holder", "position")


@dataclass(frozen=True)
class Holders:
    """Who holds a right: people named at `level`, or a default where nobody is."""

    level: Level | None
    people: tuple[PersonRef, ...]
    fallback: Fallback

    @property
    def words(self) -> str:
        """Name them inside a sentence."""
        if self.people:
            return " or ".join(each.name for each in self.people)
        return FALLBACK_WORDS[self.fallback]


def holders_of(
    kind: str,
    level: str,
    *,
    department_id: UUID | None = None,
    team_id: UUID | None = None,
) -> Holders:
    """Give who decides a kind at a level. One query. Raises KeyError for no such kind."""
    fallback = KINDS[kind].fallback
    rows = tuple(
        in_force().filter(
            Q(level=Level.ENTERPRISE)
            | Q(level=Level.DEPARTMENT, department=department_id)
            | Q(level=Level.TEAM, team=team_id),
            kind=kind,
        )
    )
    return nearest(rows, level, fallback)


def nearest(rows: Iterable[DecisionRight], level: str, fallback: Fallback) -> Holders:
    """Give the people of the nearest level, of rights that are all above one place."""
    rows = tuple(rows)
    for each in levels_from(level):
        people = people_in(row for row in rows if row.level == each)
        if people:
            return Holders(each, people, fallback)
    return Holders(None, (), fallback)


def holds(
    actor: Actor,
    kind: str,
    level: str,
    *,
    department_id: UUID | None = None,
    team_id: UUID | None = None,
) -> bool:
    """Say whether somebody decides a kind at a level. At most three queries."""
    if actor.is_system:
        return True
    if not actor.is_person or not is_taken_at(kind, level):
        return False
    found = holders_of(kind, level, department_id=department_id, team_id=team_id)
    if found.people:
        return any(each.id == actor.id for each in found.people)
    return _is_default(actor, found.fallback, department_id)


def must_hold(
    actor: Actor,
    kind: str,
    level: str,
    *,
    department_id: UUID | None = None,
    team_id: UUID | None = None,
) -> None:
    """Raise Forbidden, naming who can help, for whoever does not decide this there."""
    if holds(actor, kind, level, department_id=department_id, team_id=team_id):
        return
    found = holders_of(kind, level, department_id=department_id, team_id=team_id)
    what = KINDS[kind].label.lower()
    raise Forbidden(
        f"To {what} is not yours at {level} level: {found.words} may.",
        code="right.not_held",
        who_can_help=f"{found.words[0].upper()}{found.words[1:]} can.",
    )


def named_to_move(*, department_id: UUID) -> frozenset[UUID]:
    """Give who is named to move a department's workflows through a gate. One query."""
    place = {"department_id": department_id}
    found = holders_of("sign_gate", Level.DEPARTMENT, **place)
    return frozenset(each.id for each in found.people)


def in_force():
    """Give the rights that are held now, with their people. Not run yet."""
    rows = DecisionRight.objects.filter(ended_at=None)
    return rows.select_related(*_WHO, "department", "team").order_by("since", "id")


def people_in(rows: Iterable[DecisionRight]) -> tuple[PersonRef, ...]:
    """Give the active people behind some rights, each once. No query."""
    found: dict[UUID, PersonRef] = {}
    for row in rows:
        holder = row.person or (row.position.holder if row.position else None)
        if holder is not None and holder.is_active:
            found.setdefault(holder.id, person_ref(holder))
    return tuple(found.values())


def default_people(found: Holders, department_id: UUID | None) -> frozenset[UUID]:
    """Give whom to tell where nobody is named. At most two queries."""
    if found.people:
        return frozenset(each.id for each in found.people)
    active = Person.objects.filter(is_active=True)
    if found.fallback == Fallback.RISK:
        # Administrators may as well; they are told only where there is no risk team.
        risk = frozenset(
            active.filter(groups__name=RISK_TEAM).values_list("id", flat=True)
        )
        if risk:
            return risk
    if found.fallback == Fallback.HEAD and department_id is not None:
        head = Department.objects.filter(id=department_id, head__is_active=True)
        heads = frozenset(head.values_list("head_id", flat=True))
        if heads:
            return heads
    admins = active.filter(Q(is_superuser=True) | Q(groups__name=ADMINISTRATORS))
    return frozenset(admins.values_list("id", flat=True))


def _is_default(actor: Actor, fallback: Fallback, department_id: UUID | None) -> bool:
    if fallback == Fallback.RISK:
        return access.holds_everywhere(actor, access.PAUSE)
    if fallback == Fallback.OWNER:
        # The role of each workflow says who; no level does.
        return False
    if fallback == Fallback.ADMINISTRATORS:
        return access.holds_everywhere(actor, access.EDIT)
    if is_administrator(actor):
        return True
    if department_id is None:
        return False
    heads = Department.objects.filter(id=department_id, head=actor.id)
    return heads.filter(head__is_active=True).exists()
