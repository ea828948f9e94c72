"""The phase that a workflow is in: where it begins, and how it is taken back.

A phase changes only here and in `gates`, with a row of moves, behind the workflow's exclusive
lock and with a new epoch: grants issued before are stale, and open proposals are ruled on
again when they are decided.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record, step
from portal.core.errors import Conflict, Invalid
from portal.core.locks import lock_exclusive, workflow_scope
from registry.models import OperatingModelVersion, PhaseGate, PhaseMove, Workflow
from registry.models.phases import PhaseMoveKind
from registry.operations.guards import person_id, workflow_for
from registry.queries.comparisons import document_of
from registry.queries.people import role_holder_ids
from registry.rules.phases import FIRST

REASON_LENGTH_MAX = 500


@operation(leaves="workflow.phase_taken_back")
def take_phase_back(
    *, actor: Actor, workflow_id: UUID, to_phase: int, reason: str, now: datetime
) -> None:
    """Put a live workflow back into a lower phase at once. Whoever may pause it may.

    The limits of its page's phase hold on beside those of the phase it goes back to, so
    that nothing becomes wider.
    """
    workflow = workflow_for(actor, workflow_id, access.PAUSE)
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH_MAX:
        raise Invalid(
            {"reason": f"Say why, in at most {REASON_LENGTH_MAX} characters."}
        )
    lock_exclusive(workflow_scope(workflow.lock_number))
    workflow = workflow_for(actor, workflow_id, access.PAUSE)
    if workflow.live_version_id is None:
        raise Conflict(
            "workflow.not_live", f"{workflow.name} is not live, so nothing runs."
        )
    if not FIRST <= to_phase < workflow.phase:
        raise Conflict(
            "phase.not_lower",
            f"{workflow.name} is in phase {workflow.phase}; it is taken back to a lower one.",
        )
    move(
        workflow=workflow,
        kind=PhaseMoveKind.BACK,
        to_phase=to_phase,
        reason=reason,
        actor=actor,
        now=now,
    )
    record(
        "workflow.phase_taken_back",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        before=workflow.phase,
        after=to_phase,
        reason=reason,
    )
    tell(
        kind="phase_taken_back",
        subject=("workflow", workflow.id),
        at=now,
        people=role_holder_ids(workflow.id),
        workflow_id=workflow.id,
        by=actor.name,
        by_id=actor.id if actor.is_person else None,
    )


@step
def launch_in_phase(
    *, workflow: Workflow, version: OperatingModelVersion, actor: Actor, now: datetime
) -> None:
    """Let a version that goes live fit the workflow's phase; the caller holds the lock.

    A first version begins where its packet says and why. Later ones may not be written
    for a phase that no gate has opened; one for a lower phase takes the workflow back.
    """
    page_phase = int(document_of(version)["phase"])
    if workflow.live_version_id is None:
        _begin(workflow, version, page_phase, actor, now)
        return
    if page_phase > workflow.phase:
        raise Conflict(
            "phase.not_reached",
            f"Version {version.number} is written for phase {page_phase}, and"
            f" {workflow.name} is in phase {workflow.phase}. The gate to phase"
            f" {workflow.phase + 1} is opened first.",
        )
    live = OperatingModelVersion.objects.get(id=workflow.live_version_id)
    if page_phase < workflow.phase and page_phase < int(document_of(live)["phase"]):
        move(
            workflow=workflow,
            kind=PhaseMoveKind.BACK,
            to_phase=page_phase,
            reason=f"Version {version.number} is written for phase {page_phase}.",
            actor=actor,
            now=now,
        )


@step
def move(
    *,
    workflow: Workflow,
    kind: PhaseMoveKind,
    to_phase: int,
    reason: str,
    actor: Actor,
    now: datetime,
    gate: PhaseGate | None = None,
) -> PhaseMove:
    """Write one move, put the workflow into the phase and raise its epoch."""
    made = PhaseMove.objects.create(
        workflow=workflow,
        number=PhaseMove.objects.filter(workflow=workflow).count() + 1,
        kind=kind,
        from_phase=workflow.phase,
        to_phase=to_phase,
        reason=reason,
        gate=gate,
        moved_by_id=person_id(actor),
        moved_at=now,
    )
    Workflow.objects.filter(id=workflow.id).update(
        phase=to_phase, pause_epoch=F("pause_epoch") + 1
    )
    return made


@step
def _begin(
    workflow: Workflow,
    version: OperatingModelVersion,
    phase: int,
    actor: Actor,
    now: datetime,
) -> None:
    PhaseMove.objects.create(
        workflow=workflow,
        number=1,
        kind=PhaseMoveKind.BEGUN,
        from_phase=0,
        to_phase=phase,
        reason=version.reason,
        moved_by_id=person_id(actor),
        moved_at=now,
    )
    Workflow.objects.filter(id=workflow.id).update(phase=phase)
