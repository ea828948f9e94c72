"""The card of one proposal: what would happen first, from stored bytes; whose words it is not.

Everything a reviewer needs to decide, as finished values; the agent's words come apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import (
    AuthorityRecord,
    Decision,
    Grant,
    Proposal,
    ProposalVersion,
)
from approvals.models.proposing import Audience
from approvals.queries.access import proposal_seen_by, seats_for, who_decides
from approvals.queries.against import Against, against_of
from approvals.queries.break_glass import GlassLine, glass_of_proposal, role_of
from approvals.queries.clock_shown import ClockShown, clock_shown
from approvals.queries.envelope import argument_literals, mapping_of, parsed
from approvals.queries.inbox import claimant
from approvals.queries.parts import (
    CheckShown,
    EvidenceShown,
    MoveShown,
    checks_of,
    evidence_of,
    facts_of,
    moves_of,
    text_of,
    totals_shown,
    words_of,
)
from approvals.queries.precedents import Precedents, precedents_of
from approvals.queries.seats import Seats
from approvals.queries.stages_shown import StageShown, stages_shown
from approvals.queries.weighing import (
    After,
    HiddenIn,
    ReasonShown,
    after_of,
    claims_of,
    flags_of,
    hidden_in,
    is_approved,
    objection_for,
    parties_behind,
    reasons_shown,
    texts_of,
    unopened,
)
from approvals.queries.who import WhoHasIt, who_has
from approvals.queries.wording import doing
from approvals.rules.claims import unsupported
from approvals.rules.contradictions import Flag
from approvals.rules.diff import Change, changes_set
from approvals.rules.fields import EditField, edit_fields
from approvals.rules.inspection import why_uninspectable
from approvals.rules.moves import UNDECIDED, GrantState, ProposalState
from portal.accounts.actors import Actor
from portal.core import strict_json
from registry.queries.acceptable_use import use_waits
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.answers import Money
from registry.rules.sentences import UNDO
from runs.queries.caps import CapUse, uses_of

EVIDENCE_FIRST = 8


@dataclass(frozen=True)
class Card:
    """One proposal as a person reads it."""

    id: UUID
    headline: str
    workflow: str
    workflow_slug: str
    agent: str
    on_behalf_of: str
    run_id: UUID
    audience: str
    risk: str
    undo_sentence: str
    quorum: int
    votes: int
    stages: tuple[StageShown, ...]
    glass: GlassLine | None
    may_break_glass: bool
    voters: tuple[str, ...]
    is_open: bool
    is_waiting_for_agent: bool
    is_escalated: bool
    due_at: datetime
    clock: ClockShown
    claimed_by: str | None
    resolution: str | None
    resolved_by: str | None
    resolved_at: datetime | None
    reason_code: str
    message: str
    facts: tuple[tuple[str, str], ...]
    totals: tuple[tuple[str, str], ...]
    cannot_inspect: str
    reasons: tuple[ReasonShown, ...]
    rulebook_version: int | None
    confidence: str
    before_after: tuple[Change, ...]
    edits: tuple[Change, ...]
    edited_by: str | None
    evidence: tuple[EvidenceShown, ...]
    checks: tuple[CheckShown, ...]
    title: str
    words: tuple[tuple[str, str], ...]
    flagged: tuple[str, ...]
    flags: tuple[Flag, ...]
    hidden: tuple[HiddenIn, ...]
    budget: tuple[CapUse, ...]
    takes: tuple[str, ...]
    unopened: str
    objection: str
    against: Against | None
    bytes_text: str
    digest: str
    version: int
    moves: tuple[MoveShown, ...]
    precedents: Precedents
    approve_label: str
    deed: str
    edit_fields: tuple[EditField, ...]
    may_decide: bool
    use_waits: int
    who: WhoHasIt | None
    who_decides: str
    grant_id: UUID | None
    grant_state: str | None
    after: After | None
    undo_until: datetime | None

    @property
    def evidence_beyond(self) -> tuple[EvidenceShown, ...]:
        """Give what the list folds away."""
        return self.evidence[EVIDENCE_FIRST:]

    @property
    def may_edit(self) -> bool:
        """Say whether an edit is offered: there are fields, and other values may help."""
        return bool(self.edit_fields) and (
            self.against is None or self.against.edit_may_help
        )

    @property
    def is_high_risk(self) -> bool:
        return self.risk == "high"


def card_for(actor: Actor, proposal_id: UUID, *, now: datetime) -> Card:
    """Give the card of one proposal, or raise NotFound. About a dozen queries."""
    proposal = proposal_seen_by(actor, proposal_id)
    version = (
        ProposalVersion.objects.select_related("edited_by", "authority_record")
        .filter(proposal=proposal, number=proposal.version_number)
        .get()
    )
    request = proposal.action_request
    facts = standing_facts(proposal.workflow_id, agent_id=request.agent_id)
    clock = clock_shown(actor, proposal, facts, now=now)
    body = strict_json.parse_object(bytes(request.received))
    action = parsed(version.action)
    ruling = version.authority_record
    decisions = list(
        Decision.objects.filter(version__proposal=proposal).select_related(
            "person", "version", "acting_for"
        )
    )
    grant = _grant_of(version)
    amount = (
        Money(ruling.amount, ruling.currency) if ruling.amount is not None else None
    )
    deed = doing(verb=str(action["verb"]), said=version.headline, amount=amount)
    is_open = ProposalState(proposal.state) in UNDECIDED
    title = text_of(body.get("title"))
    words = words_of(body)
    args = mapping_of(action.get("args"))
    literals = argument_literals(version.action)
    evidence = evidence_of(actor, proposal, body, now)
    moves = moves_of(proposal, decisions)
    texts = texts_of(body, action, [move.text for move in moves if move.is_agent])
    seats = seats_for(facts, proposal.audience)
    may_decide = is_open and _may_decide(actor, seats, decisions, version, clock)
    return Card(
        id=proposal.id,
        headline=version.headline,
        workflow=proposal.workflow.name,
        workflow_slug=proposal.workflow.slug,
        agent=proposal.agent_name,
        on_behalf_of=request.on_behalf_of_id,
        run_id=proposal.run_id,
        audience=Audience(proposal.audience).label,
        risk=proposal.risk,
        undo_sentence=UNDO.get(ruling.reversibility, "Cannot be undone."),
        quorum=proposal.quorum,
        votes=_votes(decisions, version),
        stages=stages_shown(proposal, version, decisions, facts, is_open=is_open),
        may_break_glass=is_open and bool(role_of(actor.id, facts)),
        glass=None if is_open else glass_of_proposal(actor, proposal, now=now),
        voters=tuple(
            decision.person.name
            for decision in decisions
            if is_approved([decision], version)
        ),
        is_open=is_open,
        is_waiting_for_agent=proposal.state == ProposalState.ASKED,
        is_escalated=proposal.audience == Audience.ESCALATION_OWNER,
        due_at=proposal.due_at,
        clock=clock,
        claimed_by=claimant(proposal, now),
        resolution=None if is_open else proposal.state.lower(),
        resolved_by=proposal.resolved_by.name if proposal.resolved_by else None,
        resolved_at=proposal.resolved_at,
        reason_code=proposal.reason_code,
        message=proposal.message,
        facts=facts_of(action, amount, literals),
        totals=totals_shown(action, body, amount),
        cannot_inspect=why_uninspectable(action),
        reasons=reasons_shown(ruling),
        rulebook_version=ruling.version_number,
        confidence=text_of(body.get("confidence")),
        before_after=changes_set(body.get("before") or {}, body.get("after") or {}),
        edits=tuple(Change(**change) for change in version.changes),
        edited_by=version.edited_by.name if version.edited_by else None,
        evidence=evidence,
        checks=checks_of(body),
        title=title,
        words=words,
        flagged=unsupported(
            [title, *(text for _, text in words)],
            [action, body.get("before"), body.get("after"), claims_of(body)],
        ),
        flags=flags_of(
            texts,
            body,
            request.verb,
            ruling,
            is_approved=is_approved(decisions, version),
        ),
        hidden=hidden_in(texts),
        budget=_budget(facts, request.verb) if is_open else (),
        takes=tuple(_takes(ruling)),
        unopened=unopened(evidence, proposal.risk) if may_decide else "",
        objection=_objection(actor, proposal, version, facts, seats)
        if may_decide
        else "",
        against=against_of(actor, proposal, version, request, facts)
        if is_open
        else None,
        bytes_text=bytes(version.action).decode(),
        digest=version.digest,
        version=version.number,
        moves=moves,
        precedents=precedents_of(proposal, now=now),
        approve_label=f"Approve {deed}",
        deed=deed,
        edit_fields=edit_fields(args, body.get("args_schema"), literals),
        may_decide=may_decide,
        use_waits=use_waits(person_id=actor.id) if may_decide else 0,
        who=who_has(actor, proposal, seats),
        who_decides=who_decides(facts, proposal.audience),
        grant_id=grant.id if grant else None,
        grant_state=grant.state.lower() if grant else None,
        after=after_of(grant, now),
        undo_until=_undo_until(actor, grant, decisions, now),
    )


def _may_decide(
    actor: Actor,
    seats: Seats,
    decisions: Sequence[Decision],
    version: ProposalVersion,
    clock: ClockShown,
) -> bool:
    has_decided = any(
        decision.person_id == actor.id and decision.version_id == version.id
        for decision in decisions
    )
    asked = clock.next_ids if clock.is_over else seats.people
    return actor.id in asked and not has_decided


def _votes(decisions: Sequence[Decision], version: ProposalVersion) -> int:
    counted = (Decision.Verdict.APPROVE, Decision.Verdict.EDIT)
    return sum(d.version_id == version.id and d.verdict in counted for d in decisions)


def _grant_of(version: ProposalVersion) -> Grant | None:
    return Grant.objects.filter(version=version).order_by("-issued_at", "-id").first()


def _objection(
    actor: Actor,
    proposal: Proposal,
    version: ProposalVersion,
    facts: RulebookInForce,
    seats: Seats,
) -> str:
    """Say why duties keep this person from approving, if they do. One query."""
    absent = seats.absent_of(actor.id)
    parties = parties_behind(proposal, version, version.authority_record, facts)
    return objection_for(actor, parties, [each.absent_id for each in absent])


def _budget(facts: RulebookInForce, verb: str) -> tuple[CapUse, ...]:
    """Give what is left of every cap in force that binds a verb. Two queries."""
    book = facts.rulebook
    return uses_of(facts.workflow_id, book, verb=verb) if book else ()


def _takes(ruling: AuthorityRecord) -> Iterator[str]:
    """Name the caps that a grant on this ruling takes from."""
    return (str(pair[0]) for pair in ruling.reserves if pair)


def _undo_until(
    actor: Actor, grant: Grant | None, decisions: Sequence[Decision], now: datetime
) -> datetime | None:
    if grant is None or grant.state != GrantState.ISSUED or grant.not_before <= now:
        return None
    is_theirs = any(decision.person_id == actor.id for decision in decisions)
    return grant.not_before if is_theirs else None
