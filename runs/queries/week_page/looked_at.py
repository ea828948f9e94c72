"""What was looked at: the layers of the week, why so many, and who reads how much."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q

from portal.accounts import access
from runs.models import Review, ReviewWeek, SampledRun
from runs.queries.answers import left_in, shown
from runs.queries.reading_plan import who_can_give
from runs.queries.week_page.access import is_revealed
from runs.queries.week_page.sample import SampleRow
from runs.rules.sampling import HELP, LABELS, WEIGHTED, Layer


@dataclass(frozen=True)
class LayerRow:
    key: str
    label: str
    help: str
    population: int
    drawn: int
    read: int
    chance: float
    lowest: float
    highest: float
    is_weighted: bool


@dataclass(frozen=True)
class Share:
    """What one assessor has to read, and has read; `seconds` are second readings of it."""

    name: str
    total: int
    read: int
    seconds: int

    @property
    def left(self) -> int:
        return self.total - self.read


@dataclass(frozen=True)
class LookedAt:
    layers: tuple[LayerRow, ...]
    reasons: tuple[tuple[str, int], ...]
    shares: tuple[Share, ...]
    doubled: int
    must_see: int
    population: int
    fits: int
    assessors: int
    minutes_a_week: int
    minutes_a_run: int
    workflow_id: UUID
    is_revealed: bool
    # Says who can give the right when nobody assesses the workflow any more.
    nobody: str


def looked_at(week: ReviewWeek, rows: tuple[SampleRow, ...]) -> LookedAt:
    """Give the layers and the shares of a week. Three or four queries."""
    layers = _layers(week, rows)
    is_open = week.state == ReviewWeek.State.OPEN
    lacks = is_open and not _has_assessors(week)
    return LookedAt(
        layers=layers,
        reasons=_reasons(rows),
        shares=shares_of([week.id]),
        doubled=SampledRun.objects.filter(week=week, is_doubled=True).count(),
        must_see=layers[0].drawn,
        population=week.population_count + sum(row.is_known for row in rows),
        fits=int(week.plan.get("fits", 0)),
        assessors=int(week.plan.get("assessors", 0)),
        minutes_a_week=int(week.plan.get("minutes_a_week", 0)),
        minutes_a_run=int(week.plan.get("minutes_a_run", 0)),
        workflow_id=week.workflow_id,
        is_revealed=is_revealed(week),
        nobody=who_can_give(week.workflow_id, []) if lacks else "",
    )


def _has_assessors(week: ReviewWeek) -> bool:
    return access.people_with(week.workflow_id, access.ASSESS).exists()


def _layers(week: ReviewWeek, rows: tuple[SampleRow, ...]) -> tuple[LayerRow, ...]:
    found = []
    for layer in Layer:
        sealed = week.strata.get(layer.value, {})
        drawn = [row for row in rows if row.layer == layer.value]
        chance = Decimal(sealed.get("probability", 0))
        found.append(
            LayerRow(
                key=layer.value,
                label=LABELS[layer],
                help=HELP[layer],
                population=int(sealed.get("population", 0))
                + sum(row.is_known for row in drawn),
                drawn=len(drawn),
                read=sum(row.is_read for row in drawn),
                chance=float(chance),
                lowest=float(sealed.get("lowest", chance)),
                highest=float(sealed.get("highest", chance)),
                is_weighted=layer in WEIGHTED,
            )
        )
    return tuple(found)


def _reasons(rows: tuple[SampleRow, ...]) -> tuple[tuple[str, int], ...]:
    """Count why runs had to be seen; a run with two reasons counts under both."""
    counts = Counter(
        reason
        for row in rows
        if row.layer == Layer.MUST_SEE.value
        for reason in row.why.split(", ")
        if reason
    )
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def shares_of(week_ids: Sequence[UUID]) -> tuple[Share, ...]:
    """Give what each person has to read first and second, and has read. Two queries.

    What is left of it is `left_in`, as everywhere; a reading that was given up, or that
    somebody else did, is nobody's.
    """
    found: dict[str, list[int]] = {}
    for name, is_second in (("assigned_to", False), ("second_to", True)):
        mine = Review.objects.filter(
            sampled=OuterRef("pk"), assessor=OuterRef(f"{name}_id")
        )
        rows = (
            SampledRun.to_read.filter(shown(), week__in=week_ids)
            .exclude(**({name: None} if is_second else {}))
            .annotate(is_done=Exists(mine))
            .values_list(f"{name}__name")
            .annotate(
                total=Count("id", filter=Q(is_done=True) | left_in(name)),
                read=Count("id", filter=Q(is_done=True)),
            )
            .order_by(f"{name}__name")
        )
        for person, total, read in rows:
            entry = found.setdefault(person or "", [0, 0, 0])
            entry[0] += total
            entry[1] += read
            entry[2] += total if is_second else 0
    return tuple(
        Share(name or "Nobody", *counts) for name, counts in sorted(found.items())
    )
