"""A week of runs: workflows down, days across, a count and what is odd about it in each cell."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from portal.accounts.actors import Actor
from registry.queries.across import workflow_names
from runs.models import Run, RunState
from runs.queries.finding import found, midnight
from runs.queries.narrowing import RunAsked

WEEK = timedelta(days=7)
DAYS = 7
ROWS_MAX = 100


@dataclass(frozen=True)
class Cell:
    """One workflow on one day. The marks overlap: a held run may be failed too."""

    day: date
    count: int = 0
    held: int = 0
    waiting: int = 0
    failed: int = 0
    unauthorised: int = 0


@dataclass(frozen=True)
class GridRow:
    slug: str
    name: str
    cells: tuple[Cell, ...]
    count: int


@dataclass(frozen=True)
class WeekGrid:
    """Seven days from a Monday; only workflows with runs in them have a row."""

    monday: date
    days: tuple[date, ...]
    rows: tuple[GridRow, ...]
    sums: tuple[int, ...]
    is_cut: bool

    @property
    def sunday(self) -> date:
        return self.days[-1]


def monday_in(text: str, *, today: date) -> date:
    """Read the Monday of a week out of an address; this week's when it says none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    if not 2000 <= day.year <= 2200:
        day = today
    return day - timedelta(days=day.weekday())


def local_day(moment: datetime) -> date:
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def week_for(*, actor: Actor, asked: RunAsked, monday: date) -> WeekGrid:
    """Count a week of runs by workflow and day. At most ten queries.

    The filters of the list count too, but for its period: the week takes its place.
    """
    days = tuple(monday + timedelta(days=number) for number in range(DAYS))
    what = found(actor=actor, asked=asked.of_days(None, None))
    rows = what.rows.filter(
        started_at__gte=midnight(monday), started_at__lt=midnight(monday + WEEK)
    )
    if what.key == "run_id":
        rows = Run.objects.filter(id__in=rows.values("run_id"))
    counted = (
        rows.order_by()
        .values("workflow_id")
        .annotate(
            day=TruncDate("started_at", tzinfo=timezone.get_default_timezone()),
            count=Count("pk"),
            held=Count("pk", filter=Q(is_held=True)),
            waiting=Count("pk", filter=Q(state=RunState.WAITING, is_held=False)),
            failed=Count("pk", filter=Q(state__in=(RunState.FAILED, RunState.STOPPED))),
            unauthorised=Count("pk", filter=Q(unauthorised_count__gt=0)),
        )
    )
    cells: dict[UUID, dict[date, Cell]] = {}
    for row in counted:
        cell = Cell(
            row["day"],
            row["count"],
            row["held"],
            row["waiting"],
            row["failed"],
            row["unauthorised"],
        )
        cells.setdefault(row["workflow_id"], {})[cell.day] = cell
    named = _names(actor, cells)
    lines = tuple(
        GridRow(
            slug,
            name,
            tuple(of_days.get(day, Cell(day)) for day in days),
            sum(cell.count for cell in of_days.values()),
        )
        for name, slug, of_days in named
    )
    return WeekGrid(
        monday=monday,
        days=days,
        rows=lines[:ROWS_MAX],
        sums=tuple(sum(line.cells[n].count for line in lines) for n in range(DAYS)),
        is_cut=len(lines) > ROWS_MAX,
    )


def _names(
    actor: Actor, cells: dict[UUID, dict[date, Cell]]
) -> list[tuple[str, str, dict[date, Cell]]]:
    known = {line.id: line for line in workflow_names(actor=actor)}
    missing = [each for each in cells if each not in known]
    others = {
        row["workflow_id"]: row
        for row in Run.objects.filter(workflow_id__in=missing)
        .order_by()
        .values("workflow_id", "workflow__name", "workflow__slug")
        .distinct()
    }
    found_names = [
        (known[each].name, known[each].slug, of_days)
        if each in known
        else (others[each]["workflow__name"], others[each]["workflow__slug"], of_days)
        for each, of_days in cells.items()
    ]
    return sorted(found_names, key=lambda line: (line[0].casefold(), line[1]))
