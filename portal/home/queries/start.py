"""What needs this person: to decide, to look after, this week. Nothing else."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from approvals.queries.access import proposals_seen_by
from approvals.queries.break_glass import review_count
from approvals.queries.exceptions import holds_waiting
from approvals.queries.inbox import InboxRow, inbox_for, waiting_count
from portal.accounts.actors import Actor
from portal.core.once import asked_once
from registry.queries.acceptable_use import use_waits
from registry.queries.across import (
    LookedAfter,
    SignatureAsked,
    has_any_workflow,
    looked_after_by,
    signatures_asked_of,
)
from registry.queries.agents import KeyExpiring, keys_expiring_for
from registry.queries.approved import notes_on
from registry.queries.capability import RequestLine, waiting_requests
from registry.queries.duties import (
    HandOverShown,
    VacantRole,
    roles_offered_to,
    vacant_roles_to_fill,
)
from registry.queries.readiness_mine import (
    PriorityDue,
    ReadinessAsked,
    ReadinessWhole,
    priorities_due,
    readiness_asked_of,
    readiness_to_close,
)
from registry.queries.rollout import sponsor_now
from registry.queries.training_pages import duties_lost
from runs.queries.across import (
    FindingDue,
    ReviewShare,
    WeekOfRuns,
    findings_due,
    my_review_share,
    week_of_runs,
)
from runs.queries.follow_ups import open_follow_ups
from runs.queries.partitions import storage_alarm
from runs.queries.tasks import TelemetryWaiting, telemetry_waiting

DECIDE_SHOWN = 6


@dataclass(frozen=True)
class Looked:
    """A workflow to look after, with its week and how many proposals wait in it."""

    workflow: LookedAfter
    week: WeekOfRuns | None
    waiting: int
    # What it uses that the catalogue does not approve, as sentences.
    refused: tuple[str, ...] = ()

    @property
    def oddities(self) -> tuple[str, ...]:
        """Give what is odd, the gravest first."""
        week, found = self.week, []
        if week and week.unauthorised:
            found.append(f"{week.unauthorised} with unauthorised changes")
        if week and week.held:
            found.append(f"{week.held} on hold")
        if week and week.failed:
            found.append(f"{week.failed} failed")
        return tuple(found)


@dataclass(frozen=True)
class Start:
    """The start page of one person."""

    decide: tuple[InboxRow, ...]
    decide_count: int
    requests: tuple[RequestLine, ...]
    held_count: int
    emergency_count: int
    look_after: tuple[Looked, ...]
    is_sponsor: bool
    signatures: tuple[SignatureAsked, ...]
    shares: tuple[ReviewShare, ...]
    asked_again: int
    findings: tuple[FindingDue, ...]
    keys: tuple[KeyExpiring, ...]
    readiness: tuple[ReadinessAsked, ...]
    rounds: tuple[ReadinessWhole, ...]
    priorities: tuple[PriorityDue, ...]
    offers: tuple[HandOverShown, ...]
    vacant: tuple[VacantRole, ...]
    telemetry: TelemetryWaiting
    storage_alarm: str
    use_waits: int
    duties_lost: tuple[str, ...]
    is_portal_empty: bool

    @property
    def has_week(self) -> bool:
        return bool(
            self.offers
            or self.signatures
            or self.shares
            or self.asked_again
            or self.findings
            or self.keys
            or self.readiness
            or self.rounds
            or self.priorities
        )


def start_for(*, actor: Actor, now: datetime) -> Start:
    """Give what needs this person. At most forty queries, and few for each round to close."""
    with asked_once():
        return _start(actor, now)


def _start(actor: Actor, now: datetime) -> Start:
    rows = inbox_for(actor, now=now).rows
    decide_count = len(rows) if len(rows) <= DECIDE_SHOWN else waiting_count(actor)
    look_after = _looked_after(actor, now)
    return Start(
        decide=rows[:DECIDE_SHOWN],
        decide_count=decide_count,
        requests=waiting_requests(actor=actor),
        held_count=holds_waiting(actor),
        emergency_count=review_count(actor),
        look_after=look_after,
        is_sponsor=sponsor_now().person_id == actor.id,
        signatures=signatures_asked_of(actor=actor),
        shares=my_review_share(actor=actor),
        asked_again=open_follow_ups(actor=actor),
        findings=findings_due(actor=actor, today=now.date()),
        keys=keys_expiring_for(actor=actor, now=now),
        readiness=readiness_asked_of(actor=actor),
        rounds=readiness_to_close(actor=actor),
        priorities=priorities_due(actor=actor, today=now.date()),
        offers=roles_offered_to(actor=actor),
        vacant=vacant_roles_to_fill(actor=actor),
        telemetry=telemetry_waiting(actor=actor),
        storage_alarm=storage_alarm(actor=actor),
        use_waits=use_waits(person_id=actor.id),
        duties_lost=duties_lost(actor=actor),
        is_portal_empty=not look_after and not has_any_workflow(),
    )


def _looked_after(actor: Actor, now: datetime) -> tuple[Looked, ...]:
    held = looked_after_by(actor=actor)
    ids = tuple(each.id for each in held)
    weeks = week_of_runs(actor=actor, workflow_ids=ids, now=now)
    waiting = dict(
        proposals_seen_by(actor)
        .filter(workflow_id__in=ids, resolved_at=None)
        .order_by()
        .values_list("workflow_id")
        .annotate(Count("id"))
    )
    notes = notes_on(workflow_ids=[each.id for each in held if each.version])
    return tuple(
        Looked(
            each,
            weeks.get(each.id),
            waiting.get(each.id, 0),
            tuple(note.sentence for note in notes.get(each.id, ())),
        )
        for each in held
    )
