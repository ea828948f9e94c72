"""What a reviewer weighs beside the action: budget, flags, duties, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import (
    AuthorityRecord,
    Decision,
    Grant,
    Outcome,
    Proposal,
    ProposalVersion,
)
from approvals.queries.editors import editors_of
from approvals.queries.envelope import mapping_of
from approvals.queries.parts import EvidenceShown, text_of
from approvals.rules.against import level_of
from approvals.rules.contradictions import Flag, OnRecord, Said, flags_in
from approvals.rules.moves import GrantState
from approvals.rules.paths import leaves
from approvals.rules.separation import SENTENCES, Parties, objection_to
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.core.visible_marks import hidden_count
from registry.queries.rulebooks import RulebookInForce
from registry.rules.answers import Reversibility, Risk

TEXTS_READ_MAX = 600
ANCHORS = {
    "stop_rule": "page-stops-title",
    "guardrail": "page-rails-title",
    "cap": "page-rails-title",
    "check": "page-rails-title",
    "owner": "page-people-title",
    "limit": "page-matrix-title",
    "allowance": "page-matrix-title",
    "amount": "page-matrix-title",
    "never": "page-matrix-title",
    "no_allowance": "page-matrix-title",
    "ceiling": "page-matrix-title",
}


@dataclass(frozen=True)
class ReasonShown:
    """Why a person decides: the rule in words, its code, its level, where it is written."""

    sentence: str
    code: str
    deciding: bool
    level: str = ""
    rule: str = ""
    anchor: str = ""
    is_stop_rule: bool = False


@dataclass(frozen=True)
class After:
    """What became of an approval: its grant and what was reported of it."""

    state: str
    sentence: str
    tone: str
    grant_id: UUID
    is_unknown: bool = False
    is_unused: bool = False
    told_by: str = ""
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class HiddenIn:
    where: str
    count: int


def reasons_shown(ruling: AuthorityRecord) -> tuple[ReasonShown, ...]:
    """Give every reason of a ruling with its level. No query."""
    return tuple(_reason(reason, ruling.answer) for reason in ruling.reasons)


def _reason(reason: Mapping[str, object], answer: str) -> ReasonShown:
    code = text_of(reason.get("code"))
    family = code.partition(".")[0]
    return ReasonShown(
        sentence=text_of(reason.get("text")),
        code=code,
        deciding=reason.get("answer") == answer,
        level=level_of(code),
        rule=text_of(reason.get("rule")),
        anchor=ANCHORS.get(family, ""),
        is_stop_rule=family == "stop_rule" and bool(reason.get("rule")),
    )


def texts_of(
    body: Mapping[str, object], action: Mapping[str, object], answers: Sequence[str]
) -> tuple[Said, ...]:
    """Give every text that the agent wrote, with where it stands on the card."""
    found = [
        Said("the title", text_of(body.get("title"))),
        Said("the description", text_of(body.get("description"))),
        Said("the rationale", text_of(body.get("rationale"))),
        Said("the rollback plan", text_of(body.get("rollback_plan"))),
    ]
    found += [Said("an answer", text) for text in answers]
    for where, part in (
        ("an argument", action.get("args")),
        ("the resource", action.get("resource")),
        ("before", body.get("before")),
        ("after", body.get("after")),
        ("the checks", body.get("checks")),
        ("the asker", body.get("on_behalf_of")),
    ):
        found += _strings(where, part)
    evidence = body.get("evidence")
    for number, item in enumerate(evidence if isinstance(evidence, list) else (), 1):
        found += _strings(f"evidence {number}", item)
    return tuple(said for said in found if said.text)[:TEXTS_READ_MAX]


def _strings(where: str, part: object) -> list[Said]:
    found = []
    for position, leaf in enumerate(leaves(part or {})):
        if position >= TEXTS_READ_MAX:
            break
        if isinstance(leaf.value, str):
            place = f"{where} “{leaf.path[:60]}”" if where == "an argument" else where
            found.append(Said(place, leaf.value))
        found += [
            Said(f"the name of {where}", step)
            for step in leaf.steps
            if isinstance(step, str) and not step.isascii()
        ]
    return found


def flags_of(
    texts: Sequence[Said],
    body: Mapping[str, object],
    verb: str,
    ruling: AuthorityRecord,
    *,
    is_approved: bool,
) -> tuple[Flag, ...]:
    """Give what the agent's words say otherwise than the record. No query."""
    return flags_in(
        texts,
        OnRecord(
            verb=verb,
            risk=Risk(ruling.risk),
            reversibility=Reversibility(ruling.reversibility),
            codes=tuple(text_of(reason.get("code")) for reason in ruling.reasons),
            is_approved=is_approved,
            claimed_risk=_risk(body.get("risk")),
            claimed_reversibility=_reversibility(body.get("reversibility")),
        ),
    )


def _risk(value: object) -> Risk | None:
    return Risk(str(value)) if value in list(Risk) else None


def _reversibility(value: object) -> Reversibility | None:
    return Reversibility(str(value)) if value in list(Reversibility) else None


def hidden_in(texts: Sequence[Said]) -> tuple[HiddenIn, ...]:
    """Count the characters that a reader would not see, by where they stand. No query."""
    counts: dict[str, int] = {}
    for said in texts:
        count = hidden_count(said.text)
        if count:
            counts[said.where] = counts.get(said.where, 0) + count
    return tuple(HiddenIn(where, count) for where, count in counts.items())


def parties_behind(
    proposal: Proposal,
    version: ProposalVersion,
    ruling: AuthorityRecord,
    facts: RulebookInForce,
) -> Parties:
    """Name those who stand behind one version. At most one query."""
    request = proposal.action_request
    behind = (request.operator_id, request.key_owner_id, facts.operator_id)
    editors = editors_of(version)
    return Parties(
        requester_names=frozenset({request.on_behalf_of_id} - {""}),
        operator_ids=frozenset(one for one in behind if one),
        editor_ids=editors.everybody,
        widener_ids=editors.wideners,
        risk=Risk(ruling.risk),
        reversibility=Reversibility(ruling.reversibility),
    )


def objection_for(actor: Actor, parties: Parties, absent_ids: Sequence[UUID]) -> str:
    """Say before anybody presses why this person may not approve. One query.

    `absent_ids` are those in whose place they would decide, the first of them first.
    """
    wanted = [actor.id, *absent_ids[:1]]
    people = {each.id: each for each in Person.objects.filter(id__in=wanted)}
    found = {
        each.id: objection_to(
            person_id=each.id,
            person_names=frozenset({each.email, str(each.id)}),
            parties=parties,
        )
        for each in people.values()
    }
    own = found.get(actor.id)
    if own is not None:
        return SENTENCES[own]
    absent = people.get(absent_ids[0]) if absent_ids else None
    if absent is None or found[absent.id] is None:
        return ""
    return (
        f"You would decide this for {absent.name}, who may not approve it themselves,"
        " so another person decides it."
    )


def unopened(evidence: Sequence[EvidenceShown], risk: str) -> str:
    """Say what was not opened before a high-risk approval; nothing at lower risks."""
    closed = sum(not item.is_opened for item in evidence)
    if risk != Risk.HIGH or not closed:
        return ""
    if closed == len(evidence):
        return f"You have opened none of the {closed} pieces of evidence."
    return f"You have not opened {closed} of the {len(evidence)} pieces of evidence."


def is_approved(decisions: Sequence[Decision], version: ProposalVersion) -> bool:
    counted = (Decision.Verdict.APPROVE, Decision.Verdict.EDIT)
    return any(d.version_id == version.id and d.verdict in counted for d in decisions)


def claims_of(body: Mapping[str, object]) -> dict[str, object]:
    """Give the figures that the agent claims beside its words: repeating them is no lie."""
    return {
        "confidence": body.get("confidence"),
        "amount": mapping_of(body.get("amount")),
    }


def after_of(grant: Grant | None, now: datetime) -> After | None:
    """Say what became of an approval, from stored rows. At most one query."""
    if grant is None:
        return None
    if grant.state != GrantState.REDEEMED:
        return _unused(grant, now)
    latest = Outcome.objects.filter(grant=grant).order_by("-number").first()
    if latest is None:
        said = "The grant was used. Nobody has told yet what came of it."
        return After(
            "untold", said, "review", grant.id, is_unknown=True, at=grant.redeemed_at
        )
    look = {
        Outcome.Status.SUCCEEDED: ("succeeded", "It ran and succeeded.", "allowed"),
        Outcome.Status.FAILED: ("failed", "It ran and failed.", "never"),
        Outcome.Status.UNKNOWN: (
            "unknown",
            "Nobody knows whether it happened; a person has to find out.",
            "review",
        ),
    }
    state, said, tone = look[Outcome.Status(latest.status)]
    return After(
        state,
        said,
        tone,
        grant.id,
        is_unknown=latest.status == Outcome.Status.UNKNOWN,
        told_by=latest.actor_name,
        detail=latest.detail,
        at=latest.reported_at,
    )


def _unused(grant: Grant, now: datetime) -> After:
    if grant.state == GrantState.ISSUED and grant.expires_at > now:
        said = "The grant was not used yet."
        return After(
            "issued", said, "info", grant.id, is_unused=True, at=grant.expires_at
        )
    if grant.state == GrantState.REVOKED:
        return After(
            "revoked",
            "The grant was revoked unused.",
            "never",
            grant.id,
            at=grant.ended_at,
        )
    said = "The grant ran out unused."
    return After("expired", said, "review", grant.id, at=grant.expires_at)
