"""Resuming in stages: a restriction for a while, which people widen step by step.

A stage begins behind the exclusive lock and raises the epoch, so that grants issued
before it are stale. It ends by a person, by a new pause, or when its time is over; then
more is allowed, and what was granted under the stage stays good.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from portal.accounts import access
from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.locks import lock_exclusive, workflow_scope
from registry.models import ResumeStage, Workflow
from registry.models.duties import StageEnd
from registry.operations.guards import person_id, workflow_for
from registry.rules.rulebook import Stage
from registry.rules.stages import after, sentence_of
from registry.rules.verbs import VERBS, Tier

HOURS_MAX = 24 * 31
DUE_MAX = 200


@dataclass(frozen=True)
class StageAsked:
    """The stage that somebody resumes with, and for how long; None is until ended."""

    stage: Stage
    hours: int | None = None


@step
def begin_stage(
    *, workflow: Workflow, asked: StageAsked, reason: str, actor: Actor, now: datetime
) -> ResumeStage:
    """Put a stage in force in place of the one before; the caller holds the lock."""
    _check(asked)
    end_open_stage(workflow=workflow, how=StageEnd.NEXT, actor=actor, now=now)
    begun = ResumeStage.objects.create(
        workflow=workflow,
        tiers=sorted(asked.stage.tiers),
        verbs=sorted(asked.stage.verbs),
        reason=reason,
        started_at=now,
        started_by_id=person_id(actor),
        until_at=now + timedelta(hours=asked.hours) if asked.hours else None,
    )
    Workflow.objects.filter(id=workflow.id).update(pause_epoch=F("pause_epoch") + 1)
    record(
        "workflow.stage_begun",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        sentence=sentence_of(asked.stage),
        until=begun.until_at.isoformat() if begun.until_at else "somebody ends it",
    )
    return begun


@step
def end_open_stage(
    *, workflow: Workflow, how: StageEnd, actor: Actor, now: datetime
) -> bool:
    """End the stage in force, if there is one; the caller holds the lock."""
    ended = ResumeStage.objects.filter(workflow=workflow, ended_at=None).update(
        ended_at=now, ended_by_id=person_id(actor), ended_how=how
    )
    return bool(ended)


@operation(leaves=("workflow.stage_begun", "workflow.stage_ended"))
def go_to_next_stage(
    *, actor: Actor, workflow_id: UUID, stage_id: UUID, now: datetime
) -> Stage | None:
    """Widen to the next stage, or let the rulebook rule alone; gives what is in force.

    `stage_id` is the stage that the page showed. Raises AlreadyDone when it ended.
    """
    workflow, open_stage = _locked(actor, workflow_id, stage_id)
    following = after(stage_of(open_stage))
    if following is None:
        _let_everything_run(workflow, StageEnd.ENDED, actor, now)
        return None
    begin_stage(
        workflow=workflow,
        asked=StageAsked(following),
        reason=open_stage.reason,
        actor=actor,
        now=now,
    )
    return following


@operation(leaves="workflow.stage_ended")
def end_stage(
    *, actor: Actor, workflow_id: UUID, stage_id: UUID, now: datetime
) -> None:
    """Let everything run again that the rulebook allows."""
    workflow, _ = _locked(actor, workflow_id, stage_id)
    _let_everything_run(workflow, StageEnd.ENDED, actor, now)


def due_stages(*, limit: int = DUE_MAX) -> list[UUID]:
    """Name the stages whose time is over; no ruling reads them any more. One query."""
    rows = ResumeStage.objects.filter(ended_at=None, until_at__lte=Now())
    return list(rows.order_by("until_at", "id").values_list("id", flat=True)[:limit])


@operation(leaves="workflow.stage_ended")
def time_out_stage(*, stage_id: UUID, now: datetime) -> None:
    """Write down that a stage's time is over. Raises AlreadyDone if it ended before."""
    due = ResumeStage.objects.select_related("workflow").get(id=stage_id)
    lock_exclusive(workflow_scope(due.workflow.lock_number))
    if not ResumeStage.objects.filter(
        id=stage_id, ended_at=None, until_at__lte=Now()
    ).exists():
        raise AlreadyDone("stage.ended", "This stage ended before.")
    _let_everything_run(due.workflow, StageEnd.TIME, SYSTEM, now)


def stage_of(row: ResumeStage) -> Stage:
    return Stage(tiers=frozenset(row.tiers), verbs=frozenset(row.verbs))


@step
def _let_everything_run(
    workflow: Workflow, how: StageEnd, actor: Actor, now: datetime
) -> None:
    end_open_stage(workflow=workflow, how=how, actor=actor, now=now)
    record(
        "workflow.stage_ended",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        how=how.label.lower(),
    )


def _locked(
    actor: Actor, workflow_id: UUID, stage_id: UUID
) -> tuple[Workflow, ResumeStage]:
    workflow = workflow_for(actor, workflow_id, access.PAUSE)
    lock_exclusive(workflow_scope(workflow.lock_number))
    open_stage = ResumeStage.objects.filter(
        workflow_id=workflow_id, ended_at=None
    ).first()
    if open_stage is None:
        raise AlreadyDone(
            "stage.ended", f"{workflow.name} runs by its rulebook alone already."
        )
    if open_stage.id != stage_id:
        raise Conflict(
            "stage.moved", "Another stage has begun since; look at it first."
        )
    return workflow, open_stage


def _check(asked: StageAsked) -> None:
    unknown = asked.stage.verbs - set(VERBS) or asked.stage.tiers - set(Tier)
    if unknown:
        raise Invalid({"verbs": "Choose from the verbs that are shown."})
    if asked.hours is not None and not 1 <= asked.hours <= HOURS_MAX:
        raise Invalid({"hours": f"From one hour to {HOURS_MAX} hours."})
