"""Completions from a file: every row is right and all are recorded, or none is.

The same file can be taken in again: what is recorded already is left as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError
from django.db.models.functions import Lower

from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.audit.operation import operation, record
from portal.core.clock import database_now
from portal.core.digest import sha256_of
from portal.core.errors import Conflict
from registry.models import TrainingCompletion, TrainingCourse
from registry.operations.training import (
    TEXT_LENGTH_MAX,
    ask_packets_anew,
    must_record,
    new_completion,
    wrong_day,
)
from registry.queries.inventory_files import Reading, read_inventory
from registry.queries.training import untrained_signers
from registry.rules.inventory import Table, key_of
from registry.rules.training_rows import (
    RowState,
    Said,
    columns_of,
    missing_columns,
    said_by,
)

SOURCE_LENGTH_MAX = 200


@dataclass(frozen=True)
class RowReport:
    """What became of one row."""

    line: int
    state: RowState
    person: str
    course: str
    day: str
    text: str


@dataclass(frozen=True)
class FileReport:
    """What became of a file, row by row. `problem` is about the file as a whole."""

    file: str
    rows: tuple[RowReport, ...]
    is_recorded: bool
    problem: str = ""

    def count(self, state: str) -> int:
        return sum(1 for row in self.rows if row.state == state)


@dataclass(frozen=True)
class _Known:
    """What rows are held against, read once for the whole file."""

    people: Mapping[str, Person]
    courses: Mapping[str, TrainingCourse]
    done: set[tuple[UUID, UUID, date]]
    today: date
    actor: Actor
    now: datetime


def read_completions(data: bytes) -> tuple[Table, dict[str, int]]:
    """Read a file of completions as a table, and which column is which. Raises Invalid."""
    table = read_inventory(data, Reading()).table
    return table, columns_of(table.columns)


def import_completions(
    *, actor: Actor, file_name: str, data: bytes, now: datetime
) -> FileReport:
    """Record every completion of a file, or none when one row is wrong; report each row.

    Raises Invalid for a file that is not a table.
    """
    must_record(actor)
    name = file_name[-SOURCE_LENGTH_MAX:]
    table, columns = read_completions(data)
    if problem := missing_columns(columns):
        return FileReport(name, (), is_recorded=False, problem=problem)
    said = [said_by(row, columns) for row in table.rows]
    rows, ready = _held_against(said, _known(said, actor, now))
    if any(row.state == RowState.WRONG for row in rows):
        return FileReport(name, rows, is_recorded=False)
    if ready:
        _record_all(
            actor=actor,
            file_name=name,
            digest=sha256_of(data),
            completions=ready,
            now=now,
        )
    return FileReport(name, rows, is_recorded=True)


@operation(leaves="training.completions_imported")
def _record_all(
    *,
    actor: Actor,
    file_name: str,
    digest: str,
    completions: Sequence[TrainingCompletion],
    now: datetime,
) -> None:
    people = sorted({each.person_id for each in completions})
    before = untrained_signers(person_ids=people)
    for each in completions:
        each.source = file_name
    try:
        TrainingCompletion.objects.bulk_create(completions, batch_size=1000)
    except IntegrityError as error:
        raise Conflict(
            "completions.meanwhile",
            "Somebody recorded one of these in this moment. Upload the file again: what"
            " is recorded already is left as it is.",
        ) from error
    record(
        "training.completions_imported",
        actor=actor,
        subject=("training_file", digest),
        count=len(completions),
        people=len(people),
        file=file_name,
        digest=digest,
    )
    ask_packets_anew(before, person_ids=people, actor=actor, now=now)


def _known(said: Sequence[Said], actor: Actor, now: datetime) -> _Known:
    addresses = {each.person.lower() for each in said}
    found = Person.objects.annotate(address=Lower("email")).filter(
        address__in=addresses, is_active=True
    )
    people = {person.email.lower(): person for person in found}
    courses = {key_of(course.name): course for course in TrainingCourse.objects.all()}
    done = TrainingCompletion.objects.filter(
        person__in=people.values(), withdrawn_at=None
    ).values_list("person_id", "course_id", "completed_on")
    return _Known(people, courses, set(done), database_now().date(), actor, now)


def _held_against(
    said: Sequence[Said], known: _Known
) -> tuple[tuple[RowReport, ...], list[TrainingCompletion]]:
    rows: list[RowReport] = []
    ready: list[TrainingCompletion] = []
    for each in said:
        state, text, made = _judge(each, known)
        if made is not None:
            known.done.add((made.person_id, made.course_id, made.completed_on))
            ready.append(made)
        day = each.day.isoformat() if each.day else ""
        rows.append(RowReport(each.line, state, each.person, each.course, day, text))
    return tuple(rows), ready


def _judge(
    said: Said, known: _Known
) -> tuple[RowState, str, TrainingCompletion | None]:
    if said.problem or said.day is None:
        return RowState.WRONG, said.problem, None
    person = known.people.get(said.person.lower())
    course = known.courses.get(key_of(said.course))
    problem = ""
    if person is None:
        problem = "Nobody active has this e-mail address."
    elif course is None:
        problem = (
            "There is no course of this name. Add it under Courses, or mend the name."
        )
    elif person.id == known.actor.id:
        problem = "Somebody else records your own training."
    elif len(said.note) > TEXT_LENGTH_MAX:
        problem = f"The note is longer than {TEXT_LENGTH_MAX} characters."
    else:
        problem = wrong_day(course, said.day, known.today)
    if problem or person is None or course is None:
        return RowState.WRONG, problem, None
    if (person.id, course.id, said.day) in known.done:
        return RowState.KNOWN, "Recorded already; left as it is.", None
    made = new_completion(person.id, course, said.day, known.actor, known.now)
    made.note = said.note
    return RowState.READY, "", made
