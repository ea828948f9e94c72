"""Moving the live pointer: launch and rollback, under the workflow's exclusive lock.

What is provably no wider than what is live goes live by its owner at once. Everything
else needs three valid signatures on its packet, a rollback too. The epoch rises, so
that grants issued under the former version are stale.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from portal.core.locks import lock_exclusive, workflow_scope
from registry.models import OperatingModelVersion, Workflow
from registry.models.version import VersionState
from registry.models.workflow import Role
from registry.operations.drafts import show_head
from registry.operations.guards import must_be_trained, must_hold
from registry.operations.phases import launch_in_phase
from registry.queries.comparisons import Difference, difference_from_live, document_of
from registry.queries.moves import (
    LIVE_MOVES,
    PACKET_MOVES,
    is_compared_with_live,
    last_move,
)
from registry.queries.packets import missing_signatures
from registry.queries.readiness import first_launch
from registry.queries.rollout import focus_before
from registry.rules.rollout import FOCUS_MAX

REASON_LENGTH_MAX = 500


class NotReady(Conflict):
    """The department of a first launch is not ready for it, or has enough to prove."""

    title = "Not ready to go live"


@operation(leaves="workflow.version_launched")
def launch_version(
    *, actor: Actor, workflow_id: UUID, digest: str = "", now: datetime
) -> OperatingModelVersion:
    """Put the submitted version live. Only its business owner may.

    Raises Conflict for a phase that no gate has opened, when signatures are missing for a
    version that widens, when the packet was compared with something that is no longer
    live, for another digest, or for a first launch of a department that is not ready.
    """
    workflow = _locked_workflow(actor, workflow_id, "put a version live")
    version = (
        OperatingModelVersion.objects.select_for_update(no_key=True, of=("self",))
        .select_related("packet")
        .filter(workflow=workflow, state=VersionState.SUBMITTED)
        .first()
    )
    if version is None:
        raise Conflict("packet.none", f"{workflow.name} has nothing to put live.")
    if digest and digest != version.packet.digest:
        moved = last_move(workflow_id=workflow.id, names=PACKET_MOVES, now=now)
        raise Conflict(
            "packet.stale",
            f"This is not what you read.{moved.sentence} Read it again.",
            **moved.who_and_when,
        )
    difference = _check_may_go_live(actor, workflow, version, needs_holders=True)
    _check_compared(workflow, version, now)
    _check_ready(actor, workflow, now)
    _check_focus(actor, workflow)
    launch_in_phase(workflow=workflow, version=version, actor=actor, now=now)

    version.state = VersionState.LAUNCHED
    version.label = difference.label
    version.launched_at = now
    version.save(update_fields=("state", "label", "launched_at"))
    _point_at(workflow, version)

    record(
        "workflow.version_launched",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        version=version.number,
        label=difference.label,
        digest=version.packet.digest,
    )
    return version


@operation(leaves="workflow.rolled_back")
def roll_back(
    *, actor: Actor, workflow_id: UUID, number: int, reason: str, now: datetime
) -> OperatingModelVersion:
    """Go back to an earlier version that was live. Only the business owner may.

    It is labelled against what is live; a rollback that widens needs the three
    signatures of that version's packet, still valid.
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH_MAX:
        raise Invalid(
            {"reason": f"Say why, in at most {REASON_LENGTH_MAX} characters."}
        )
    workflow = _locked_workflow(actor, workflow_id, "go back to an earlier version")
    version = (
        OperatingModelVersion.objects.select_related("packet")
        .filter(workflow=workflow, number=number, state=VersionState.LAUNCHED)
        .first()
    )
    if version is None:
        raise NotFound(f"Version {number} was never live.")
    if version.id == workflow.live_version_id:
        raise AlreadyDone("version.live", f"Version {number} is live already.")
    difference = _check_may_go_live(actor, workflow, version, needs_holders=False)
    launch_in_phase(workflow=workflow, version=version, actor=actor, now=now)

    _point_at(workflow, version)

    record(
        "workflow.rolled_back",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        version=version.number,
        label=difference.label,
        reason=reason,
    )
    return version


@step
def _locked_workflow(actor: Actor, workflow_id: UUID, deed: str) -> Workflow:
    workflow = Workflow.objects.filter(id=workflow_id).first()
    if workflow is None or not (
        actor.is_system or access.may(actor, access.VIEW, workflow_id)
    ):
        raise NotFound("There is nothing here, or you may not see it.")
    lock_exclusive(workflow_scope(workflow.lock_number))
    must_hold(actor, workflow, Role.BUSINESS_OWNER, deed)
    # Read again: what was live before the lock may not be live now.
    return Workflow.objects.get(id=workflow_id)


def _check_may_go_live(
    actor: Actor,
    workflow: Workflow,
    version: OperatingModelVersion,
    *,
    needs_holders: bool,
) -> Difference:
    difference = difference_from_live(workflow=workflow, version=version)
    if not difference.is_widening:
        return difference
    must_be_trained(actor, workflow, Role.BUSINESS_OWNER, "allow more")
    missing = missing_signatures(version, needs_holders=needs_holders)
    if missing:
        raise Conflict(
            "packet.unsigned",
            f"Version {version.number} allows more than what is live, so it needs every"
            f" signature. Missing: {', '.join(missing)}.",
            missing=list(missing),
        )
    return difference


def _check_compared(
    workflow: Workflow, version: OperatingModelVersion, now: datetime
) -> None:
    if is_compared_with_live(workflow, version):
        return
    moved = last_move(workflow_id=workflow.id, names=LIVE_MOVES, now=now)
    raise Conflict(
        "packet.stale",
        "Another version went live after this packet was made, so what was signed as"
        f" the difference is no longer true.{moved.sentence}"
        " Take it back and submit it again.",
        **moved.who_and_when,
    )


def _check_ready(actor: Actor, workflow: Workflow, now: datetime) -> None:
    """Raise Conflict when the department of a first launch is not ready for it."""
    waits = first_launch(
        actor=actor,
        workflow_id=workflow.id,
        department_id=workflow.department_id,
        now=now,
    )
    if waits is not None and waits.is_blocked:
        raise NotReady(
            "readiness.short",
            f"{waits.readiness.why_not} So {workflow.name} cannot go live for the first"
            " time. Do the assessment or its priorities under Readiness, or let the risk"
            " owner put on record why it goes live all the same.",
            href=waits.readiness.href,
        )


def _check_focus(actor: Actor, workflow: Workflow) -> None:
    """Raise Conflict when the department has enough to prove before one more goes live."""
    # The row, so that two launches of a department do not both find the last place free;
    # its advisory lock comes before the workflow's, which is held here.
    Department.objects.select_for_update(no_key=True).get(id=workflow.department_id)
    focus = focus_before(
        actor=actor, workflow_id=workflow.id, department_id=workflow.department_id
    )
    if focus is not None and focus.is_blocked:
        raise NotReady(
            "focus.full",
            f"{focus.department} has {focus.unproven} live workflows that are not proven,"
            f" and {FOCUS_MAX} are as many as a department can look after. Prove one of them"
            " first, or let the department's head put on record why one more is right.",
        )


def _point_at(workflow: Workflow, version: OperatingModelVersion) -> None:
    Workflow.objects.filter(id=workflow.id).update(
        live_version=version, pause_epoch=F("pause_epoch") + 1
    )
    show_head(workflow_id=workflow.id, document=document_of(version), is_live=True)
