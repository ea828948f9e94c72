"""Positions: a role held by a post, such as Head of customer care, follows who fills it.

When somebody else fills a position, every workflow whose role it holds follows in one
operation: rights, and signatures on open packets, which no longer count.
"""

import re
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.locks import lock_exclusive, workflow_scope
from registry.models import DecisionRight, Position, RoleHolding, Workflow
from registry.operations.guards import workflow_for
from registry.operations.people import (
    check_not_taken,
    check_three_people,
    give_up,
    hold_role,
    locked_holding,
)
from registry.operations.reviewing import position_changed, votes_in
from registry.operations.rights import sync_rights

NAME_LENGTH_MAX = 120
NOTE_LENGTH_MAX = 500
ROLES_OF_A_POSITION_MAX = 1000
# A role is held by a person; words for everybody answer for nothing.
_NOBODY = re.compile(
    r"(the )?(business|company|team|department|management|it|risk|ai|users?|owners?"
    r"|every(one|body)|any(one|body)|some(one|body)|no(body| one)|n/?a|tb[ad]|-+)",
    re.IGNORECASE,
)


@operation(leaves="position.added")
def add_position(
    *, actor: Actor, name: str, department: Department, holder: Person, now: datetime
) -> Position:
    """Add a position with the person who fills it. Administrators only.

    Raises Invalid for a name that names everybody, AlreadyDone for one that is there.
    """
    _require_administrator(actor)
    name = " ".join(name.split())
    _check_name(name)
    if not holder.is_active:
        raise Invalid({"holder": f"{holder.name} is no longer active."})
    if Position.objects.filter(name__iexact=name, department=department).exists():
        raise AlreadyDone(
            "position.same", f"{department.name} has the position {name} already."
        )

    position = Position.objects.create(
        name=name, department=department, holder=holder, since=now
    )

    record(
        "position.added",
        actor=actor,
        subject=("position", position.id),
        position=name,
        person=holder.name,
    )
    return position


@operation(leaves="position.filled")
def fill_position(
    *, actor: Actor, position_id: UUID, person: Person, note: str, now: datetime
) -> int:
    """Let somebody else fill a position; says how many roles followed.

    Waits for the rulings in flight of every workflow that follows. Raises Invalid for
    somebody who signs another role on one of them, and then nothing changes.
    """
    _require_administrator(actor)
    note = _note(note)
    position = _locked_position(position_id)
    if not person.is_active:
        raise Invalid({"person": f"{person.name} is no longer active."})
    if position.holder_id == person.id:
        raise AlreadyDone("position.same", f"{person.name} fills it already.")
    _refuse_own_right(actor, position, person)
    former = position.holder
    voted_in = votes_in(actor, position)
    held = _workflows_of(position)
    for workflow, role in held:
        _check_may_follow(workflow, role, person)

    position.holder = person
    position.since = now
    position.save(update_fields=("holder", "since"))
    for workflow, role in held:
        hold_role(
            workflow=workflow,
            role=role,
            person=person,
            position=position,
            actor=actor,
            now=now,
        )
    former_id = former.id if former else None
    position_changed(
        position, former_id=former_id, actor=actor, now=now, voted_in=voted_in
    )

    record(
        "position.filled",
        actor=actor,
        subject=("position", position.id),
        position=position.name,
        person=person.name,
        former=former.name if former else "nobody",
        roles=len(held),
        note=note,
    )
    return len(held)


@operation(leaves="position.vacated")
def vacate_position(
    *, actor: Actor, position_id: UUID, note: str, now: datetime
) -> int:
    """Leave a position unfilled: its roles are vacant, so nothing runs there."""
    _require_administrator(actor)
    note = _note(note)
    position = _locked_position(position_id)
    if position.holder_id is None:
        raise AlreadyDone("position.vacant", f"Nobody fills {position.name} already.")
    former = position.holder
    held = _workflows_of(position)

    position.holder = None
    position.since = now
    position.save(update_fields=("holder", "since"))
    for workflow, role in held:
        _leave_unfilled(workflow, role, position, actor, now)
    former_id = former.id if former else None
    position_changed(position, former_id=former_id, actor=actor, now=now)

    record(
        "position.vacated",
        actor=actor,
        subject=("position", position.id),
        position=position.name,
        former=former.name if former else "nobody",
        roles=len(held),
        note=note,
    )
    return len(held)


@operation(leaves="workflow.role_assigned")
def assign_role_to_position(
    *, actor: Actor, workflow_id: UUID, role: str, position_id: UUID, now: datetime
) -> None:
    """Let a position hold a role of a workflow; whoever fills it holds the role now."""
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    # The position before the workflow, as when it is filled, so that none waits in a circle.
    position = _locked_position(position_id)
    lock_exclusive(workflow_scope(workflow.lock_number))
    if position.holder is None:
        raise Invalid({role: f"Nobody fills the position {position.name} now."})
    if position.roles.count() >= ROLES_OF_A_POSITION_MAX:
        raise Conflict(
            "position.many",
            f"A position holds at most {ROLES_OF_A_POSITION_MAX} roles.",
        )
    held = RoleHolding.objects.filter(workflow=workflow, role=role).first()
    if held is None or held.person_id != position.holder_id:
        check_not_taken(actor, workflow, role)
    hold_role(
        workflow=workflow,
        role=role,
        person=position.holder,
        position=position,
        actor=actor,
        now=now,
    )


def _require_administrator(actor: Actor) -> None:
    if actor.is_system or access.holds_everywhere(actor, access.EDIT):
        return
    raise Forbidden(
        "Positions stand above every workflow; only an administrator changes them.",
        who_can_help="An administrator can change it.",
    )


def _check_name(name: str) -> None:
    if not name:
        raise Invalid({"name": "Name the position, such as Head of customer care."})
    if len(name) > NAME_LENGTH_MAX:
        raise Invalid({"name": f"At most {NAME_LENGTH_MAX} characters."})
    if _NOBODY.fullmatch(name):
        raise Invalid(
            {
                "name": f"“{name}” names everybody, and so nobody. Name a post that one"
                " person fills, such as Head of customer care."
            }
        )


def _refuse_own_right(actor: Actor, position: Position, person: Person) -> None:
    """Let nobody take a decision right by filling the position that holds it."""
    if actor.id != person.id:
        return
    if DecisionRight.objects.filter(position=position, ended_at=None).exists():
        raise Forbidden(
            f"{position.name} holds a decision right, and nobody gives a right to"
            " themselves.",
            code="right.yourself",
            who_can_help="Another administrator can let you fill it.",
        )


def _note(text: str) -> str:
    text = text.strip()
    if not text:
        raise Invalid({"note": "Say why, in a few words that others can read."})
    if len(text) > NOTE_LENGTH_MAX:
        raise Invalid({"note": f"At most {NOTE_LENGTH_MAX} characters."})
    return text


def _locked_position(position_id: UUID) -> Position:
    position = (
        Position.objects.select_for_update(no_key=True, of=("self",))
        .select_related("holder", "department")
        .filter(id=position_id)
        .first()
    )
    if position is None:
        raise NotFound("There is no such position.")
    return position


def _workflows_of(position: Position) -> list[tuple[Workflow, str]]:
    """Lock the workflows whose roles the position holds, in ascending order."""
    holdings = list(
        RoleHolding.objects.filter(position=position)
        .select_related("workflow")
        .order_by("workflow__lock_number", "role")
    )
    for number in sorted({held.workflow.lock_number for held in holdings}):
        lock_exclusive(workflow_scope(number))
    return [(held.workflow, held.role) for held in holdings]


def _check_may_follow(workflow: Workflow, role: str, person: Person) -> None:
    try:
        check_three_people(workflow, role, person)
    except Invalid as problem:
        why = next(iter(problem.fields.values()))
        raise Invalid({"person": f"{workflow.name}: {why}"}) from problem


@step
def _leave_unfilled(
    workflow: Workflow, role: str, position: Position, actor: Actor, now: datetime
) -> None:
    holding = locked_holding(workflow, role)
    former_id = holding.person_id
    give_up(holding, actor=actor, now=now)
    # The role stays the position's, so that whoever fills it next holds it.
    RoleHolding.objects.filter(id=holding.id).update(position=position)
    if former_id is not None:
        sync_rights(workflow_id=workflow.id, person_id=former_id)
    record(
        "workflow.role_vacated",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        role=holding.get_role_display(),
    )
