"""New events go in by COPY through a staging table, each at most once.

The event keys decide what is new: a row goes on to the partitioned table only if its key
was really inserted by this statement. Set-based: three statements for any number of rows.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from portal.audit.operation import step
from runs.models import InboxBatch
from runs.rules.events import Event

_COLUMNS = (
    "run_id, id, workflow_id, kind, at, received_at, provenance, source_id,"
    " source_name, source_event_id, batch_id, is_late, facts"
)
_STAGE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS runs_staged"
    " (LIKE runs_runevent INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
)
# Keys in order, so that two workers with the same events never wait in a ring.
_INSERT = (
    "WITH fresh AS (INSERT INTO runs_eventkey (source_id, source_event_id, run_id, event_id)"
    " SELECT source_id, source_event_id, run_id, id FROM runs_staged"
    " ORDER BY source_id, source_event_id ON CONFLICT DO NOTHING RETURNING event_id)"
    " INSERT INTO runs_runevent (COLUMNS) SELECT COLUMNS FROM runs_staged"
    " WHERE id IN (SELECT event_id FROM fresh) RETURNING id"
).replace("COLUMNS", _COLUMNS)


@dataclass(frozen=True, slots=True)
class Staged:
    """An event with the run it belongs to and the key it is unique by."""

    run_id: UUID
    workflow_id: UUID
    source_id: UUID
    source_event_id: str
    event: Event


@step
def insert_new(staged: Sequence[Staged], *, batch: InboxBatch) -> set[UUID]:
    """Insert the events that are not here yet and give their ids. Three statements."""
    if not staged:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy(f"COPY runs_staged ({_COLUMNS}) FROM STDIN") as copy:
            for one in staged:
                copy.write_row(_row(one, batch.id))
        cursor.execute(_INSERT)
        inserted = {row[0] for row in cursor.fetchall()}
        cursor.execute("DELETE FROM runs_staged")
    return inserted


def _row(one: Staged, batch_id: UUID) -> tuple:
    event = one.event
    return (
        one.run_id,
        event.id,
        one.workflow_id,
        event.kind,
        event.at,
        event.received_at,
        event.provenance.value,
        one.source_id,
        event.source[:120],
        one.source_event_id,
        batch_id,
        event.is_late,
        json.dumps(dict(event.facts), ensure_ascii=False),
    )
