"""All weeks of one Monday as one report: every workflow that a person may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from runs.models import Finding, ReviewWeek
from runs.queries.blind_findings import kind_of, marked, words_of
from runs.queries.reviewing import next_to_read
from runs.queries.week_page.looked_at import LayerRow, Share, shares_of
from runs.queries.week_page.sample import SampleRow, chosen_rows, samples_of
from runs.queries.weeks import WeekRow, week_rows
from runs.rules.estimating import Answered, Result, results_of
from runs.rules.sampling import HELP, LABELS, WEIGHTED, Layer

WEEKS_MAX = 200
FINDINGS_MAX = 50
ROWS_MAX = 200


@dataclass(frozen=True)
class DueFinding:
    """A finding that is open, in one of the workflows that the report is about."""

    id: UUID
    week_id: UUID
    workflow: str
    text: str
    kind: str
    owner: str
    due_on: date
    is_late: bool


@dataclass(frozen=True)
class ShownRow:
    """A run of some week's sample, with the workflow it is of."""

    week_id: UUID
    workflow: str
    may_assess: bool
    row: SampleRow


@dataclass(frozen=True)
class MondayPage:
    starts_on: date
    ends_on: date
    weeks: tuple[WeekRow, ...]
    population: int
    sampled: int
    read: int
    mine_left: int
    layers: tuple[LayerRow, ...]
    shares: tuple[Share, ...]
    results: tuple[Result, ...]
    findings: tuple[DueFinding, ...]
    findings_open: int
    shown: tuple[ShownRow, ...]
    shown_count: int
    may_read: bool

    @property
    def left(self) -> int:
        return self.sampled - self.read

    @property
    def signed(self) -> int:
        return sum(week.is_signed for week in self.weeks)


def monday_page(
    *, actor: Actor, monday: date, show: str = "", now: datetime
) -> MondayPage:
    """Give one Monday's report to whoever sees a workflow. About twelve queries.

    Each layer of each workflow is a layer of the estimate, so no workflow speaks for
    another. Raises NotFound when the day is no Monday.
    """
    weeks = _weeks(actor, monday)
    ids = [week.id for week in weeks]
    rows = week_rows(weeks, actor)
    samples = samples_of(ids, actor)
    assessed = _assessed(actor, monday)
    everything = [
        ShownRow(week.id, week.workflow.name, week.id in assessed, row)
        for week in weeks
        for row in samples[week.id]
    ]
    chosen = _chosen(everything, show)
    findings, findings_open = _findings(weeks, actor, now)
    return MondayPage(
        starts_on=monday,
        ends_on=monday + timedelta(days=6),
        weeks=rows,
        population=sum(row.population for row in rows),
        sampled=len(everything),
        read=sum(one.row.is_read for one in everything),
        mine_left=sum(row.mine_left for row in rows if not row.is_signed),
        layers=_layers(weeks, everything),
        shares=shares_of(ids),
        results=_results(weeks, samples),
        findings=findings,
        findings_open=findings_open,
        shown=chosen[:ROWS_MAX],
        shown_count=len(chosen),
        may_read=any(week.id in assessed for week in weeks),
    )


def next_of_monday(
    *, actor: Actor, monday: date, after: UUID | None = None
) -> tuple[UUID, UUID] | None:
    """Give the week and the run to read next, over all workflows of a Monday.

    Only what is this person's, in every workflow, as in one week. Raises NotFound when
    the day is no Monday.
    """
    assessed = _assessed(actor, monday)
    weeks = [
        week
        for week in _weeks(actor, monday)
        if week.id in assessed and week.state == ReviewWeek.State.OPEN
    ]
    samples = samples_of([week.id for week in weeks], actor)
    for week in weeks:
        run_id = next_to_read(samples[week.id], after=after)
        if run_id is not None:
            return week.id, run_id
    return None


def _weeks(actor: Actor, monday: date) -> list[ReviewWeek]:
    if monday.weekday() != 0:
        raise NotFound("A week of review begins on a Monday.")
    rows = access.visible(
        ReviewWeek.objects.select_related("workflow", "signed_by"),
        actor=actor,
        workflow_path="workflow_id",
    )
    return list(rows.filter(starts_on=monday).order_by("workflow__name")[:WEEKS_MAX])


def _assessed(actor: Actor, monday: date) -> frozenset[UUID]:
    rows = access.visible(
        ReviewWeek.objects.filter(starts_on=monday),
        actor=actor,
        permission=access.ASSESS,
        workflow_path="workflow_id",
    )
    return frozenset(rows.values_list("id", flat=True))


def _chosen(rows: list[ShownRow], show: str) -> tuple[ShownRow, ...]:
    """Narrow to what a number counted; nothing is listed until a number is opened."""
    if not show:
        return ()
    kept = {id(row) for row in chosen_rows(tuple(one.row for one in rows), show)}
    return tuple(one for one in rows if id(one.row) in kept)


def _results(
    weeks: list[ReviewWeek], samples: Mapping[UUID, tuple[SampleRow, ...]]
) -> tuple[Result, ...]:
    populations = {
        f"{week.id}|{key}": int(layer["population"])
        for week in weeks
        for key, layer in week.strata.items()
    }
    answered = [
        Answered(f"{week.id}|{row.layer}", row.answers, row.chance)
        for week in weeks
        for row in samples[week.id]
        if row.answers
    ]
    return results_of(answered, populations=populations)


def _layers(weeks: list[ReviewWeek], rows: list[ShownRow]) -> tuple[LayerRow, ...]:
    found = []
    for layer in Layer:
        sealed = [week.strata.get(layer.value, {}) for week in weeks]
        having = [one for one in sealed if int(one.get("population", 0))]
        means = [float(one.get("probability", 0)) for one in having]
        drawn = [one.row for one in rows if one.row.layer == layer.value]
        found.append(
            LayerRow(
                key=layer.value,
                label=LABELS[layer],
                help=HELP[layer],
                population=sum(int(one["population"]) for one in having)
                + sum(row.is_known for row in drawn),
                drawn=len(drawn),
                read=sum(row.is_read for row in drawn),
                chance=max(means, default=0.0),
                lowest=min(
                    (float(one.get("lowest", one["probability"])) for one in having),
                    default=0.0,
                ),
                highest=max(
                    (float(one.get("highest", one["probability"])) for one in having),
                    default=0.0,
                ),
                is_weighted=layer in WEIGHTED,
            )
        )
    return tuple(found)


def _findings(
    weeks: list[ReviewWeek], actor: Actor, now: datetime
) -> tuple[tuple[DueFinding, ...], int]:
    """Give the open findings of these workflows, the most pressing first. Two queries."""
    rows = Finding.objects.filter(
        workflow__in=[week.workflow_id for week in weeks], closed_at=None
    )
    today = timezone.localtime(now).date()
    shown = marked(rows.select_related("workflow", "owner"), actor.id)
    shown = shown.order_by("due_on", "id")
    return tuple(
        DueFinding(
            id=row.id,
            week_id=row.week_id,
            workflow=row.workflow.name,
            text=words_of(row),
            kind=kind_of(row),
            owner=row.owner.name,
            due_on=row.due_on,
            is_late=row.due_on < today,
        )
        for row in shown[:FINDINGS_MAX]
    ), rows.count()
