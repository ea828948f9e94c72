"""Emergencies: what ran without all its votes, what still waits to be looked at, and for whom."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from approvals.models import BreakGlass, Proposal
from approvals.models.proposing import Audience
from approvals.queries.access import proposal_seen_by
from approvals.rules.emergencies import LATELY, ROLES
from portal.accounts import access
from portal.accounts.actors import Actor
from registry.queries.deciding import turns_of
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.answers import Turn
from registry.rules.sentences import turn_text

SHOWN_MAX = 200


@dataclass(frozen=True)
class GlassLine:
    """One emergency, as lists and bands show it."""

    id: UUID
    proposal_id: UUID
    run_id: UUID
    headline: str
    workflow: str
    workflow_slug: str
    who: str
    role: str
    why: str
    missing: tuple[str, ...]
    broken_at: datetime
    review_due_at: datetime
    is_late: bool
    may_review: bool
    reviewed_by: str
    reviewed_at: datetime | None
    verdict: str
    review_text: str

    @property
    def is_open(self) -> bool:
        return self.reviewed_at is None


@dataclass(frozen=True)
class GlassPage:
    open: tuple[GlassLine, ...]
    done: tuple[GlassLine, ...]
    lately: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class GlassForm:
    """What the page before it says: what is missing, and how often it happened lately."""

    may: bool
    who_may: str
    lately: int


def role_of(person_id: UUID, facts: RulebookInForce) -> str:
    """Name the role by which a person answers for a workflow; nothing without one."""
    for role in ROLES:
        holder = facts.role_holders.get(role)
        if holder is not None and holder.id == person_id:
            return role
    return ""


def glass_form(actor: Actor, proposal_id: UUID, *, now: datetime) -> GlassForm:
    """Say whether this person may break the glass here. Four queries."""
    proposal = proposal_seen_by(actor, proposal_id)
    facts = standing_facts(
        proposal.workflow_id, agent_id=proposal.action_request.agent_id
    )
    names = [
        facts.role_holders[each].name for each in ROLES if each in facts.role_holders
    ]
    lately = BreakGlass.objects.filter(
        workflow_id=proposal.workflow_id, broken_at__gt=now - LATELY
    )
    return GlassForm(
        may=bool(role_of(actor.id, facts)),
        who_may=" or ".join(dict.fromkeys(names)),
        lately=lately.count(),
    )


def glass_seen_by(actor: Actor, glass_id: UUID) -> BreakGlass:
    """Give one emergency of a workflow that a person may view, or raise NotFound."""
    return access.visible_or_404(_seen(actor), id=glass_id)


def may_review(actor: Actor, glass: BreakGlass) -> bool:
    """Say whether this person may look at it afterwards: another who answers for it."""
    return glass.person_id != actor.id and glass.workflow_id in _answered_for(actor)


def glass_page(actor: Actor, *, now: datetime) -> GlassPage:
    """List what waits to be looked at, and what was. Five queries."""
    mine = _answered_for(actor)
    seen = _seen(actor)
    counts = (
        seen.filter(broken_at__gt=now - LATELY)
        .order_by()
        .values_list("workflow__name")
        .annotate(number=Count("id"))
        .order_by("-number", "workflow__name")
    )
    return GlassPage(
        open=_lines(
            actor, seen.filter(review=None).order_by("review_due_at", "id"), mine, now
        ),
        done=_lines(
            actor,
            seen.exclude(review=None).order_by("-broken_at", "-id"),
            mine,
            now,
        ),
        lately=tuple(counts[:20]),
    )


def glass_line(actor: Actor, glass_id: UUID, *, now: datetime) -> GlassLine:
    """Give one emergency, or raise NotFound. Three queries."""
    return _line(actor, glass_seen_by(actor, glass_id), _answered_for(actor), now)


def glass_of_proposal(
    actor: Actor, proposal: Proposal, *, now: datetime
) -> GlassLine | None:
    """Give the emergency of a proposal that this person sees. At most two queries."""
    found = _rows().filter(proposal=proposal).first()
    return _line(actor, found, _answered_for(actor), now) if found else None


def glass_band(
    actor: Actor, *, slug: str = "", run_id: UUID | None = None, now: datetime
) -> tuple[GlassLine, ...]:
    """Give what a workflow's page, or a run's, says about emergencies. Three queries.

    Of a workflow those that nobody looked at yet; of a run all.
    """
    rows = _seen(actor).order_by("-broken_at", "-id")
    if run_id is not None:
        rows = rows.filter(proposal__run_id=run_id)
    else:
        rows = rows.filter(Q(workflow__slug=slug, review=None))
    return _lines(actor, rows, _answered_for(actor), now)


def review_count(actor: Actor) -> int:
    """Count what waits for this person to look at. Two queries."""
    mine = _answered_for(actor)
    if not mine:
        return 0
    waiting = BreakGlass.objects.filter(review=None, workflow_id__in=sorted(mine))
    return waiting.exclude(person_id=actor.id).count()


def _answered_for(actor: Actor) -> frozenset[UUID]:
    turns = turns_of([actor.id]).get(actor.id, {})
    return frozenset().union(*(turns.get(role, frozenset()) for role in ROLES))


def _rows() -> QuerySet[BreakGlass]:
    return BreakGlass.objects.select_related(
        "proposal", "version", "workflow", "person", "review__person"
    )


def _seen(actor: Actor) -> QuerySet[BreakGlass]:
    return access.visible(_rows(), actor=actor, workflow_path="workflow_id")


def _lines(actor, rows, mine, now) -> tuple[GlassLine, ...]:
    return tuple(_line(actor, each, mine, now) for each in rows[:SHOWN_MAX])


def _line(
    actor: Actor, glass: BreakGlass, mine: frozenset[UUID], now: datetime
) -> GlassLine:
    review = getattr(glass, "review", None)
    return GlassLine(
        id=glass.id,
        proposal_id=glass.proposal_id,
        run_id=glass.proposal.run_id,
        headline=glass.version.headline,
        workflow=glass.workflow.name,
        workflow_slug=glass.workflow.slug,
        who=glass.person.name,
        role=Audience(glass.role).label,
        why=glass.why,
        missing=tuple(
            f"{turn_text(Turn(each['decided_by'], each['quorum']))}:"
            f" {each['approved']} of {each['quorum']} approved"
            for each in glass.missing
        ),
        broken_at=glass.broken_at,
        review_due_at=glass.review_due_at,
        is_late=review is None and glass.review_due_at < now,
        may_review=review is None
        and glass.person_id != actor.id
        and glass.workflow_id in mine,
        reviewed_by=review.person.name if review else "",
        reviewed_at=review.reviewed_at if review else None,
        verdict=review.get_verdict_display() if review else "",
        review_text=review.text if review else "",
    )
