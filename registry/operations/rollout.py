"""The rollout plan's own records: the sponsor, the focus gone over, what is proven."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.accounts.operations.telling import tell
from portal.accounts.queries import must_administrate
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.locks import ENTERPRISE, lock_exclusive
from registry.models import FocusException, Proof, Sponsor, Workflow
from registry.models.rollout import REASON_LENGTH_MAX
from registry.operations.guards import person_id, workflow_for
from registry.queries.rights import must_hold
from registry.queries.rollout import focus_before, sponsor_now
from registry.rules.rulebook import Level


@operation(leaves="rollout.sponsor_named")
def name_sponsor(
    *, actor: Actor, person: Person | None, reason: str, now: datetime
) -> None:
    """Name who answers for the programme, or say that nobody does. Administrators only.

    Nobody names themselves. Whoever is named is told, and whoever was before.
    """
    if not actor.is_system:
        must_administrate(actor)
    reason = _reason(reason, "Say why, as people will read it")
    if person is not None and person.id == actor.id:
        raise Forbidden(
            "Nobody names themselves executive sponsor.",
            who_can_help="Another administrator",
        )
    if person is not None and not person.is_active:
        raise Invalid({"person": f"{person.name} is no longer active."})
    lock_exclusive(ENTERPRISE)
    if not actor.is_system:
        must_administrate(actor)
    before = sponsor_now().person_id
    if before == (person.id if person else None):
        raise AlreadyDone("sponsor.same", "That is so already.")
    made = Sponsor.objects.create(
        person=person, reason=reason, named_by_id=person_id(actor), named_at=now
    )
    record(
        "rollout.sponsor_named",
        actor=actor,
        subject=("sponsor", made.id),
        person=person.name if person else "nobody",
        reason=reason,
    )
    for kind, told_id in (
        ("sponsor_named", person.id if person else None),
        ("sponsor_left", before),
    ):
        if told_id is not None:
            tell(
                kind=kind,
                subject=("sponsor", made.id),
                at=now,
                href=reverse("programme"),
                people={told_id},
                by=actor.name,
                by_id=person_id(actor),
            )


@operation(leaves="rollout.focus_passed")
def go_over_focus(
    *, actor: Actor, workflow_id: UUID, reason: str, now: datetime
) -> FocusException:
    """Let one more workflow launch than a department should have unproven.

    The department's head or an administrator, with a reason that stays on record.
    """
    workflow: Workflow = workflow_for(actor, workflow_id, access.VIEW)
    department = Department.objects.select_related("head").get(
        id=workflow.department_id
    )
    must_hold(
        actor, "pass_rollout_limit", Level.DEPARTMENT, department_id=department.id
    )
    reason = _reason(reason, "Say why one more is right now")
    focus = focus_before(
        actor=actor, workflow_id=workflow.id, department_id=department.id
    )
    if focus is None or not focus.is_blocked:
        raise Conflict("focus.free", f"{department.name} has room for this workflow.")
    made = FocusException.objects.create(
        department=department,
        workflow=workflow,
        unproven=focus.unproven,
        reason=reason,
        given_by_id=actor.id,
        given_at=now,
    )
    record(
        "rollout.focus_passed",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        department=department.name,
        count=focus.unproven,
        reason=reason,
    )
    return made


@operation(leaves="rollout.proof_said")
def record_proof(
    *,
    actor: Actor,
    workflow_id: UUID,
    is_proven: bool,
    evidence: Sequence[str],
    reason: str,
    now: datetime,
) -> Proof:
    """Put on record that a workflow is proven, or no longer, with the counts of the day.

    The head of its department or an administrator; the room above reads the counts.
    """
    workflow = may_prove_or_raise(actor, workflow_id)
    reason = _reason(reason, "Say what speaks for it")
    made = Proof.objects.create(
        workflow=workflow,
        is_proven=is_proven,
        evidence=list(evidence),
        reason=reason,
        said_by_id=person_id(actor),
        said_at=now,
    )
    record(
        "rollout.proof_said",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        what="proven" if is_proven else "not proven any more",
        reason=reason,
    )
    return made


def may_prove_or_raise(actor: Actor, workflow_id: UUID) -> Workflow:
    """Give a workflow to who may call it proven. Raises NotFound or Forbidden."""
    workflow: Workflow = workflow_for(actor, workflow_id, access.VIEW)
    department = Department.objects.select_related("head").get(
        id=workflow.department_id
    )
    must_hold(
        actor, "pass_rollout_limit", Level.DEPARTMENT, department_id=department.id
    )
    return workflow


def _reason(text: str, asked: str) -> str:
    text = " ".join(text.split())
    if not 1 <= len(text) <= REASON_LENGTH_MAX:
        raise Invalid({"reason": f"{asked}, in at most {REASON_LENGTH_MAX} letters."})
    return text
