"""What waits for people in many workflows at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from approvals.models import Proposal
from approvals.models.proposing import IS_UNDECIDED, Audience
from portal.accounts import access
from portal.accounts.actors import Actor


@dataclass(frozen=True)
class WaitingIn:
    """How much waits in one workflow, and what of it is over its time."""

    waiting: int
    overdue: int
    escalations_overdue: int


def waiting_by_workflow(*, actor: Actor, now: datetime) -> Mapping[UUID, WaitingIn]:
    """Count what nobody decided yet, by workflow. Two queries."""
    rows = access.visible(
        Proposal.objects.filter(IS_UNDECIDED).order_by(),
        actor=actor,
        workflow_path="workflow_id",
    )
    late = Q(due_at__lt=now)
    owner = Q(audience=Audience.ESCALATION_OWNER)
    return {
        workflow: WaitingIn(waiting, overdue, escalated)
        for workflow, waiting, overdue, escalated in rows.values_list(
            "workflow_id"
        ).annotate(
            waiting=Count("id"),
            overdue=Count("id", filter=late),
            escalated=Count("id", filter=late & owner),
        )
    }
