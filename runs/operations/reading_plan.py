"""How much time the assessors of a workflow have: it caps the draw, never what must be seen."""

from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import Forbidden, Invalid
from runs.models import ReadingPlan
from runs.queries.reading_plan import (
    RUN_MINUTES,
    WEEK_MINUTES,
    ReadingPlanPage,
    assessed_workflow,
)


@operation(leaves="review.time_set")
def set_reading_plan(
    *,
    actor: Actor,
    workflow_id: UUID,
    minutes_a_week: int | None,
    minutes_a_run: int | None,
    now: datetime,
) -> None:
    """Say how many minutes an assessor has in a week, and a run takes.

    Counts from the next week that opens. Raises NotFound, Forbidden, Invalid.
    """
    seen: ReadingPlanPage = assessed_workflow(actor=actor, workflow_id=workflow_id)
    if not access.may(actor, access.ASSESS, workflow_id):
        raise Forbidden(
            "Only who assesses this workflow says how much time there is.",
            who_can_help=seen.who_can_help,
        )
    problems = {
        name: f"Give whole minutes, from {least} to {most:,}."
        for name, value, (least, most) in (
            ("minutes_a_week", minutes_a_week, WEEK_MINUTES),
            ("minutes_a_run", minutes_a_run, RUN_MINUTES),
        )
        if value is None or not least <= value <= most
    }
    if problems or minutes_a_week is None or minutes_a_run is None:
        raise Invalid(problems)
    # One statement, so that two people at once leave one plan.
    ReadingPlan.objects.bulk_create(
        [
            ReadingPlan(
                workflow_id=workflow_id,
                minutes_a_week=minutes_a_week,
                minutes_a_run=minutes_a_run,
                changed_by_id=actor.id,
                changed_at=now,
            )
        ],
        update_conflicts=True,
        unique_fields=["workflow"],
        update_fields=["minutes_a_week", "minutes_a_run", "changed_by", "changed_at"],
    )
    record(
        "review.time_set",
        actor=actor,
        subject=("workflow", workflow_id),
        workflow_id=workflow_id,
        workflow=seen.workflow,
        what=f"{minutes_a_week} minutes a week, {minutes_a_run} a run",
    )
