"""Who decided how much in a week of review: how long they looked, and how often they overruled.

Read from what ended in the week, by the index approvals_end_sums, and the decisions on it.
Whoever looks for less time than reading takes is shown, and never ranked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from approvals.models import ProposalEnd
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.core import strict_json
from portal.core.errors import NotFound, Problem
from runs.queries.knowing import CaughtBy, caught_by
from runs.queries.week_page.access import visible_week
from runs.rules.stats.shares import Interval, wilson

WEEK = timedelta(days=7)
PEOPLE_MAX = 100
ROWS_MAX = 200
OLD_AFTER = timedelta(days=1)
EVIDENCE_READ_MAX = 300
_ENDED = (
    " FROM approvals_proposalend e JOIN approvals_proposalversion v"
    " ON v.proposal_id = e.proposal_id JOIN approvals_decision d ON d.version_id = v.id"
    " LEFT JOIN approvals_firstlook l ON l.proposal_id = e.proposal_id"
    " AND l.person_id = d.person_id AND l.looked_at <= d.decided_at"
    ' WHERE e.workflow_id = %(workflow)s AND e."on" BETWEEN %(first)s AND %(last)s'
)
# Nobody reads one for longer than a quarter of an hour, and many leave a page open.
# `least` passes over what is missing, so that what nobody told must be said to be missing.
_LOOKED = (
    "(CASE WHEN l.looked_at IS NOT NULL THEN"
    " least(900, extract(epoch FROM d.decided_at - l.looked_at)) END)"
)
_FLOOR = "greatest(5, l.words / 8.0)"
_OVERRULED = (
    "d.verdict IN ('REJECT', 'RESPOND') OR (d.verdict = 'EDIT' AND e.is_material)"
)
_BY_PERSON = (
    f"SELECT d.person_id, count(*), count(l.looked_at),"
    f" percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {_LOOKED}),"
    f" count(*) FILTER (WHERE {_LOOKED} < {_FLOOR}),"
    " sum(d.evidence_opened), sum(d.evidence_total),"
    f" count(*) FILTER (WHERE {_OVERRULED}){_ENDED}"
    f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {PEOPLE_MAX}"
)
_ROWS = (
    f"SELECT p.id, p.headline, d.verdict, d.decided_at, {_LOOKED}, {_FLOOR},"
    f" d.evidence_opened, d.evidence_total, e.run_id{_ENDED}"
    " AND d.person_id = %(person)s ORDER BY d.decided_at DESC, d.id"
    f" LIMIT {ROWS_MAX}"
).replace(" LEFT JOIN", " JOIN approvals_proposal p ON p.id = e.proposal_id LEFT JOIN")


@dataclass(frozen=True)
class Load:
    """What one reviewer decided, beside the others of the same workflow and weeks."""

    person_id: UUID
    name: str
    decisions: int
    looked: int
    half_seconds: float | None
    most_seconds: float | None
    too_fast: int
    opened: int
    shown: int
    overruled: int
    interval: Interval | None
    others_overruled: int
    others: int


@dataclass(frozen=True)
class DecisionRow:
    id: UUID
    headline: str
    verdict: str
    at: datetime
    looked_seconds: float | None
    floor_seconds: float | None
    opened: int
    shown: int
    run_id: UUID

    @property
    def is_too_fast(self) -> bool:
        return None not in (self.looked_seconds, self.floor_seconds) and (
            (self.looked_seconds or 0) < (self.floor_seconds or 0)
        )


@dataclass(frozen=True)
class ReviewerLoad:
    week_id: UUID
    workflow: str
    weeks: int
    people: tuple[Load, ...]
    person: str = ""
    rows: tuple[DecisionRow, ...] = ()
    # What assessors found of the known cases among what they read.
    known: tuple[CaughtBy, ...] = ()


@dataclass(frozen=True)
class OldEvidence:
    """Proposals whose evidence was older than a day when it was put before people."""

    week_id: UUID
    workflow: str
    old: int
    looked_at: int
    ended: int
    rows: tuple[tuple[UUID, str, str], ...]


def reviewer_load(*, actor: Actor, week_id: UUID, weeks: int) -> ReviewerLoad:
    """Give every reviewer's load up to a week. Eight queries at most. Raises NotFound."""
    week, span = _span(actor, week_id, weeks)
    with connection.cursor() as cursor:
        cursor.execute(_BY_PERSON, span)
        rows = cursor.fetchall()
    names = dict(
        Person.objects.filter(id__in=[row[0] for row in rows]).values_list("id", "name")
    )
    all_decided = sum(row[1] for row in rows)
    all_overruled = sum(row[7] for row in rows)
    people = tuple(_load(row, names, all_decided, all_overruled) for row in rows)
    known = caught_by(week, actor, weeks=weeks)
    return ReviewerLoad(week.id, week.workflow.name, weeks, people, known=known)


def decided_by(
    *, actor: Actor, week_id: UUID, weeks: int, person_id: UUID
) -> ReviewerLoad:
    """Give the decisions behind one reviewer's numbers, the newest first. Few queries."""
    week, span = _span(actor, week_id, weeks)
    person = Person.objects.filter(id=person_id).first()
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, span | {"person": person_id})
        rows = tuple(DecisionRow(*_floats(row)) for row in cursor.fetchall())
    if person is None or not rows:
        raise NotFound("There is nothing here, or you may not see it.")
    return ReviewerLoad(week.id, week.workflow.name, weeks, (), person.name, rows)


def old_evidence(*, actor: Actor, week_id: UUID) -> OldEvidence:
    """Say where evidence was older than a day when it was asked. Reads 300 requests at most."""
    week, span = _span(actor, week_id, 1)
    ends = ProposalEnd.objects.filter(
        workflow=week.workflow_id, on__gte=span["first"], on__lte=span["last"]
    )
    chosen = ends.select_related("proposal__action_request").order_by(
        "-ended_at", "-proposal"
    )
    found, looked_at = [], 0
    for end in chosen[:EVIDENCE_READ_MAX]:
        proposal = end.proposal
        looked_at += 1
        oldest = _oldest(bytes(proposal.action_request.received), proposal.created_at)
        if oldest is not None and oldest > OLD_AFTER:
            days = oldest.total_seconds() / 86_400
            found.append((end.run_id, proposal.headline, f"{days:.1f} days old"))
    total = ends.count()
    return OldEvidence(
        week.id, week.workflow.name, len(found), looked_at, total, tuple(found[:50])
    )


def _span(actor: Actor, week_id: UUID, weeks: int):
    week = visible_week(actor, week_id)
    span = {
        "workflow": week.workflow_id,
        "first": week.starts_on - (weeks - 1) * WEEK,
        "last": week.starts_on + WEEK - timedelta(days=1),
    }
    return week, span


def _load(row, names: Mapping[UUID, str], decided: int, overruled: int) -> Load:
    person_id, decisions, looked, parts, too_fast, opened, shown, overruling = row
    half, most = parts or (None, None)
    return Load(
        person_id=person_id,
        name=names.get(person_id, "Somebody"),
        decisions=decisions,
        looked=looked,
        half_seconds=half,
        most_seconds=most,
        too_fast=too_fast,
        opened=opened,
        shown=shown,
        overruled=overruling,
        interval=wilson(overruling, decisions),
        others_overruled=overruled - overruling,
        others=decided - decisions,
    )


def _floats(row: tuple) -> tuple:
    looked, floor = row[4], row[5]
    return (
        *row[:4],
        None if looked is None else float(looked),
        None if floor is None else float(floor),
        *row[6:],
    )


def _oldest(received: bytes, asked_at: datetime) -> timedelta | None:
    """Give the age of the oldest dated evidence of a request; none where none is dated."""
    try:
        body = strict_json.parse_object(received)
    except Problem:
        return None
    evidence = body.get("evidence")
    ages = []
    for item in evidence if isinstance(evidence, list) else ():
        text = item.get("retrieved_at") if isinstance(item, dict) else None
        try:
            at = datetime.fromisoformat(str(text))
        except ValueError:
            continue
        if at.tzinfo is not None:
            ages.append(asked_at - at)
    return max(ages, default=None)
