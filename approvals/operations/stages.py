"""Stages: whose turn it is, who counts in which, and going on, back and up.

All of it stands on a locked proposal. `audience` and `quorum` of a proposal are always
those of its current stage, so that whoever asks whom it waits for needs nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import Decision, Proposal, ProposalVersion
from approvals.models.proposing import Audience
from approvals.operations.clock import begin_window
from approvals.operations.ruling import Ruled
from approvals.operations.votes import seats_filled
from approvals.queries.access import seats_for
from approvals.queries.ways import was_escalated, way_to_approval
from approvals.rules.moves import ActionStatus
from approvals.rules.quorum import Tally, tally
from approvals.rules.separation import Parties
from approvals.rules.turns import (
    Way,
    asks_escalation_owner,
    begun_again,
    demanded,
    handed_up,
    joined,
    stored_way,
    way_of,
)
from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import record, step
from registry.queries.rulebooks import RulebookInForce
from registry.rules.answers import Answer, Risk, Turn

APPROVALS = (Decision.Verdict.APPROVE, Decision.Verdict.EDIT)


@dataclass(frozen=True)
class StageCount:
    """One stage with the votes that count in it now."""

    number: int
    turn: Turn
    votes: Tally
    filled: frozenset[UUID]
    own: frozenset[UUID]


def approvals_of(version: ProposalVersion) -> Sequence[Decision]:
    """Give the approvals of one version with their people. One query."""
    rows = Decision.objects.filter(version=version, verdict__in=APPROVALS)
    return list(rows.select_related("person", "acting_for").order_by("decided_at"))


def confirmed_only(decisions: Iterable[Decision], *risks: str) -> list[Decision]:
    """Keep the approvals that count: at high risk those of people who confirmed.

    The rulebook may have raised the risk after somebody approved.
    """
    return [each for each in decisions if each.confirmed_by or Risk.HIGH not in risks]


def count_stages(
    way: Way,
    approvals: Iterable[Decision],
    *,
    facts: RulebookInForce,
    parties: Parties,
) -> tuple[StageCount, ...]:
    """Count who counts now, stage by stage; a seat counts in one stage only.

    Everything is read anew, for stages that were complete too: one query a stage, and
    more where somebody stands in.
    """
    cast = tuple(approvals)
    used: set[UUID] = set()
    found = []
    for number, turn in enumerate(way, start=1):
        seats = seats_for(facts, turn.decided_by)
        here = [each for each in cast if each.stage == number]
        filled = seats_filled(here, seats=seats, parties=parties) - used
        votes = tally(approved_by=filled, eligible=seats.own, quorum=turn.quorum)
        used |= filled
        found.append(StageCount(number, turn, votes, frozenset(filled), seats.own))
    return tuple(found)


def first_open(counts: Sequence[StageCount]) -> StageCount | None:
    """Give the first stage that lacks votes; None when all are complete."""
    return next((each for each in counts if not each.votes.is_complete), None)


def needed_later(counts: Sequence[StageCount], *, seat: UUID, stage: int) -> str:
    """Name the later stage that could not be completed without this seat; else nothing.

    Nobody counts in two stages: the only risk owner who approves as a reviewer would
    leave nobody to approve as the risk owner.
    """
    used = frozenset().union(*(each.filled for each in counts))
    for each in counts:
        lacks = each.votes.missing
        free = each.own - used
        is_later = each.number > stage and lacks > 0 and seat in each.own
        if is_later and len(free) < lacks <= len(free | {seat}):
            return Audience(each.turn.decided_by).label
    return ""


@step
def go_on(
    *,
    proposal: Proposal,
    way: Way,
    number: int,
    version: ProposalVersion,
    actor: Actor,
    now: datetime,
) -> str:
    """Put a locked proposal on a stage; says in words where it stands, if that is new."""
    before, turn = proposal.stage, way[number - 1]
    is_same = number == before and turn.decided_by == proposal.audience
    enter_stage(proposal, way, number)
    if is_same:
        proposal.save(update_fields=("stages", "stage", "audience", "quorum"))
        return ""
    leave_hands(proposal)
    begin_time(proposal, now=now)
    proposal.save()
    request = proposal.action_request
    if turn.decided_by == Audience.ESCALATION_OWNER:
        request.status = ActionStatus.ESCALATED.value
    request.changed_at = now
    request.save(update_fields=("status", "changed_at"))
    tell(
        kind="needs_you",
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        at=now,
    )
    record(
        "proposal.stage_begun",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=version.headline,
        audience=Audience(turn.decided_by).label,
        stage=number,
        stages=len(way),
        before=before,
    )
    who = Audience(turn.decided_by).label
    if number < before:
        return (
            f"An approval of stage {number} counts no more, because who gave it may not"
            f" decide this now. It went back to {who}."
        )
    return f"Stage {before} is complete. It goes on to {who}."


def enter_stage(proposal: Proposal, way: Way, number: int) -> None:
    """Say on a proposal where it stands. The caller saves."""
    turn = way[number - 1]
    proposal.stages, proposal.stage = stored_way(way), number
    proposal.audience, proposal.quorum = turn.decided_by, turn.quorum


def go_up(proposal: Proposal, audience: str) -> None:
    """Ask a higher audience in at the current stage; votes stay. The caller saves."""
    counted = (
        Decision.objects.filter(
            version__proposal=proposal,
            version__number=proposal.version_number,
            verdict__in=APPROVALS,
            stage=proposal.stage,
            person__is_active=True,
        )
        .values("id")
        .count()
    )
    way, number = handed_up(
        way_to_approval(proposal),
        stage=proposal.stage,
        counted=counted,
        audience=audience,
    )
    enter_stage(proposal, way, number)


def begin_again(proposal: Proposal, ruled: Ruled, *, now: datetime) -> None:
    """Send an edited version through all stages, those of its own ruling too.

    The caller saves, and says only then that the new ruling is the proposal's. What
    nobody asked before is asked now: whoever edits into what is escalated sends it to
    the escalation owner.
    """
    way = way_to_approval(proposal)
    was_asked = asks_escalation_owner(way) or was_escalated(proposal)
    first = Audience.ESCALATION_OWNER if was_asked else way[0].decided_by
    again = begun_again(way, first=first)
    if ruled.answer == Answer.ESCALATE and not was_asked:
        again, _ = handed_up(
            again, stage=1, counted=0, audience=Audience.ESCALATION_OWNER
        )
    grown = demanded(
        again, ruled.ruling, went_up=proposal.rung > 0, was_escalated=was_asked
    )
    before = proposal.stage, proposal.audience
    enter_stage(proposal, grown or joined(way_of(ruled.ruling), again), 1)
    if before != (proposal.stage, proposal.audience):
        leave_hands(proposal)
        begin_time(proposal, now=now)


def leave_hands(proposal: Proposal) -> None:
    """Take a proposal out of the hands of whoever had it. The caller saves."""
    proposal.claimed_by = proposal.claimed_at = None
    proposal.assigned_to = proposal.assigned_at = None


def begin_time(proposal: Proposal, *, now: datetime) -> None:
    """Give the people of a stage a time of their own. The caller saves."""
    if proposal.audience == Audience.ESCALATION_OWNER and not proposal.escalated_at:
        proposal.escalated_at = now
    begin_window(proposal, is_escalated=proposal.escalated_at is not None, now=now)
