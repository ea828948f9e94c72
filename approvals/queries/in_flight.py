"""Grants that are in flight: what a pause stops, and what may be happening all the same.

While a workflow is paused it is about the moment of the pause: each grant that was not
over then, with what became of it. Otherwise it is about now.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from approvals.models import Grant, Outcome, Proposal
from approvals.queries.endpoints import WORKFLOWS
from approvals.rules.moves import UNDECIDED, GrantState
from portal.accounts import access
from portal.accounts.actors import Actor

SHOWN_MAX = 50
# A redeemed grant without an outcome is shown this long; then the run's page tells it.
UNTOLD_SHOWN = timedelta(hours=24)


@dataclass(frozen=True)
class FlightLine:
    """One grant that was not over, and what became of it in plain words."""

    grant_id: UUID
    headline: str
    run_id: UUID
    state: str
    word: str
    tone: str
    at: datetime


@dataclass(frozen=True)
class InFlight:
    """The grants of one workflow that are, or were at its pause, in flight."""

    slug: str
    workflow: str
    paused_at: datetime | None
    lines: tuple[FlightLine, ...]
    stopped: int
    untold: int
    over: int
    waiting: int

    @property
    def has_more(self) -> bool:
        return len(self.lines) == SHOWN_MAX


def in_flight(*, actor: Actor, slug: str) -> InFlight:
    """Give what is in flight to somebody who may see the workflow. Five queries.

    Raises NotFound for everybody else.
    """
    workflow = access.visible_or_404(
        access.visible(WORKFLOWS.all(), actor=actor), slug=slug
    )
    latest = Outcome.objects.filter(grant=OuterRef("pk")).order_by("-number")
    grants = Grant.objects.filter(workflow_id=workflow.id)
    paused_at = workflow.paused_at
    rows = (
        (_at_the_pause(grants, paused_at) if paused_at else _now(grants))
        .annotate(
            told=Subquery(latest.values("status")[:1]),
            said=Coalesce(F("version__headline"), F("action_request__headline")),
            is_over=Q(expires_at__lte=Now()),
        )
        .order_by("-issued_at", "-id")[:SHOWN_MAX]
    )
    lines = tuple(_line(row, is_paused=paused_at is not None) for row in rows)
    return InFlight(
        slug=workflow.slug,
        workflow=workflow.name,
        paused_at=paused_at,
        lines=lines,
        stopped=sum(line.state in ("stopped", "issued") for line in lines),
        untold=sum(line.state in ("untold", "unknown") for line in lines),
        over=sum(line.state in ("executed", "failed", "ended") for line in lines),
        waiting=Proposal.objects.filter(
            workflow_id=workflow.id, state__in=[state.value for state in UNDECIDED]
        ).count(),
    )


def _now(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """Keep what can still be used, and what was used and is not told."""
    untold = Q(
        state=GrantState.REDEEMED,
        outcomes=None,
        redeemed_at__gt=Now() - UNTOLD_SHOWN,
    )
    return grants.filter(Q(state=GrantState.ISSUED, expires_at__gt=Now()) | untold)


def _at_the_pause(grants: QuerySet[Grant], paused_at: datetime) -> QuerySet[Grant]:
    """Keep what could be used when it was paused, and what was used and not told then."""
    usable = (
        Q(expires_at__gt=paused_at)
        & (Q(redeemed_at=None) | Q(redeemed_at__gt=paused_at))
        & (Q(ended_at=None) | Q(ended_at__gt=paused_at))
    )
    told_before = Outcome.objects.filter(
        grant=OuterRef("pk"), reported_at__lte=paused_at
    ).values("grant")
    untold = Q(
        state=GrantState.REDEEMED,
        redeemed_at__lte=paused_at,
        redeemed_at__gt=paused_at - UNTOLD_SHOWN,
    ) & ~Q(id__in=Subquery(told_before))
    return grants.filter(issued_at__lte=paused_at).filter(usable | untold)


_TOLD = {
    "SUCCEEDED": ("executed", "It was carried out, as told.", "done"),
    "FAILED": ("failed", "It failed, as told: nothing was done.", "done"),
    "UNKNOWN": ("unknown", "Told as unknown: look in the system itself.", "unknown"),
}


def _line(row, *, is_paused: bool) -> FlightLine:
    at = row.redeemed_at or row.issued_at
    if row.state == GrantState.REDEEMED:
        state, word, tone = _TOLD.get(
            row.told or "",
            ("untold", "Used and not told yet: it may still be happening.", "running"),
        )
    elif row.state != GrantState.ISSUED or row.is_over:
        state, word, tone = "ended", "It ended unused.", "done"
    elif is_paused:
        state, word, tone = "stopped", "Not used: it can no longer run.", "paused"
    else:
        state, word, tone = "issued", "Not used yet: a pause would stop it.", "waiting"
    return FlightLine(
        grant_id=row.id,
        headline=row.said,
        run_id=row.run_id,
        state=state,
        word=word,
        tone=tone,
        at=at,
    )
