"""The runs list: one page of rows, and the recent runs of one workflow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Agent
from portal.core.errors import NotFound
from portal.core.ids import first_id_of
from portal.core.pagination import PAGE_SIZE_MAX
from registry.queries.across import workflow_names
from registry.queries.listing import systems_to_pick
from registry.queries.people import people_to_pick
from registry.queries.rulebooks import lock_numbers
from runs.models import Run, RunState
from runs.queries.finding import (
    ORDER,
    count_up_to,
    found,
    how_many,
    page_of_ids,
)
from runs.queries.narrowing import RunAsked

RECENT_MAX = 10
AGENTS_MAX = 300
NEW_COUNTED_MAX = 99
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
    is_amended: bool
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    answered: int
    unauthorised: int
    retries: int
    cost: str
    amount: str


@dataclass(frozen=True)
class Choices:
    """What the list can be narrowed by: values with their words."""

    workflows: tuple[tuple[str, str], ...]
    agents: tuple[tuple[str, str], ...]
    systems: tuple[tuple[str, str], ...]
    people: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RunList:
    """One page of runs, and how many there are, up to a thousand."""

    rows: tuple[RunRow, ...]
    count: str
    next_cursor: str | None
    previous_cursor: str | None


def runs_for(*, actor: Actor, asked: RunAsked, cursor: str | None = None) -> RunList:
    """Give one page of the runs that this person may see, newest first.

    At most twelve queries, whatever the number of runs; counting stops at a thousand.
    Raises Malformed for a cursor that was not made here.
    """
    what = found(actor=actor, asked=asked)
    page = page_of_ids(what, cursor=cursor)
    rows = rows_by_id(page.ids)
    is_whole = not page.next_cursor and not page.previous_cursor
    number = len(page.ids) if is_whole else count_up_to(what.rows)
    return RunList(rows, how_many(number), page.next_cursor, page.previous_cursor)


def choices(*, actor: Actor) -> Choices:
    """Give what this person's list can be narrowed by. Six queries."""
    workflows = workflow_names(actor=actor)
    if not workflows:
        return Choices((), (), (), ())
    agents = Agent.objects.order_by("name", "id").values_list("slug", "name")
    return Choices(
        workflows=tuple((line.slug, line.name) for line in workflows),
        agents=tuple(agents[:AGENTS_MAX]),
        systems=tuple((one.value, one.label) for one in systems_to_pick()),
        people=tuple((one.value, one.label) for one in people_to_pick(actor=actor)),
    )


def mark_of(moment: datetime) -> UUID:
    """Give the place in the order of ids that runs first seen after a moment come behind."""
    return first_id_of(unix_ms=int(moment.timestamp() * 1000))


def new_since(*, actor: Actor, asked: RunAsked, mark: UUID) -> int:
    """Count the runs that came since a list was shown, up to a hundred. Four queries."""
    what = found(actor=actor, asked=asked)
    return count_up_to(what.rows.filter(**{f"{what.key}__gt": mark}), NEW_COUNTED_MAX)


def every_row(*, actor: Actor, asked: RunAsked, most: int) -> Iterator[RunRow]:
    """Give the rows of a file, page after page; rights are read anew for each page."""
    cursor, is_first, given = None, True, 0
    while (cursor or is_first) and given < most:
        what = found(actor=actor, asked=asked)
        page = page_of_ids(what, cursor=cursor, size=min(PAGE_SIZE_MAX, most))
        kept = page.ids[: most - given]
        yield from rows_by_id(kept)
        given += len(kept)
        cursor, is_first = page.next_cursor, False


def recent_runs_of(*, actor: Actor, slug: str) -> tuple[RunRow, ...]:
    """Give the newest runs of one workflow, for its page. At most four queries.

    Raises NotFound for a workflow that this person may not see.
    """
    workflow = lock_numbers(slug)
    if workflow is None or not access.may(actor, access.VIEW, workflow.workflow_id):
        raise NotFound("There is nothing here, or you may not see it.")
    rows = _with_names().filter(workflow=workflow.workflow_id).order_by(*ORDER)
    return tuple(_row(run) for run in rows[:RECENT_MAX])


def rows_of(runs: QuerySet[Run]) -> tuple[RunRow, ...]:
    """Give rows of runs that were chosen, and allowed, elsewhere. One query."""
    return tuple(
        _row(run) for run in runs.select_related("workflow", "agent").defer("fold")
    )


def rows_by_id(ids: Sequence[UUID]) -> tuple[RunRow, ...]:
    """Give rows in the order of their ids, which were allowed elsewhere. One query."""
    if not ids:
        return ()
    known = {run.id: run for run in _with_names().filter(id__in=ids)}
    return tuple(_row(known[each]) for each in ids if each in known)


def _with_names() -> QuerySet[Run]:
    return Run.objects.select_related("workflow", "agent").defer("fold")


def _row(run: Run) -> RunRow:
    ended = run.ended_at
    amount = run.amount_max
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
        is_amended=run.amended_at is not None,
        started_at=run.started_at,
        ended_at=ended,
        seconds=max(0.0, (ended - run.started_at).total_seconds()) if ended else None,
        answered=run.answered,
        unauthorised=run.unauthorised_count,
        retries=run.retry_count,
        cost=f"{run.cost_currency} {run.cost_amount:,.2f}" if run.cost_currency else "",
        amount="" if amount is None else f"{run.amount_currency} {amount:,.2f}".strip(),
    )
