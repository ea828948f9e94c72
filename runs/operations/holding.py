"""People act on a run: let it go on after a hold, flag it for the weekly review."""

from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Forbidden, Invalid, NotFound
from runs.models import Hold, Run
from runs.operations.moments import append_moment, lock_run

REASON_MAX = 500


@operation(leaves="run.resumed")
def resume_run(*, actor: Actor, run_id: UUID, reason: str, now: datetime) -> None:
    """Lift every hold on a run, with a reason. Time never does this.

    Raises NotFound for who may not see it, Forbidden for who may not resolve it,
    Invalid without a reason, AlreadyDone when nothing holds it.
    """
    run = _visible(actor, run_id)
    if not access.may(actor, access.RESOLVE, run.workflow_id):
        raise Forbidden(
            "Only the escalation owner of the workflow lets a held run go on.",
            who_can_help="The workflow's page names its escalation owner.",
        )
    text = reason.strip()
    if not text or len(text) > REASON_MAX:
        raise Invalid({"reason": f"Say why, in at most {REASON_MAX} characters."})
    lock_run(run_id=run_id)
    lifted = Hold.objects.filter(run_id=run_id, resumed_at=None).update(
        resumed_at=now, resumed_by_id=actor.id, resume_reason=text
    )
    if lifted == 0:
        raise AlreadyDone("run.not_held", "Nothing holds this run any more.")
    Run.objects.filter(id=run_id).update(is_held=False, hold_reason="")
    append_moment(
        run_id=run_id, kind="resumed", at=now, facts={"reason": text}, actor=actor
    )
    record(
        "run.resumed",
        actor=actor,
        subject=("run", run_id),
        workflow_id=run.workflow_id,
        run=run.agent_run_id,
        reason=text,
    )


@operation(leaves="run.flagged")
def flag_run(*, actor: Actor, run_id: UUID, now: datetime) -> None:
    """Flag a run, so that the next weekly review must read it. Raises AlreadyDone."""
    run = _visible(actor, run_id)
    flagged = Run.objects.filter(id=run_id, is_flagged=False).update(is_flagged=True)
    if not flagged:
        raise AlreadyDone("run.flagged", "This run is flagged already.")
    append_moment(run_id=run_id, kind="flagged", at=now, facts={}, actor=actor)
    record(
        "run.flagged",
        actor=actor,
        subject=("run", run_id),
        workflow_id=run.workflow_id,
        run=run.agent_run_id,
    )


def _visible(actor: Actor, run_id: UUID) -> Run:
    rows = access.visible(Run.objects.all(), actor=actor, workflow_path="workflow_id")
    run = rows.filter(id=run_id).first()
    if run is None:
        raise NotFound("There is nothing here, or you may not see it.")
    return run
