"""The journal tells when anything in it was changed, removed, or cut off."""

import pytest

from portal.accounts.actors import SYSTEM
from portal.audit import sealing
from portal.audit.models import Checkpoint, Entry, Stream
from portal.audit.operation import operation, record
from portal.audit.verifying import verify_journal


@pytest.fixture(autouse=True)
def anchor(settings, tmp_path):
    settings.JOURNAL_ANCHOR_FILE = str(tmp_path / "anchors" / "checkpoints.log")


@operation(leaves="person.created")
def write_entries(*, stream: str, count: int) -> None:
    for number in range(count):
        record("person.created", actor=SYSTEM, stream=stream, person=f"person {number}")


@pytest.fixture
def tamper(committed_db):
    """Change the journal as somebody who rules the database could."""

    def change(statement: str, *values: object) -> None:
        with committed_db.superuser_connection() as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute(statement, values)

    return change


@pytest.fixture
def journal(committed_db):
    write_entries(stream="a", count=5)
    write_entries(stream="b", count=3)
    sealing.seal_journal()
    write_entries(stream="a", count=2)
    sealing.seal_journal()
    assert verify_journal().is_whole


def test_a_whole_journal_is_found_whole_and_counted(journal):
    verdict = verify_journal()

    assert (verdict.entries, verdict.streams, verdict.checkpoints) == (10, 2, 2)
    assert verdict.problems == ()


@pytest.mark.parametrize(
    ("statement", "values", "found"),
    [
        (
            "UPDATE audit_entry SET body = convert_to('{}', 'UTF8')"
            " WHERE stream = %s AND sequence = %s",
            ("a", 3),
            "stream a, entry 3: its content does not match",
        ),
        (
            "UPDATE audit_entry SET name = 'person.changed'"
            " WHERE stream = %s AND sequence = %s",
            ("a", 2),
            "stream a, entry 2: its columns",
        ),
        (
            "DELETE FROM audit_entry WHERE stream = %s AND sequence = %s",
            ("a", 4),
            "stream a: entry 4 is missing",
        ),
        (
            "DELETE FROM audit_entry WHERE stream = %s AND sequence > %s",
            ("b", 1),
            "stream b: the head does not match",
        ),
        ("DELETE FROM audit_entry WHERE stream = %s", ("b",), "entries are gone"),
        (
            "UPDATE audit_checkpoint SET size = 99 WHERE number = %s",
            (1,),
            "checkpoint 1: its note says something else",
        ),
        (
            "DELETE FROM audit_checkpoint WHERE number = %s",
            (1,),
            "checkpoint 1 is missing",
        ),
    ],
)
def test_what_was_tampered_with_is_named(journal, tamper, statement, values, found):
    tamper(statement, *values)

    assert any(found in problem for problem in verify_journal().problems)


def test_a_tail_cut_off_together_with_its_head_is_told_by_the_checkpoint(
    journal, tamper
):
    tamper("DELETE FROM audit_entry WHERE stream = 'a' AND sequence = 7")
    tamper(
        "UPDATE audit_stream SET sequence = 6, hash ="
        " (SELECT hash FROM audit_entry WHERE stream = 'a' AND sequence = 6)"
        " WHERE name = 'a'"
    )

    problems = verify_journal().problems

    assert any("entries that a checkpoint stated are gone" in each for each in problems)


def test_dropping_the_newest_checkpoint_is_told_by_the_file_outside(journal, tamper):
    tamper("DELETE FROM audit_checkpoint WHERE number = 2")

    assert any("newest anchor" in each for each in verify_journal().problems)


def test_a_forged_note_is_told_by_its_signature(journal, settings):
    settings.JOURNAL_SIGNING_KEY = "another key than the one that signed"

    assert any("signature" in each for each in verify_journal().problems)


def test_nothing_new_makes_no_new_checkpoint(journal):
    report = sealing.seal_journal()

    assert report is not None
    assert not report.is_new
    assert Checkpoint.objects.count() == 2


def test_each_stream_is_numbered_without_gaps(journal):
    for stream in Stream.objects.all():
        numbers = list(
            Entry.objects.filter(stream=stream.name)
            .order_by("sequence")
            .values_list("sequence", flat=True)
        )
        assert numbers == list(range(1, stream.sequence + 1))
