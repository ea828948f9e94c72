"""Imports of inventories as pages show them: one's own, one of them, its preview, its report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.queries import is_administrator
from portal.core.errors import Forbidden, Invalid, NotFound
from portal.core.pagination import keyset
from registry.models import InventoryFile, InventoryImport, InventoryRow
from registry.models.importing import ImportState, RowStatus
from registry.queries.inventory_files import FileRead, Reading
from registry.queries.inventory_known import Choices, departments_like, setting_for
from registry.rules.inventory import Planned, problems_of_mapping
from registry.rules.inventory_rows import NEW_DEPARTMENT, department_values, plan

RECENT_MAX = 20
STATUSES: tuple[tuple[str, str], ...] = tuple(
    (str(status.value), str(status.label)) for status in RowStatus
)


@dataclass(frozen=True)
class ImportHead:
    """One import: where it stands, and what it came to so far."""

    id: UUID
    file_name: str
    size_bytes: int
    digest: str
    state: str
    state_word: str
    counts: Mapping[str, int]
    reason: str
    done: int
    to_do: int
    by: str
    created_at: datetime
    asked_at: datetime | None
    applied_at: datetime | None
    undone_at: datetime | None

    @property
    def may_change(self) -> bool:
        return self.state in ("UPLOADED", "CHECKED", "FAILED")

    @property
    def share(self) -> int:
        """Say how much of it is registered, in percent."""
        return min(100, round(100 * self.done / self.to_do)) if self.to_do else 0


@dataclass(frozen=True)
class ReportLine:
    """One row of the report."""

    line: int
    status: str
    status_word: str
    name: str
    identifier: str
    reason: str
    slug: str


@dataclass(frozen=True)
class Report:
    lines: tuple[ReportLine, ...]
    next_cursor: str | None
    previous_cursor: str | None


@dataclass(frozen=True)
class InventorySource:
    """The row of an inventory that a workflow comes from, with what was kept of it."""

    file_name: str
    line: int
    identifier: str
    notes: tuple[tuple[str, str], ...]


def import_for(*, actor: Actor, import_id: UUID) -> InventoryImport:
    """Give an import to who uploaded it or to an administrator. Two queries.

    Raises NotFound for anybody else.
    """
    source = (
        InventoryImport.objects.select_related("created_by", "default_department")
        .filter(id=import_id)
        .first()
    )
    is_own = source is not None and actor.is_person and source.created_by_id == actor.id
    if source is not None and (is_own or actor.is_system or is_administrator(actor)):
        return source
    raise NotFound("There is nothing here, or you may not see it.")


def bytes_of(source: InventoryImport) -> bytes:
    """Give the file as it came. One query."""
    return bytes(
        InventoryFile.objects.values_list("data", flat=True).get(source=source)
    )


def reading_of(source: InventoryImport) -> Reading:
    return Reading(source.encoding, source.delimiter, source.sheet, source.header_line)


def choices_of(source: InventoryImport) -> Choices:
    """Give what was chosen when the import was last checked. No query."""
    default = source.default_department
    return Choices(
        mapping={int(index): said for index, said in source.mapping.items()},
        departments=dict(source.departments),
        default_department=default.slug if default else "",
        template=source.template,
    )


def imports_of(*, actor: Actor) -> tuple[ImportHead, ...]:
    """Give one's own imports, newest first; for administrators everybody's. Two queries."""
    rows = InventoryImport.objects.select_related("created_by").order_by("-id")
    if not is_administrator(actor):
        rows = rows.filter(created_by_id=actor.id)
    return tuple(head_of(row) for row in rows[:RECENT_MAX])


def import_head(*, actor: Actor, import_id: UUID) -> ImportHead:
    """Give one import. Raises NotFound. Two queries."""
    return head_of(import_for(actor=actor, import_id=import_id))


def planned_rows(
    *, actor: Actor, read: FileRead, choices: Choices
) -> tuple[Planned, ...]:
    """Give what every row would become; nothing is written. At most seven queries.

    Raises Invalid for a mapping without a name, Forbidden for new departments asked for
    by somebody who may not add one.
    """
    problems = problems_of_mapping(choices.mapping, len(read.table.columns))
    if problems:
        raise Invalid(problems)
    _check_new_departments(actor, choices)
    return plan(read.table, setting_for(actor=actor, choices=choices))


def suggested_departments(read: FileRead, mapping: Mapping[int, str]) -> dict[str, str]:
    """Give the departments that the file's values seem to name. One query."""
    return departments_like(department_values(read.table, mapping))


def report_of(
    *, actor: Actor, import_id: UUID, status: str = "", cursor: str | None = None
) -> Report:
    """Give one page of the report, by line. Three queries."""
    source = import_for(actor=actor, import_id=import_id)
    rows = InventoryRow.objects.filter(source=source).select_related("workflow")
    if status in RowStatus.values:
        rows = rows.filter(status=status)
    page = keyset(rows, order=("line",), cursor=cursor)
    return Report(
        tuple(_line(row) for row in page.items),
        page.next_cursor,
        page.previous_cursor,
    )


def whole_report(*, actor: Actor, import_id: UUID) -> Iterator[ReportLine]:
    """Give every line of the report. Three queries."""
    source = import_for(actor=actor, import_id=import_id)
    rows = InventoryRow.objects.filter(source=source).select_related("workflow")
    return (_line(row) for row in rows.order_by("line").iterator(chunk_size=500))


def inventory_source_of(workflow_id: UUID) -> InventorySource | None:
    """Give the row that a workflow was imported from, if any; ask for its right first.

    One query.
    """
    row = (
        InventoryRow.objects.filter(workflow_id=workflow_id)
        .select_related("source")
        .first()
    )
    if row is None:
        return None
    notes = tuple((str(heading), str(text)) for heading, text in row.notes)
    return InventorySource(row.source.file_name, row.line, row.identifier, notes)


def head_of(row: InventoryImport) -> ImportHead:
    """Give the head of an import that may be shown. No query."""
    to_do = row.counts.get("READY", 0)
    has_made = row.state in (ImportState.APPLIED, ImportState.UNDONE)
    return ImportHead(
        id=row.id,
        file_name=row.file_name,
        size_bytes=row.size_bytes,
        digest=row.digest,
        state=row.state,
        state_word=str(row.get_state_display()),
        counts=row.counts,
        reason=row.reason,
        done=to_do if has_made else row.done,
        to_do=to_do,
        by=row.created_by.name if row.created_by else "Countersign",
        created_at=row.created_at,
        asked_at=row.asked_at,
        applied_at=row.applied_at,
        undone_at=row.undone_at,
    )


def _line(row: InventoryRow) -> ReportLine:
    stands = row.workflow is not None and row.workflow.withdrawn_at is None
    return ReportLine(
        line=row.line,
        status=row.status,
        status_word=str(row.get_status_display()),
        name=row.name,
        identifier=row.identifier,
        reason=row.reason,
        slug=row.workflow.slug if row.workflow is not None and stands else "",
    )


def _check_new_departments(actor: Actor, choices: Choices) -> None:
    wants_new = any(
        said.startswith(NEW_DEPARTMENT) for said in choices.departments.values()
    )
    if wants_new and not (actor.is_system or is_administrator(actor)):
        raise Forbidden(
            "Only administrators add departments. Choose one that exists, or a default."
        )
