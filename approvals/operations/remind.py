"""Reminding the people that a proposal waits for, at a half and at nine tenths of its time.

A reminder is one row for one step of the ladder; the database refuses a second. A sweep
that comes late reminds once, of the last that came, and never of what is over.
"""

from datetime import datetime, timedelta
from uuid import UUID

from approvals.models import Decision, Move, Proposal, Reminder
from approvals.operations.clock import CLOCK_FIELDS
from approvals.operations.keeping import keep_move
from approvals.operations.sitting import lock_proposal
from approvals.queries.access import eligible_ids
from approvals.queries.clocks import calendar_for, settle_pauses, stands_since
from approvals.rules import due
from approvals.rules.moves import ProposalState
from portal.accounts.actors import SYSTEM
from portal.accounts.models import Person
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record, step
from portal.core.clock import database_now
from portal.core.errors import AlreadyDone
from registry.queries.rulebooks import standing_facts
from registry.queries.timing import time_plan

SWEEP_MAX = 500
NAMES_MAX = 5
LAST_PERCENT = 90


def due_reminders(*, limit: int = SWEEP_MAX) -> list[UUID]:
    """Name the proposals whose people are to be reminded."""
    now = database_now()
    # What is overdue goes up the ladder; it is too late to remind.
    rows = Proposal.objects.filter(
        state=ProposalState.OPEN,
        remind_at__lte=now,
        due_at__gt=now,
        workflow__paused_at=None,
    )
    return list(rows.order_by("remind_at", "id").values_list("id", flat=True)[:limit])


@operation(leaves="proposal.reminded")
def remind_of(*, proposal_id: UUID, now: datetime) -> Reminder:
    """Remind whoever decides. Raises AlreadyDone when nobody is to be reminded now."""
    proposal = lock_proposal(proposal_id)
    settle_pauses(proposal)
    percent, following = _look(proposal)
    if not percent:
        raise AlreadyDone("proposal.reminded", "Nobody is to be reminded now.")
    proposal.remind_at = following
    proposal.reminded = percent
    proposal.save(update_fields=CLOCK_FIELDS)
    return _keep(proposal, percent, now)


def _look(proposal: Proposal) -> tuple[int, datetime | None]:
    """Say which reminder is due, 0 for none, and when the next is."""
    now = database_now()
    is_open = proposal.state == ProposalState.OPEN
    if not is_open or proposal.window_seconds is None or stands_since(proposal):
        return 0, None
    if proposal.due_at <= now:
        # Too late to remind: the ladder is what comes now.
        return 0, None
    calendar = calendar_for(proposal, time_plan(proposal.workflow_id))
    return due.reminder(
        due=proposal.due_at,
        length=timedelta(seconds=proposal.window_seconds),
        reminded=proposal.reminded,
        now=now,
        calendar=calendar,
    )


@step
def _keep(proposal: Proposal, percent: int, now: datetime) -> Reminder:
    facts = standing_facts(
        proposal.workflow_id, agent_id=proposal.action_request.agent_id
    )
    voted = Decision.objects.filter(
        version__proposal=proposal, version__number=proposal.version_number
    ).values_list("person_id", flat=True)
    asked = eligible_ids(facts, proposal.audience) - set(voted)
    if proposal.assigned_to_id in asked:
        asked = frozenset({proposal.assigned_to_id})
    people = list(
        Person.objects.filter(id__in=asked, is_active=True).order_by("name", "id")
    )
    reminder = Reminder.objects.create(
        proposal=proposal,
        rung=proposal.rung,
        percent=percent,
        person_ids=[person.id for person in people],
        due_at=proposal.due_at,
        reminded_at=now,
    )
    tell(
        kind="last_reminder" if percent >= LAST_PERCENT else "reminder",
        subject=("proposal", proposal.id),
        people=reminder.person_ids,
        workflow_id=proposal.workflow_id,
        at=now,
    )
    said = _said([person.name for person in people])
    keep_move(
        proposal,
        Move.Kind.REMINDED,
        SYSTEM,
        f"{said} reminded: {percent} % of the time is over.",
        now,
    )
    record(
        "proposal.reminded",
        actor=SYSTEM,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
        percent=percent,
        who=said,
        person_ids=[str(person.id) for person in people],
    )
    return reminder


def _said(names: list[str]) -> str:
    if not names:
        return "Nobody could be"
    shown = names[:NAMES_MAX]
    more = len(names) - len(shown)
    if more:
        shown.append(f"{more} more")
    listed = " and ".join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)
    return f"{listed} {'was' if len(names) == 1 else 'were'}"
