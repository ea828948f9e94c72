"""What approvals knows about news of its own: who is concerned, where it leads, if it is over."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from django.urls import reverse

from approvals.models import (
    Decision,
    ExceptionDisposition,
    Grant,
    Move,
    Proposal,
)
from approvals.models.excepting import Disposition
from approvals.models.proposing import IS_UNDECIDED
from approvals.queries.access import eligible_ids
from approvals.rules.moves import UNDECIDED, ProposalState
from portal.accounts.notice_words import OUTCOMES
from portal.accounts.operations.telling import News, completes, knows_what_is_over
from registry.queries.people import role_holder_ids
from registry.queries.rulebooks import standing_facts
from registry.rules.answers import Risk
from runs.queries.holds import workflows_with_holds

_TOOK_PART = (
    Move.Kind.ASKED,
    Move.Kind.ESCALATED,
    Move.Kind.CLAIMED,
    Move.Kind.COMMENTED,
)
_WHO_DID = {
    ProposalState.APPROVED: "{who} approved this.",
    ProposalState.EDITED: "{who} edited and approved this.",
    ProposalState.REJECTED: "{who} rejected this.",
    ProposalState.RESPONDED: "{who} answered this.",
    ProposalState.EXPIRED: "Its time ran out.",
    ProposalState.WITHDRAWN: "The agent withdrew it.",
}
_WHO_SETTLED = {
    Disposition.RESUMED: "{who} let the run go on.",
    Disposition.STOPPED: "{who} stopped the run for good.",
}


def give_to_notices() -> None:
    """Let notices know what approvals knows; called once, when the room starts."""
    completes("proposal", _of_proposal)
    completes("grant", _of_grant)
    completes("delivery", _of_delivery)
    completes("absence", _of_absence)
    completes("break_glass", _of_break_glass)
    completes("hold", _of_hold)
    knows_what_is_over("proposal", over_proposals)
    knows_what_is_over("many", over_workflows)
    knows_what_is_over("hold", over_holds)
    knows_what_is_over("many_holds", over_workflows_of_holds)


def over_proposals(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say of those proposals that are decided who decided. One query."""
    rows = Proposal.objects.filter(id__in=ids).exclude(
        state__in=[state.value for state in UNDECIDED]
    )
    return {
        row[0]: _WHO_DID[ProposalState(row[1])].format(who=row[2] or "Somebody")
        for row in rows.values_list("id", "state", "resolved_by__name")
    }


def over_workflows(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say in which workflows nothing waits any more. One query."""
    waits = Proposal.objects.filter(IS_UNDECIDED, workflow__in=ids)
    busy = set(waits.values_list("workflow_id", flat=True).distinct())
    return {each: "All of them are over." for each in ids if each not in busy}


def over_holds(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say of those holds that are settled who settled them, and how. One query."""
    rows = ExceptionDisposition.objects.filter(hold_id__in=ids)
    return {
        row[0]: _WHO_SETTLED[Disposition(row[1])].format(who=row[2])
        for row in rows.values_list("hold_id", "disposition", "disposed_by__name")
    }


def over_workflows_of_holds(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say in which workflows no run is held any more. One query."""
    busy = workflows_with_holds(ids)
    return {each: "All of them are settled." for each in ids if each not in busy}


def _of_proposal(news: News) -> News:
    proposal = (
        Proposal.objects.select_related("action_request")
        .filter(id=_id_of(news))
        .first()
    )
    if proposal is None:
        return replace(news, is_over=True)
    is_over = proposal.state not in {state.value for state in UNDECIDED}
    found = replace(
        news,
        workflow_id=proposal.workflow_id,
        href=reverse("inbox_card", args=[proposal.id]),
        many_href=reverse("inbox"),
        is_over=is_over,
    )
    if news.kind == "decided":
        state = proposal.state if proposal.state in OUTCOMES else ""
        return replace(found, people=_took_part(proposal), outcome=state)
    if news.people or is_over:
        return found
    if news.kind == "undone":
        return replace(found, people=_took_part(proposal))
    if news.kind == "answered":
        asked = Move.objects.filter(proposal=proposal, kind=Move.Kind.ASKED)
        return replace(
            found, people=frozenset(asked.values_list("actor_id", flat=True))
        )
    return _waiting(found, proposal)


def _waiting(news: News, proposal: Proposal) -> News:
    """Tell those who may decide at this moment; with an assignee only that person."""
    facts = standing_facts(
        proposal.workflow_id, agent_id=proposal.action_request.agent_id
    )
    people = eligible_ids(facts, proposal.audience)
    kind = news.kind
    if kind == "needs_you":
        if proposal.assigned_to_id:
            # The assignment tells that person itself.
            people = frozenset()
        if proposal.risk == Risk.HIGH.value:
            kind = "needs_you_high"
        parties = {
            proposal.action_request.operator_id,
            proposal.action_request.key_owner_id,
        }
        people -= parties
    return replace(news, people=people, kind=kind)


def _took_part(proposal: Proposal) -> frozenset[UUID]:
    moved = Move.objects.filter(
        proposal=proposal, kind__in=_TOOK_PART, actor_kind="person"
    ).values_list("actor_id", flat=True)
    decided = Decision.objects.filter(version__proposal=proposal)
    return frozenset(moved) | frozenset(decided.values_list("person_id", flat=True))


def _of_grant(news: News) -> News:
    row = (
        Grant.objects.filter(id=_id_of(news))
        .values_list("workflow_id", "action_request__operator_id")
        .first()
    )
    if row is None:
        return replace(news, is_over=True)
    owners = role_holder_ids(row[0], "business_owner", "escalation_owner")
    operator = frozenset({row[1]}) if row[1] else frozenset()
    return replace(
        news,
        workflow_id=row[0],
        people=owners | operator,
        href=reverse("grant", args=[_id_of(news)]),
        many_href=reverse("grants_untold"),
    )


def _of_delivery(news: News) -> News:
    owners = (
        role_holder_ids(news.workflow_id, "business_owner", "it_owner")
        if news.workflow_id
        else frozenset()
    )
    return replace(
        news,
        people=news.people or owners,
        href=reverse("delivery", args=[_id_of(news)]),
        many_href=reverse("deliveries"),
    )


def _of_break_glass(news: News) -> News:
    return replace(
        news,
        href=reverse("break_glass", args=[_id_of(news)]),
        many_href=reverse("break_glass_list"),
    )


def _of_hold(news: News) -> News:
    hold_id = _id_of(news)
    return replace(
        news,
        href=reverse("exception", args=[hold_id]),
        many_href=reverse("exceptions"),
        is_over=bool(over_holds([hold_id])),
    )


def _of_absence(news: News) -> News:
    return replace(news, href=reverse("my_absence"), many_href=reverse("my_absence"))


def _id_of(news: News) -> UUID:
    return UUID(news.subject.partition(":")[2])
