"""Naming who may decide what at each level, and taking it back.

Nobody names themselves (decision 0013). Whoever says who holds the rights of a
department says it for its teams as well.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person, Team
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.locks import lock_exclusive
from registry.models import DecisionRight, Position
from registry.operations.ceilings import scope_of
from registry.operations.guards import person_id
from registry.queries.rights import holders_of, must_hold
from registry.rules.rights import KINDS, is_taken_at
from registry.rules.rulebook import Level

HOLDERS_MAX = 5


@dataclass(frozen=True)
class Place:
    """A level, with the department and the team that it is of."""

    level: str
    department: Department | None = None
    team: Team | None = None

    @property
    def words(self) -> str:
        if self.team is not None:
            return f"the team {self.team.name}"
        return self.department.name if self.department else "the whole company"


@operation(leaves="right.named")
def name_holder(
    *,
    actor: Actor,
    kind: str,
    place: Place,
    person: Person | None = None,
    position_id: UUID | None = None,
    now: datetime,
) -> str:
    """Let a person, or whoever fills a position, decide one kind; says their name.

    Raises Forbidden for oneself, whoever one is.
    """
    position = _position(position_id)
    _check(kind, place, person, position)
    _locked_to_name(actor, place)
    holder = person or (position.holder if position else None)
    if holder is None or not holder.is_active:
        raise Invalid({"holder": "Choose somebody who is active."})
    if holder.id == actor.id:
        raise Forbidden(
            "Nobody gives a right to themselves. Ask somebody else who may name.",
            code="right.yourself",
            who_can_help=holders_of(
                "name_holders", _naming_level(place), **_ids(place)
            ).words,
        )
    held = DecisionRight.objects.filter(
        kind=kind,
        level=place.level,
        department=place.department,
        team=place.team,
        ended_at=None,
    )
    if held.filter(person=person, position=position).exists():
        raise AlreadyDone("right.same", f"{holder.name} holds this already.")
    if held.count() >= HOLDERS_MAX:
        raise Conflict("rights.many", f"At most {HOLDERS_MAX} hold one right together.")
    right = DecisionRight.objects.create(
        kind=kind,
        level=place.level,
        department=place.department,
        team=place.team,
        person=person,
        position=position,
        since=now,
        named_by_id=person_id(actor),
    )
    _record("right.named", actor, right, place)
    return position.name if position else holder.name


@operation(leaves="right.ended")
def end_right(*, actor: Actor, right_id: UUID, now: datetime) -> None:
    """Take a right back, or give one's own up; who else holds it goes on."""
    right = (
        DecisionRight.objects.select_related(
            "person", "position__holder", "department", "team"
        )
        .filter(id=right_id)
        .first()
    )
    if right is None:
        raise NotFound("There is no such right.")
    place = Place(right.level, right.department, right.team)
    if right.person_id == actor.id:
        lock_exclusive(scope_of(place.department))
    else:
        _locked_to_name(actor, place)
    ended = DecisionRight.objects.filter(id=right_id, ended_at=None).update(
        ended_at=now, ended_by=person_id(actor)
    )
    if not ended:
        raise AlreadyDone("right.ended", "This was taken back before.")
    _record("right.ended", actor, right, place)


def must_name(actor: Actor, place: Place) -> None:
    """Raise Forbidden for whoever does not say who holds the rights there."""
    must_hold(actor, "name_holders", _naming_level(place), **_ids(place))


@step
def _locked_to_name(actor: Actor, place: Place) -> None:
    """Take the lock of the place, asked before it and behind it for the right to name.

    So nobody else makes rulings wait, and who lost the right meanwhile names nobody.
    """
    must_name(actor, place)
    lock_exclusive(scope_of(place.department))
    must_name(actor, place)


def _naming_level(place: Place) -> str:
    return Level.ENTERPRISE if place.department is None else Level.DEPARTMENT


def _ids(place: Place) -> dict[str, UUID | None]:
    return {"department_id": place.department.id if place.department else None}


def _position(position_id: UUID | None) -> Position | None:
    if position_id is None:
        return None
    rows = Position.objects.select_related("holder")
    return rows.filter(id=position_id).first()


def _check(
    kind: str, place: Place, person: Person | None, position: Position | None
) -> None:
    wrong: dict[str, str] = {}
    if not is_taken_at(kind, place.level):
        wrong["kind"] = "This is not decided at that level."
    if (person is None) == (position is None):
        wrong["holder"] = "Choose one person, or one position."
    team, department = place.team, place.department
    fits = {
        Level.ENTERPRISE: department is None and team is None,
        Level.DEPARTMENT: department is not None and team is None,
        Level.TEAM: team is not None and department == team.department,
    }
    if not fits.get(place.level, False):  # type: ignore[call-overload]
        wrong["level"] = "Name the department, or the team, that it is about."
    if wrong:
        raise Invalid(wrong)


def _record(name: str, actor: Actor, right: DecisionRight, place: Place) -> None:
    if right.position is not None:
        holder = f"whoever fills the position {right.position.name}"
    else:
        holder = right.person.name if right.person else "nobody"
    record(
        name,
        actor=actor,
        subject=("right", right.id),
        holder=holder,
        what=KINDS[right.kind].label.lower() if right.kind in KINDS else right.kind,
        where=place.words,
    )
