"""What every ruling writes to a run, as fixed statements.

Building the same statements from models cost more of every ruling than running them.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from uuid import UUID

from django.db import connection

from portal.audit.operation import step
from portal.core.ids import new_id
from runs.models import Run, RunState
from runs.rules.events import Event
from runs.rules.finding import tokens_of
from runs.rules.sealing import SEALED_AFTER

_COLUMNS = (
    ("fold", "jsonb"),
    ("state", "text"),
    ("started_at", "timestamptz"),
    ("ended_at", "timestamptz"),
    ("last_event_at", "timestamptz"),
    ("heard_at", "timestamptz"),
    ("quiet_until", "timestamptz"),
    ("amended_at", "timestamptz"),
    ("title", "text"),
    ("answered", "smallint"),
    ("event_count", "integer"),
    ("retry_count", "integer"),
    ("waited_seconds", "integer"),
    ("unauthorised_count", "integer"),
    ("cost_amount", "numeric"),
    ("cost_currency", "text"),
    ("amount_max", "numeric"),
    ("amount_currency", "text"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)
_SETS = ", ".join(f"{name} = told.{name}" for name, _ in _COLUMNS)
_ARRAYS = ", ".join(f"%s::{kind}[]" for _, kind in _COLUMNS)
# A run and what it is found by are one statement: a list never finds what is not so.
# So is the note that its numbers are to be counted: no ruling counts, and none is missed.
_UPDATE = (
    "WITH told AS (SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[],"
    " %s::timestamptz[], ARRAYS) AS told (id, tokens, due_id, due_at, NAMES)),"
    " folded AS (UPDATE runs_run SET SETS FROM told WHERE runs_run.id = told.id"
    " RETURNING runs_run.id AS run_id, runs_run.workflow_id, runs_run.started_at),"
    " due AS (INSERT INTO runs_rundue (id, run_id, due_at)"
    " SELECT due_id, id, due_at FROM told WHERE due_at IS NOT NULL)"
    " INSERT INTO runs_runindex AS kept (run_id, workflow_id, started_at, tokens)"
    " SELECT run_id, workflow_id, folded.started_at,"
    " array_to_tsvector(string_to_array(told.tokens, ' '))"
    " FROM folded JOIN told ON told.id = folded.run_id"
    " ON CONFLICT (run_id) DO UPDATE SET workflow_id = excluded.workflow_id,"
    " started_at = excluded.started_at, tokens = excluded.tokens"
    " WHERE (kept.workflow_id, kept.started_at, kept.tokens) IS DISTINCT FROM"
    " (excluded.workflow_id, excluded.started_at, excluded.tokens)"
)
_UPDATE = (
    _UPDATE.replace("SETS", _SETS).replace("ARRAYS", _ARRAYS).replace("NAMES", _NAMES)
)
# The name of a run that was merged leads to the run that is left.
_FIND = (
    "SELECT coalesce(whole.id, run.id), coalesce(whole.is_held, run.is_held),"
    " coalesce(whole.hold_reason, run.hold_reason) FROM runs_run run"
    " LEFT JOIN runs_run whole ON whole.id = run.merged_into_id"
    " WHERE run.workflow_id = %s AND run.agent_run_id = %s"
)
_MOMENTS = (
    "INSERT INTO runs_runevent (run_id, workflow_id, id, kind, at, received_at,"
    " provenance, source_id, source_name, source_event_id, is_late, facts)"
    " SELECT %s, %s, id, kind, at, received_at, provenance, source_id, source_name, '',"
    " false, facts::jsonb FROM unnest(%s::uuid[], %s::text[],"
    " %s::timestamptz[], %s::timestamptz[], %s::text[], %s::uuid[], %s::text[],"
    " %s::text[]) AS new (id, kind, at, received_at, provenance, source_id,"
    " source_name, facts)"
)
_TALLIES = (
    'INSERT INTO runs_tallydelta (id, workflow_id, "on", measure, value)'
    " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::date[], %s::text[], %s::numeric[])"
)


def find_run(*, workflow_id: UUID, agent_run_id: str) -> tuple[UUID, bool, str] | None:
    """Give a run's id, whether it is held and why, or None. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [workflow_id, agent_run_id])
        return cursor.fetchone()


@step
def insert_run(run: Run) -> bool:
    """Insert a new run unless its identity is taken; says whether it went in. One query."""
    fields = Run._meta.concrete_fields
    values = [
        field.get_db_prep_save(getattr(run, field.attname), connection)
        for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(_insert_run(), values)
        return cursor.rowcount == 1


@cache
def _insert_run() -> str:
    names = [f'"{field.column}"' for field in Run._meta.concrete_fields]
    marks = ", ".join(["%s"] * len(names))
    return (
        f"INSERT INTO runs_run ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our names
        " ON CONFLICT DO NOTHING"
    )


@step
def insert_moments(run: Run, moments: Sequence[tuple[Event, UUID]]) -> None:
    """Insert our own records into a run; the caller holds the row's lock. One query."""
    events = [event for event, _ in moments]
    columns: list[list] = [
        [event.id for event in events],
        [event.kind for event in events],
        [event.at for event in events],
        [event.received_at for event in events],
        [event.provenance.value for event in events],
        [source_id for _, source_id in moments],
        [event.source[:120] for event in events],
        [json.dumps(dict(event.facts)) for event in events],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_MOMENTS, [run.id, run.workflow_id, *columns])


@step
def insert_tallies(sums: Mapping[tuple[UUID, date, str], Decimal]) -> None:
    """Insert additions to workflows' days. One query."""
    write_additions(sums)


def write_additions(sums: Mapping[tuple[UUID, date, str], Decimal]) -> None:
    """Insert additions to tallies in the caller's transaction. One query."""
    if not sums:
        return
    workflows, days, measures = zip(*sums, strict=True)
    columns = [
        [new_id() for _ in sums],
        list(workflows),
        list(days),
        list(measures),
        list(sums.values()),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_TALLIES, columns)


def due_at(run: Run) -> datetime | None:
    """Say from when on a run's numbers are to be counted, if they are.

    One that is over, or was: an end may turn out to be a pause, and silence may end.
    """
    if not (run.was_settled or run.ended_at or run.state == RunState.UNKNOWN):
        return None
    return (run.heard_at or run.last_event_at) + SEALED_AFTER


@step
def save_folded(runs: Sequence[Run]) -> None:
    """Write folded runs back, what they are found by, and which are to be counted. One query.

    The caller holds their rows' locks.
    """
    if not runs:
        return
    values: list[list] = [
        [run.id for run in runs],
        [
            " ".join(
                tokens_of(run.fold, title=run.title, agent_run_id=run.agent_run_id)
            )
            for run in runs
        ],
        [new_id() for _ in runs],
        [due_at(run) for run in runs],
    ]
    for name, _ in _COLUMNS:
        column = [getattr(run, name) for run in runs]
        values.append(
            [json.dumps(fold) for fold in column] if name == "fold" else column
        )
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, values)
