"""Which team a workflow belongs to: the ceilings of that team bind it from then on."""

from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import Team
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Invalid, NotFound
from portal.core.locks import department_scope, lock_exclusive
from registry.models import Workflow
from registry.operations.catalogue import raise_epoch
from registry.queries.rights import must_hold
from registry.rules.rulebook import Level


@operation(leaves="workflow.team_set")
def place_workflow(
    *, actor: Actor, workflow_id: UUID, team: Team | None, now: datetime
) -> None:
    """Let a workflow belong to a team of its department, or to none.

    It waits for the rulings of the department, and grants issued before are stale: the
    ceilings of the old team bind no more, and those of the new one do.
    """
    rows = Workflow.objects.select_related("department").filter(id=workflow_id)
    workflow = rows.first()
    if workflow is None:
        raise NotFound("There is no such workflow.")
    scope = department_scope(workflow.department.lock_number)
    place = {"department_id": workflow.department_id}
    # Twice: nobody else makes rulings wait, and who lost the right meanwhile moves nothing.
    must_hold(actor, "place_workflow", Level.DEPARTMENT, **place)
    lock_exclusive(scope)
    workflow = rows.get()
    must_hold(actor, "place_workflow", Level.DEPARTMENT, **place)
    if team is not None and team.department_id != workflow.department_id:
        raise Invalid({"team": f"Choose a team of {workflow.department.name}."})
    if workflow.team_id == (team.id if team else None):
        raise AlreadyDone("workflow.team_same", "It belongs there already.")
    Workflow.objects.filter(id=workflow.id).update(team=team)
    raise_epoch(scope)
    record(
        "workflow.team_set",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        team=f"the team {team.name}" if team else "no team",
    )
