"""A pause or a stage of a resume, as every page that names the workflow tells it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.models import AllowanceRow, ResumeStage, Workflow
from registry.queries.people import Choice
from registry.rules.rulebook import Stage
from registry.rules.stages import NOTHING_ALONE, READING_ALONE, after, sentence_of
from registry.rules.verbs import name_of

STAGES_SHOWN_MAX = 10


@dataclass(frozen=True)
class StageShown:
    """The stage in force, and what one click on the next does."""

    id: UUID
    sentence: str
    begun_at: datetime
    begun_by: str
    until_at: datetime | None
    next_label: str
    next_sentence: str


@dataclass(frozen=True)
class PauseShown:
    """Whether a workflow is paused or resumes in stages, and what this person may do."""

    slug: str
    name: str
    is_live: bool
    paused_at: datetime | None
    paused_by: str
    reason: str
    stage: StageShown | None
    may_pause: bool

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None


@dataclass(frozen=True)
class StagePast:
    sentence: str
    begun_at: datetime
    begun_by: str
    ended_at: datetime | None
    how: str


def pause_shown(*, actor: Actor, slug: str) -> PauseShown | None:
    """Tell a pause to somebody who may see the workflow. Four queries; the caller checks."""
    row = Workflow.objects.select_related("paused_by").filter(slug=slug).first()
    if row is None:
        return None
    return PauseShown(
        slug=row.slug,
        name=row.name,
        is_live=row.live_version_id is not None,
        paused_at=row.paused_at,
        paused_by=row.paused_by.name if row.paused_by else "Countersign",
        reason=row.pause_reason,
        stage=stage_in_force(workflow_id=row.id),
        may_pause=access.may(actor, access.PAUSE, row.id),
    )


def stage_in_force(*, workflow_id: UUID) -> StageShown | None:
    """Give the stage that rulings read now, or None. One query."""
    row = (
        ResumeStage.objects.filter(workflow_id=workflow_id, ended_at=None)
        .filter(Q(until_at=None) | Q(until_at__gt=Now()))
        .select_related("started_by")
        .first()
    )
    if row is None:
        return None
    stage = _stage(row)
    following = after(stage)
    return StageShown(
        id=row.id,
        sentence=sentence_of(stage),
        begun_at=row.started_at,
        begun_by=row.started_by.name if row.started_by else "Countersign",
        until_at=row.until_at,
        next_label="Let reading run alone" if following else "Let everything run",
        next_sentence=sentence_of(following)
        if following
        else "The rulebook rules alone again.",
    )


def stages_of(*, workflow_id: UUID) -> tuple[StagePast, ...]:
    """Give the last stages of a workflow, newest first. One query."""
    rows = (
        ResumeStage.objects.filter(workflow_id=workflow_id)
        .select_related("started_by")
        .order_by("-started_at", "id")[:STAGES_SHOWN_MAX]
    )
    return tuple(
        StagePast(
            sentence=sentence_of(_stage(row)),
            begun_at=row.started_at,
            begun_by=row.started_by.name if row.started_by else "Countersign",
            ended_at=row.ended_at,
            how=row.get_ended_how_display(),
        )
        for row in rows
    )


def verbs_to_open(*, live_version_id: UUID | None) -> tuple[Choice, ...]:
    """Give the verbs that the live matrix lets run or be reviewed. One query."""
    if live_version_id is None:
        return ()
    rows = (
        AllowanceRow.objects.filter(version_id=live_version_id)
        .exclude(authority="never")
        .order_by("verb")
        .values_list("verb", flat=True)
        .distinct()
    )
    return tuple(Choice(value=verb, label=name_of(verb).capitalize()) for verb in rows)


STAGES_TO_PICK = {
    "people": NOTHING_ALONE,
    "reading": READING_ALONE,
}


def _stage(row: ResumeStage) -> Stage:
    return Stage(tiers=frozenset(row.tiers), verbs=frozenset(row.verbs))
