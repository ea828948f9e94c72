"""Like proposals side by side: what would be decided with one word, and what is left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from approvals.models import Move, Proposal, ProposalVersion
from approvals.queries.access import proposal_seen_by, proposals_seen_by
from approvals.queries.against import against_in_short
from approvals.queries.envelope import mapping_of, parsed
from approvals.queries.inbox import OPEN_ORDER, needing
from approvals.queries.parts import facts_of, text_of, words_of
from approvals.queries.weighing import flags_of, hidden_in, texts_of
from approvals.rules.claims import unsupported
from approvals.rules.contradictions import ITS_CLAIMS
from approvals.rules.inspection import why_uninspectable
from approvals.rules.likeness import (
    BATCH_MAX,
    SENTENCES,
    Traits,
    Unlike,
    why_left_out,
)
from approvals.rules.moves import ProposalState
from portal.accounts.actors import Actor
from portal.core import strict_json
from registry.rules.amounts import money_text
from registry.rules.answers import Money, Risk
from registry.rules.things import place_of
from registry.rules.verbs import verb_of

# What a line of a batch shows; what holds more than that is looked at by itself.
FACTS_SHOWN = 8
FACT_LENGTH_SHOWN = 80


@dataclass(frozen=True)
class LikeItem:
    """One proposal of a batch as its page shows it, with the digest of these bytes."""

    id: UUID
    digest: str
    headline: str
    agent: str
    amount: Decimal | None
    currency: str
    facts: tuple[tuple[str, str], ...]
    evidence_count: int
    confidence: str
    due_at: datetime
    risk: str
    traits: Traits
    # In a few words what would refuse its approval now; "" for nothing.
    against: str = ""


@dataclass(frozen=True)
class LeftOut:
    """Proposals left out for one reason."""

    sentence: str
    items: tuple[LikeItem, ...]


@dataclass(frozen=True)
class Selection:
    """What one word would decide. `like_id` is the one that the others are like."""

    like_id: UUID | None
    kind: str
    workflow: str
    reasons: tuple[str, ...]
    kept: tuple[LikeItem, ...]
    left_out: tuple[LeftOut, ...]
    total: str
    span: str

    @property
    def left_out_count(self) -> int:
        return sum(len(group.items) for group in self.left_out)

    @property
    def refused_count(self) -> int:
        """Count what would be refused if it were approved now."""
        return sum(bool(item.against) for item in self.kept)


def like_count(actor: Actor, proposal_id: UUID, *, now: datetime) -> int:
    """Count what else of this kind waits for a person, up to a batch. A few queries."""
    like = Proposal.objects.get(id=proposal_id)
    rows = _kind(needing(actor, now=now), like).filter(
        state=ProposalState.OPEN, quorum=1, version_number=1
    )
    rows = rows.exclude(risk=Risk.HIGH).exclude(id=proposal_id).order_by()
    return rows.values("id")[:BATCH_MAX].count()


def selection_like(actor: Actor, proposal_id: UUID, *, now: datetime) -> Selection:
    """Select everything that waits for a person and is like one proposal."""
    like = proposal_seen_by(actor, proposal_id)
    rows = _kind(needing(actor, now=now), like).order_by(*OPEN_ORDER)
    ids = list(rows.values_list("id", flat=True)[:BATCH_MAX])
    if proposal_id not in ids:
        ids = [proposal_id, *ids[: BATCH_MAX - 1]]
    return select(actor, dict.fromkeys(ids), like_id=proposal_id, now=now)


def select(
    actor: Actor,
    picked: Mapping[UUID, str | None],
    *,
    like_id: UUID | None,
    now: datetime,
) -> Selection:
    """Sort what a person picked: ids with the digests that they saw. Nine queries.

    What they may not see is not there at all. Order and position mean nothing.
    """
    items = _items(actor, picked, now)
    by_id = {item.id: item for item in items}
    like = by_id.get(like_id) if like_id else None
    like = like or _most_usual(items)
    if like is None:
        return Selection(None, "", "", (), (), (), "", "")
    whys = [(item, why_left_out(item.traits, like=like.traits)) for item in items]
    fitting = [item for item, why in whys if why is None]
    kept = tuple(fitting[:BATCH_MAX])
    groups: dict[Unlike, list[LikeItem]] = {}
    for item, why in whys:
        if why is not None:
            groups.setdefault(why, []).append(item)
    if fitting[BATCH_MAX:]:
        groups[Unlike.TOO_MANY] = fitting[BATCH_MAX:]
    shown = kept[0] if kept else like
    version = _version_of(shown.id)
    return Selection(
        like_id=like.id,
        kind=f"{_label(shown.traits.verb)} in {place_of(shown.traits.system)}",
        workflow=version.proposal.workflow.name,
        reasons=tuple(
            text_of(reason.get("text"))
            for reason in version.authority_record.reasons
            if reason.get("answer") == version.authority_record.answer
        ),
        kept=kept,
        left_out=tuple(
            LeftOut(SENTENCES[why], tuple(found)) for why, found in groups.items()
        ),
        total=_total(kept),
        span=_span(kept),
    )


def _kind(rows: QuerySet[Proposal], like: Proposal) -> QuerySet[Proposal]:
    return rows.filter(
        workflow_id=like.workflow_id,
        verb=like.verb,
        system=like.system,
        audience=like.audience,
    )


def _items(
    actor: Actor, picked: Mapping[UUID, str | None], now: datetime
) -> list[LikeItem]:
    rows = list(
        proposals_seen_by(actor)
        .filter(id__in=list(picked))
        .select_related("action_request")
        .order_by(*OPEN_ORDER)
    )
    theirs = set(
        needing(actor, now=now)
        .filter(id__in=[row.id for row in rows])
        .values_list("id", flat=True)
    )
    versions = {
        (version.proposal_id, version.number): version
        for version in ProposalVersion.objects.filter(
            proposal__in=[row.id for row in rows]
        ).select_related("authority_record")
    }
    answers = _answers([row.id for row in rows])
    against = against_in_short(rows)
    items = [
        _item(
            row,
            versions[row.id, row.version_number],
            answers.get(row.id, ()),
            seen=picked[row.id],
            is_theirs=row.id in theirs,
        )
        for row in rows
    ]
    return [replace(item, against=against.get(item.id, "")) for item in items]


def _answers(ids: Sequence[UUID]) -> Mapping[UUID, Sequence[str]]:
    """Give what the agent answered to questions, as it is flagged on a card. One query."""
    found: dict[UUID, list[str]] = {}
    moves = Move.objects.filter(proposal__in=ids, actor_kind="agent")
    for proposal_id, text in moves.values_list("proposal_id", "text"):
        found.setdefault(proposal_id, []).append(text)
    return found


def _item(
    row: Proposal,
    version: ProposalVersion,
    answers: Sequence[str],
    *,
    seen: str | None,
    is_theirs: bool,
) -> LikeItem:
    body = strict_json.parse_object(bytes(row.action_request.received))
    action = parsed(version.action)
    ruling = version.authority_record
    amount = Money(row.amount, row.currency) if row.amount is not None else None
    evidence = body.get("evidence")
    said = [text_of(body.get("title")), *(text for _, text in words_of(body))]
    facts = facts_of(action, amount)
    borne_out = [action, body.get("before"), body.get("after")]
    texts = texts_of(body, mapping_of(action), answers)
    flags = flags_of(texts, body, row.verb, ruling, is_approved=False)
    return LikeItem(
        id=row.id,
        digest=version.digest,
        headline=version.headline,
        agent=row.agent_name,
        amount=row.amount,
        currency=row.currency,
        facts=facts[1:FACTS_SHOWN],
        evidence_count=len(evidence) if isinstance(evidence, list) else 0,
        confidence=text_of(body.get("confidence")),
        due_at=row.due_at,
        risk=row.risk,
        traits=Traits(
            workflow_id=row.workflow_id,
            verb=row.verb,
            system=row.system,
            audience=row.audience,
            held_by=_held_by(ruling.reasons, ruling.answer),
            rulebook_version=ruling.version_number,
            state=ProposalState(row.state),
            risk=Risk(row.risk),
            people_needed=max(row.quorum, ruling.quorum, len(row.stages or ())),
            version_number=row.version_number,
            waits_for_reader=is_theirs,
            is_as_shown=seen is None or seen == version.digest,
            is_inspectable=not why_uninspectable(mapping_of(action)),
            is_contradicted=bool(unsupported(said, borne_out)),
            is_flagged=bool(hidden_in(texts))
            or any(flag.where != ITS_CLAIMS for flag in flags),
            is_shown_whole=len(facts) <= FACTS_SHOWN
            and all(len(part) <= FACT_LENGTH_SHOWN for fact in facts for part in fact),
        ),
    )


def _held_by(
    reasons: Iterable[Mapping[str, object]], answer: str
) -> frozenset[tuple[str, str]]:
    return frozenset(
        (text_of(reason.get("code")), text_of(reason.get("rule")))
        for reason in reasons
        if reason.get("answer") == answer
    )


def _most_usual(items: Sequence[LikeItem]) -> LikeItem | None:
    """Give one of the kind that most are of, so that no order decides what is left out."""
    kinds = [(item.traits.kind, item.traits.held_by) for item in items]
    counted = {kind: kinds.count(kind) for kind in set(kinds)}
    return max(
        items,
        key=lambda item: (counted[item.traits.kind, item.traits.held_by], str(item.id)),
        default=None,
    )


def _version_of(proposal_id: UUID) -> ProposalVersion:
    return (
        ProposalVersion.objects.filter(proposal=proposal_id)
        .select_related("proposal__workflow", "authority_record")
        .order_by("-number")[0]
    )


def _label(verb: str) -> str:
    known = verb_of(verb)
    return known.label if known else verb


def _total(items: Sequence[LikeItem]) -> str:
    sums: dict[str, Decimal] = {}
    for item in items:
        if item.amount is not None:
            sums[item.currency] = sums.get(item.currency, Decimal(0)) + item.amount
    return " and ".join(
        money_text(Money(s, c)).strip() for c, s in sorted(sums.items())
    )


def _span(items: Sequence[LikeItem]) -> str:
    """Give the least and the most, where one currency makes them comparable."""
    known = [item.amount for item in items if item.amount is not None]
    currencies = {item.currency for item in items if item.amount is not None}
    if len(currencies) != 1 or min(known) == max(known):
        return ""
    low, high = (Money(each, *currencies) for each in (min(known), max(known)))
    return f"{money_text(low).strip()} to {money_text(high).strip()}"
