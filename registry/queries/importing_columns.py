"""The page on which columns are matched: suggestions, samples, and the first rows as drafts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.queries import is_administrator
from portal.core.digest import sha256_of
from portal.core.errors import Invalid
from registry.queries.importing import (
    ImportHead,
    bytes_of,
    choices_of,
    head_of,
    import_for,
    planned_rows,
    reading_of,
    suggested_departments,
)
from registry.queries.inventory_files import FileRead, Reading, read_inventory
from registry.queries.inventory_known import (
    Choices,
    all_departments,
    known_for_suggesting,
)
from registry.queries.people import Choice
from registry.queries.templates import template_choices
from registry.rules.inventory import VALUES_MAPPED_MAX, Meaning, Planned, key_of
from registry.rules.inventory_columns import suggest
from registry.rules.inventory_rows import (
    LEAVE_OUT,
    NEW_DEPARTMENT,
    department_values,
)

PREVIEWED = 8
# As a default: every department that the file names and nobody knows is to be added.
ADD_OTHERS = "new"
SAMPLES = 3
SAMPLE_LENGTH_MAX = 90


@dataclass(frozen=True)
class Wanted:
    """What the form asked for. `headings` says which columns it was about."""

    reading: Reading
    mapping: Mapping[int, str]
    departments: Mapping[str, str] = field(default_factory=dict)
    default_department: str = ""
    template: str = ""
    headings: str = ""


@dataclass(frozen=True)
class ColumnLine:
    index: int
    heading: str
    meaning: str
    samples: tuple[str, ...]
    filled: int


@dataclass(frozen=True)
class DepartmentLine:
    """One value of the department column, and which department it is taken for."""

    index: int
    value: str
    rows: int
    chosen: str


@dataclass(frozen=True)
class ColumnsPage:
    """Everything that the page shows; `choices` is what a check would use."""

    head: ImportHead
    read: FileRead | None
    reading: Reading
    headings: str
    choices: Choices
    columns: tuple[ColumnLine, ...]
    departments: tuple[DepartmentLine, ...]
    too_many_values: int
    known_departments: tuple[Choice, ...]
    templates: tuple[Choice, ...]
    may_add_departments: bool
    preview: tuple[Planned, ...]
    counts: Mapping[str, int]
    problems: Mapping[str, str]

    @property
    def noted(self) -> tuple[str, ...]:
        return self._headings_of(Meaning.NOTE, Meaning.STAGE)

    @property
    def left_out(self) -> tuple[str, ...]:
        return self._headings_of(Meaning.LEFT_OUT)

    def _headings_of(self, *meanings: str) -> tuple[str, ...]:
        return tuple(each.heading for each in self.columns if each.meaning in meanings)


def columns_page(
    *, actor: Actor, import_id: UUID, wanted: Wanted | None = None
) -> ColumnsPage:
    """Read the file as wanted, or as it was last checked, and show what comes of it.

    About twelve queries, and the file is read anew. What is wrong is in `problems`.
    """
    source = import_for(actor=actor, import_id=import_id)
    kept = choices_of(source)
    if wanted is None:
        wanted = Wanted(
            reading_of(source),
            kept.mapping,
            kept.departments,
            kept.default_department,
            kept.template,
        )
    page = ColumnsPage(
        head=head_of(source),
        read=None,
        reading=wanted.reading,
        headings="",
        choices=kept,
        columns=(),
        departments=(),
        too_many_values=0,
        known_departments=all_departments(),
        templates=tuple(Choice(each.key, each.name) for each in template_choices()),
        may_add_departments=is_administrator(actor),
        preview=(),
        counts={},
        problems={},
    )
    try:
        read = read_inventory(bytes_of(source), wanted.reading)
    except Invalid as problem:
        return replace(page, problems=problem.fields)
    return _with_file(page, read, wanted, actor, is_checked=source.state != "UPLOADED")


def _with_file(
    page: ColumnsPage, read: FileRead, wanted: Wanted, actor: Actor, *, is_checked: bool
) -> ColumnsPage:
    headings = "\n".join(read.table.columns)
    mapping = dict(wanted.mapping)
    if wanted.headings and wanted.headings != fingerprint_of(headings):
        # Another sheet or encoding has other columns; what was chosen is not about them.
        mapping = suggest(read.table, known_for_suggesting())
    mapping = {
        index: mapping.get(index, Meaning.NOTE)
        for index in range(len(read.table.columns))
    }
    values = department_values(read.table, mapping)
    suggested = suggested_departments(read, mapping)
    chosen = {key_of(value): said for value, said in wanted.departments.items()}
    known = {each.value for each in page.known_departments}
    departments = {}
    adds_others = wanted.default_department == ADD_OTHERS and page.may_add_departments
    for value in list(values)[:VALUES_MAPPED_MAX]:
        said = chosen.get(key_of(value))
        if said is None:
            said = "" if is_checked else suggested.get(value, "")
        is_known = said in known or said == LEAVE_OUT or said.startswith(NEW_DEPARTMENT)
        unsaid = f"{NEW_DEPARTMENT}{value}" if adds_others else ""
        departments[value] = said if is_known else unsaid
    default = wanted.default_department if wanted.default_department in known else ""
    choices = Choices(mapping, departments, default, wanted.template)
    page = replace(
        page,
        read=read,
        headings=fingerprint_of(headings),
        choices=choices,
        columns=tuple(_column(read, index, said) for index, said in mapping.items()),
        departments=tuple(
            DepartmentLine(index, value, values[value], said)
            for index, (value, said) in enumerate(departments.items())
        ),
        too_many_values=max(0, len(values) - VALUES_MAPPED_MAX),
    )
    try:
        planned = planned_rows(actor=actor, read=read, choices=choices)
    except Invalid as problem:
        return replace(page, problems=problem.fields)
    return replace(
        page,
        preview=planned[:PREVIEWED],
        counts=Counter(each.status.value for each in planned),
    )


def fingerprint_of(headings: str) -> str:
    """Give a short mark of the columns that a form was about."""
    return sha256_of(headings)[-16:]


def _column(read: FileRead, index: int, meaning: str) -> ColumnLine:
    cells = [
        row.cells[index]
        for row in read.table.rows
        if index < len(row.cells) and row.cells[index]
    ]
    samples = list(dict.fromkeys(" ".join(cell.split()) for cell in cells[:20]))
    return ColumnLine(
        index,
        read.table.columns[index],
        meaning,
        tuple(
            each if len(each) <= SAMPLE_LENGTH_MAX else f"{each[:SAMPLE_LENGTH_MAX]}…"
            for each in samples[:SAMPLES]
        ),
        len(cells),
    )
