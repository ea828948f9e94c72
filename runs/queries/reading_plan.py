"""How much the assessors of a workflow can read in a week, as the page about it shows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.queries.workflows import business_owner_of, workflow_seen
from runs.models import ReadingPlan
from runs.queries.opening import MINUTES_A_RUN, MINUTES_A_WEEK
from runs.rules.questions import who_can_help
from runs.rules.sampling import DRAWN_TARGET, Budget

WEEK_MINUTES = (10, 2_400)
RUN_MINUTES = (1, 120)


@dataclass(frozen=True)
class ReadingPlanPage:
    workflow_id: UUID
    workflow: str
    workflow_slug: str
    assessors: tuple[str, ...]
    minutes_a_week: int
    minutes_a_run: int
    fits: int
    draws: int
    is_own: bool
    changed_by: str
    changed_at: datetime | None
    may_set: bool
    who_can_help: str


def assessed_workflow(*, actor: Actor, workflow_id: UUID) -> ReadingPlanPage:
    """Give how much time a workflow's assessors have. About six queries. Raises NotFound."""
    workflow = workflow_seen(actor=actor, workflow_id=workflow_id)
    people = access.people_with(workflow_id, access.ASSESS)
    names = tuple(person.name for person in people)
    plan = (
        ReadingPlan.objects.filter(workflow_id=workflow_id)
        .select_related("changed_by")
        .first()
    )
    budget = Budget(
        assessors=len(names),
        minutes_a_week=plan.minutes_a_week if plan else MINUTES_A_WEEK,
        minutes_a_run=plan.minutes_a_run if plan else MINUTES_A_RUN,
    )
    return ReadingPlanPage(
        workflow_id=workflow_id,
        workflow=workflow.name,
        workflow_slug=workflow.slug,
        assessors=names,
        minutes_a_week=budget.minutes_a_week,
        minutes_a_run=budget.minutes_a_run,
        fits=budget.runs,
        draws=min(DRAWN_TARGET, budget.to_draw(0)),
        is_own=plan is not None,
        changed_by=plan.changed_by.name if plan and plan.changed_by else "",
        changed_at=plan.changed_at if plan else None,
        may_set=access.may(actor, access.ASSESS, workflow_id),
        who_can_help=who_can_give(workflow_id, list(names)),
    )


def who_can_give(workflow_id: UUID, names: list[str]) -> str:
    """Say who may assess a workflow; without anybody, who can give the right. One query."""
    if names:
        return who_can_help(names)
    owner = business_owner_of(workflow_id)
    if owner:
        return f"Nobody assesses this workflow. {owner}, its business owner, can give the right."
    return who_can_help([])
