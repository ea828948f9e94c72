"""What was built once is put back, row for row, instead of being built again.

`@recorded` stands before a function that sets things up through operations. The first call in
a test process really builds; what that changed in the database is kept, and the next call
with the same arguments on the same database puts the very same rows there. "The same
database" is one that is as new or as a recording left it; after anything that a test wrote of
its own it really builds.

What may differ from a build: the rows carry the identifiers and times of the first call,
which is at most `MINUTES_KEPT` old. Under a frozen clock everything is built.
"""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import wraps
from operator import itemgetter
from typing import Any

import psycopg
import time_machine
from django.conf import UserSettingsHolder, settings
from django.db import connection, models

MINUTES_KEPT = 5

# An `xid8` says in which transaction a row was written, so it is given anew.
_COLUMNS = """
SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    AND a.atttypid <> 'xid8'::regtype
GROUP BY c.relname ORDER BY c.relname
"""
_PUT = """
CREATE FUNCTION tests.put(tables text[], fields text[], rows jsonb[],
                          sequences text[], reached bigint[])
RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET session_replication_role = replica AS $$
BEGIN
    FOR i IN 1 .. cardinality(tables) LOOP
        EXECUTE format('DELETE FROM public.%I', tables[i]);
        EXECUTE format(
            'INSERT INTO public.%1$I (%2$s) SELECT %2$s '
            'FROM jsonb_populate_recordset(NULL::public.%1$I, $1)',
            tables[i], fields[i]) USING rows[i];
    END LOOP;
    FOR i IN 1 .. cardinality(sequences) LOOP
        IF coalesce(pg_sequence_last_value(sequences[i]::regclass), 0) < reached[i] THEN
            PERFORM setval(sequences[i]::regclass, reached[i]);
        END IF;
    END LOOP;
    RETURN tests.leave();
END $$;
"""
# What a transaction has written so far. Nothing yet: it sees the committed database, and
# that is as new where no operation ever left an entry in the journal.
_WRITTEN = """
CREATE FUNCTION tests.written() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF pg_current_xact_id_if_assigned() IS NULL THEN
        RETURN CASE WHEN EXISTS (SELECT FROM audit_entry) THEN 'not new' ELSE '' END;
    END IF;
    RETURN pg_current_xact_id() || ':' || (
        SELECT sum(pg_stat_get_xact_tuples_inserted(oid)
            + pg_stat_get_xact_tuples_updated(oid)
            + pg_stat_get_xact_tuples_deleted(oid))
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r');
END $$;
"""
# Undoing a savepoint does not count back, but it undoes a setting.
_LEAVE = """
CREATE FUNCTION tests.leave() RETURNS text LANGUAGE sql AS
$$ SELECT set_config('tests.left', tests.written(), true) $$;
"""
_LEFT = """
SELECT CASE WHEN written IN ('', current_setting('tests.left', true)) THEN written
    ELSE 'something else' END FROM tests.written() AS written
"""
_SEQUENCES = """
SELECT seqrelid::regclass::text, coalesce(pg_sequence_last_value(seqrelid::regclass), 0)
FROM pg_sequence
"""


def install(superuser: psycopg.Connection) -> None:
    """Make the functions that read and put rows, in a fresh database of the tests.

    They belong to the superuser: the application may not delete, and what is put back
    passed every trigger when it was built.
    """
    fields = dict(superuser.execute(_COLUMNS).fetchall())
    each = [
        f"(SELECT md5(string_agg(r, ',' ORDER BY r)) FROM "  # noqa: S608 - own names
        f'(SELECT ROW({names})::text COLLATE "C" AS r FROM public.{table}) AS t)'
        for table, names in fields.items()
    ]
    rows = [
        f"('{table}', '{names}', (SELECT jsonb_agg(t) FROM "  # noqa: S608
        f"(SELECT {names} FROM public.{table}) AS t))"
        for table, names in fields.items()
    ]
    statements = [
        "CREATE SCHEMA tests",
        "GRANT USAGE ON SCHEMA tests TO countersign_app",
        "CREATE FUNCTION tests.fingerprint() RETURNS text LANGUAGE plpgsql "
        "SECURITY DEFINER AS $$ BEGIN RETURN md5(ARRAY["
        + ", ".join(each)
        + "]::text); END $$",
        "CREATE FUNCTION tests.contents() RETURNS TABLE (name text, fields text, "
        "rows jsonb) LANGUAGE sql SECURITY DEFINER AS $$ VALUES "
        + ", ".join(rows)
        + " $$",
        _WRITTEN,
        _LEAVE,
        _PUT,
    ]
    for statement in statements:
        superuser.execute(statement)


# By table: its columns, and its rows as JSON.
type Contents = dict[str, tuple[str, str]]


def contents(cursor: Any) -> Contents:
    """Give every row of every table."""
    found = cursor.execute(
        "SELECT name, fields, coalesce(rows, '[]')::text FROM tests.contents()"
    )
    return {name: (fields, rows) for name, fields, rows in found.fetchall()}


def put(cursor: Any, tables: Contents, sequences: Mapping[str, int]) -> str:
    """Let these tables have these rows, and these sequences be no less far."""
    found = cursor.execute(
        "SELECT tests.put(%s::text[], %s::text[], %s::jsonb[], %s::text[], %s::bigint[])",
        [
            [*tables],
            [fields for fields, _ in tables.values()],
            [rows for _, rows in tables.values()],
            [*sequences],
            [*sequences.values()],
        ],
    )
    return found.fetchone()[0]


@dataclass(frozen=True)
class Recording:
    """What one build changed, and what it gave."""

    made_at: float
    contents: Contents
    sequences: dict[str, int]
    value: bytes
    fingerprint: str


@dataclass
class Recorder:
    """The recordings of this test process."""

    first: str = ""
    recordings: dict[tuple[object, ...], Recording] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    # What its transaction had written after the latest recording, and the state then.
    _left: tuple[str, str] = ("", "")

    def give[T](self, build: Callable[[], T], key: tuple[object, ...]) -> T:
        """Put back what this key built, or build and keep it."""
        before = self._state()
        if before is None:
            return build()
        key = (before, connection.in_atomic_block, _settings_changed(), *key)
        kept = self.recordings.get(key)
        if kept is None or time.monotonic() - kept.made_at > MINUTES_KEPT * 60:
            value, kept = _record(build)
            self.recordings[key] = kept
            self.states.add(kept.fingerprint)
            self._left = _one("SELECT tests.leave()"), kept.fingerprint
            return value
        with connection.cursor() as cursor:
            written = put(cursor, kept.contents, kept.sequences)
        self._left = written, kept.fingerprint
        return pickle.loads(kept.value)  # noqa: S301 - our own

    def _state(self) -> str | None:
        """Name the state of the database, where it is one that is known."""
        if not connection.in_atomic_block:
            found = _one("SELECT tests.fingerprint()")
            return found if found == self.first or found in self.states else None
        # Reading every table takes the database longer than putting the rows back.
        written = _one(_LEFT)
        if not written:
            return self.first
        return self._left[1] if written == self._left[0] else None


RECORDER = Recorder()


def recorded[**P, T](build: Callable[P, T]) -> Callable[P, T]:
    """Let a function that sets things up build only once in a test process."""

    @wraps(build)
    def put_back_or_build(*args: P.args, **more: P.kwargs) -> T:
        try:
            spelled = json.dumps([args, more], sort_keys=True, default=_spelled)
        except TypeError:
            spelled = ""
        if (
            not spelled
            or not RECORDER.first
            or time_machine.escape_hatch.is_travelling()
        ):
            return build(*args, **more)
        return RECORDER.give(
            lambda: build(*args, **more), (build.__qualname__, spelled)
        )

    return put_back_or_build


def _settings_changed() -> str:
    """Spell the settings that this test overrides."""
    found: list[str] = []
    holder = settings._wrapped
    while isinstance(holder, UserSettingsHolder):
        found += [
            repr(pair) for pair in sorted(vars(holder).items(), key=itemgetter(0))
        ]
        holder = holder.default_settings
    return "\n".join(found)


def _spelled(value: Any) -> Any:
    if isinstance(value, models.Model):
        return [value._meta.label, str(value.pk)]
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "spelled"):
        return value.spelled()
    raise TypeError(value)


def _record[T](build: Callable[[], T]) -> tuple[T, Recording]:
    made_at = time.monotonic()
    with connection.cursor() as cursor:
        before = contents(cursor)
        value = build()
        after, sequences = contents(cursor), _sequences(cursor)
    return value, Recording(
        made_at=made_at,
        contents=dict(after.items() - before.items()),
        # All of them: rows that another recording put back moved none that were further.
        sequences={name: at for name, at in sequences.items() if at},
        value=pickle.dumps(value),
        fingerprint=_one("SELECT tests.fingerprint()"),
    )


def _sequences(cursor: Any) -> dict[str, int]:
    return dict(cursor.execute(_SEQUENCES).fetchall())


def _one(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
