"""Pause and resume. Pausing needs the database and nothing else: no broker, no worker.

The exclusive lock waits for the rulings and redemptions in flight, which hold the shared
one for half a second at most; after the commit none that reads the old state is left.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.locks import lock_exclusive, workflow_scope
from registry.models import PauseSpell, Workflow
from registry.models.duties import StageEnd
from registry.operations.guards import person_id, workflow_for
from registry.operations.staging import StageAsked, begin_stage, end_open_stage

REASON_LENGTH_MAX = 500


@operation(leaves="workflow.paused")
def pause_workflow(
    *, actor: Actor, workflow_id: UUID, reason: str, now: datetime
) -> int:
    """Stop a live workflow and give the new pause epoch.

    Raises Invalid without a reason, Conflict when it is not live, AlreadyDone with who
    and when if it is paused.
    """
    workflow = workflow_for(actor, workflow_id, access.PAUSE)
    reason = _reason(reason)
    lock_exclusive(workflow_scope(workflow.lock_number))
    workflow = Workflow.objects.select_related("paused_by").get(id=workflow.id)
    if workflow.live_version_id is None:
        raise Conflict(
            "workflow.not_live", f"{workflow.name} is not live, so nothing runs."
        )
    if workflow.paused_at is not None:
        raise AlreadyDone(
            "workflow.paused",
            f"{workflow.name} is paused: {workflow.pause_reason}",
            who=workflow.paused_by.name if workflow.paused_by else "Countersign",
            at=workflow.paused_at,
        )

    Workflow.objects.filter(id=workflow.id).update(
        paused_at=now,
        paused_by_id=person_id(actor),
        pause_reason=reason,
        pause_epoch=F("pause_epoch") + 1,
    )
    PauseSpell.objects.create(workflow=workflow, paused_at=now)

    # A resume in stages is over with the new pause; the next resume begins anew.
    end_open_stage(workflow=workflow, how=StageEnd.PAUSED, actor=actor, now=now)

    record(
        "workflow.paused",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        reason=reason,
        pause_epoch=workflow.pause_epoch + 1,
    )
    tell(
        kind="paused",
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        by=actor.name,
        by_id=actor.id,
        at=now,
    )
    return workflow.pause_epoch + 1


@operation(leaves="workflow.resumed")
def resume_workflow(
    *,
    actor: Actor,
    workflow_id: UUID,
    reason: str,
    stage: StageAsked | None = None,
    now: datetime,
) -> None:
    """Let a paused workflow go on, in a stage or at once with everything.

    Grants from before the pause stay stale by its epoch.
    """
    workflow = workflow_for(actor, workflow_id, access.PAUSE)
    reason = _reason(reason)
    lock_exclusive(workflow_scope(workflow.lock_number))
    changed = Workflow.objects.filter(id=workflow.id, paused_at__isnull=False).update(
        paused_at=None, paused_by=None, pause_reason=""
    )
    if not changed:
        raise AlreadyDone("workflow.running", f"{workflow.name} is not paused.")
    # From here on clocks go on; what stood still for the pause is read from this row.
    PauseSpell.objects.filter(workflow=workflow, resumed_at=None).update(resumed_at=now)
    record(
        "workflow.resumed",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        reason=reason,
    )
    if stage is not None:
        begin_stage(workflow=workflow, asked=stage, reason=reason, actor=actor, now=now)


def _reason(text: str) -> str:
    text = text.strip()
    if not text:
        raise Invalid({"reason": "Say why, in a few words that others can read."})
    if len(text) > REASON_LENGTH_MAX:
        raise Invalid({"reason": f"At most {REASON_LENGTH_MAX} characters."})
    return text
