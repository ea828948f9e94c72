"""What a person is asked again, and how often a fifth answer was turned."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import FollowUp
from runs.rules.questions import ANSWERS

SHOWN_MAX = 100
ANSWERED_MAX = 20


@dataclass(frozen=True)
class FollowUpRow:
    """One run that came back, with the first answer and the later one."""

    id: UUID
    week_id: UUID
    run_id: UUID
    title: str
    workflow: str
    starts_on: date
    signs: tuple[tuple[str, str], ...]
    first_answer: str
    answer: str
    reason: str
    asked_at: datetime
    asked_of: str
    answered_at: datetime | None


@dataclass(frozen=True)
class FollowUps:
    open: tuple[FollowUpRow, ...]
    answered: tuple[FollowUpRow, ...]


def follow_ups_of(*, actor: Actor) -> FollowUps:
    """Give what this person is asked again, oldest first, and what they answered. Few queries."""
    rows = _visible(actor).filter(asked_of=actor.id)
    waiting = rows.filter(answered_at=None).order_by("asked_at", "id")
    answered = rows.filter(answered_at__isnull=False).order_by("-answered_at", "-id")
    return FollowUps(
        tuple(_row(row) for row in waiting[:SHOWN_MAX]),
        tuple(_row(row) for row in answered[:ANSWERED_MAX]),
    )


def open_follow_ups(*, actor: Actor) -> int:
    """Count what this person is asked again, up to a hundred. Two queries."""
    return asked_again_of(actor, access.sight(actor, access.ASSESS))


def asked_again_of(actor: Actor, seen: Callable[[QuerySet, str], QuerySet]) -> int:
    """Count what a person is asked again, by their sight of what they assess. One query."""
    rows = FollowUp.objects.filter(asked_of=actor.id, answered_at=None)
    return seen(rows, "sampled__week__workflow_id").order_by()[:SHOWN_MAX].count()


def follow_ups_in(week_id: UUID) -> tuple[FollowUpRow, ...]:
    """Give the runs of a week that came back. One query."""
    rows = _with_names().filter(sampled__week=week_id).order_by("asked_at", "id")
    return tuple(_row(row) for row in rows[:SHOWN_MAX])


def _with_names():
    return FollowUp.objects.select_related(
        "sampled__run", "sampled__week__workflow", "asked_of"
    ).defer("sampled__run__fold")


def _visible(actor: Actor):
    return access.visible(
        _with_names(),
        actor=actor,
        permission=access.ASSESS,
        workflow_path="sampled__week__workflow_id",
    )


def _row(row: FollowUp) -> FollowUpRow:
    run, week = row.sampled.run, row.sampled.week
    return FollowUpRow(
        id=row.id,
        week_id=week.id,
        run_id=run.id,
        title=run.title or f"Run {run.agent_run_id}",
        workflow=week.workflow.name,
        starts_on=week.starts_on,
        signs=tuple((str(x.get("text", "")), str(x.get("run", ""))) for x in row.signs),
        first_answer=ANSWERS[row.first_answer][0],
        answer=ANSWERS[row.answer][0] if row.answer else "",
        reason=row.reason,
        asked_at=row.asked_at,
        asked_of=row.asked_of.name,
        answered_at=row.answered_at,
    )
