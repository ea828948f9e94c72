"""The runs list: filters, keyset pages, and the recent runs of one workflow."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Agent
from portal.core.errors import NotFound
from portal.core.pagination import keyset
from registry.queries.across import workflow_names
from registry.queries.rulebooks import lock_numbers
from runs.models import Run, RunState

TEXT_LENGTH_MAX = 100
RECENT_MAX = 10
ORDER = ("-started_at", "-id")
STATE_MARKS = {
    RunState.RUNNING: "running",
    RunState.WAITING: "waiting",
    RunState.COMPLETED: "done",
    RunState.FAILED: "failed",
    RunState.STOPPED: "held",
    RunState.CANCELLED: "info",
    RunState.UNKNOWN: "unknown",
}


@dataclass(frozen=True)
class RunFilter:
    """What the list is narrowed to. Empty means everything."""

    workflow: str = ""
    agent: str = ""
    state: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None
    answers: str = ""
    only: str = ""

    @property
    def is_empty(self) -> bool:
        return self == RunFilter()


@dataclass(frozen=True)
class RunRow:
    """One run in a list."""

    id: UUID
    title: str
    workflow: str
    workflow_slug: str
    agent: str
    agent_run_id: str
    state: str
    state_mark: str
    is_held: bool
    is_flagged: bool
    started_at: datetime
    seconds: float | None
    answered: int
    unauthorised: int
    cost: str


@dataclass(frozen=True)
class Choice:
    slug: str
    name: str


@dataclass(frozen=True)
class RunList:
    """One page of runs with what it can be narrowed by."""

    rows: tuple[RunRow, ...]
    next_cursor: str | None
    previous_cursor: str | None
    workflows: tuple[Choice, ...]
    agents: tuple[Choice, ...]


def filter_in(fields: Mapping[str, str]) -> RunFilter:
    """Read a filter out of an address; what cannot be read is left out."""
    return RunFilter(
        workflow=fields.get("workflow", "")[:80],
        agent=fields.get("agent", "")[:80],
        state=fields.get("state", "") if fields.get("state") in RunState.values else "",
        text=_clean(fields.get("q", "")),
        since=_day(fields.get("since", "")),
        until=_day(fields.get("until", "")),
        answers=fields.get("answers", "") if fields.get("answers") in ANSWERS else "",
        only=fields.get("only", "") if fields.get("only") in ONLY else "",
    )


ANSWERS = {"all": Q(answered=7), "some": Q(answered__lt=7), "few": Q(answered__lt=5)}
ONLY = {
    "held": Q(is_held=True),
    "flagged": Q(is_flagged=True),
    "unauthorised": Q(unauthorised_count__gt=0),
    "amended": Q(amended_at__isnull=False),
    "retried": Q(retry_count__gt=0),
    "ended": Q(ended_at__isnull=False),
}


def runs_for(*, actor: Actor, asked: RunFilter, cursor: str | None = None) -> RunList:
    """Give one page of the runs that this person may see, newest first.

    About eight queries, whatever the number of runs; nothing is counted.
    """
    rows = access.visible(_with_names(), actor=actor, workflow_path="workflow_id")
    page = keyset(_narrowed(rows, asked), order=ORDER, cursor=cursor)
    workflows = workflow_names(actor=actor)
    agents = Agent.objects.order_by("name", "id").values_list("slug", "name")[:200]
    return RunList(
        rows=tuple(_row(run) for run in page.items),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
        workflows=tuple(Choice(line.slug, line.name) for line in workflows),
        agents=tuple(Choice(slug, name) for slug, name in agents) if workflows else (),
    )


def recent_runs_of(*, actor: Actor, slug: str) -> tuple[RunRow, ...]:
    """Give the newest runs of one workflow, for its page. At most four queries.

    Raises NotFound for a workflow that this person may not see.
    """
    workflow = lock_numbers(slug)
    if workflow is None or not access.may(actor, access.VIEW, workflow.workflow_id):
        raise NotFound("There is nothing here, or you may not see it.")
    found = _with_names().filter(workflow=workflow.workflow_id).order_by(*ORDER)
    return tuple(_row(run) for run in found[:RECENT_MAX])


def rows_of(runs: QuerySet[Run]) -> tuple[RunRow, ...]:
    """Give rows of runs that were chosen, and allowed, elsewhere. One query."""
    return tuple(
        _row(run) for run in runs.select_related("workflow", "agent").defer("fold")
    )


def without(asked: RunFilter, name: str) -> RunFilter:
    """Give the filter without one of its parts."""
    return replace(asked, **{name: getattr(RunFilter(), name)})


def _with_names() -> QuerySet[Run]:
    return Run.objects.select_related("workflow", "agent").defer("fold")


def _narrowed(rows: QuerySet[Run], asked: RunFilter) -> QuerySet[Run]:
    if asked.workflow:
        rows = rows.filter(workflow__slug=asked.workflow)
    if asked.agent:
        rows = rows.filter(agent__slug=asked.agent)
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.text:
        found = Q(title__icontains=asked.text) | Q(agent_run_id__istartswith=asked.text)
        rows = rows.filter(found)
    if asked.since:
        rows = rows.filter(started_at__gte=_midnight(asked.since))
    if asked.until:
        rows = rows.filter(started_at__lt=_midnight(asked.until) + timedelta(days=1))
    if asked.answers:
        rows = rows.filter(ANSWERS[asked.answers])
    if asked.only:
        rows = rows.filter(ONLY[asked.only])
    return rows


def _row(run: Run) -> RunRow:
    ended = run.ended_at
    return RunRow(
        id=run.id,
        title=run.title,
        workflow=run.workflow.name,
        workflow_slug=run.workflow.slug,
        agent=run.agent.name,
        agent_run_id=run.agent_run_id,
        state=RunState(run.state).label,
        state_mark=STATE_MARKS[RunState(run.state)],
        is_held=run.is_held,
        is_flagged=run.is_flagged,
        started_at=run.started_at,
        seconds=max(0.0, (ended - run.started_at).total_seconds()) if ended else None,
        answered=run.answered,
        unauthorised=run.unauthorised_count,
        cost=f"{run.cost_currency} {run.cost_amount:,.2f}" if run.cost_currency else "",
    )


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:TEXT_LENGTH_MAX]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
