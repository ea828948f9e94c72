"""Who may see a week, and who may assess it."""

from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import Forbidden
from runs.models import ReviewWeek
from runs.rules.questions import who_can_help

PEOPLE_MAX = 200


def visible_week(actor: Actor, week_id: UUID) -> ReviewWeek:
    """Give a week to who may see its workflow. Raises NotFound."""
    rows = access.visible(
        ReviewWeek.objects.select_related("workflow", "signed_by"),
        actor=actor,
        workflow_path="workflow_id",
    )
    return access.visible_or_404(rows, id=week_id)


def week_to_assess(*, actor: Actor, week_id: UUID) -> ReviewWeek:
    """Give a week to an assessor; raises NotFound, or Forbidden for who may only read."""
    week = visible_week(actor, week_id)
    if not access.may(actor, access.ASSESS, week.workflow_id):
        raise Forbidden(
            "You may read this week and not review it.", who_can_help=assessors(week)
        )
    return week


def assessors(week: ReviewWeek) -> str:
    """Name those who may assess a week. One query."""
    people = access.people_with(week.workflow_id, access.ASSESS)[:PEOPLE_MAX]
    return who_can_help([person.name for person in people])


def is_revealed(week: ReviewWeek) -> bool:
    """Say whether the key of a week is shown: once signed it stays so, also reopened."""
    return week.state == ReviewWeek.State.SIGNED or week.version > 1
