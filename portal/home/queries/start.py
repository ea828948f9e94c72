"""What needs this person: to decide, to look after, this week. Nothing else."""

from dataclasses import dataclass
from datetime import datetime

from approvals.queries.inbox import InboxRow, inbox_for, waiting_count
from portal.accounts.actors import Actor
from portal.home.queries.reached import (
    LookedAfter,
    SignatureAsked,
    has_any_workflow,
    looked_after_by,
    signatures_asked_of,
)
from portal.home.queries.week import (
    FindingDue,
    ReviewShare,
    findings_due,
    review_shares,
)

DECIDE_SHOWN = 6


@dataclass(frozen=True)
class Start:
    """The start page of one person."""

    decide: tuple[InboxRow, ...]
    decide_count: int
    look_after: tuple[LookedAfter, ...]
    signatures: tuple[SignatureAsked, ...]
    shares: tuple[ReviewShare, ...]
    findings: tuple[FindingDue, ...]
    is_portal_empty: bool

    @property
    def has_week(self) -> bool:
        return bool(self.signatures or self.shares or self.findings)


def start_for(*, actor: Actor, now: datetime) -> Start:
    """Give what needs this person. At most sixteen queries."""
    rows = inbox_for(actor, tab="mine").rows
    decide_count = len(rows) if len(rows) <= DECIDE_SHOWN else waiting_count(actor)
    look_after = looked_after_by(actor=actor)
    return Start(
        decide=rows[:DECIDE_SHOWN],
        decide_count=decide_count,
        look_after=look_after,
        signatures=signatures_asked_of(actor=actor),
        shares=review_shares(actor=actor),
        findings=findings_due(actor=actor, today=now.date()),
        is_portal_empty=not look_after and not has_any_workflow(),
    )
