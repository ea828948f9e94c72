"""The inbox: proposals by risk, then by time left, one keyset page at a time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from approvals.models import Proposal
from approvals.models.proposing import IS_UNDECIDED, Audience
from approvals.queries.access import has_voted, proposals_seen_by
from approvals.queries.seats import waits_for
from approvals.rules.due import CLAIM_TIME
from approvals.rules.moves import ProposalState
from portal.accounts.actors import Actor
from portal.core.clock import wall_clock
from portal.core.pagination import keyset

TABS = ("mine", "team", "free", "taken", "decided")
OPEN_ORDER = ("-risk_rank", "due_at", "id")
DECIDED_ORDER = ("-resolved_at", "-id")
COUNT_MAX = 1000
PAGE_SIZE = 50


@dataclass(frozen=True)
class InboxRow:
    """One line of the list."""

    id: UUID
    headline: str
    workflow: str
    agent: str
    risk: str
    answer: str
    due_at: datetime
    is_waiting_for_agent: bool
    claimed_by: str | None
    resolution: str | None
    resolved_at: datetime | None
    resolved_by: str | None


@dataclass(frozen=True)
class InboxPage:
    tab: str
    text: str
    rows: tuple[InboxRow, ...]
    next_cursor: str | None
    previous_cursor: str | None


def inbox_for(
    actor: Actor,
    *,
    tab: str = "mine",
    text: str = "",
    cursor: str | None = None,
    now: datetime | None = None,
) -> InboxPage:
    """Give one page of a tab. Two or three queries, whatever the number of proposals.

    `text` keeps those whose headline or workflow holds it.
    """
    now = now or wall_clock()
    rows = _rows_of(actor, tab, now).select_related(
        "workflow", "claimed_by", "resolved_by"
    )
    if text:
        has_text = Q(headline__icontains=text) | Q(workflow__name__icontains=text)
        rows = rows.filter(has_text)
    order = DECIDED_ORDER if tab == "decided" else OPEN_ORDER
    page = keyset(rows, order=order, cursor=cursor, size=PAGE_SIZE)
    return InboxPage(
        tab=tab,
        text=text,
        rows=tuple(_row(proposal, now) for proposal in page.items),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
    )


def waiting_count(actor: Actor) -> int:
    """Count what needs this person, up to a thousand. At most two queries."""
    return len(_needing(actor).values_list("id")[: COUNT_MAX + 1])


def next_for(actor: Actor, *, after: UUID | None = None) -> UUID | None:
    """Name what this person decides next; most urgent first. At most two queries."""
    rows = _needing(actor).order_by(*OPEN_ORDER)
    if after is not None:
        rows = rows.exclude(id=after)
    return rows.values_list("id", flat=True).first()


def claimant(proposal: Proposal, now: datetime) -> str | None:
    """Name who has taken a proposal on, for as long as that lasts."""
    is_held = proposal.claimed_at is not None and now - proposal.claimed_at < CLAIM_TIME
    return proposal.claimed_by.name if is_held and proposal.claimed_by else None


def _rows_of(actor: Actor, tab: str, now: datetime) -> QuerySet[Proposal]:
    seen = proposals_seen_by(actor)
    if tab == "decided":
        return seen.filter(resolved_at__isnull=False)
    if tab == "team":
        return seen.filter(IS_UNDECIDED)
    held_since = now - CLAIM_TIME
    if tab == "taken":
        return seen.filter(IS_UNDECIDED, claimed_by=actor.id, claimed_at__gt=held_since)
    if tab == "free":
        is_held = Q(claimed_at__isnull=False, claimed_at__gt=held_since)
        return seen.filter(IS_UNDECIDED).exclude(is_held)
    return _needing(actor)


def _needing(actor: Actor) -> QuerySet[Proposal]:
    open_ones = proposals_seen_by(actor).filter(IS_UNDECIDED)
    return open_ones.filter(waits_for(actor)).exclude(has_voted(actor))


def _row(proposal: Proposal, now: datetime) -> InboxRow:
    is_escalated = proposal.audience == Audience.ESCALATION_OWNER
    is_over = proposal.resolved_at is not None
    return InboxRow(
        id=proposal.id,
        headline=proposal.headline,
        workflow=proposal.workflow.name,
        agent=proposal.agent_name,
        risk=proposal.risk,
        answer="escalate" if is_escalated else "review",
        due_at=proposal.due_at,
        is_waiting_for_agent=proposal.state == ProposalState.ASKED,
        claimed_by=claimant(proposal, now),
        resolution=proposal.state.lower() if is_over else None,
        resolved_at=proposal.resolved_at,
        resolved_by=proposal.resolved_by.name if proposal.resolved_by else None,
    )
