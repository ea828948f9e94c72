"""Time running out, swept: reminders, the ladder, the end of proposals and unused grants.

Two sweeps at once are harmless: each row is locked and looked at again. Nothing here
approves.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from approvals.models import ActionRequest, Grant, Move, Proposal
from approvals.models.proposing import Audience
from approvals.operations.clock import CLOCK_FIELDS
from approvals.operations.grants import end_live_grant
from approvals.operations.keeping import keep_move
from approvals.operations.ladder import catch_up
from approvals.operations.proposals import end_proposal
from approvals.operations.ruling import guard_authority, tell_run
from approvals.operations.sitting import lock_proposal
from approvals.queries.clocks import is_overdue, settle_pauses
from approvals.rules.moves import (
    UNDECIDED,
    ActionStatus,
    GrantState,
    ProposalState,
)
from portal.accounts.actors import SYSTEM
from portal.audit.operation import operation, record, step
from portal.core.clock import database_now
from portal.core.errors import AlreadyDone
from registry.queries.rulebooks import standing_facts

SWEEP_MAX = 500


def due_proposals(*, limit: int = SWEEP_MAX) -> list[UUID]:
    """Name the proposals whose time is over.

    While a question waits or the workflow is paused the clock stands still, but not the
    agent's own deadline.
    """
    now = database_now()
    rows = Proposal.objects.filter(
        Q(state=ProposalState.OPEN, due_at__lte=now)
        & (
            Q(workflow__paused_at=None)
            | Q(workflow__paused_at__gte=F("due_at"))
            | Q(action_request__expires_at__lte=now)
        )
        | Q(state=ProposalState.ASKED, action_request__expires_at__lte=now)
    )
    return list(rows.order_by("due_at", "id").values_list("id", flat=True)[:limit])


def due_grants(*, limit: int = SWEEP_MAX) -> list[UUID]:
    """Name the grants that ran out unused."""
    rows = Grant.objects.filter(state=GrantState.ISSUED, expires_at__lte=database_now())
    return list(rows.order_by("expires_at", "id").values_list("id", flat=True)[:limit])


def stopped_by_pause(*, limit: int = SWEEP_MAX) -> list[UUID]:
    """Name the open proposals whose clock a pause stopped, now that it is over."""
    since = Coalesce("settled_at", "created_at")
    rows = Proposal.objects.filter(
        state=ProposalState.OPEN,
        workflow__paused_at=None,
        workflow__spells__resumed_at__gt=since,
        workflow__spells__paused_at__lt=F("due_at"),
    )
    return list(rows.order_by("due_at", "id").values_list("id", flat=True)[:limit])


@operation(leaves="proposal.clock_moved")
def settle_clock(*, proposal_id: UUID) -> Proposal:
    """Count a pause that is over into the due time. Raises AlreadyDone if it is."""
    proposal = _locked(proposal_id)
    if not settle_pauses(proposal):
        raise AlreadyDone("proposal.settled", "The pause is counted already.")
    proposal.save(update_fields=CLOCK_FIELDS)
    record(
        "proposal.clock_moved",
        actor=SYSTEM,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
        due=proposal.due_at.isoformat(timespec="minutes"),
    )
    return proposal


@operation(leaves=("proposal.escalated", "proposal.expired", "proposal.clock_moved"))
def time_out_proposal(*, proposal_id: UUID, now: datetime) -> Proposal:
    """Ask the next of the ladder, or end the proposal. Raises AlreadyDone if it moved."""
    proposal = _locked(proposal_id)
    request = proposal.action_request
    if ProposalState(proposal.state) not in UNDECIDED:
        raise AlreadyDone("proposal.moved", "Somebody moved this in time.")
    facts = standing_facts(proposal.workflow_id, agent_id=request.agent_id)
    moment = database_now()
    if catch_up(proposal, facts, now=moment):
        return proposal
    has_expired = request.expires_at is not None and request.expires_at <= moment
    if not has_expired and not is_overdue(proposal, now=moment):
        raise AlreadyDone("proposal.moved", "Somebody moved this in time.")
    _end(proposal, by_agent=has_expired, now=now)
    return proposal


@step
def _end(proposal: Proposal, *, by_agent: bool, now: datetime) -> None:
    request = proposal.action_request
    label = Audience(proposal.audience).label
    said = (
        "Nobody decided by the deadline that the agent gave."
        if by_agent
        else f"Nobody decided in time; the last to be asked: {label}."
    )
    end_proposal(
        proposal=proposal,
        action_request=request,
        state=ProposalState.EXPIRED,
        status=ActionStatus.EXPIRED,
        resolved_by=None,
        reason_code="timed_out",
        message=said,
        now=now,
    )
    keep_move(proposal, Move.Kind.EXPIRED, SYSTEM, "", now)
    record(
        "proposal.expired",
        actor=SYSTEM,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
        resolution="it was not approved",
        asked_last=proposal.audience,
    )
    tell_run(
        request,
        kind="expired",
        at=now,
        actor=SYSTEM,
        proposal=str(proposal.id),
        headline=proposal.headline,
    )


@step
def _locked(proposal_id: UUID) -> Proposal:
    """Lock a proposal after its workflow, so that a pause is before or after, never between."""
    numbers = (
        Proposal.objects.filter(id=proposal_id)
        .values_list("workflow__lock_number", "workflow__department__lock_number")
        .get()
    )
    guard_authority(lock_number=numbers[0], department_lock_number=numbers[1])
    return lock_proposal(proposal_id)


@operation(leaves="grant.expired")
def expire_grant(*, grant_id: UUID, now: datetime) -> None:
    """End a grant that ran out and give back what it reserved."""
    grant = Grant.objects.select_related("action_request").get(id=grant_id)
    request = ActionRequest.objects.select_for_update(no_key=True, of=("self",)).get(
        id=grant.action_request_id
    )
    is_over = Grant.objects.filter(
        id=grant_id, state=GrantState.ISSUED, expires_at__lte=database_now()
    ).exists()
    ended = is_over and end_live_grant(
        action_request=request, state=GrantState.EXPIRED, ended_by=None, now=now
    )
    if not ended:
        raise AlreadyDone("grant.ended", "The grant was used or ended in the meantime.")
    record(
        "grant.expired",
        actor=SYSTEM,
        subject=("grant", grant.id),
        workflow_id=grant.workflow_id,
        headline=request.headline,
    )
    tell_run(request, kind="expired", at=now, actor=SYSTEM, grant=str(grant.id))
