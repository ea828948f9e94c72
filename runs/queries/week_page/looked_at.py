"""What was looked at: the layers of the week, and who reads how much of its sample."""

from dataclasses import dataclass

from runs.models import ReviewWeek
from runs.queries.week_page.sample import SampleRow
from runs.rules.sampling import LABELS, Layer


@dataclass(frozen=True)
class LayerRow:
    key: str
    label: str
    population: int
    drawn: int
    read: int
    chance: float


@dataclass(frozen=True)
class Share:
    """What one assessor has to read, and has read."""

    name: str
    total: int
    read: int


@dataclass(frozen=True)
class LookedAt:
    layers: tuple[LayerRow, ...]
    shares: tuple[Share, ...]


def looked_at(week: ReviewWeek, rows: tuple[SampleRow, ...]) -> LookedAt:
    """Give the layers and the shares of a week. No query."""
    return LookedAt(layers=_layers(week, rows), shares=_shares(rows))


def _layers(week: ReviewWeek, rows: tuple[SampleRow, ...]) -> tuple[LayerRow, ...]:
    found = []
    for layer in Layer:
        sealed = week.strata.get(layer.value, {})
        drawn = [row for row in rows if row.layer == layer.value]
        found.append(
            LayerRow(
                key=layer.value,
                label=LABELS[layer],
                population=int(sealed.get("population", 0)),
                drawn=len(drawn),
                read=sum(row.is_read for row in drawn),
                chance=float(sealed.get("probability", 0)),
            )
        )
    return tuple(found)


def _shares(rows: tuple[SampleRow, ...]) -> tuple[Share, ...]:
    names = sorted({row.assigned_to for row in rows})
    return tuple(
        Share(
            name=name or "Nobody",
            total=sum(row.assigned_to == name for row in rows),
            read=sum(row.assigned_to == name and row.is_read for row in rows),
        )
        for name in names
    )
