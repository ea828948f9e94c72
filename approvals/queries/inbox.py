"""The inbox: each tab by risk, fairness between agents and time left, one keyset page at a time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from approvals.models import Move, Proposal, ProposalVersion, Snooze
from approvals.models.proposing import IS_UNDECIDED, Audience
from approvals.queries.access import has_voted, proposals_seen_by
from approvals.queries.against import against_in_short
from approvals.queries.clocks import stands_since
from approvals.queries.narrowing import TABS, InboxAsked, narrowed
from approvals.queries.seats import waits_for
from approvals.queries.snoozing import is_back
from approvals.rules.due import CLAIM_TIME
from approvals.rules.moves import ProposalState
from portal.accounts.actors import Actor
from portal.core.clock import wall_clock
from portal.core.pagination import beyond, keyset
from registry.rules.answers import Risk

# Highest risk first; at one risk each agent's first twenty, then the floods; then time.
OPEN_ORDER = ("-risk_rank", "crowd", "due_at", "id")
DECIDED_ORDER = ("-resolved_at", "-id")
COUNT_MAX = 1000
PAGE_SIZE = 50
FLOODS_SHOWN = 3

# The agent's answers to questions about one proposal.
_ANSWERS = Move.objects.filter(proposal=OuterRef("pk"), kind=Move.Kind.ANSWERED)


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
    zone: str
    counts_from: datetime | None
    stands_still: bool
    reminded: int
    is_back: bool
    is_answered: bool
    version: int
    digest: str
    is_waiting_for_agent: bool
    is_for_batch: bool
    claimed_by: str | None
    assigned_to: str | None
    resolution: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    against: str = ""

    @property
    def has_it(self) -> str | None:
        """Name who is at work on it, or whose it is."""
        return self.claimed_by or self.assigned_to


@dataclass(frozen=True)
class Flood:
    """What one agent has waiting behind everybody's first twenty."""

    agent: str
    agent_id: UUID
    count: str


@dataclass(frozen=True)
class Reader:
    """A person's rights, asked once for everything that one page reads."""

    actor: Actor
    seen: QuerySet[Proposal]
    waits: Q

    @classmethod
    def of(cls, actor: Actor) -> "Reader":
        """Ask for the rights of a person. Three queries."""
        return cls(actor, proposals_seen_by(actor), waits_for(actor))


@dataclass(frozen=True)
class InboxPage:
    asked: InboxAsked
    rows: tuple[InboxRow, ...]
    floods: tuple[Flood, ...]
    counts: Mapping[str, str]
    next_cursor: str | None
    previous_cursor: str | None

    @property
    def tab(self) -> str:
        return self.asked.tab


def inbox_for(
    actor: Actor,
    asked: InboxAsked | None = None,
    *,
    cursor: str | None = None,
    now: datetime | None = None,
    with_counts: bool = False,
) -> InboxPage:
    """Give one page of a tab. Six queries, whatever the number; one more a count.

    A few more where something above has changed: see `against_in_short`.
    """
    now = now or wall_clock()
    asked = asked or InboxAsked()
    reader = Reader.of(actor)
    every = narrowed(_tab(reader, asked, now), asked, now=now)
    order = DECIDED_ORDER if asked.tab == "decided" else OPEN_ORDER
    back = is_back(actor)
    rows = (
        with_digest(every)
        .annotate(is_back=back, is_answered=Exists(_ANSWERS))
        .select_related("workflow", "claimed_by", "resolved_by", "assigned_to")
    )
    page = keyset(rows, order=order, cursor=cursor, size=PAGE_SIZE)
    is_cut = page.next_cursor is not None and asked.tab != "decided"
    return InboxPage(
        asked=asked,
        rows=_rows_of(page.items, now),
        floods=_floods(every) if is_cut and not asked.agent else (),
        counts=_counts(reader, now) if with_counts else {},
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
    )


def _rows_of(items: Sequence[Proposal], now: datetime) -> tuple[InboxRow, ...]:
    against = against_in_short(items)
    return tuple(
        replace(row_of(proposal, now), against=against.get(proposal.id, ""))
        for proposal in items
    )


def rows_of(actor: Actor, asked: InboxAsked, *, now: datetime) -> QuerySet[Proposal]:
    """Give the proposals of a tab, narrowed. Not run; costs what asking for rights does."""
    return narrowed(_tab(Reader.of(actor), asked, now), asked, now=now)


def with_digest(rows: QuerySet[Proposal]) -> QuerySet[Proposal]:
    """Let each row carry the digest of its current version."""
    current = ProposalVersion.objects.filter(
        proposal=OuterRef("pk"), number=OuterRef("version_number")
    )
    return rows.annotate(digest=Subquery(current.values("digest")[:1]))


def counts_for(actor: Actor, *, now: datetime) -> dict[str, str]:
    """Count each open tab up to a thousand. Seven queries."""
    return _counts(Reader.of(actor), now)


def bounded(rows: QuerySet[Proposal]) -> str:
    """Count up to a thousand; more are said to be more. One query."""
    number = _up_to_a_thousand(rows)
    return f"{COUNT_MAX:,}+" if number > COUNT_MAX else f"{number:,}"


def waiting_count(actor: Actor) -> int:
    """Count what needs this person, up to a thousand and one."""
    return _up_to_a_thousand(needing(actor, now=wall_clock()))


def next_for(
    actor: Actor,
    *,
    after: UUID | None = None,
    asked: InboxAsked | None = None,
    now: datetime | None = None,
) -> UUID | None:
    """Name what this person decides next: what follows `after` where they are, or the first.

    Stays in their tab and filters as long as something there needs them. A few queries.
    """
    now = now or wall_clock()
    asked = asked or InboxAsked()
    if asked.tab == "decided":
        asked = InboxAsked()
    reader = Reader.of(actor)
    rows = narrowed(_needing(reader, now), asked, now=now)
    if asked.tab in ("free", "taken"):
        # Decided here, it is in this tab no more; what follows still is.
        rows = rows.filter(_held(reader.actor.id, asked.tab, now))
    rows = rows.order_by(*OPEN_ORDER)
    if after is not None:
        rows = rows.exclude(id=after)
        here = Proposal.objects.filter(id=after).first()
        if here is not None:
            following = rows.filter(beyond(here, OPEN_ORDER))
            found = following.values_list("id", flat=True).first()
            if found is not None:
                return found
    return rows.values_list("id", flat=True).first()


def claimant(proposal: Proposal, now: datetime) -> str | None:
    """Name who has taken a proposal on, for as long as that lasts."""
    is_held = proposal.claimed_at is not None and now - proposal.claimed_at < CLAIM_TIME
    return proposal.claimed_by.name if is_held and proposal.claimed_by else None


def needing(actor: Actor, *, now: datetime) -> QuerySet[Proposal]:
    """Give what waits for this person, without what they decided or put away."""
    return _needing(Reader.of(actor), now)


def may_be_batched(proposal: Proposal) -> bool:
    """Say whether a proposal may be decided among like ones at all; the rest is asked then."""
    return (
        proposal.state == ProposalState.OPEN
        and proposal.risk != Risk.HIGH
        and proposal.quorum == 1
        and len(proposal.stages or ()) < 2  # noqa: PLR2004 - one stage is no stages
        and proposal.version_number == 1
    )


def row_of(proposal: Proposal, now: datetime) -> InboxRow:
    """Make the line of one proposal, read with `with_digest` and its people."""
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
        zone=proposal.clock_zone,
        counts_from=proposal.counts_from,
        stands_still=stands_since(proposal) is not None,
        reminded=proposal.reminded,
        is_back=bool(getattr(proposal, "is_back", False)),
        is_answered=bool(getattr(proposal, "is_answered", False)),
        version=proposal.version_number,
        digest=str(getattr(proposal, "digest")),  # noqa: B009 - annotated
        is_waiting_for_agent=proposal.state == ProposalState.ASKED,
        is_for_batch=not is_over and may_be_batched(proposal),
        claimed_by=claimant(proposal, now),
        assigned_to=proposal.assigned_to.name if proposal.assigned_to else None,
        resolution=proposal.state.lower() if is_over else None,
        resolved_at=proposal.resolved_at,
        resolved_by=proposal.resolved_by.name if proposal.resolved_by else None,
    )


def _tab(reader: Reader, asked: InboxAsked, now: datetime) -> QuerySet[Proposal]:
    if asked.tab == "mine":
        if asked.state == "snoozed":
            return _mine(reader).filter(_put_away(reader.actor.id, now))
        return _needing(reader, now)
    if asked.tab == "decided":
        return reader.seen.filter(resolved_at__isnull=False)
    return reader.seen.filter(IS_UNDECIDED).filter(
        _held(reader.actor.id, asked.tab, now)
    )


def _held(person_id: UUID, tab: str, now: datetime) -> Q:
    held_since = now - CLAIM_TIME
    if tab == "free":
        return Q(assigned_to=None) & (
            Q(claimed_at=None) | Q(claimed_at__lte=held_since)
        )
    if tab == "taken":
        claimed = Q(claimed_by=person_id, claimed_at__gt=held_since)
        return Q(assigned_to=person_id) | claimed
    return Q()


def _mine(reader: Reader) -> QuerySet[Proposal]:
    waiting = reader.seen.filter(IS_UNDECIDED).filter(reader.waits)
    return waiting.exclude(has_voted(reader.actor))


def _needing(reader: Reader, now: datetime) -> QuerySet[Proposal]:
    return _mine(reader).exclude(_put_away(reader.actor.id, now))


def _put_away(person_id: UUID, now: datetime) -> Exists:
    return Exists(
        Snooze.objects.filter(
            person=person_id,
            proposal=OuterRef("pk"),
            rung=OuterRef("rung"),
            version_number=OuterRef("version_number"),
            until__gt=now,
        )
    )


def _counts(reader: Reader, now: datetime) -> dict[str, str]:
    return {
        tab: bounded(_tab(reader, InboxAsked(tab=tab), now))
        for tab in TABS
        if tab != "decided"
    }


def _up_to_a_thousand(rows: QuerySet[Proposal]) -> int:
    return rows.order_by().values("id")[: COUNT_MAX + 1].count()


def _floods(rows: QuerySet[Proposal]) -> tuple[Flood, ...]:
    """Say who has how many behind the others' first twenty. One bounded query."""
    behind = rows.filter(crowd__gt=0).order_by()
    found = list(behind.values_list("agent_id", "agent_name")[: COUNT_MAX + 1])
    many = "+" if len(found) > COUNT_MAX else ""
    most = Counter(found).most_common(FLOODS_SHOWN)
    return tuple(
        Flood(agent=name, agent_id=agent_id, count=f"{min(count, COUNT_MAX):,}{many}")
        for (agent_id, name), count in most
    )
