"""The application's role: rows, and nothing but rows; and the fixtures of the tests."""

import threading

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from portal.core.database import APPEND_ONLY_TABLES


def privileges(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT privilege FROM unnest(%s::text[]) AS privilege"
            " WHERE has_table_privilege(current_user, %s, privilege)",
            [["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER"], table],
        )
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.django_db
def test_tests_run_as_the_application_which_owns_nothing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("countersign_app",)
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole"
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (n int)",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TABLE audit_entry",
        "TRUNCATE audit_entry",
        "CREATE SCHEMA mine",
        "SET session_replication_role = replica",
        "DELETE FROM django_migrations",
    ],
)
def test_the_application_can_change_no_table_and_no_trigger(statement):
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_append_only_tables_exist_and_take_only_new_rows(table):
    assert table in connection.introspection.table_names()
    assert privileges(table) == {"SELECT", "INSERT"}


@pytest.mark.django_db
def test_every_other_table_takes_ordinary_work():
    ordinary = set(connection.introspection.table_names()) - set(APPEND_ONLY_TABLES)

    refused = {t for t in ordinary if not {"SELECT", "INSERT"} <= privileges(t)}

    assert refused == {"django_migrations"}


def count_of_groups(url: str) -> int:
    with psycopg.connect(url) as other:
        return other.execute("SELECT count(*) FROM auth_group").fetchone()[0]


def test_committed_rows_are_seen_by_other_connections(committed_db):
    from django.contrib.auth.models import Group

    before = Group.objects.count()
    seen = []

    Group.objects.create(name="committed")
    thread = threading.Thread(target=lambda: seen.append(Group.objects.count()))
    thread.start()
    thread.join()

    assert seen == [before + 1]


@pytest.mark.parametrize("time", ["first", "second"])
def test_a_committed_database_is_made_anew_with_what_migrations_put_there(
    committed_db, time
):
    from django.contrib.auth.models import Group, Permission

    assert not Group.objects.filter(name="leftover").exists()
    assert Permission.objects.exists()
    Group.objects.create(name="leftover")


@pytest.mark.django_db
def test_a_rolled_back_test_sees_nothing_of_a_committed_one():
    from django.contrib.auth.models import Group

    assert not Group.objects.filter(name="leftover").exists()


def test_a_real_server_answers_on_the_committed_database(portal_server):
    import httpx

    ready = httpx.get(f"{portal_server.url}/readyz")

    parts = {"database": "ok", "broker": "ok", "partitions": "ok"}
    assert ready.json() == {"status": "ok", **parts}
    missing = httpx.get(f"{portal_server.url}/api/v1/nothing")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
