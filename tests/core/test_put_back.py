"""What a test with real commits leaves behind: nothing."""

import pytest


def altered(connection, statement: str):
    connection.execute("SET session_replication_role = replica")
    connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO core_outboxmessage SELECT gen_random_uuid(), "
        "'x', '{}', now(), now(), 0, NULL, NULL, ''",
        "SELECT nextval('auth_group_id_seq')",
        "UPDATE auth_group SET name = name || 'x'",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "ALTER TABLE approvals_grant DROP COLUMN digest CASCADE",
    ],
)
def test_what_was_committed_is_gone(committed_db, statement):
    # Sequences are not rolled back after a test without commits.
    committed_db.put_back()
    with committed_db.superuser_connection() as connection:
        before = whole(connection)
        altered(connection, statement)
        assert whole(connection) != before

    committed_db.put_back()

    with committed_db.superuser_connection() as connection:
        assert whole(connection) == before


def test_triggers_are_switched_on_again_without_a_copy(committed_db, monkeypatch):
    with committed_db.superuser_connection() as connection:
        before = whole(connection)
        altered(connection, "ALTER TABLE approvals_proposal DISABLE TRIGGER ALL")
    monkeypatch.setattr(type(committed_db), "make_anew", None)
    committed_db.put_back()
    with committed_db.superuser_connection() as connection:
        assert whole(connection) == before


def test_nobody_stays_connected(committed_db):
    with committed_db.superuser_connection() as left:
        left.execute("SELECT 1")
        committed_db.put_back()
        with pytest.raises(Exception, match="terminating|closed|server"):
            left.execute("SELECT 1")


def whole(connection) -> dict[str, object]:
    """Give every row, sequence, column, trigger and function."""
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        )
    ]
    found: dict[str, object] = {
        table: connection.execute(
            f"SELECT array_agg(t::text ORDER BY t::text) FROM {table} t"  # noqa: S608
        ).fetchall()
        for table in tables
    }
    for name, statement in {
        "sequences": "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
        "columns": "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY 1, 2",
        "triggers": "SELECT tgrelid::regclass::text, tgname, tgenabled "
        "FROM pg_trigger ORDER BY 1, 2",
        "functions": "SELECT proname FROM pg_proc "
        "WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    }.items():
        found[name] = connection.execute(statement).fetchall()
    return found
