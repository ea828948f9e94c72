"""What people do with a run: settle a hold on it, flag it for the weekly review.

Holds are settled by the room above, which knows who may and keeps why: here are steps.
"""

from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, NotFound
from runs.models import Hold, Run
from runs.operations.moments import append_moment, lock_run

REASON_MAX = 500


@step
def let_run_go_on(*, run_id: UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Lift every hold on a run that the caller has locked. Time never does this.

    Whoever calls it has decided that this person may, and keeps why. Raises AlreadyDone
    when nothing holds the run, or when it is stopped for good.
    """
    run = lock_run(run_id=run_id)
    if Hold.objects.filter(run_id=run_id, stopped_at__isnull=False).exists():
        raise AlreadyDone("run.stopped", "This run is stopped for good.")
    lifted = Hold.objects.filter(run_id=run_id, resumed_at=None).update(
        resumed_at=now, resumed_by_id=actor.id, resume_reason=reason[:REASON_MAX]
    )
    if lifted == 0:
        raise AlreadyDone("run.not_held", "Nothing holds this run any more.")
    Run.objects.filter(id=run_id).update(is_held=False, hold_reason="")
    _tell(run, "run.resumed", reason, actor, now)


@step
def stop_run_for_good(
    *, run_id: UUID, reason: str, actor: Actor, now: datetime
) -> None:
    """Close the holds on a run without lifting them: what it asks for stays refused.

    Raises AlreadyDone when nothing that is unsettled holds it.
    """
    run = lock_run(run_id=run_id)
    stopped = Hold.objects.filter(
        run_id=run_id, resumed_at=None, stopped_at=None
    ).update(stopped_at=now)
    if stopped == 0:
        raise AlreadyDone("run.not_held", "Nothing holds this run any more.")
    _tell(run, "run.stopped", reason, actor, now)


@step
def take_hold(*, hold_id: UUID, actor: Actor, now: datetime) -> bool:
    """Make a person the one who looks into a hold; says whether it still waits."""
    taken = Hold.objects.filter(id=hold_id, resumed_at=None, stopped_at=None)
    return bool(taken.update(taken_by_id=actor.id, taken_at=now))


@step
def _tell(run: Run, name: str, reason: str, actor: Actor, now: datetime) -> None:
    append_moment(
        run_id=run.id,
        kind=name.removeprefix("run."),
        at=now,
        facts={"reason": reason},
        actor=actor,
    )
    record(
        name,
        actor=actor,
        subject=("run", run.id),
        workflow_id=run.workflow_id,
        run=run.agent_run_id,
        reason=reason,
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
