"""How like requests were decided before: the closest, with outcome and reason.

Two queries, each on an index of what people decided, so that a hundred thousand
decisions are as quick as ten.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from approvals.models import ActionRequest, Proposal
from approvals.models.asking import IS_DECIDED
from approvals.rules.moves import ProposalState
from registry.rules.amounts import money_text
from registry.rules.answers import Money

NEAR_MAX = 15
NEWEST_MAX = 30
SHOWN_MAX = 5
CLEAR_SHARE = 0.75
CLEAR_MIN = 3
MONTH = timedelta(days=30)
DECIDED = (
    ProposalState.APPROVED,
    ProposalState.EDITED,
    ProposalState.REJECTED,
    ProposalState.RESPONDED,
)
PASSED = frozenset({"approved", "edited"})
WORDS = {"responded": "answered instead", "edited": "edited and approved"}


@dataclass(frozen=True)
class Precedent:
    id: UUID
    headline: str
    resolution: str
    reason_code: str
    message: str
    likeness: str
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True)
class Precedents:
    """The closest, the sentence that counts them, and what would differ from them."""

    items: tuple[Precedent, ...] = ()
    counted: str = ""
    if_approved: str = ""
    if_rejected: str = ""


def precedents_of(proposal: Proposal, *, now: datetime) -> Precedents:
    """Give the five closest decided requests of the same verb and system. Two queries."""
    candidates = _candidates(proposal)
    rows = (
        Proposal.objects.filter(action_request__in=candidates, state__in=DECIDED)
        .exclude(action_request=proposal.action_request_id)
        .select_related("resolved_by", "action_request", "authority_record")
        .order_by("-resolved_at", "-id")
    )
    # Of a request that was decided, undone and decided again, the last word counts.
    last: dict[UUID, Proposal] = {}
    for row in rows:
        last.setdefault(row.action_request_id, row)
    closest = sorted(last.values(), key=lambda row: -_closeness(proposal, row, now))
    items = tuple(_shown(proposal, row) for row in closest[:SHOWN_MAX])
    return Precedents(items, _counted(items), *_differing(items))


def _candidates(proposal: Proposal) -> QuerySet:
    request = proposal.action_request
    like = ActionRequest.objects.filter(
        IS_DECIDED,
        workflow_id=proposal.workflow_id,
        verb=request.verb,
        system=request.system,
    )
    newest = like.order_by("-resolved_at", "-id").values_list("id")[:NEWEST_MAX]
    if proposal.amount is None:
        return newest
    near = like.filter(currency=proposal.currency)
    above = near.filter(amount__gte=proposal.amount).order_by("amount", "id")
    below = near.filter(amount__lt=proposal.amount).order_by("-amount", "-id")
    return newest.union(
        above.values_list("id")[:NEAR_MAX], below.values_list("id")[:NEAR_MAX]
    )


def _closeness(here: Proposal, other: Proposal, now: datetime) -> float:
    """Weigh what two requests share: the thing, the money, the reason, the agent, the time."""
    mine, theirs = here.action_request, other.action_request
    score = 0.0
    if mine.resource_id and (mine.resource_type, mine.resource_id) == (
        theirs.resource_type,
        theirs.resource_id,
    ):
        score += 2
    score += 3 * _nearness(here, other)
    score += 1.5 * _shared(_codes(here), _codes(other))
    score += mine.resource_type == theirs.resource_type
    score += 0.5 * (mine.agent_id == theirs.agent_id)
    if other.resolved_at is not None:
        score += 1 / (1 + max(now - other.resolved_at, timedelta(0)) / MONTH)
    return score


def _nearness(here: Proposal, other: Proposal) -> float:
    if here.amount is None or other.amount is None or here.currency != other.currency:
        return 0.0
    larger = max(abs(here.amount), abs(other.amount))
    return 1.0 if larger == 0 else float(1 - abs(here.amount - other.amount) / larger)


def _codes(proposal: Proposal) -> frozenset[str]:
    ruling = proposal.authority_record
    return frozenset(
        str(reason.get("code"))
        for reason in ruling.reasons
        if reason.get("answer") == ruling.answer
    )


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def _shown(here: Proposal, row: Proposal) -> Precedent:
    return Precedent(
        id=row.id,
        headline=row.headline,
        resolution=row.state.lower(),
        reason_code="in an emergency"
        if row.reason_code == "break_glass"
        else row.reason_code.replace("_", " "),
        message=row.message[:200],
        likeness=_likeness(here, row),
        decided_by=row.resolved_by.name if row.resolved_by else None,
        decided_at=row.resolved_at,
    )


def _likeness(here: Proposal, other: Proposal) -> str:
    mine, theirs = here.action_request, other.action_request
    said = []
    if mine.resource_id and mine.resource_id == theirs.resource_id:
        said.append(f"same {mine.resource_type.replace('_', ' ') or 'record'}")
    if here.amount is not None and here.currency == other.currency:
        said += _difference(here.amount, other.amount, here.currency)
    if _codes(here) & _codes(other):
        said.append("held for the same reason")
    return ", ".join(said)


def _difference(here: Decimal, other: Decimal | None, currency: str) -> list[str]:
    if other is None:
        return []
    if here == other:
        return ["same amount"]
    by = money_text(Money(abs(here - other), currency)).strip()
    return [f"{by} {'more' if other > here else 'less'}"]


def _counted(items: Iterable[Precedent]) -> str:
    """Say "4 approved, 1 rejected (wrong amount)"."""
    counts: Counter[str] = Counter()
    reasons: dict[str, list[str]] = {}
    for each in items:
        counts[each.resolution] += 1
        if each.reason_code:
            reasons.setdefault(each.resolution, []).append(each.reason_code)
    return ", ".join(
        f"{count} {WORDS.get(word, word)}"
        + (f" ({', '.join(dict.fromkeys(reasons[word]))})" if word in reasons else "")
        for word, count in counts.most_common()
    )


def _differing(items: tuple[Precedent, ...]) -> tuple[str, str]:
    """Say what approving and what rejecting would differ from, where it is clear."""
    total = len(items)
    passed = sum(each.resolution in PASSED for each in items)
    if total < CLEAR_MIN:
        return "", ""
    if passed >= CLEAR_SHARE * total:
        said = f"{passed} of the {total} closest were approved."
        return "", f"Rejecting this differs from what was decided before: {said}"
    if total - passed >= CLEAR_SHARE * total:
        said = f"{total - passed} of the {total} closest were not approved."
        return f"Approving this differs from what was decided before: {said}", ""
    return "", ""
