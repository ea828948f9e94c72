"""What the rows of a series' file come to. Changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.core.errors import Conflict
from portal.core.sealing import unseal
from registry.queries.across import workflow_ids_named
from registry.queries.inventory_files import Reading, read_inventory
from runs.models import Series, SeriesImport
from runs.queries.series import known_values
from runs.rules.series import PointRead, order_of, point_of, said_in

PURPOSE = "series file"
READY, SAME, WRONG = "READY", "SAME", "WRONG"


@dataclass(frozen=True)
class PlannedPoint:
    """What one row comes to."""

    line: int
    status: str
    what: str
    why: str = ""
    point: PointRead | None = None
    workflow_id: UUID | None = None
    corrects: str = ""


def plan_of(
    actor: Actor,
    source: SeriesImport,
    *,
    mapping: Mapping[int, str],
    order: str,
    now: datetime,
) -> tuple[PlannedPoint, ...]:
    """Say what every row of a file comes to. Three queries; changes nothing."""
    table = table_of(source)
    said = [(row.line, said_in(row.cells, mapping)) for row in table.rows]
    order = order or order_of(row.get("on", "") for _, row in said)
    today = now.date()
    return planned_points(
        actor,
        source.series,
        [(line, point_of(row, order=order, today=today)) for line, row in said],
    )


def table_of(source: SeriesImport):
    """Read the sealed file of an import. Raises Invalid or Conflict."""
    if source.data is None:
        raise Conflict("series.taken", "The file of this import is erased.")
    data = unseal(bytes(source.data), purpose=PURPOSE, bound_to=source.id.bytes)
    return read_inventory(data, Reading()).table


def planned_points(
    actor: Actor, row: Series, read: list[tuple[int, PointRead | str]]
) -> tuple[PlannedPoint, ...]:
    points = [point for _, point in read if isinstance(point, PointRead)]
    named = workflow_ids_named(
        actor, {point.workflow for point in points if point.workflow}
    )
    known = known_values(row, {point.on for point in points})
    seen: set[tuple[UUID | None, date]] = set()
    return tuple(
        _plan(line, point, named=named, known=known, seen=seen) for line, point in read
    )


def _plan(line, point, *, named, known, seen) -> PlannedPoint:
    if isinstance(point, str):
        return PlannedPoint(line, WRONG, "", point)
    what = f"{point.on.isoformat()}: {point.value.normalize():f}"
    what += f", {point.workflow}" if point.workflow else ", the whole company"
    workflow_id = named.get(point.workflow) if point.workflow else None
    if point.workflow and workflow_id is None:
        why = f"There is no workflow “{point.workflow[:60]}”."
        return PlannedPoint(line, WRONG, what, why)
    place = (workflow_id, point.on)
    if place in seen:
        return PlannedPoint(line, WRONG, what, "An earlier row is of the same day.")
    seen.add(place)
    was = known.get(place)
    if was == (point.value, point.n):
        return PlannedPoint(line, SAME, what, "It counts already.")
    corrects = f"{was[0].normalize():f}" if was else ""
    why = f"Corrects {corrects}." if was else ""
    return PlannedPoint(line, READY, what, why, point, workflow_id, corrects)
