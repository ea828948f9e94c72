"""Folded runs are written back in one fixed statement, for one run or for a thousand.

Building the same update from models cost nine milliseconds of every ruling.
"""

import json
from collections.abc import Sequence

from django.db import connection

from portal.audit.operation import step
from runs.models import Run

_COLUMNS = (
    ("fold", "jsonb"),
    ("state", "text"),
    ("started_at", "timestamptz"),
    ("ended_at", "timestamptz"),
    ("last_event_at", "timestamptz"),
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
_SETS = ", ".join(f"{name} = new.{name}" for name, _ in _COLUMNS)
_ARRAYS = ", ".join(f"%s::{kind}[]" for _, kind in _COLUMNS)
_UPDATE = (
    "UPDATE runs_run SET SETS FROM unnest(%s::uuid[], ARRAYS) AS new (id, NAMES)"
    " WHERE runs_run.id = new.id"
)
_UPDATE = (
    _UPDATE.replace("SETS", _SETS).replace("ARRAYS", _ARRAYS).replace("NAMES", _NAMES)
)


@step
def save_folded(runs: Sequence[Run]) -> None:
    """Write folded runs back; the caller holds their rows' locks. One query."""
    if not runs:
        return
    values: list[list] = [[run.id for run in runs]]
    for name, _ in _COLUMNS:
        column = [getattr(run, name) for run in runs]
        values.append(
            [json.dumps(fold) for fold in column] if name == "fold" else column
        )
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, values)
