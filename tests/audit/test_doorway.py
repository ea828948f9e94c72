"""The doorway: nothing changes without its entry, and nothing writes alone."""

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Department
from portal.audit.models import Entry
from portal.audit.names import SENTENCES, sentence_for
from portal.audit.operation import UnrecordedChange, operation, record, step
from portal.core.clock import database_now
from portal.core.errors import Conflict, Invalid
from portal.core.idempotency import answer_once

pytestmark = pytest.mark.django_db


def _add(slug: str) -> Department:
    return Department.objects.create(
        slug=slug,
        name=slug,
        lock_number=10_000 + Department.objects.count(),
        created_at=database_now(),
    )


@operation(leaves="department.created")
def add_with_entry(*, slug: str) -> Department:
    department = _add(slug)
    record("department.created", actor=SYSTEM, department=slug)
    return department


@operation(leaves="department.created")
def add_without_entry(*, slug: str) -> Department:
    return _add(slug)


@operation(leaves="department.created")
def add_with_another_entry(*, slug: str) -> Department:
    record("person.created", actor=SYSTEM, person="Ana")
    return _add(slug)


@step
def a_step() -> str:
    return "done"


def test_an_operation_leaves_its_entry_chained_in_its_stream():
    add_with_entry(slug="one")

    entry = Entry.objects.get(name="department.created", stream="portal")
    assert b'"sentence":"Countersign added the department one."' in bytes(entry.body)


@pytest.mark.parametrize("write", [add_without_entry, add_with_another_entry])
def test_an_operation_without_its_promised_entry_is_rolled_back(write):
    with pytest.raises(UnrecordedChange):
        write(slug="two")

    assert not Department.objects.filter(slug="two").exists()
    add_with_entry(slug="two")


def test_an_operation_never_runs_inside_another():
    @operation(leaves="department.created")
    def outer() -> None:
        add_with_entry(slug="three")
        record("department.created", actor=SYSTEM, department="three")

    with pytest.raises(RuntimeError, match="durable"):
        outer()


def test_a_step_refuses_to_run_alone():
    with pytest.raises(RuntimeError, match="is a step"):
        a_step()

    @operation(leaves="department.created")
    def around() -> str:
        record("department.created", actor=SYSTEM, department="four")
        return a_step()

    assert around() == "done"


def test_a_name_outside_the_closed_list_is_refused_when_the_code_is_read():
    with pytest.raises(ValueError, match="closed list"):
        operation(leaves="department.exploded")


def test_every_name_has_a_sentence_that_ends():
    for name in SENTENCES:
        sentence = sentence_for(name, "Maya Adler", {})
        assert sentence[0].isupper() or sentence[0] == "…", name


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET name = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_stream",
        "TRUNCATE audit_stream",
    ],
)
def test_the_journal_refuses_every_change_by_the_application(statement):
    add_with_entry(slug="five")

    with (
        pytest.raises((IntegrityError, InternalError, Exception)) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert "append-only" in str(caught.value) or "permission denied" in str(
        caught.value
    )
    assert Entry.objects.filter(name="department.created").exists()


def _answer(key: str, raw: bytes, slug: str, calls: list[str]):
    def call() -> Department:
        calls.append(slug)
        return add_with_entry(slug=slug)

    return answer_once(
        principal="agent:1",
        route="POST /things",
        key=key,
        raw=raw,
        call=call,
        render=lambda made: (201, {"id": made.id, "slug": made.slug}),
    )


def test_the_same_key_and_body_give_the_same_answer_and_one_change():
    calls: list[str] = []

    first = _answer("k-1", b"{}", "six", calls)
    second = _answer("k-1", b"{}", "six", calls)

    assert (first.is_replay, second.is_replay) == (False, True)
    assert (first.status, first.document) == (second.status, second.document)
    assert Department.objects.filter(slug="six").count() == 1


def test_the_same_key_with_another_body_is_refused():
    _answer("k-2", b"{}", "seven", [])

    with pytest.raises(Invalid) as caught:
        _answer("k-2", b'{"a":1}', "eight", [])

    assert caught.value.code == "idempotency.key_reused"
    assert not Department.objects.filter(slug="eight").exists()


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
def test_a_missing_long_or_unprintable_key_is_refused(key):
    with pytest.raises(Invalid):
        _answer(key, b"{}", "nine", [])


def test_a_call_that_fails_keeps_no_answer():
    @operation(leaves="department.created")
    def refuse() -> None:
        raise Conflict("taken", "Taken.")

    def ask():
        return answer_once(
            principal="agent:1",
            route="POST /things",
            key="k-3",
            raw=b"{}",
            call=refuse,
            render=lambda _: (201, {}),
        )

    with pytest.raises(Conflict):
        ask()
    with pytest.raises(Conflict) as caught:
        ask()

    assert caught.value.code == "taken"


def test_the_same_key_of_another_principal_is_another_key():
    _answer("k-4", b"{}", "ten", [])

    other = answer_once(
        principal="agent:2",
        route="POST /things",
        key="k-4",
        raw=b"{}",
        call=lambda: add_with_entry(slug="eleven"),
        render=lambda made: (201, {"slug": made.slug}),
    )

    assert other.document == {"slug": "eleven"}
    assert not other.is_replay
