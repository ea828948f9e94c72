"""How much of each cap in force is used now, for the pages that show it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Aggregate, Min, Q, Sum

from portal.accounts.actors import Actor
from portal.core.clock import database_now
from registry.queries.rulebooks import standing_facts
from registry.queries.workflows import WorkflowHead, workflow_head
from registry.rules.amounts import amount_text, number_text
from registry.rules.limits import counts_costs
from registry.rules.rulebook import Cap, CapKind, Rulebook
from registry.rules.sentences import cap_sentence
from runs.models import ReportedCost, SpendEntry

SHARE_FULL = 100


@dataclass(frozen=True)
class CapUse:
    """What one cap has given away in its window, and when the oldest of it comes back."""

    key: str
    sentence: str
    limit: str
    used: str
    reserved: str
    told: str
    left: str
    percent: int
    frees_at: datetime | None

    @property
    def is_full(self) -> bool:
        return self.percent >= SHARE_FULL


@dataclass(frozen=True)
class CapsUsed:
    head: WorkflowHead
    version_number: int | None
    caps: tuple[CapUse, ...]


def caps_used(*, actor: Actor, slug: str) -> CapsUsed:
    """Give what is used of each cap of the live version. About five queries.

    Reserved and spent are both used. Served by the index runs_spend_window.
    """
    head = workflow_head(actor=actor, slug=slug)
    facts = standing_facts(head.id, agent_id=None)
    book = facts.rulebook
    uses = uses_of(head.id, book) if book else ()
    return CapsUsed(head, facts.version_number, uses)


def uses_of(
    workflow_id: UUID, book: Rulebook, *, verb: str | None = None
) -> tuple[CapUse, ...]:
    """Give what is used of a rulebook's caps, or of those that bind a verb. Two queries."""
    caps = [cap for cap in book.caps if not verb or not cap.verbs or verb in cap.verbs]
    if not caps:
        return ()
    now = database_now()
    sums: dict[str, Aggregate] = {}
    for at, cap in enumerate(caps):
        counts = Q(
            cap_key=cap.key, reserved_at__gt=now - timedelta(hours=cap.window_hours)
        )
        waits = counts & Q(state=SpendEntry.State.RESERVED)
        sums[f"used_{at}"] = Sum("amount", filter=counts)
        sums[f"reserved_{at}"] = Sum("amount", filter=waits)
        sums[f"oldest_{at}"] = Min("reserved_at", filter=counts)
    longest = max(cap.window_hours for cap in caps)
    found = SpendEntry.objects.filter(
        ~Q(state=SpendEntry.State.RELEASED),
        workflow_id=workflow_id,
        cap_key__in=[cap.key for cap in caps],
        reserved_at__gt=now - timedelta(hours=longest),
    ).aggregate(**sums)
    told = _told(workflow_id, caps, book.currency, now)
    return tuple(
        _use(
            cap,
            book.currency,
            (found[f"used_{at}"] or Decimal(0)) + told.get(cap.key, 0),
            found[f"reserved_{at}"] or Decimal(0),
            found[f"oldest_{at}"],
            told.get(cap.key, Decimal(0)),
        )
        for at, cap in enumerate(caps)
    )


def _told(
    workflow_id: UUID, caps: list[Cap], currency: str, now: datetime
) -> dict[str, Decimal]:
    """Give what agents reported that it cost, of the caps that count it. One query a cap."""
    found = {}
    for cap in caps:
        if counts_costs(cap):
            rows = ReportedCost.objects.filter(
                workflow_id=workflow_id,
                currency=cap.currency or currency,
                reported_at__gt=now - timedelta(hours=cap.window_hours),
            )
            found[cap.key] = rows.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    return found


def _use(
    cap: Cap,
    currency: str,
    used: Decimal,
    reserved: Decimal,
    oldest: datetime | None,
    told: Decimal,
) -> CapUse:
    share = used / cap.limit * SHARE_FULL if cap.limit else Decimal(SHARE_FULL)

    def said(number: Decimal) -> str:
        if cap.kind == CapKind.COUNT:
            return number_text(number)
        return f"{cap.currency or currency} {amount_text(number)}"

    return CapUse(
        key=cap.key,
        sentence=cap_sentence(cap, currency=currency),
        limit=said(cap.limit),
        used=said(used),
        reserved=said(reserved) if reserved else "",
        told=said(told) if told else "",
        left=said(max(Decimal(0), cap.limit - used)),
        percent=min(SHARE_FULL, int(share)),
        frees_at=oldest + timedelta(hours=cap.window_hours) if oldest else None,
    )
