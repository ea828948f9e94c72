"""Decision rights as one table: what is decided, by whom at each of the three levels."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Lower

from portal.accounts.actors import Actor
from portal.accounts.models import Department, Team
from registry.models import DecisionRight, Position, Workflow
from registry.queries.people import Choice, people_to_pick
from registry.queries.rights import holds, in_force, people_in
from registry.rules.rights import FALLBACK_WORDS, KINDS, Kind
from registry.rules.rulebook import Level


@dataclass(frozen=True)
class HolderShown:
    """Somebody who holds a right: a name, and how they come to it."""

    right_id: UUID
    name: str
    note: str
    may_end: bool


@dataclass(frozen=True)
class RightCell:
    """One kind at one level. Without holders, `instead` says who decides there."""

    where: str
    is_decided_here: bool
    holders: tuple[HolderShown, ...]
    instead: str


@dataclass(frozen=True)
class RightRow:
    key: str
    label: str
    explains: str
    enterprise: RightCell
    department: RightCell
    teams: tuple[RightCell, ...]


@dataclass(frozen=True)
class RightsPage:
    rows: tuple[RightRow, ...]
    departments: tuple[tuple[str, str], ...]
    department_id: str
    department: str
    kinds: tuple[tuple[str, str], ...]
    places: tuple[tuple[str, str], ...]
    holders: tuple[tuple[str, str], ...]


def rights_page(*, actor: Actor, department_id: UUID | None = None) -> RightsPage:
    """Give who decides what in the company, one department and its teams. Ten queries."""
    departments = tuple(Department.objects.order_by(Lower("name"), "id"))
    chosen = next((each for each in departments if each.id == department_id), None)
    if chosen is None:
        own = next((each for each in departments if each.head_id == actor.id), None)
        chosen = own or (departments[0] if departments else None)
    teams = (
        tuple(Team.objects.filter(department=chosen).order_by(Lower("name"), "id"))
        if chosen
        else ()
    )
    rows = tuple(in_force())
    may_all = holds(actor, "name_holders", Level.ENTERPRISE)
    may_here = chosen is not None and holds(
        actor, "name_holders", Level.DEPARTMENT, department_id=chosen.id
    )
    return RightsPage(
        rows=tuple(
            _row(kind, rows, actor, chosen, teams, may_all, may_here)
            for kind in KINDS.values()
        ),
        departments=tuple((str(each.id), each.name) for each in departments),
        department_id=str(chosen.id) if chosen else "",
        department=chosen.name if chosen else "",
        kinds=tuple((kind.key, kind.label) for kind in KINDS.values()),
        places=_places(may_all, may_here, chosen, teams),
        holders=_holders(actor) if may_all or may_here else (),
    )


@dataclass(frozen=True)
class TeamOf:
    """The team that a workflow belongs to, and those it could."""

    id: str
    name: str
    choices: tuple[tuple[str, str], ...]
    may_place: bool


def team_of_workflow(*, actor: Actor, workflow_id: UUID) -> TeamOf:
    """Give the team of a workflow. At most six queries."""
    workflow = Workflow.objects.select_related("team").get(id=workflow_id)
    place = {"department_id": workflow.department_id}
    may = holds(actor, "place_workflow", Level.DEPARTMENT, **place)
    teams = Team.objects.filter(department=workflow.department_id)
    ordered = teams.order_by(Lower("name"), "id") if may else teams.none()
    return TeamOf(
        id=str(workflow.team.id) if workflow.team else "",
        name=workflow.team.name if workflow.team else "",
        choices=tuple((str(each.id), each.name) for each in ordered),
        may_place=may,
    )


def _places(may_all, may_here, chosen, teams) -> tuple[tuple[str, str], ...]:
    found = [("enterprise", "The whole company")] if may_all else []
    if may_here and chosen is not None:
        found.append((f"department:{chosen.id}", chosen.name))
        found += [(f"team:{each.id}", f"The team {each.name}") for each in teams]
    return tuple(found)


def _holders(actor: Actor) -> tuple[tuple[str, str], ...]:
    positions = Position.objects.select_related("holder", "department").filter(
        holder__is_active=True
    )
    people: Iterable[Choice] = people_to_pick(actor=actor)
    return (
        *((f"person:{each.value}", each.shown) for each in people),
        *(
            (
                f"position:{each.id}",
                f"Whoever is {each.name} in {each.department.name}"
                f" (now {each.holder.name})",
            )
            for each in positions.order_by(Lower("name"), "id")
            if each.holder
        ),
    )


def _row(
    kind: Kind,
    rows: tuple[DecisionRight, ...],
    actor: Actor,
    chosen: Department | None,
    teams: tuple[Team, ...],
    may_all: bool,
    may_here: bool,
) -> RightRow:
    mine = [row for row in rows if row.kind == kind.key]
    top = [row for row in mine if row.level == Level.ENTERPRISE]
    mid = [
        row
        for row in mine
        if row.level == Level.DEPARTMENT and chosen and row.department_id == chosen.id
    ]
    default = f"By default {FALLBACK_WORDS[kind.fallback]}"
    at_top = Level.ENTERPRISE in kind.levels
    from_top = "As the enterprise" if at_top else default
    from_mid = "As the department" if Level.DEPARTMENT in kind.levels else from_top
    return RightRow(
        key=kind.key,
        label=kind.label,
        explains=kind.explains,
        enterprise=_cell("", kind, Level.ENTERPRISE, top, default, actor, may_all),
        department=_cell("", kind, Level.DEPARTMENT, mid, from_top, actor, may_here),
        teams=tuple(
            _cell(
                each.name,
                kind,
                Level.TEAM,
                [row for row in mine if row.team_id == each.id],
                from_mid,
                actor,
                may_here,
            )
            for each in teams
        ),
    )


def _cell(
    where: str,
    kind: Kind,
    level: Level,
    rows: list[DecisionRight],
    instead: str,
    actor: Actor,
    may: bool,
) -> RightCell:
    return RightCell(
        where=where,
        is_decided_here=level in kind.levels,
        holders=tuple(_holder(row, actor, may) for row in rows),
        instead="" if people_in(rows) else instead,
    )


def _holder(row: DecisionRight, actor: Actor, may: bool) -> HolderShown:
    may_end = may or row.person_id == actor.id
    if row.position is None:
        person = row.person
        note = "" if person and person.is_active else "no longer active"
        return HolderShown(row.id, person.name if person else "", note, may_end)
    now = row.position.holder
    is_filled = now is not None and now.is_active
    note = f"now {now.name}" if is_filled and now else "nobody fills it"
    return HolderShown(row.id, row.position.name, note, may_end)
