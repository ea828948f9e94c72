"""One exception: what happened, how the last ones alike were settled, and who settles it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import (
    ActionRequest,
    ExceptionDisposition,
    ExceptionNote,
    Proposal,
)
from approvals.models.excepting import Disposition
from approvals.queries.access import proposal_seen_by, seats_for, who_decides
from approvals.queries.exceptions import (
    ESCALATION,
    HOLD,
    cause_words,
    owners_of,
    signature_of_proposal,
)
from approvals.queries.seats import Seats
from approvals.rules.consistency import (
    CLEAR_MIN,
    LOOKED_AT,
    REASON_WORDS,
    Custom,
    differs,
    hold_signature,
    sentence_of,
)
from approvals.rules.moves import UNDECIDED, ProposalState
from portal.accounts.actors import Actor
from portal.accounts.models import Agent, AgentKey
from portal.core.errors import NotFound
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.rulebook import DecidedBy
from runs.queries.holds import HoldCase, hold_seen_by, unsettled_of_run

OWNER = DecidedBy.ESCALATION_OWNER.value
_PASSED = (ProposalState.APPROVED.value, ProposalState.EDITED.value)
_REFUSED = (ProposalState.REJECTED.value, ProposalState.RESPONDED.value)
_NOTES_MAX = 100


@dataclass(frozen=True)
class Before:
    """How one exception like this was settled."""

    id: UUID
    what: str
    ended: str
    passed: bool
    reason: str
    text: str
    by: str
    at: datetime
    differed: bool = False


@dataclass(frozen=True)
class Note:
    words: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Case:
    """Everything the page of one exception shows. `why_not`: None is "you may"."""

    id: UUID
    kind: str
    headline: str
    sentence: str
    rule: str
    signature: str
    workflow: str
    workflow_slug: str
    run_id: UUID
    agent: str
    opened: datetime
    due_at: datetime | None
    owner: str | None
    is_taken: bool
    is_open: bool
    before: tuple[Before, ...]
    consistency: str
    differs: Mapping[str, bool]
    settled: Before | None
    also: tuple[str, ...]
    notes: tuple[Note, ...]
    why_not_resume: str | None
    why_not_stop: str | None
    may_take: bool


def case_for(actor: Actor, exception_id: UUID) -> Case:
    """Give one hold, or one escalated proposal. Fifteen queries or fewer; NotFound."""
    hold = hold_seen_by(actor, exception_id)
    if hold is not None:
        return _case_of_hold(actor, hold)
    proposal = proposal_seen_by(actor, exception_id)
    if proposal.escalated_at is None:
        raise NotFound("There is nothing here, or you may not see it.")
    return _case_of_proposal(proposal)


def custom_of_hold(signature: str) -> Custom:
    """Count how the last holds of this signature were settled. One query."""
    last = ExceptionDisposition.objects.filter(signature=signature).order_by(
        "-disposed_at", "-id"
    )
    ends = list(last.values_list("disposition", flat=True)[:LOOKED_AT])
    passed = ends.count(Disposition.RESUMED)
    return Custom(passed, len(ends) - passed)


def consistency_of(
    *, workflow_id: UUID, since: datetime, until: datetime
) -> tuple[int, int]:
    """Say how many settled holds of a week followed custom, and of how many. One query.

    What had no custom yet is not counted.
    """
    rows = ExceptionDisposition.objects.filter(
        workflow_id=workflow_id,
        disposed_at__gte=since,
        disposed_at__lt=until,
        precedents__gte=CLEAR_MIN,
    ).values_list("differs_from_precedents", flat=True)
    found = list(rows)
    return found.count(False), len(found)


def behind(hold: HoldCase, facts: RulebookInForce) -> frozenset[UUID]:
    """Give who runs the agent of a held run or owns a key of it. Three queries."""
    asked = ActionRequest.objects.filter(run_id=hold.run_id).order_by()
    ids: set[UUID | None] = {facts.operator_id}
    for pair in asked.values_list("operator_id", "key_owner_id").distinct():
        ids |= set(pair)
    operators = Agent.objects.filter(id=hold.agent_id)
    ids |= set(operators.values_list("operator_id", flat=True))
    keys = AgentKey.objects.filter(agent=hold.agent_id, revoked_at=None)
    ids |= set(keys.values_list("created_by_id", flat=True))
    return frozenset(one for one in ids if one)


def why_not(
    actor: Actor,
    *,
    hold: HoldCase,
    facts: RulebookInForce,
    seats: Seats,
    resumes: bool,
) -> str | None:
    """Say why this person may not settle a hold so, or None when they may.

    Stopping only ever narrows, so whoever runs the agent may do that; for a vacant role
    the business owner stops and lets nothing go on.
    """
    if not actor.is_person or actor.id not in seats.people:
        return "It is settled by the escalation owner of the workflow."
    if not resumes:
        return None
    if OWNER not in facts.role_holders:
        return (
            "Nobody who is trained for it is the escalation owner, so no run goes on."
            " You can stop it for good."
        )
    lent = {each.absent_id for each in seats.absent_of(actor.id)}
    if ({actor.id} | lent) & behind(hold, facts):
        return (
            "You stand behind this agent, so another person lets its run go on."
            " You can stop it for good."
        )
    return None


def _case_of_hold(actor: Actor, hold: HoldCase) -> Case:
    facts = standing_facts(hold.workflow_id, agent_id=hold.agent_id)
    seats = seats_for(facts, OWNER)
    signature = hold_signature(hold.workflow_id, hold.rule_key)
    custom = custom_of_hold(signature)
    settled = ExceptionDisposition.objects.filter(hold_id=hold.id)
    rows = (
        ExceptionDisposition.objects.filter(signature=signature)
        .exclude(hold_id=hold.id)
        .select_related("disposed_by")
        .order_by("-disposed_at", "-id")[:LOOKED_AT]
    )
    others = unsettled_of_run(run_id=hold.run_id) if hold.is_waiting else ()
    owner = owners_of([hold.workflow_id]).get(hold.workflow_id)
    mine = settled.select_related("disposed_by").first()
    return Case(
        id=hold.id,
        kind=HOLD,
        headline=hold.run_title,
        sentence=hold.sentence,
        rule=hold.rule_key,
        signature=signature,
        workflow=facts.name,
        workflow_slug=facts.slug,
        run_id=hold.run_id,
        agent=hold.agent,
        opened=hold.placed_at,
        due_at=None,
        owner=hold.taken_by or (owner[1] if owner else None),
        is_taken=hold.taken_by is not None,
        is_open=hold.is_waiting,
        before=tuple(_before(row) for row in rows),
        consistency=sentence_of(custom),
        differs={
            "RESUMED": differs(custom, passes=True),
            "STOPPED": differs(custom, passes=False),
        },
        settled=_before(mine) if mine else None,
        also=tuple(said for id_, _, said in others if id_ != hold.id),
        notes=_notes_of(hold),
        why_not_resume=why_not(
            actor, hold=hold, facts=facts, seats=seats, resumes=True
        ),
        why_not_stop=why_not(actor, hold=hold, facts=facts, seats=seats, resumes=False),
        may_take=actor.id in seats.people and hold.taken_by_id != actor.id,
    )


def _notes_of(hold: HoldCase) -> tuple[Note, ...]:
    rows = ExceptionNote.objects.filter(hold_id=hold.id).select_related("person")
    return tuple(
        Note(
            ExceptionNote.Kind(row.kind).label, row.text, row.person.name, row.noted_at
        )
        for row in rows.order_by("noted_at", "id")[:_NOTES_MAX]
    )


def _before(row: ExceptionDisposition) -> Before:
    return Before(
        id=row.hold_id,
        what=row.sentence,
        ended=Disposition(row.disposition).label,
        passed=row.disposition == Disposition.RESUMED,
        reason=REASON_WORDS.get(row.reason_code, ""),
        text=row.text,
        by=row.disposed_by.name,
        at=row.disposed_at,
        differed=row.differs_from_precedents,
    )


def _case_of_proposal(proposal: Proposal) -> Case:
    facts = standing_facts(
        proposal.workflow_id, agent_id=proposal.action_request.agent_id
    )
    columns = ("workflow_id", "cause", "system", "verb")
    alike = {name: getattr(proposal, name) for name in columns}
    rows = (
        Proposal.objects.filter(
            **alike, escalated_at__isnull=False, resolved_at__isnull=False
        )
        .filter(state__in=_PASSED + _REFUSED)
        .exclude(id=proposal.id)
        .select_related("resolved_by")
        .order_by("-resolved_at", "-id")[:LOOKED_AT]
    )
    before = tuple(_decided(row) for row in rows)
    passed = sum(each.passed for each in before)
    is_open = ProposalState(proposal.state) in UNDECIDED
    return Case(
        id=proposal.id,
        kind=ESCALATION,
        headline=proposal.headline,
        sentence=cause_words(proposal.cause, proposal.verb, proposal.system),
        rule=proposal.cause,
        signature=signature_of_proposal(alike),
        workflow=facts.name,
        workflow_slug=facts.slug,
        run_id=proposal.run_id,
        agent=proposal.agent_name,
        opened=proposal.escalated_at or proposal.created_at,
        due_at=proposal.due_at,
        owner=who_decides(facts, proposal.audience),
        is_taken=proposal.assigned_to_id is not None,
        is_open=is_open,
        before=before,
        consistency=sentence_of(
            Custom(passed, len(before) - passed),
            passed="approved",
            refused="not approved",
        ),
        differs={},
        settled=None if is_open else _decided(proposal),
        also=(),
        notes=(),
        why_not_resume=None,
        why_not_stop=None,
        may_take=False,
    )


def _decided(row: Proposal) -> Before:
    return Before(
        id=row.id,
        what=row.headline,
        ended={"EDITED": "edited and approved", "RESPONDED": "answered instead"}.get(
            row.state, row.state.lower()
        ),
        passed=row.state in _PASSED,
        reason=row.reason_code.replace("_", " "),
        text=row.message,
        by=row.resolved_by.name if row.resolved_by else "The portal",
        at=row.resolved_at or row.created_at,
    )
