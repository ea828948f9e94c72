"""The indicators that are counted from runs, as one source."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.urls import reverse

from portal.accounts.actors import Actor
from portal.home.queries.kpis.figure import (
    Answer,
    Better,
    Family,
    Figure,
    Kpi,
    Row,
    Rows,
    Scope,
    Side,
    Unit,
)
from runs.queries.kpi_rows import ended_runs
from runs.queries.kpi_sums import Span, Sums, sums_over

THROUGHPUT = Kpi(
    key="throughput",
    label="Units of work a day",
    family=Family.EFFICIENCY,
    unit=Unit.PER_DAY,
    better=Better.UP,
    sentence="How much work was finished, in the unit that each one page names.",
    formula="Units of completed runs ÷ days.",
    over_words="units of completed runs",
    under_words="days",
    excluded_words="Runs that did not complete, and runs not settled yet.",
    covered_words="completed runs said how many units they made",
    target_key="throughput",
)


class FromRuns:
    """Every indicator that is counted from runs."""

    kpis: tuple[Kpi, ...] = (THROUGHPUT,)

    def figures(
        self,
        *,
        actor: Actor,
        keys: Sequence[str],
        scopes: Sequence[Scope],
        now: datetime,
    ) -> Mapping[str, tuple[Figure, ...]]:
        """Give each indicator once per scope. Three queries."""
        del keys
        spans = [Span(each.first, each.last, each.workflows) for each in scopes]
        found = sums_over(
            actor=actor, spans=spans, measures=("units", "finished.completed")
        )
        return {
            THROUGHPUT.key: tuple(
                _throughput(sums, scope, now)
                for sums, scope in zip(found, scopes, strict=True)
            )
        }

    def rows(
        self, *, actor: Actor, key: str, scope: Scope, side: Side, cursor: str | None
    ) -> Rows:
        """Give the runs behind one side of one indicator, newest first."""
        del key, side
        page = ended_runs(
            actor=actor,
            span=Span(scope.first, scope.last, scope.workflows),
            cursor=cursor,
        )
        return Rows(
            rows=tuple(
                Row(run.title, reverse("run", args=(run.id,)), run.ended_at)
                for run in page.items
            ),
            next_cursor=page.next_cursor,
            previous_cursor=page.previous_cursor,
        )


def _throughput(sums: Sums, scope: Scope, now: datetime) -> Figure:
    units, days = sums.get("units", Decimal(0)), Decimal(scope.days)
    if not sums.get("finished.completed"):
        return Figure(
            Answer.NO_DATA, now, why="No run completed in these days.", under=days
        )
    return Figure(
        Answer.MEASURED, now, value=float(units / days), over=units, under=days
    )
