"""The card of one proposal: what would happen first, from stored bytes; whose words it is not.

Everything a reviewer needs to decide, as finished values; the agent's words come apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from approvals.models import (
    Decision,
    EvidenceOpening,
    Grant,
    Move,
    Outcome,
    Proposal,
    ProposalVersion,
)
from approvals.models.proposing import Audience
from approvals.queries.access import eligible_ids, proposal_seen_by, who_decides
from approvals.queries.envelope import parsed
from approvals.queries.precedents import Precedent, precedents_of
from approvals.queries.wording import doing
from approvals.rules.claims import unsupported
from approvals.rules.diff import Change, EditField, changes_between, edit_fields, shown
from approvals.rules.moves import UNDECIDED, GrantState, ProposalState
from approvals.rules.paths import LEAVES_MAX, leaves
from portal.accounts.actors import Actor
from portal.core import strict_json
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.answers import Money
from registry.rules.sentences import UNDO

VALUE_SHOWN_MAX = 600
MOVES_SHOWN_MAX = 200
STALE_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class EvidenceShown:
    position: int
    label: str
    source: str
    url: str
    excerpt: str
    retrieved_at: datetime | None
    is_stale: bool
    is_opened: bool


@dataclass(frozen=True)
class CheckShown:
    label: str
    passed: bool | None
    note: str


@dataclass(frozen=True)
class MoveShown:
    """One line of what people and the agent did and said here."""

    who: str
    did: str
    text: str
    at: datetime
    is_agent: bool


@dataclass(frozen=True)
class ReasonShown:
    sentence: str
    code: str
    deciding: bool


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
    is_open: bool
    is_waiting_for_agent: bool
    is_escalated: bool
    due_at: datetime
    claimed_by: str | None
    resolution: str | None
    resolved_by: str | None
    resolved_at: datetime | None
    reason_code: str
    message: str
    facts: tuple[tuple[str, str], ...]
    cannot_inspect: str
    reasons: tuple[ReasonShown, ...]
    rulebook_version: int | None
    before_after: tuple[Change, ...]
    edits: tuple[Change, ...]
    edited_by: str | None
    evidence: tuple[EvidenceShown, ...]
    checks: tuple[CheckShown, ...]
    title: str
    words: tuple[tuple[str, str], ...]
    flagged: tuple[str, ...]
    bytes_text: str
    digest: str
    version: int
    moves: tuple[MoveShown, ...]
    precedents: tuple[Precedent, ...]
    approve_label: str
    deed: str
    edit_fields: tuple[EditField, ...]
    may_decide: bool
    who_decides: str
    grant_id: UUID | None
    grant_state: str | None
    outcome: str | None
    undo_until: datetime | None

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
    body = strict_json.parse_object(bytes(request.received))
    action = parsed(version.action)
    ruling = version.authority_record
    decisions = list(
        Decision.objects.filter(version__proposal=proposal).select_related(
            "person", "version"
        )
    )
    grant = _grant_of(version)
    amount = Money(ruling.amount, ruling.currency) if ruling.amount is not None else None
    deed = doing(verb=str(action["verb"]), said=version.headline, amount=amount)
    is_open = ProposalState(proposal.state) in UNDECIDED
    title = _text(body.get("title"))
    words = _words(body)
    args = action.get("args") or {}
    assert isinstance(args, Mapping)
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
        is_open=is_open,
        is_waiting_for_agent=proposal.state == ProposalState.ASKED,
        is_escalated=proposal.audience == Audience.ESCALATION_OWNER,
        due_at=proposal.due_at,
        claimed_by=_claimant(proposal),
        resolution=None if is_open else proposal.state.lower(),
        resolved_by=proposal.resolved_by.name if proposal.resolved_by else None,
        resolved_at=proposal.resolved_at,
        reason_code=proposal.reason_code,
        message=proposal.message,
        facts=_facts(action),
        cannot_inspect=_why_uninspectable(action),
        reasons=tuple(
            ReasonShown(
                sentence=_text(reason.get("text")),
                code=_text(reason.get("code")),
                deciding=reason.get("answer") == ruling.answer,
            )
            for reason in ruling.reasons
        ),
        rulebook_version=ruling.version_number,
        before_after=changes_between(body.get("before") or {}, body.get("after") or {}),
        edits=tuple(Change(**change) for change in version.changes),
        edited_by=version.edited_by.name if version.edited_by else None,
        evidence=_evidence(actor, proposal, body, now),
        checks=_checks(body),
        title=title,
        words=words,
        flagged=unsupported(
            [title, *(text for _, text in words)], [action, body.get("before"), body.get("after")]
        ),
        bytes_text=bytes(version.action).decode(),
        digest=version.digest,
        version=version.number,
        moves=_moves(proposal, decisions),
        precedents=precedents_of(proposal, verb=request.verb, system=request.system),
        approve_label=f"Approve {deed}",
        deed=deed,
        edit_fields=edit_fields(args, body.get("args_schema")),
        may_decide=is_open and _may_decide(actor, facts, proposal, decisions, version),
        who_decides=who_decides(facts, proposal.audience),
        grant_id=grant.id if grant else None,
        grant_state=grant.state.lower() if grant else None,
        outcome=_outcome_of(grant),
        undo_until=_undo_until(actor, grant, decisions, now),
    )


def _may_decide(
    actor: Actor,
    facts: RulebookInForce,
    proposal: Proposal,
    decisions: Sequence[Decision],
    version: ProposalVersion,
) -> bool:
    has_decided = any(
        decision.person_id == actor.id and decision.version_id == version.id
        for decision in decisions
    )
    return actor.id in eligible_ids(facts, proposal.audience) and not has_decided


def _votes(decisions: Sequence[Decision], version: ProposalVersion) -> int:
    counted = (Decision.Verdict.APPROVE, Decision.Verdict.EDIT)
    return sum(d.version_id == version.id and d.verdict in counted for d in decisions)


def _claimant(proposal: Proposal) -> str | None:
    return proposal.claimed_by.name if proposal.claimed_by_id else None


def _facts(action: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Give every argument as a line; a long value is cut here and whole in the bytes."""
    found = []
    for position, leaf in enumerate(leaves(action.get("args") or {})):
        if position >= LEAVES_MAX or not leaf.steps:
            break
        text = shown(leaf.value)
        if len(text) > VALUE_SHOWN_MAX:
            text = text[:VALUE_SHOWN_MAX] + "… (cut here; see the bytes)"
        found.append((leaf.path, text))
    return tuple(found)


def _why_uninspectable(action: Mapping[str, object]) -> str:
    count = 0
    for leaf in leaves(action.get("args") or {}):
        count += 1
        if isinstance(leaf.value, str) and _looks_encoded(leaf.value):
            return f"“{leaf.path[:80]}” holds encoded data that cannot be read here."
    return "There are too many values to show." if count > LEAVES_MAX else ""


def _looks_encoded(text: str) -> bool:
    return len(text) > VALUE_SHOWN_MAX and not any(map(str.isspace, text[:VALUE_SHOWN_MAX]))


def _words(body: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    named = (
        ("", "description"),
        ("Why", "rationale"),
        ("If it goes wrong", "rollback_plan"),
    )
    return tuple(
        (label, _text(body.get(name))) for label, name in named if body.get(name)
    )


def _evidence(
    actor: Actor, proposal: Proposal, body: Mapping[str, object], now: datetime
) -> tuple[EvidenceShown, ...]:
    items = body.get("evidence")
    if not isinstance(items, list) or not items:
        return ()
    opened = set(
        EvidenceOpening.objects.filter(proposal=proposal, person_id=actor.id).values_list(
            "position", flat=True
        )
    )
    return tuple(
        _one_evidence(position, item, position in opened, now)
        for position, item in enumerate(items)
        if isinstance(item, Mapping)
    )


def _one_evidence(
    position: int, item: Mapping[str, object], is_opened: bool, now: datetime
) -> EvidenceShown:
    retrieved_at = _moment(item.get("retrieved_at"))
    url = _text(item.get("url"))
    is_safe = url.startswith(("https://", "http://"))
    return EvidenceShown(
        position=position,
        label=_text(item.get("label")),
        source=_text(item.get("source")),
        # An excerpt and its link are shown once they are opened, so that opening counts.
        url=url if is_safe and is_opened else "",
        excerpt=_text(item.get("excerpt")) if is_opened else "",
        retrieved_at=retrieved_at,
        is_stale=retrieved_at is not None and now - retrieved_at > STALE_AFTER,
        is_opened=is_opened,
    )


def _checks(body: Mapping[str, object]) -> tuple[CheckShown, ...]:
    known = {"pass": True, "fail": False}
    items = body.get("checks")
    return tuple(
        CheckShown(
            label=_text(check.get("name")),
            passed=known.get(_text(check.get("status"))),
            note=_text(check.get("detail")),
        )
        for check in (items if isinstance(items, list) else [])
        if isinstance(check, Mapping)
    )


def _moves(proposal: Proposal, decisions: Sequence[Decision]) -> tuple[MoveShown, ...]:
    rows = Move.objects.filter(proposal=proposal).order_by("moved_at", "id")
    found = [
        MoveShown(
            who=move.actor_name,
            did=move.get_kind_display(),
            text=move.text,
            at=move.moved_at,
            is_agent=move.actor_kind == "agent",
        )
        for move in rows[:MOVES_SHOWN_MAX]
    ]
    found += [
        MoveShown(
            who=decision.person.name,
            did=decision.get_verdict_display(),
            text=decision.message,
            at=decision.decided_at,
            is_agent=False,
        )
        for decision in decisions
    ]
    return tuple(sorted(found, key=lambda move: move.at))


def _grant_of(version: ProposalVersion) -> Grant | None:
    return Grant.objects.filter(version=version).order_by("-issued_at", "-id").first()


def _outcome_of(grant: Grant | None) -> str | None:
    if grant is None or grant.state != GrantState.REDEEMED:
        return None
    latest = Outcome.objects.filter(grant=grant).order_by("-number").first()
    return latest.status.lower() if latest else None


def _undo_until(
    actor: Actor, grant: Grant | None, decisions: Sequence[Decision], now: datetime
) -> datetime | None:
    if grant is None or grant.state != GrantState.ISSUED or grant.not_before <= now:
        return None
    is_theirs = any(decision.person_id == actor.id for decision in decisions)
    return grant.not_before if is_theirs else None


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo else None


def _text(value: object) -> str:
    return "" if value is None else str(value)

