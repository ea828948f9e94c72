"""Bringing the points of an imported series: by file, by the API, by the command line.

What was said before stays: a correction is another point, and undoing an import lets what
stood before it count again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import Agent, Person
from portal.audit.operation import operation, record, step
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.sealing import seal
from registry.queries.inventory_files import Reading, read_inventory
from registry.rules.fields import is_slug
from runs.models import Series, SeriesImport, SeriesPoint
from runs.queries.series import (
    import_seen_by,
    must_import,
    must_manage,
    series_row,
)
from runs.queries.series_plan import (
    PURPOSE,
    READY,
    SAME,
    WRONG,
    PlannedPoint,
    plan_of,
    planned_points,
)
from runs.rules.series import (
    POINTS_IN_CALL_MAX,
    ROWS_MAX,
    PointRead,
    suggest,
)

NAME_LENGTH_MAX = 80
OPEN_MAX = 10


@dataclass(frozen=True)
class Brought:
    """What an import came to."""

    import_id: UUID
    added: int
    corrected: int
    same: int


@operation(leaves="series.added")
def add_series(
    *,
    actor: Actor,
    slug: str,
    name: str,
    source: str,
    unit: str = "",
    better: str = "neither",
    sums: str = "mean",
    keeper_id: UUID | None = None,
    agent_id: UUID | None = None,
    now: datetime,
) -> str:
    """Add a series that somebody imports; gives its slug. Raises Invalid by field."""
    must_manage(actor)
    problems = {}
    name, source = " ".join(name.split()), " ".join(source.split())
    if not is_slug(slug):
        problems["slug"] = "Small letters, digits and hyphens."
    if not name or len(name) > NAME_LENGTH_MAX:
        problems["name"] = f"Give it a name of at most {NAME_LENGTH_MAX} characters."
    if not source:
        problems["source"] = "Say where it comes from, such as the survey tool."
    if better not in Series.Better.values or sums not in Series.Sums.values:
        problems["better"] = "Choose one of the list."
    if Series.objects.filter(slug=slug).exists():
        problems["slug"] = "There is a series of this address already."
    people = Person.objects.filter(is_active=True)
    keeper = people.filter(id=keeper_id).first() if keeper_id else None
    agents = Agent.objects.filter(is_active=True)
    agent = agents.filter(id=agent_id).first() if agent_id else None
    if problems:
        raise Invalid(problems)
    Series.objects.create(
        slug=slug,
        name=name,
        unit=unit.strip()[:30],
        better=better,
        sums=sums,
        source=source[:120],
        keeper=keeper,
        agent=agent,
        created_by_id=_person(actor),
        created_at=now,
    )
    record(
        "series.added",
        actor=actor,
        subject=("series", slug),
        series=name,
        source=source,
    )
    return slug


@operation(leaves="series.uploaded")
def upload_points(
    *, actor: Actor, slug: str, file_name: str, data: bytes, how: str, now: datetime
) -> UUID:
    """Keep a file and what its columns seem to mean; takes nothing in. Raises Invalid."""
    row = series_row(slug)
    must_import(actor, row)
    table = read_inventory(data, Reading()).table
    if len(table.rows) > ROWS_MAX:
        raise Invalid({"file": f"At most {ROWS_MAX:,} rows are read at once."})
    open_ones = SeriesImport.objects.filter(series=row, state="UPLOADED")
    if open_ones.count() >= OPEN_MAX:
        raise Conflict(
            "series.many",
            f"{OPEN_MAX} files are not finished. Take them in or discard one first.",
        )
    made = SeriesImport(
        series=row,
        how=how,
        file_name=file_name[-200:] or "series",
        mapping={str(at): said for at, said in suggest(table.columns).items()},
        counts={"rows": len(table.rows)},
        created_by_id=_person(actor),
        created_at=now,
    )
    made.data = seal(data, purpose=PURPOSE, bound_to=made.id.bytes)
    made.save()
    record(
        "series.uploaded",
        actor=actor,
        subject=("series", slug),
        series=row.name,
        file=made.file_name,
        rows=len(table.rows),
    )
    return made.id


@operation(leaves="series.taken")
def take_points(
    *,
    actor: Actor,
    slug: str,
    import_id: UUID,
    mapping: Mapping[int, str],
    order: str,
    now: datetime,
) -> Brought:
    """Take in the rows of a file that can be read; the others stay in its report.

    Raises Conflict when it was taken in by now, or when no row would change anything.
    """
    import_seen_by(actor, slug, import_id)
    source = (
        SeriesImport.objects.select_for_update(no_key=True, of=("self",))
        .select_related("series")
        .get(id=import_id)
    )
    if source.state != SeriesImport.State.UPLOADED:
        raise Conflict("series.taken", "This file was taken in by now.")
    planned = plan_of(actor, source, mapping=mapping, order=order, now=now)
    source.mapping = {str(at): said for at, said in mapping.items()}
    source.order = order
    source.report = [
        {"line": each.line, "status": each.status, "what": each.what, "why": each.why}
        for each in planned
    ]
    source.data = None
    return _take(actor, source, planned, now)


@operation(leaves="series.taken")
def put_points(
    *,
    actor: Actor,
    slug: str,
    points: Sequence[PointRead],
    now: datetime,
) -> Brought:
    """Put points by the API: the same again changes nothing, another value corrects.

    Raises NotFound unless the series names this agent, Invalid with every wrong point.
    """
    row = Series.objects.filter(slug=slug, agent_id=actor.id).first()
    if row is None:
        raise NotFound("There is no such series, or your agent does not bring it.")
    if not 1 <= len(points) <= POINTS_IN_CALL_MAX:
        raise Invalid({"points": f"Send 1 to {POINTS_IN_CALL_MAX} points."})
    planned = planned_points(actor, row, list(enumerate(points)))
    wrong = {
        f"points.{each.line}": each.why for each in planned if each.status == WRONG
    }
    if wrong:
        raise Invalid(wrong)
    source = SeriesImport(
        series=row, how=SeriesImport.How.API, agent_id=actor.id, created_at=now
    )
    return _take(actor, source, planned, now)


@operation(leaves="series.undone")
def undo_import(*, actor: Actor, slug: str, import_id: UUID, now: datetime) -> int:
    """Let the points of an import no longer count; what stood before counts again."""
    import_seen_by(actor, slug, import_id)
    source = (
        SeriesImport.objects.select_for_update(no_key=True, of=("self",))
        .select_related("series")
        .get(id=import_id)
    )
    if source.state != SeriesImport.State.TAKEN:
        raise Conflict("series.undone", "This import does not count any more.")
    source.state, source.undone_at = SeriesImport.State.UNDONE, now
    source.save(update_fields=("state", "undone_at"))
    count = source.points.count()
    record(
        "series.undone",
        actor=actor,
        subject=("series", slug),
        series=source.series.name,
        count=count,
    )
    return count


@operation(leaves="series.discarded")
def discard_import(*, actor: Actor, slug: str, import_id: UUID) -> None:
    """Throw a file away from which nothing was taken in."""
    source = import_seen_by(actor, slug, import_id)
    if source.state != SeriesImport.State.UPLOADED:
        raise Conflict("series.taken", "This file was taken in; undo it instead.")
    record(
        "series.discarded",
        actor=actor,
        subject=("series", slug),
        series=source.series.name,
        file=source.file_name,
    )
    source.delete()


@step
def _take(
    actor: Actor,
    source: SeriesImport,
    planned: Sequence[PlannedPoint],
    now: datetime,
) -> Brought:
    ready = [each for each in planned if each.status == READY]
    corrected = sum(1 for each in ready if each.corrects)
    if not ready and source.how != SeriesImport.How.API:
        raise Conflict(
            "series.nothing_ready",
            "No row would change anything. Look at the reasons, and change the columns.",
        )
    source.state, source.taken_at = SeriesImport.State.TAKEN, now
    source.counts = {
        "rows": len(planned),
        "added": len(ready) - corrected,
        "corrected": corrected,
        "same": sum(1 for each in planned if each.status == SAME),
        "wrong": sum(1 for each in planned if each.status == WRONG),
    }
    if ready:
        source.save()
        SeriesPoint.objects.bulk_create(
            (
                SeriesPoint(
                    series=source.series,
                    source=source,
                    workflow_id=each.workflow_id,
                    on=each.point.on,
                    value=each.point.value,
                    n=each.point.n,
                    at=now,
                )
                for each in ready
                if each.point
            ),
            batch_size=500,
        )
    record(
        "series.taken",
        actor=actor,
        subject=("series", source.series.slug),
        series=source.series.name,
        added=len(ready) - corrected,
        corrected=corrected,
        how=source.get_how_display(),
    )
    return Brought(source.id, len(ready) - corrected, corrected, source.counts["same"])


def _person(actor: Actor) -> UUID | None:
    return actor.id if actor.is_person else None
