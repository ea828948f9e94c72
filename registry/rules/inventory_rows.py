"""Rows to drafts: what each row would become, or why it is not registered.

Nothing is dropped without a word: a text that is cut stays whole in the notes, a value
that means nothing here is a remark, and every row has its line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from registry.rules.inventory import (
    ANSWER_LENGTH_MAX,
    ANSWER_PREFIX,
    IDENTIFIER_LENGTH_MAX,
    NAME_LENGTH_MAX,
    PURPOSE_LENGTH_MAX,
    Meaning,
    Planned,
    Row,
    Status,
    Table,
    key_of,
    shortened,
)
from registry.rules.inventory_columns import risk_of

NEW_DEPARTMENT = "new:"
LEAVE_OUT = "-"
BY_DEFAULT = ""
AMBIGUOUS = "?"


@dataclass(frozen=True)
class Setting:
    """How a table is read: the mapping, and what its values are compared with.

    Keys of mappings and sets are texts as `key_of` gives them. `departments` leads from
    a value to a slug, to `new:Name`, to LEAVE_OUT, or to nothing for the default.
    """

    mapping: Mapping[int, str]
    departments: Mapping[str, str] = field(default_factory=dict)
    default_department: str = ""
    default_template: str = ""
    people: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    known_names: frozenset[tuple[str, str]] = frozenset()
    known_identifiers: frozenset[str] = frozenset()


@dataclass
class _Cells:
    """One row under a mapping."""

    row: Row
    table: Table
    columns: Mapping[str, int]

    def get(self, meaning: str) -> str:
        index = self.columns.get(meaning)
        if index is None or index >= len(self.row.cells):
            return ""
        return self.row.cells[index]

    def line_of(self, meaning: str) -> str:
        return " ".join(self.get(meaning).split())

    def heading(self, meaning: str) -> str:
        return self.table.columns[self.columns[meaning]]


def plan(table: Table, setting: Setting) -> tuple[Planned, ...]:
    """Return what becomes of every row, in the file's order."""
    columns = {
        meaning: index
        for index, meaning in setting.mapping.items()
        if meaning not in (Meaning.NOTE, Meaning.LEFT_OUT)
    }
    names: dict[tuple[str, str], int] = {}
    identifiers: dict[str, int] = {}
    found = []
    for row in table.rows:
        cells = _Cells(row, table, columns)
        planned = _plan_row(cells, setting)
        if planned.status == Status.READY:
            # Two names may differ only after the place where they are cut.
            whole = (planned.department, key_of(cells.line_of(Meaning.NAME)))
            planned = _against_others(planned, whole, names, identifiers, setting)
        found.append(planned)
    return tuple(found)


def department_values(table: Table, mapping: Mapping[int, str]) -> dict[str, int]:
    """Return the departments that the file names, as first written, with their rows."""
    index = next(
        (place for place, said in mapping.items() if said == Meaning.DEPARTMENT), None
    )
    counts: dict[str, int] = {}
    shown: dict[str, str] = {}
    for row in table.rows:
        value = row.cells[index] if index is not None and index < len(row.cells) else ""
        key = key_of(value)
        shown.setdefault(key, " ".join(value.split()))
        counts[key] = counts.get(key, 0) + 1
    return {shown[key]: count for key, count in counts.items() if key}


def _plan_row(cells: _Cells, setting: Setting) -> Planned:
    name = cells.line_of(Meaning.NAME)
    planned = Planned(
        cells.row.line,
        Status.READY,
        shortened(name, NAME_LENGTH_MAX),
        identifier=cells.line_of(Meaning.IDENTIFIER)[:IDENTIFIER_LENGTH_MAX],
        notes=tuple(_notes(cells, setting)),
    )
    extra = len(cells.row.cells) - len(cells.table.columns)
    if extra > 0:
        return _wrong(
            planned,
            f"The row has {extra} more {'cell' if extra == 1 else 'cells'} than there"
            " are columns; is a quote missing?",
        )
    if not name:
        return _wrong(planned, f"“{cells.heading(Meaning.NAME)}” is empty.")
    department = _department(cells, setting)
    if department == LEAVE_OUT:
        return replace(
            planned,
            status=Status.LEFT_OUT,
            reason=f"Rows of “{cells.line_of(Meaning.DEPARTMENT)}” are left out,"
            " as you chose.",
        )
    if not department:
        return _wrong(planned, _no_department(cells))
    return _filled(replace(planned, department=department), cells, setting, name)


def _filled(planned: Planned, cells: _Cells, setting: Setting, name: str) -> Planned:
    remarks: list[str] = []
    answers = {}
    if len(name) > NAME_LENGTH_MAX:
        remarks.append("Name shortened; the whole is in the notes.")
    purpose = cells.line_of(Meaning.PURPOSE)
    if len(purpose) > PURPOSE_LENGTH_MAX:
        remarks.append("Purpose shortened; the whole is in the notes.")
    for meaning in cells.columns:
        if meaning.startswith(ANSWER_PREFIX) and (said := cells.get(meaning)):
            if len(said) > ANSWER_LENGTH_MAX:
                return _wrong(
                    planned,
                    f"“{cells.heading(meaning)}” has {len(said):,} characters; an"
                    f" answer holds {ANSWER_LENGTH_MAX:,}.",
                )
            answers[meaning.removeprefix(ANSWER_PREFIX)] = said
    return replace(
        planned,
        purpose=shortened(purpose, PURPOSE_LENGTH_MAX),
        owner=_owner(cells, setting, remarks),
        risk=_risk(cells, remarks),
        template=_template(cells, setting, remarks),
        answers=answers,
        remarks=tuple(remarks),
    )


def _department(cells: _Cells, setting: Setting) -> str:
    said = cells.line_of(Meaning.DEPARTMENT)
    chosen = setting.departments.get(key_of(said), BY_DEFAULT) if said else BY_DEFAULT
    return chosen or setting.default_department


def _no_department(cells: _Cells) -> str:
    said = cells.line_of(Meaning.DEPARTMENT)
    if said:
        return f"“{said}” is no department here. Say which one it is, or a default."
    return "The row names no department, and there is no default."


def _owner(cells: _Cells, setting: Setting, remarks: list[str]) -> str:
    said = cells.line_of(Meaning.BUSINESS_OWNER)
    if not said:
        return ""
    found = setting.people.get(key_of(said), "")
    if not found and "@" in said:
        for word in said.replace("<", " ").replace(">", " ").split():
            found = found or setting.people.get(key_of(word.strip(",;()")), "")
    if found == AMBIGUOUS:
        remarks.append(f"Several people are called {said}; the role stays vacant.")
        return ""
    if not found:
        remarks.append(f"Nobody here is “{said}”; the business owner stays vacant.")
    return found


def _risk(cells: _Cells, remarks: list[str]) -> str:
    said = cells.line_of(Meaning.RISK)
    found = risk_of(said) if said else "medium"
    if found is None:
        remarks.append(f"The risk “{shortened(said, 60)}” is taken as medium.")
    return found or "medium"


def _template(cells: _Cells, setting: Setting, remarks: list[str]) -> str:
    said = cells.line_of(Meaning.TEMPLATE)
    if not said:
        return setting.default_template
    found = setting.templates.get(key_of(said))
    if found is None:
        remarks.append(f"There is no template “{shortened(said, 60)}”.")
    return found or setting.default_template


def _notes(cells: _Cells, setting: Setting) -> Iterator[tuple[str, str]]:
    """Give what is kept beside the draft: notes, and what does not go into it whole."""
    for index, cell in enumerate(cells.row.cells[: len(cells.table.columns)]):
        meaning = setting.mapping.get(index, Meaning.NOTE)
        if not cell or meaning == Meaning.LEFT_OUT:
            continue
        if meaning == Meaning.PURPOSE and len(cell) <= PURPOSE_LENGTH_MAX:
            continue
        if meaning == Meaning.NAME and len(cell) <= NAME_LENGTH_MAX:
            continue
        if not meaning.startswith(ANSWER_PREFIX):
            yield cells.table.columns[index], cell


def _wrong(planned: Planned, reason: str) -> Planned:
    return replace(planned, status=Status.WRONG, reason=reason)


def _against_others(
    planned: Planned,
    whole: tuple[str, str],
    names: dict[tuple[str, str], int],
    identifiers: dict[str, int],
    setting: Setting,
) -> Planned:
    """Return the row marked when the file or the registry has it already."""
    identifier = key_of(planned.identifier)
    shown = (planned.department, key_of(planned.name))
    if identifier and identifier in identifiers:
        return replace(
            planned,
            status=Status.REPEATED,
            reason=f"Line {identifiers[identifier]} has the same number,"
            f" {planned.identifier}.",
        )
    if whole in names:
        return replace(
            planned,
            status=Status.REPEATED,
            reason=f"Line {names[whole]} has the same name and department.",
        )
    if identifier and identifier in setting.known_identifiers:
        return replace(
            planned,
            status=Status.KNOWN,
            reason=f"{planned.identifier} was imported before.",
        )
    if shown in setting.known_names:
        return replace(
            planned,
            status=Status.KNOWN,
            reason="A workflow of this name is registered in that department.",
        )
    names[whole] = planned.line
    if identifier:
        identifiers[identifier] = planned.line
    return planned
