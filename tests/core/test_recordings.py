"""What is put back equals what was built, and what may differ is built again."""

import json
import re

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection, models

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Person
from portal.accounts.operations.people import add_department
from tests import recordings
from tests.approvals.asking import make_portal
from tests.doors.world import rolled_back
from tests.people import (
    NOW,
    draft_workflow,
    live_workflow,
    make_company,
    refunds_document,
)
from tests.recordings import recorded

CHANGED = refunds_document(purpose="Refund in another way.")
SET_UPS = {
    "live": lambda: live_workflow(make_company()),
    "second": lambda: draft_workflow(make_portal().people, slug="second"),
    "other document": lambda: make_portal(document=CHANGED, reviewers=("olga",)),
}
# Identifiers, digests, secrets and times differ from build to build.
VOLATILE = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(\\\\x)?[0-9a-f]{16,}"
    r"|\d{4}-\d\d-\d\dT[\d:.+]+|(?<=\": )\d+"
    r"|\"(hint|prefix|password)\": \"[^\"]+"
)


@pytest.fixture
def fresh(django_db_setup, django_db_blocker):
    """Let each block of `undone` be a transaction of its own, as each test's is."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def recorder(fresh, monkeypatch):
    """Recordings of this test's own."""
    fresh = recordings.Recorder(first=recordings.RECORDER.first)
    monkeypatch.setattr(recordings, "RECORDER", fresh)
    return fresh


def contents() -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        found = recordings.contents(cursor)
    return {
        table: sorted(json.dumps(row) for row in json.loads(rows))
        for table, (_, rows) in found.items()
    }


def undone(build):
    """Give what it gives and every row of then, and undo it."""
    with rolled_back():
        value = build()
        return plain(value), contents()


def plain(value):
    """Spell out models and what holds them."""
    if isinstance(value, models.Model):
        fields = {name: plain(held) for name, held in vars(value).items()}
        fields.pop("_django_version", None)
        related = value._state.fields_cache
        return fields | {
            "_state": {name: plain(held) for name, held in related.items()}
        }
    if isinstance(value, dict):
        return {key: plain(held) for key, held in value.items()}
    return plain(vars(value)) if hasattr(value, "__dataclass_fields__") else value


@pytest.mark.parametrize("name", SET_UPS)
def test_what_is_put_back_equals_what_was_built_table_by_table(recorder, name):
    built, rows_built = undone(SET_UPS[name])
    count = len(recorder.recordings)
    put, rows_put = undone(SET_UPS[name])

    assert count == len(recorder.recordings) > 0
    assert [*rows_put] == [*rows_built]
    assert {
        table for table in rows_put if rows_put[table] != rows_built[table]
    } == set()
    assert put == built


def test_what_this_process_puts_back_is_like_a_build_of_now(fresh, monkeypatch):
    """Whatever the test did that happened to be the first to ask for it."""
    undone(make_portal)
    _, put = undone(make_portal)
    monkeypatch.setattr(recordings, "RECORDER", recordings.Recorder())
    _, built = undone(make_portal)

    assert put != built
    assert {table: _masked(rows) for table, rows in put.items()} == {
        table: _masked(rows) for table, rows in built.items()
    }


def _masked(rows: list[str]) -> list[str]:
    return sorted(VOLATILE.sub("", row) for row in rows)


def test_rows_put_back_are_of_this_transaction_as_built_ones_are(recorder):
    for _ in range(2):
        with rolled_back():
            make_company()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*), count(*) FILTER (WHERE txid = pg_current_xact_id())"
                    " FROM audit_entry"
                )
                every, ours = cursor.fetchone()
        assert every == ours > 0


def test_what_follows_finds_free_numbers_when_sequences_were_set_back(
    committed_db, recorder
):
    for _ in range(2):
        people = make_portal().people
        draft_workflow(people, slug="second", reviewers=("olga",), name="Not recorded")
        recorder.recordings = {
            key: kept
            for key, kept in recorder.recordings.items()
            if "make_portal" in key
        }
        connection.close()
        committed_db.put_back()
    assert len(recorder.recordings) == 1


def test_what_stands_on_rows_put_back_finds_free_numbers_too(
    recorder, database_of_process
):
    """Built while the numbers were further on, put back where they were set back."""

    def number_groups_from(number: int) -> None:
        with database_of_process.superuser_connection() as connection:
            connection.execute("SELECT setval('auth_group_id_seq', %s)", (number,))

    undone(make_company)
    number_groups_from(1_000)
    undone(make_portal)
    number_groups_from(1)
    with rolled_back():
        make_portal()
        taken = set(Group.objects.values_list("id", flat=True))
        assert Group.objects.create(name="one more").id not in taken


def test_a_company_that_was_committed_is_removed_without_a_copy(
    committed_db, monkeypatch
):
    """It adds to rows that every database starts with."""
    before = contents()
    make_portal()
    connection.close()

    def copied(self):
        raise AssertionError("the whole database was copied")

    monkeypatch.setattr(type(committed_db), "make_anew", copied)
    committed_db.put_back()

    assert contents() == before


class Counted:
    """A set-up that counts how often it really builds."""

    def __init__(self):
        self.builds = 0

        @recorded
        def build(name: str, *more: object) -> str:
            self.builds += 1
            add_department(actor=SYSTEM, name=name, now=NOW)
            return name

        self.build = build

    def times(self, *asked) -> int:
        """Ask, undo it, and say how often it was built by now."""
        undone(lambda: self.build(*asked))
        return self.builds


def test_the_same_set_up_is_built_once(recorder):
    counted = Counted()
    assert [counted.times("Care") for _ in range(3)] == [1, 1, 1]


def test_other_arguments_are_built(recorder):
    counted = Counted()
    asked = ("Care", "Care", "Sales", "Sales", "Care")
    assert [counted.times(name) for name in asked] == [1, 1, 2, 2, 2]


def test_arguments_that_cannot_be_spelled_are_always_built(recorder):
    counted = Counted()
    assert [counted.times("Care", object()) for _ in range(2)] == [1, 2]


def test_a_database_with_anything_else_in_it_is_built_upon(recorder):
    counted = Counted()
    counted.times("Care")

    def upon_something() -> None:
        Group.objects.create(name="Of this test")
        counted.build("Care")

    for _ in range(2):
        undone(upon_something)
    assert counted.builds == 3


def test_a_row_changed_in_a_recorded_set_up_is_seen(recorder):
    counted = Counted()

    def changed() -> None:
        people = make_company()
        Person.objects.filter(id=people.tom.id).update(job_title="Of this test")
        counted.build("Support")

    for _ in range(2):
        undone(changed)
    assert counted.builds == 2


def test_what_a_savepoint_undid_is_built_upon(recorder):
    """The transaction says how much it wrote, and not what is left of it."""
    counted = Counted()

    def after_an_undone_one() -> None:
        undone(lambda: counted.build("Care"))
        counted.build("Care")

    for builds in (2, 3):
        undone(after_an_undone_one)
        assert counted.builds == builds


def test_committed_rows_are_built_upon(committed_db, recorder):
    counted = Counted()
    counted.times("Care")
    add_department(actor=SYSTEM, name="Of this test", now=NOW)
    assert counted.times("Care") == 2
    connection.close()
    committed_db.put_back()
    assert counted.times("Care") == 2


def test_one_set_up_stands_on_another(recorder):
    counted = Counted()
    for _ in range(2):
        undone(lambda: (counted.build("Care"), counted.build("Sales")))
    assert counted.builds == 2
    undone(lambda: counted.build("Sales"))
    assert counted.builds == 3


def test_under_a_frozen_clock_everything_is_built(recorder):
    counted = Counted()
    counted.times("Care")
    with time_machine.travel(NOW):
        assert [counted.times("Care") for _ in range(2)] == [2, 3]


def test_under_other_settings_it_is_built(recorder, settings):
    counted = Counted()
    counted.times("Care")
    settings.APPROVALS_UNDO_SECONDS = 0
    assert [counted.times("Care") for _ in range(2)] == [2, 2]


def test_nothing_old_is_put_back(recorder, monkeypatch):
    counted = Counted()
    counted.times("Care")
    monkeypatch.setattr(recordings, "MINUTES_KEPT", -1)
    assert counted.times("Care") == 2


def test_committed_and_rolled_back_builds_are_kept_apart(committed_db, recorder):
    counted = Counted()
    counted.times("Care")
    counted.build("Care")
    assert counted.builds == 2
