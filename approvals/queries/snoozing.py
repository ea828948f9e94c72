"""What a person put away for later, and until when that is possible."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from approvals.models import Proposal, Snooze
from approvals.models.proposing import IS_UNDECIDED
from approvals.queries.access import proposal_seen_by, proposals_seen_by
from approvals.queries.clocks import settle_pauses
from approvals.rules.snoozing import Choice, choices_for, latest_for
from portal.accounts.actors import Actor
from registry.queries.timing import time_plan

SHOWN_MAX = 200


@dataclass(frozen=True)
class SnoozeOffer:
    """Until when one may put a proposal away; nothing when there is no time left."""

    proposal_id: UUID
    headline: str
    due_at: datetime
    latest: datetime
    choices: tuple[Choice, ...]
    zone: str
    is_open: bool


@dataclass(frozen=True)
class SnoozedRow:
    id: UUID
    headline: str
    workflow: str
    risk: str
    until: datetime
    due_at: datetime


def snoozed_by(actor: Actor) -> Exists:
    """Say whether this person has put a proposal away and it has not come back.

    It comes back by itself: at its time, when it goes up the ladder, when it is edited,
    and when little time is left, because a pause or a deadline may move that.
    """
    return Exists(
        _of(actor).filter(
            until__gt=Now(),
            rung=OuterRef("rung"),
            version_number=OuterRef("version_number"),
        )
    )


def is_back(actor: Actor) -> Exists:
    """Say whether a proposal came back after this person had put it away."""
    hidden = Q(
        until__gt=Now(),
        rung=OuterRef("rung"),
        version_number=OuterRef("version_number"),
    )
    return Exists(_of(actor).filter(~hidden))


def snoozed_ids(actor: Actor) -> frozenset[UUID]:
    """Name what a person has put away and has not come back. One query."""
    rows = Snooze.objects.filter(
        person=actor.id,
        until__gt=Now(),
        rung=F("proposal__rung"),
        version_number=F("proposal__version_number"),
    )
    return frozenset(rows.values_list("proposal_id", flat=True))


def snoozed_for(actor: Actor) -> tuple[SnoozedRow, ...]:
    """List what this person put away, the next to come back first. At most two queries."""
    rows = (
        proposals_seen_by(actor)
        .filter(IS_UNDECIDED, snoozed_by(actor), snoozes__person=actor.id)
        .select_related("workflow")
        .annotate(until=F("snoozes__until"))
        .order_by("until", "id")
    )
    return tuple(
        SnoozedRow(
            row.id,
            row.headline,
            row.workflow.name,
            row.risk,
            row.until,
            row.due_at,
        )
        for row in rows[:SHOWN_MAX]
    )


def snooze_offer(actor: Actor, proposal_id: UUID, *, now: datetime) -> SnoozeOffer:
    """Say until when a proposal may be put away, or raise NotFound. Three queries."""
    proposal = proposal_seen_by(actor, proposal_id)
    settle_pauses(proposal)
    plan = time_plan(proposal.workflow_id).plan
    return SnoozeOffer(
        proposal_id=proposal.id,
        headline=proposal.headline,
        due_at=proposal.due_at,
        latest=latest_snooze(proposal),
        choices=choices_for(
            now=now, latest=latest_snooze(proposal), calendar=plan.calendar
        ),
        zone=plan.zone,
        is_open=proposal.resolved_at is None,
    )


def latest_snooze(proposal: Proposal) -> datetime:
    """Give the last moment until which a proposal may be put away. No query."""
    length = timedelta(seconds=proposal.window_seconds or 0)
    return latest_for(due_at=proposal.due_at, length=length)


def _of(actor: Actor):
    return Snooze.objects.filter(proposal=OuterRef("pk"), person=actor.id)
