"""The edits of a draft's matrix: which can be taken back, and what changed since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max

from registry.models import MatrixEdit
from registry.queries.cells import cell_of_part

EDITS_SHOWN_MAX = 10


@dataclass(frozen=True)
class EditLine:
    """One edit as its editors see it."""

    id: UUID
    what: str
    who: str
    made_at: datetime
    is_undone: bool
    is_mine: bool


@dataclass(frozen=True)
class Trail:
    """What the undo and redo buttons would do, and the latest edits by anybody."""

    undo: EditLine | None
    redo: EditLine | None
    edits: tuple[EditLine, ...]


def trail_of(*, version_id: UUID, person_id: UUID) -> Trail:
    """Give what can be taken back and made again. Three queries."""
    rows = list(
        MatrixEdit.objects.filter(version_id=version_id)
        .select_related("person")
        .defer("changes")
        .order_by("-revision")[:EDITS_SHOWN_MAX]
    )
    own = MatrixEdit.objects.filter(version_id=version_id, person_id=person_id)
    undo_id, redo_id = _undo_id(own), _redo_id(own)
    lines = {row.id: _line(row, person_id) for row in rows}
    beyond = [each for each in (undo_id, redo_id) if each and each not in lines]
    for row in own.select_related("person").filter(id__in=beyond) if beyond else ():
        lines[row.id] = _line(row, person_id)
    return Trail(
        undo=lines.get(undo_id) if undo_id else None,
        redo=lines.get(redo_id) if redo_id else None,
        edits=tuple(lines[row.id] for row in rows),
    )


def edit_to_undo(version_id: UUID, person_id: UUID) -> UUID | None:
    """Give a person's latest edit that stands. One query."""
    own = MatrixEdit.objects.filter(version_id=version_id, person_id=person_id)
    return _undo_id(own)


def edit_to_redo(version_id: UUID, person_id: UUID) -> UUID | None:
    """Give the edit that a person took back last; a new edit ends redoing. One query."""
    own = MatrixEdit.objects.filter(version_id=version_id, person_id=person_id)
    return _redo_id(own)


def last_edit_of(*, version_id: UUID, part: str) -> MatrixEdit | None:
    """Give the standing edit that changed a cell or a tool last. One query."""
    rows = MatrixEdit.objects.filter(
        version_id=version_id, undone_at=None, changes__contains=[{"part": part}]
    )
    return rows.select_related("person").order_by("-touched_revision", "id").first()


def cells_changed_since(
    *, version_id: UUID, revision: int
) -> frozenset[tuple[str, str]]:
    """Give the cells that edits set or took back after a revision. One query."""
    rows = MatrixEdit.objects.filter(
        version_id=version_id, touched_revision__gt=revision
    )
    return cells_in(change for row in rows for change in row.changes)


def cells_in(changes: Iterable[Mapping[str, Any]]) -> frozenset[tuple[str, str]]:
    """Give the cells that changes are about, those that a tool moved between included."""
    found = set()
    for change in changes:
        cell = cell_of_part(change["part"])
        if cell is not None:
            found.add(cell)
        for side in (change["before"], change["after"]):
            if side:
                found.add((side["system"], side["verb"]))
    return frozenset(found)


def _undo_id(own: Any) -> UUID | None:
    standing = own.filter(undone_at=None).order_by("-revision")
    return standing.values_list("id", flat=True).first()


def _redo_id(own: Any) -> UUID | None:
    latest = own.filter(undone_at=None).aggregate(at=Max("revision"))["at"] or 0
    undone = own.filter(undone_at__isnull=False, revision__gt=latest)
    return undone.order_by("revision").values_list("id", flat=True).first()


def _line(row: MatrixEdit, person_id: UUID) -> EditLine:
    return EditLine(
        id=row.id,
        what=row.what,
        who=row.person.name if row.person else "Countersign",
        made_at=row.made_at,
        is_undone=row.undone_at is not None,
        is_mine=row.person_id == person_id,
    )
