"""A week's page, put together from its sections."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.once import asked_once
from runs.models import ReviewWeek
from runs.queries.week_page.access import assessors, visible_week
from runs.queries.week_page.agreement import AgreementPage, agreement
from runs.queries.week_page.changed import Changed, changed
from runs.queries.week_page.drift import Drift, drift, drift_weeks
from runs.queries.week_page.estimates import Estimates, estimates
from runs.queries.week_page.findings import FindingRow, findings
from runs.queries.week_page.history import past_weeks
from runs.queries.week_page.known import KnownCases, known_cases
from runs.queries.week_page.looked_at import LookedAt, looked_at
from runs.queries.week_page.observed import Observed, observed
from runs.queries.week_page.sample import SampleRow, sample_rows
from runs.queries.week_page.sign import Sign, sign
from runs.queries.week_page.trend import Trend, trend


@dataclass(frozen=True)
class WeekPage:
    """Everything the page of a week shows: its head, its sample, and a part per section."""

    id: UUID
    workflow: str
    workflow_slug: str
    starts_on: date
    ends_on: date
    opened_at: datetime
    is_signed: bool
    population: int
    may_assess: bool
    who_can_help: str
    rows: tuple[SampleRow, ...]
    read: int
    looked_at: LookedAt
    estimates: Estimates
    agreement: AgreementPage
    trend: Trend
    drift: Drift
    observed: Observed
    findings: tuple[FindingRow, ...]
    changed: Changed
    known: KnownCases
    sign: Sign

    @property
    def mine_left(self) -> int:
        return sum(row.is_left_to_me for row in self.rows)

    @property
    def mine_read(self) -> int:
        return sum(row.is_read_by_me for row in self.rows)

    @property
    def others_left(self) -> int:
        return sum(row.is_left_to_others for row in self.rows)

    @property
    def counted(self) -> int:
        """How many runs have answers that count."""
        return sum(bool(row.answers) for row in self.rows)

    @property
    def waiting(self) -> int:
        return sum(row.is_waiting_for_second for row in self.rows)

    @property
    def unsettled(self) -> int:
        return sum(row.is_unsettled for row in self.rows)

    @property
    def left(self) -> int:
        return len(self.rows) - self.read

    @property
    def known_read(self) -> int:
        return sum(row.is_known and row.is_read for row in self.rows)

    @property
    def is_veiled(self) -> bool:
        """Say whether a known case is still unread, so that no answers are added up yet."""
        return any(row.is_known and not row.is_read for row in self.rows)


@asked_once()
def week_page(*, actor: Actor, week_id: UUID, now: datetime) -> WeekPage:
    """Give a week to who may see its workflow; about fourteen queries. Raises NotFound."""
    week = visible_week(actor, week_id)
    may_assess = access.may(actor, access.ASSESS, week.workflow_id)
    rows = sample_rows(week, actor)
    past = past_weeks(week)
    measured = drift_weeks(week)
    found = findings(week, actor=actor, may_assess=may_assess, now=now)
    return WeekPage(
        id=week.id,
        workflow=week.workflow.name,
        workflow_slug=week.workflow.slug,
        starts_on=week.starts_on,
        ends_on=week.starts_on + timedelta(days=6),
        opened_at=week.opened_at,
        is_signed=week.state == ReviewWeek.State.SIGNED,
        population=week.population_count + sum(row.is_known for row in rows),
        may_assess=may_assess,
        who_can_help="" if may_assess else assessors(week),
        rows=rows,
        read=sum(row.is_read for row in rows),
        looked_at=looked_at(week, rows),
        estimates=estimates(week, rows),
        agreement=agreement(week, past),
        trend=trend(week, past, measured),
        drift=drift(week, measured),
        observed=observed(week),
        findings=found,
        changed=changed(week, found, now=now),
        known=known_cases(week, actor),
        sign=sign(week),
    )
