"""One import of a series as its page: the columns, what each row comes to, what it came to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.accounts.actors import Actor
from portal.core.errors import Invalid
from registry.rules.inventory import COLUMNS_MAX
from runs.queries.series import import_line, import_seen_by
from runs.queries.series_plan import plan_of, table_of
from runs.rules.series import LEFT_OUT, MEANINGS, ORDERS, problems_of

SHOWN_MAX = 200
SAMPLES = 3
WORDS = {
    "READY": "would count",
    "SAME": "counts already",
    "WRONG": "cannot be read",
}


@dataclass(frozen=True)
class Column:
    index: int
    heading: str
    meaning: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class ReportLine:
    line: int
    status: str
    what: str
    why: str


@dataclass(frozen=True)
class ImportPage:
    """An import before or after it was taken in."""

    id: UUID
    slug: str
    name: str
    file_name: str
    state: str
    state_word: str
    by: str
    at: datetime
    columns: tuple[Column, ...]
    mapping: Mapping[int, str]
    order: str
    report: tuple[ReportLine, ...]
    counts: Mapping[str, int]
    problems: Mapping[str, str]

    @property
    def ready(self) -> int:
        return self.counts.get("READY", 0)


def import_page(
    *,
    actor: Actor,
    slug: str,
    import_id: UUID,
    wanted: Mapping[str, Any] | None = None,
    now: datetime,
) -> ImportPage:
    """Give an import with its report; before it is taken in, worked out anew each time."""
    source = import_seen_by(actor, slug, import_id)
    line = import_line(source)
    columns: tuple[Column, ...] = ()
    mapping = {int(at): said for at, said in source.mapping.items()}
    order, problems = source.order, {}
    if source.state != "UPLOADED":
        rows = [ReportLine(**each) for each in source.report]
    else:
        if wanted is not None:
            mapping = dict(wanted["mapping"])
            order = wanted["order"] if wanted["order"] in ORDERS else ""
        table = table_of(source)
        headings = table.columns[:COLUMNS_MAX]
        mapping = {at: mapping.get(at, LEFT_OUT) for at in range(len(headings))}
        columns = tuple(
            Column(
                at,
                heading,
                mapping[at],
                tuple(
                    row.cells[at][:60]
                    for row in table.rows[:SAMPLES]
                    if at < len(row.cells)
                ),
            )
            for at, heading in enumerate(headings)
        )
        problems = problems_of(mapping, len(headings))
        planned = (
            ()
            if problems
            else plan_of(actor, source, mapping=mapping, order=order, now=now)
        )
        rows = [
            ReportLine(each.line, each.status, each.what, each.why) for each in planned
        ]
    return ImportPage(
        id=source.id,
        slug=slug,
        name=source.series.name,
        file_name=line.what,
        state=source.state,
        state_word=line.state_word,
        by=line.by,
        at=line.at,
        columns=columns,
        mapping=mapping,
        order=order,
        report=tuple(sorted(rows, key=lambda row: (row.status != "WRONG", row.line))),
        counts={"rows": len(rows), **Counter(row.status for row in rows)},
        problems=problems,
    )


def meanings() -> tuple[tuple[str, str], ...]:
    """Give what a column can be, to choose from."""
    return tuple(MEANINGS.items())


def must_be_read(mapping: Mapping[int, str], columns: int) -> None:
    """Raise Invalid where a mapping is not whole."""
    problems = problems_of(mapping, columns)
    if problems:
        raise Invalid(problems)
