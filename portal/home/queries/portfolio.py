"""The portfolio: every workflow in a person's sight on one page, and what needs a decision."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlencode
from uuid import UUID

from approvals.queries.portfolio import WaitingIn, waiting_by_workflow
from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from portal.core.once import asked_once
from portal.core.pagination import keyset_of_rows
from portal.home.queries.kpis.catalogue import all_kpis, figures_for
from portal.home.queries.kpis.figure import Figure, Scope
from portal.home.queries.measured.health import (
    GRAVEST_FIRST,
    Facts,
    Health,
    Need,
    health_of,
    needs_of,
)
from portal.home.queries.measured.shares import Shares, shares_by_workflow
from portal.home.queries.measured.table import coverage_of
from registry.queries.portfolio import Standing, standings
from runs.queries.portfolio import RunsStanding, runs_standings

# As many as one printed sheet holds.
PAGE = 30
SORTS = {
    "need": "What needs a decision first",
    "name": "Name",
    "department": "Department",
    "phase": "Phase",
    "runs": "Most runs",
}
KEYS = ("unauthorised", "override")


@dataclass(frozen=True)
class PortfolioAsked:
    """What the address says; nothing of it is trusted."""

    department: str = ""
    phase: str = ""
    health: str = ""
    sort: str = ""
    cursor: str = ""

    def query(self, **changes: object) -> str:
        said = {
            "department": self.department,
            "phase": self.phase,
            "health": self.health,
            "sort": self.sort,
            "cursor": self.cursor,
        } | changes
        return urlencode({key: value for key, value in said.items() if value})


@dataclass(frozen=True)
class PortfolioRow:
    """One workflow of the portfolio."""

    standing: Standing
    runs: RunsStanding
    waiting: WaitingIn
    unauthorised: Figure | None
    override: Figure | None
    health: Health
    reason: str
    needs: tuple[Need, ...]

    @property
    def coverage(self) -> float | None:
        return coverage_of(self.unauthorised) if self.unauthorised else None


@dataclass(frozen=True)
class Totals:
    """The portfolio in one line."""

    workflows: int
    live: int
    paused: int
    runs: int
    need_a_decision: int
    watch: int
    findings_late: int
    unauthorised: Figure | None
    override: Figure | None


@dataclass(frozen=True)
class Portfolio:
    rows: tuple[PortfolioRow, ...]
    totals: Totals
    departments: tuple[tuple[str, str], ...]
    asked: PortfolioAsked
    found: int
    first: date
    last: date
    next_cursor: str | None
    previous_cursor: str | None
    as_of: datetime


@asked_once()
def portfolio_for(
    *, actor: Actor, asked: PortfolioAsked, today: date, now: datetime
) -> Portfolio:
    """Give one page of thirty workflows with the totals of all. At most forty queries.

    What health is told from is counted for every workflow at once, so that each order and
    each choice holds over all of them; intervals and splits only for the thirty that are
    shown. Raises NotFound for a department that is not there for this person, and
    Malformed for a cursor that was not made here.
    """
    month = today.replace(day=1)
    every = standings(actor=actor)
    departments = tuple(
        sorted({(each.department_slug, each.department) for each in every})
    )
    if asked.department and asked.department not in dict(departments):
        raise NotFound("There is no such department, or you see none of its workflows.")
    runs = runs_standings(actor=actor, first=month, last=today, today=today)
    waiting = waiting_by_workflow(actor=actor, now=now)
    ids = [each.id for each in every]
    shares = shares_by_workflow(actor=actor, workflow_ids=ids, first=month, last=today)
    rows = [_row(each, runs, waiting, shares[each.id]) for each in every]
    place = _place_in(asked.sort)
    kept = sorted((row for row in rows if _is_asked(row, asked)), key=place)
    page = keyset_of_rows(kept, place=place, cursor=asked.cursor, size=PAGE)
    shown = [row.standing.id for row in page.items]
    measured, whole = _measured(actor, shown, month, today, now)
    return Portfolio(
        rows=tuple(_with(row, measured[row.standing.id]) for row in page.items),
        totals=_totals(rows, whole),
        departments=departments,
        asked=asked,
        found=len(kept),
        first=month,
        last=today,
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
        as_of=now,
    )


def _row(
    standing: Standing,
    runs: Mapping[UUID, RunsStanding],
    waiting: Mapping[UUID, WaitingIn],
    shares: Shares,
) -> PortfolioRow:
    mine = runs.get(standing.id, RunsStanding())
    waits = waiting.get(standing.id, WaitingIn(0, 0, 0))
    facts = Facts(
        state=standing.state,
        vacant=standing.vacant,
        untrained=standing.untrained,
        signatures_asked=standing.signatures_asked,
        incidents_open=mine.incidents_open,
        held=mine.held,
        findings_late=mine.findings_late,
        weeks_unsigned=mine.weeks_unsigned,
        overdue=waits.overdue,
        escalations_overdue=waits.escalations_overdue,
        unauthorised=shares.unauthorised,
        coverage=shares.coverage,
        override=shares.override,
        override_over=shares.override_over,
    )
    health, reason = health_of(facts)
    return PortfolioRow(
        standing=standing,
        runs=mine,
        waiting=waits,
        unauthorised=None,
        override=None,
        health=health,
        reason=reason,
        needs=needs_of(facts),
    )


def _with(row: PortfolioRow, figures: Mapping[str, Figure]) -> PortfolioRow:
    unauthorised, override = (figures.get(key) for key in KEYS)
    return replace(row, unauthorised=unauthorised, override=override)


def _measured(
    actor: Actor, ids: list[UUID], first: date, last: date, now: datetime
) -> tuple[Mapping[UUID, Mapping[str, Figure]], Mapping[str, Figure]]:
    known = {kpi.key for kpi in all_kpis()}
    scopes = [
        Scope(first, last),
        *(Scope(first, last, frozenset({each})) for each in ids),
    ]
    keys = [key for key in KEYS if key in known]
    figures = figures_for(actor=actor, keys=keys, scopes=scopes, now=now)
    by_workflow = {
        each: {key: figures[key][at] for key in keys}
        for at, each in enumerate(ids, start=1)
    }
    return by_workflow, {key: figures[key][0] for key in keys}


def _is_asked(row: PortfolioRow, asked: PortfolioAsked) -> bool:
    return (
        (not asked.department or row.standing.department_slug == asked.department)
        and (not asked.phase or str(row.standing.phase) == asked.phase)
        and (not asked.health or row.health.value == asked.health)
    )


def _place_in(sort: str) -> Callable[[PortfolioRow], tuple]:
    """Give where a row stands in an order; the id makes every place its own."""

    def place(row: PortfolioRow) -> tuple:
        by: dict[str, tuple] = {
            "name": (),
            "department": (row.standing.department,),
            "phase": (row.standing.phase,),
            "runs": (-row.runs.runs,),
        }
        first = by.get(sort, (GRAVEST_FIRST.index(row.health), -len(row.needs)))
        return (*first, row.standing.name.casefold(), str(row.standing.id))

    return place


def _totals(rows: list[PortfolioRow], figures: Mapping[str, Figure]) -> Totals:
    return Totals(
        workflows=len(rows),
        live=sum(row.standing.state == "live" for row in rows),
        paused=sum(row.standing.state == "paused" for row in rows),
        runs=sum(row.runs.runs for row in rows),
        need_a_decision=sum(bool(row.needs) for row in rows),
        watch=sum(row.health == Health.WATCH for row in rows),
        findings_late=sum(row.runs.findings_late for row in rows),
        unauthorised=figures.get("unauthorised"),
        override=figures.get("override"),
    )
