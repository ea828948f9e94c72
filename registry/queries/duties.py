"""Roles on their way to somebody, positions and who fills them, and who may pause."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Q
from django.db.models.functions import Lower

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from registry.models import (
    HandOver,
    OperatingModelVersion,
    Pauser,
    Position,
    RoleHolding,
)
from registry.models.duties import OPEN_STATES, HandOverState
from registry.models.workflow import Role
from registry.queries.people import (
    REQUIRED_ROLES,
    ROLE_MEANINGS,
    SIGNING_ROLES,
    Choice,
    PersonRef,
    WorkflowPeople,
    person_ref,
)

POSITIONS_MAX = 500
OFFERS_MAX = 20
VACANT_MAX = 20
_PAUSE_BY_ROLE = (
    Role.BUSINESS_OWNER,
    Role.IT_OWNER,
    Role.RISK_OWNER,
    Role.ESCALATION_OWNER,
)


@dataclass(frozen=True)
class HandOverShown:
    """A role on its way, as pages tell it."""

    id: UUID
    workflow_id: UUID
    slug: str
    workflow: str
    role: str
    role_label: str
    meaning: str
    giver: str
    receiver: str
    starts_on: date | None
    note: str
    state: str
    state_word: str
    offered_by: str
    offered_at: datetime
    is_mine: bool
    may_take_back: bool
    may_see_workflow: bool

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_offered(self) -> bool:
        return self.state == HandOverState.OFFERED


@dataclass(frozen=True)
class Duties:
    """What the page about people says beside who holds what."""

    on_the_way: dict[str, HandOverShown]
    pausers: tuple[PersonRef, ...]
    pause_by_role: tuple[tuple[str, str], ...]
    positions: tuple[Choice, ...]
    roles_to_hand_over: frozenset[str]
    roles_to_leave: frozenset[str]
    may_name_pausers: bool
    may_replace: bool


@dataclass(frozen=True)
class PositionShown:
    id: UUID
    name: str
    department: str
    holder: str
    has_left: bool
    since: datetime
    roles: int


@dataclass(frozen=True)
class PositionsPage:
    positions: tuple[PositionShown, ...]
    may_administer: bool


@dataclass(frozen=True)
class VacantRole:
    """A live workflow in which nothing runs, because nobody holds a role."""

    slug: str
    workflow: str
    role: str
    left: str


def duties_of(
    *, actor: Actor, workflow_id: UUID, people: WorkflowPeople, is_live: bool
) -> Duties:
    """Say what is on its way, who may pause and what this person may change."""
    rows = _hand_overs().filter(workflow_id=workflow_id, state__in=OPEN_STATES)
    is_administrator = access.holds_everywhere(actor, access.EDIT)
    owner = people.holder(Role.BUSINESS_OWNER)
    is_owner = owner is not None and owner.id == actor.id
    named = (
        Pauser.objects.filter(workflow_id=workflow_id, person__is_active=True)
        .select_related("person")
        .order_by(Lower("person__name"), "id")
    )
    held = {each.role: each.person for each in people.roles if each.person}
    return Duties(
        on_the_way={row.role: _shown(row, actor) for row in rows},
        pausers=tuple(person_ref(row.person) for row in named),
        pause_by_role=tuple(
            (held[role].name, role.label) for role in _PAUSE_BY_ROLE if role in held
        ),
        positions=_positions_to_pick() if is_administrator or is_owner else (),
        roles_to_hand_over=frozenset(
            role
            for role, person in held.items()
            if is_owner or is_administrator or person.id == actor.id
        ),
        roles_to_leave=frozenset(
            role
            for role, person in held.items()
            if is_administrator or not is_live or person.id == actor.id
        ),
        may_name_pausers=is_owner or is_administrator,
        may_replace=is_administrator or not is_live,
    )


def who_may_pause(*, workflow_id: UUID) -> tuple[tuple[str, str], ...]:
    """Name who may pause a workflow, each with why. Two queries.

    Administrators and the risk team may pause every workflow.
    """
    held: dict[UUID, tuple[str, list[str]]] = {}
    rows = RoleHolding.objects.filter(
        workflow_id=workflow_id, role__in=_PAUSE_BY_ROLE, person__is_active=True
    ).select_related("person")
    for row in sorted(rows, key=lambda row: _PAUSE_BY_ROLE.index(row.role)):
        if row.person is not None:
            label = row.get_role_display()
            held.setdefault(row.person.id, (row.person.name, []))[1].append(label)
    named = Pauser.objects.filter(workflow_id=workflow_id, person__is_active=True)
    for each in named.select_related("person").order_by("since", "id"):
        held.setdefault(each.person_id, (each.person.name, ["named for it"]))
    return tuple((name, ", ".join(why)) for name, why in held.values())


def hand_over_shown(*, actor: Actor, hand_over_id: UUID) -> HandOverShown:
    """Give one hand-over to who is part of it or may see its workflow. Four queries.

    Raises NotFound for everybody else.
    """
    row = _hand_overs().filter(id=hand_over_id).first()
    may_see = row is not None and access.may(actor, access.VIEW, row.workflow_id)
    if row is None or not (may_see or row.receiver_id == actor.id):
        raise NotFound("There is nothing here, or you may not see it.")
    return _shown(row, actor, may_see=may_see)


def roles_offered_to(*, actor: Actor) -> tuple[HandOverShown, ...]:
    """Give the roles that wait for this person to accept them, oldest first. One query."""
    if not actor.is_person:
        return ()
    rows = _hand_overs().filter(receiver=actor.id, state=HandOverState.OFFERED)
    return tuple(
        _shown(row, actor) for row in rows.order_by("offered_at", "id")[:OFFERS_MAX]
    )


def vacant_roles_to_fill(*, actor: Actor) -> tuple[VacantRole, ...]:
    """Give the vacant roles of live workflows that an administrator can fill.

    Two queries. A business owner reads theirs beside each workflow they look after.
    """
    if not access.holds_everywhere(actor, access.EDIT):
        return ()
    rows = (
        RoleHolding.objects.filter(
            Q(person=None) | Q(person__is_active=False),
            role__in=REQUIRED_ROLES,
            workflow__live_version__isnull=False,
        )
        .select_related("workflow", "person")
        .order_by("workflow__name", "workflow_id", "role")
    )
    return tuple(
        VacantRole(
            slug=row.workflow.slug,
            workflow=row.workflow.name,
            role=row.get_role_display(),
            left=row.person.name if row.person else "",
        )
        for row in rows[:VACANT_MAX]
    )


def moves_along(*, workflow_id: UUID, role: str) -> tuple[str, ...]:
    """Say what goes with a role to whoever receives it, as sentences. Three queries.

    What waits in the rooms above (proposals, findings) is shown by their own pages.
    """
    said = [ROLE_MEANINGS[Role(role)]]
    open_versions = OperatingModelVersion.objects.filter(workflow_id=workflow_id)
    for version in open_versions.filter(state__in=("DRAFT", "SUBMITTED")):
        if version.state == "DRAFT":
            said.append(f"The draft of version {version.number} is being written.")
        elif role in SIGNING_ROLES:
            said.append(
                f"Version {version.number} waits for signatures: a signature of this"
                " role that was given no longer counts, and the receiver signs anew."
            )
    row = RoleHolding.objects.filter(workflow_id=workflow_id, role=role).first()
    if row is not None and row.position_id is not None:
        said.append("The role leaves the position and goes to the person by name.")
    return tuple(said)


def positions_page(*, actor: Actor) -> PositionsPage:
    """Give every position with who fills it. Two queries."""
    rows = (
        Position.objects.select_related("department", "holder")
        .annotate(role_count=Count("roles"))
        .order_by(Lower("name"), "id")[:POSITIONS_MAX]
    )
    return PositionsPage(
        positions=tuple(
            PositionShown(
                id=row.id,
                name=row.name,
                department=row.department.name,
                holder=row.holder.name if row.holder else "",
                has_left=row.holder is not None and not row.holder.is_active,
                since=row.since,
                roles=row.role_count,
            )
            for row in rows
        ),
        may_administer=access.holds_everywhere(actor, access.EDIT),
    )


def _positions_to_pick() -> tuple[Choice, ...]:
    rows: Iterable[Position] = (
        Position.objects.filter(holder__is_active=True)
        .select_related("department", "holder")
        .order_by(Lower("name"), "id")[:POSITIONS_MAX]
    )
    return tuple(
        Choice(
            value=f"position:{row.id}",
            label=row.name,
            detail=f"now {row.holder.name}" if row.holder else "",
        )
        for row in rows
    )


def _hand_overs():
    return HandOver.objects.select_related(
        "workflow", "giver", "receiver", "offered_by"
    )


def _shown(row: HandOver, actor: Actor, *, may_see: bool = True) -> HandOverShown:
    return HandOverShown(
        id=row.id,
        workflow_id=row.workflow_id,
        slug=row.workflow.slug,
        workflow=row.workflow.name,
        role=row.role,
        role_label=Role(row.role).label,
        meaning=ROLE_MEANINGS[Role(row.role)],
        giver=row.giver.name,
        receiver=row.receiver.name,
        starts_on=row.starts_on,
        note=row.note,
        state=row.state,
        state_word=row.get_state_display(),
        offered_by=row.offered_by.name if row.offered_by else "Countersign",
        offered_at=row.offered_at,
        is_mine=row.receiver_id == actor.id,
        may_take_back=actor.id in (row.giver_id, row.offered_by_id),
        may_see_workflow=may_see,
    )
