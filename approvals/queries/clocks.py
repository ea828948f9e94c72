"""What the clock of a proposal says: pauses counted in, standing still, overdue.

A pause stops the clock of whatever waits. The pause itself writes nothing here, so that
it stays quick: what it adds is read from the pause when the proposal is next touched.
"""

from datetime import datetime, timedelta

from approvals.models import Proposal
from approvals.rules import due
from approvals.rules.moves import ProposalState
from registry.queries.timing import TimePlan, pause_spells, time_plan
from registry.rules.business_time import Calendar, counts_from


def settle_pauses(proposal: Proposal) -> bool:
    """Count the pauses that ended into the due time; say whether it moved.

    Changes the proposal in memory, so that a page can read the truth too. No query
    unless the workflow was paused since; two then. `proposal.workflow` is joined.
    """
    workflow = proposal.workflow
    is_settled = proposal.settled_epoch == workflow.pause_epoch
    if proposal.state != ProposalState.OPEN or (
        is_settled and workflow.paused_at is None
    ):
        return False
    since = proposal.settled_at or proposal.created_at
    before = proposal.due_at
    spells = pause_spells(proposal.workflow_id, since=since)
    if spells:
        read = time_plan(proposal.workflow_id)
    for spell in spells:
        if spell.resumed_at is not None:
            move_due(proposal, read, max(spell.paused_at, since), spell.resumed_at)
            since = spell.resumed_at
    proposal.settled_at = since
    if workflow.paused_at is None:
        proposal.settled_epoch = workflow.pause_epoch
    return proposal.due_at != before


def stands_since(proposal: Proposal) -> datetime | None:
    """Say since when the clock stands still: for a question, or for a pause. No query.

    What was overdue before the pause stays overdue.
    """
    if proposal.state == ProposalState.ASKED:
        return proposal.clock_stopped_at
    paused_at = proposal.workflow.paused_at
    if paused_at is None:
        return None
    began = max(paused_at, proposal.settled_at or proposal.created_at)
    return began if began < proposal.due_at else None


def is_overdue(proposal: Proposal, *, now: datetime) -> bool:
    """Say whether this step's time is over; pauses must be settled before. No query."""
    return (
        proposal.state == ProposalState.OPEN
        and proposal.due_at <= now
        and stands_since(proposal) is None
    )


def calendar_for(proposal: Proposal, read: TimePlan) -> Calendar | None:
    """Give the calendar in which a window counts; the one it began with is kept."""
    return read.plan.calendar if proposal.clock_zone else None


def move_due(
    proposal: Proposal, read: TimePlan, stopped_at: datetime, now: datetime
) -> None:
    """Move the due time of a proposal whose clock stood still. In memory; no query."""
    calendar = calendar_for(proposal, read)
    proposal.due_at = due.moved_due(
        due=proposal.due_at,
        stopped_at=stopped_at,
        now=now,
        expires_at=proposal.action_request.expires_at,
        calendar=calendar,
    )
    if calendar is not None:
        proposal.counts_from = counts_from(calendar, proposal.due_at)
    if proposal.window_seconds:
        come, following = due.reminder(
            due=proposal.due_at,
            length=timedelta(seconds=proposal.window_seconds),
            reminded=proposal.reminded,
            now=now,
            calendar=calendar,
        )
        proposal.remind_at = now if come else following
