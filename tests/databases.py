"""The database of a test process, and two ways to make it as good as new.

Copying the template takes most of a second and more, so it is done only where a test
altered the schema or wrote very much. After any other test its rows are deleted, the rows
that every database starts with are put back, and so are sequences and triggers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import psycopg

from tests import recordings

TEMPLATE = "countersign"
# Beyond this much growth a copy is quicker, and plans would meet bloated tables.
GROWTH_BYTES_MAX = 16 * 1024 * 1024

# Altering anything writes new versions of these rows; VACUUM and ANALYZE do not. Triggers
# are compared by what they say, for one that was switched off is switched on again.
_SCHEMA = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT 'r' || oid || '.' || xmin AS part FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 't' || t::text FROM pg_trigger AS t
    UNION ALL SELECT 'c' || oid || '.' || xmin FROM pg_constraint
    UNION ALL SELECT 'i' || indexrelid || '.' || xmin FROM pg_index
    UNION ALL SELECT 'd' || oid || '.' || xmin FROM pg_attrdef
    UNION ALL SELECT 'f' || oid || '.' || xmin FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
) AS parts
"""
_SWITCHED_OFF = """
SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgenabled <> 'O'
"""
_WITH_ROWS = """
SELECT oid::regclass::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND pg_relation_size(oid) > 0
ORDER BY 1
"""
_SEQUENCES = """
SELECT seqrelid::regclass::text, pg_sequence_last_value(seqrelid::regclass)
FROM pg_sequence
WHERE pg_sequence_last_value(seqrelid::regclass) IS NOT NULL
"""
# Told to wait for one that it ends, PostgreSQL looks only every tenth of a second.
_OTHERS_LEAVE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend'
"""
OTHERS_LEAVE_SECONDS_MAX = 5


@dataclass(frozen=True)
class _AsNew:
    """What a fresh copy of the template looks like."""

    schema: str
    size: int
    first_rows: dict[str, str]
    contents: recordings.Contents
    sequences: dict[str, int]


@dataclass
class TestDatabase:
    """The database of this test process, and how to make it anew."""

    __test__ = False
    name: str
    superuser_url: str
    _as_new: _AsNew | None = field(default=None, repr=False)

    def make_anew(self) -> None:
        """Drop it and copy the template."""
        # A database cannot be copied while someone is connected to it.
        elsewhere = self.superuser_url.replace(f"/{TEMPLATE}?", "/postgres?")
        with psycopg.connect(elsewhere, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
            connection.execute(
                f'CREATE DATABASE "{self.name}" TEMPLATE {TEMPLATE} '
                "OWNER countersign_owner STRATEGY FILE_COPY"
            )
            connection.execute(f'REVOKE ALL ON DATABASE "{self.name}" FROM PUBLIC')
            connection.execute(
                f'GRANT CONNECT, TEMPORARY ON DATABASE "{self.name}" TO countersign_app'
            )
        with self.superuser_connection() as connection:
            recordings.install(connection)
            recordings.RECORDER.first = _one(connection, "SELECT tests.fingerprint()")
            self._as_new = _AsNew(
                schema=_schema_of(connection),
                size=_size_of(connection),
                first_rows=_contents(connection, _tables_with_rows(connection)),
                contents=recordings.contents(connection),
                sequences=_sequences_of(connection),
            )

    def put_back(self) -> None:
        """Leave no row that a test committed, whatever else it did."""
        if not self._is_put_back():
            self.make_anew()

    def _is_put_back(self) -> bool:
        new = self._as_new
        try:
            connection = self.superuser_connection()
        except psycopg.OperationalError:
            return False
        with connection:
            _let_others_leave(connection)
            for (table,) in connection.execute(_SWITCHED_OFF).fetchall():
                connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
            if (
                new is None
                or _schema_of(connection) != new.schema
                or _size_of(connection) > new.size + GROWTH_BYTES_MAX
            ):
                return False
            written = set(_tables_with_rows(connection)) | set(new.first_rows)
            written -= {
                table
                for table, digest in _contents(connection, [*new.first_rows]).items()
                if digest == new.first_rows[table]
            }
            recordings.put(connection, {t: new.contents[t] for t in written}, {})
            moved = _sequences_of(connection).items() - new.sequences.items()
            for sequence, _ in moved:
                first = new.sequences.get(sequence)
                connection.execute(
                    "SELECT setval(%s::regclass, %s, %s)",
                    (sequence, first or 1, first is not None),
                )
        return True

    def superuser_connection(self) -> psycopg.Connection:
        """For tests that must do what the application cannot."""
        address = self.superuser_url.replace(f"/{TEMPLATE}?", f"/{self.name}?")
        return psycopg.connect(address, autocommit=True)


def _let_others_leave(connection: psycopg.Connection) -> None:
    """End everybody else's connection, and go on when all have gone."""
    patience_ends = time.monotonic() + OTHERS_LEAVE_SECONDS_MAX
    while connection.execute(_OTHERS_LEAVE).fetchall():
        if time.monotonic() > patience_ends:
            return
        time.sleep(0.005)


def _schema_of(connection: psycopg.Connection) -> str:
    return _one(connection, _SCHEMA)


def _size_of(connection: psycopg.Connection) -> int:
    return _one(connection, "SELECT pg_database_size(current_database())")


def _one(connection: psycopg.Connection, statement: str):
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def _tables_with_rows(connection: psycopg.Connection) -> list[str]:
    return [name for (name,) in connection.execute(_WITH_ROWS)]


def _contents(connection: psycopg.Connection, tables: list[str]) -> dict[str, str]:
    return {
        table: _one(
            connection,
            f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t",
        )
        for table in tables
    }


def _sequences_of(connection: psycopg.Connection) -> dict[str, int]:
    return dict(connection.execute(_SEQUENCES).fetchall())
