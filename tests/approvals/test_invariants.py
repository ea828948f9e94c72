"""`check_invariants` passes on a portal that was used, and names what was tampered with."""

import json
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from approvals.models import Grant
from runs.tasks import fold_inbox
from tests.approvals.asking import make_portal

CHANGED = re.compile(r"(?:UPDATE|DELETE FROM|INSERT INTO) (\w+)")


@pytest.fixture(scope="module")
def used(django_db_setup, django_db_blocker, database_of_process):
    """One refund that was allowed and done, one that was approved and done, one open.

    Used once for all of these tests: `tamper` puts back what it changes.
    """
    with django_db_blocker.unblock(), override_settings(APPROVALS_UNDO_SECONDS=0):
        try:
            yield _use(make_portal())
        finally:
            connections.close_all()
            database_of_process.make_anew()


def _use(portal):
    small = portal.ask("20.00", run="small")
    assert portal.redeem(small["grant"], small["action_digest"]).status_code == 200
    large = portal.ask("84.20", run="large")
    portal.decide("dana", large)
    approved = portal.action(large)
    redeemed = portal.redeem(approved["grant"], approved["action_digest"])
    assert redeemed.status_code == 200, redeemed.content
    portal.ask("60.00", run="open")
    told = portal.post(
        "/events",
        {
            "events": [
                {
                    "id": "e-1",
                    "workflow": portal.workflow.slug,
                    "run": "small",
                    "at": "2026-11-20T09:00:00Z",
                    "kind": "note",
                    "text": "Looked at the order.",
                }
            ]
        },
    )
    assert told.status_code == 202, told.content
    fold_inbox()
    return portal


@pytest.fixture
def tamper(used, database_of_process):
    """Change rows as somebody who rules the database could, and put them back."""
    kept: list[str] = []
    with database_of_process.superuser_connection() as superuser:
        superuser.execute("SET session_replication_role = replica")

        def change(statement: str) -> None:
            table = CHANGED.match(statement).group(1)
            if table not in kept:
                superuser.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")
                kept.append(table)
            changed = superuser.execute(statement)
            assert changed.rowcount > 0, statement

        yield change
        for table in kept:
            superuser.execute(f"DELETE FROM {table}")
            superuser.execute(f"INSERT INTO {table} TABLE kept_{table}")


def test_a_portal_that_was_used_keeps_every_promise(used, capsys):
    call_command("check_invariants")

    assert "Everything that must hold, holds" in capsys.readouterr().out


GRANT_OF_RULING = "(SELECT id FROM approvals_grant WHERE version_id IS NULL LIMIT 1)"
GRANT_OF_PERSON = (
    "(SELECT id FROM approvals_grant WHERE version_id IS NOT NULL LIMIT 1)"
)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "UPDATE approvals_authorityrecord SET answer = 'review' WHERE id ="
            f" (SELECT authority_record_id FROM approvals_grant WHERE id = {GRANT_OF_RULING})",
            "1 Authority",
        ),
        (
            "UPDATE approvals_proposal SET state = 'REJECTED' WHERE state = 'APPROVED'",
            "never approved",
        ),
        (
            f"UPDATE approvals_grant SET digest = 'sha256:0' WHERE id = {GRANT_OF_RULING}",
            "other bytes than those it was given for",
        ),
        ("UPDATE approvals_decision SET digest = 'sha256:0'", "2 Decisions"),
        ("DELETE FROM approvals_decision", "no decision says so"),
        (
            "INSERT INTO audit_entry (id, stream, sequence, name, at, actor_kind, actor_id,"
            " subject_kind, subject_id, workflow_id, body, previous_hash, hash)"
            " SELECT gen_random_uuid(), stream, -1, 'workflow.paused', at, actor_kind,"
            " actor_id, '', '', workflow_id, body, previous_hash, hash FROM audit_entry"
            " WHERE name = 'grant.issued' LIMIT 1",
            "3 Pause",
        ),
        (
            "UPDATE approvals_proposal SET quorum = 2 WHERE state = 'APPROVED'",
            "needed 2",
        ),
        (
            "UPDATE approvals_actionrequest SET operator_id ="
            " (SELECT person_id FROM approvals_decision LIMIT 1)",
            "4 Separation",
        ),
        (
            "DELETE FROM audit_entry WHERE name = 'grant.redeemed'",
            "redeemed without its entry",
        ),
        (
            "DELETE FROM audit_entry WHERE name = 'grant.issued'",
            "issued without its entry",
        ),
        ("DELETE FROM audit_entry WHERE name = 'action.ruled'", "ruled on request"),
        (
            "UPDATE approvals_actionrequest SET status = 'REFUSED' WHERE status = 'ALLOWED'",
            "14 Moves",
        ),
        (
            "UPDATE approvals_actionrequest SET action = action || ' '",
            "its digest is not that of its bytes",
        ),
        ("UPDATE runs_inboxbatch SET accepted = 7", "10 Durability"),
        ("DELETE FROM runs_runevent WHERE batch_id IS NOT NULL", "were kept"),
        ("DELETE FROM runs_eventkey", "11 One event"),
        (
            "UPDATE runs_spendentry SET amount = 1000000 WHERE cap_key <> ''",
            "12 Budgets",
        ),
        (
            "UPDATE approvals_actionrequest SET verb = 'delete'",
            "18 Never means never",
        ),
        (
            "UPDATE registry_signature SET withdrawn_at = now()",
            "three people did not sign",
        ),
        (
            "DELETE FROM registry_allowancerow WHERE verb = 'refund'",
            "its matrix rows are not those of its page",
        ),
        (
            "UPDATE registry_operatingmodelversion SET digest = 'sha256:0'",
            "5 What was signed is what rules",
        ),
    ],
)
def test_what_breaks_a_promise_is_named(used, tamper, statement, named):
    tamper(statement)

    with pytest.raises(CommandError) as caught:
        call_command("check_invariants")

    assert named in str(caught.value)
    assert caught.value.returncode == 1


def test_a_second_execution_of_one_request_is_named(used, tamper):
    first, second = Grant.objects.order_by("issued_at").values_list("id", flat=True)[:2]
    tamper(
        "UPDATE approvals_grant SET action_request_id = (SELECT action_request_id FROM"
        f" approvals_grant WHERE id = '{first}'), digest = (SELECT digest FROM"
        f" approvals_grant WHERE id = '{first}'), version_id = NULL, basis_id ="
        f" authority_record_id WHERE id = '{second}'"
    )
    tamper("UPDATE approvals_authorityrecord SET answer = 'allow'")

    with pytest.raises(CommandError, match="6 Single use"):
        call_command("check_invariants")


PERSON = "(SELECT person_id FROM approvals_decision LIMIT 1)"


def test_a_vote_of_whom_separation_of_duties_keeps_out_is_named(used, tamper):
    """Several in one portal: each is put back before the next."""
    broken = (
        (
            "approvals_decision SET acting_for_id ="
            " (SELECT operator_id FROM approvals_actionrequest LIMIT 1)",
            "approvals_decision SET acting_for_id = NULL",
            "was approved by 0 who count",
        ),
        (
            f"approvals_actionrequest SET on_behalf_of_id = {PERSON}::text",
            "approvals_actionrequest SET on_behalf_of_id = ''",
            "was approved by 0 who count",
        ),
        (
            f"approvals_proposalversion SET is_widening = true, edited_by_id = {PERSON}",
            "approvals_proposalversion SET is_widening = false, edited_by_id = NULL",
            "was approved by 0 who count",
        ),
        (
            "approvals_authorityrecord SET risk = 'high' WHERE occasion = 'DECIDE'",
            "approvals_authorityrecord SET risk = 'low' WHERE occasion = 'DECIDE'",
            "is of high risk, and 0 who confirmed it",
        ),
    )
    for breaking, mending, named in broken:
        tamper(f"UPDATE {breaking}")
        with pytest.raises(CommandError, match=named):
            call_command("check_invariants")
        tamper(f"UPDATE {mending}")
    call_command("check_invariants")


def test_the_first_thing_wrong_is_one_sentence(used, tamper):
    tamper("DELETE FROM approvals_decision")

    with pytest.raises(CommandError) as caught:
        call_command("check_invariants")

    assert "\n" not in str(caught.value)
    assert json.dumps(str(caught.value)).endswith('."')


def test_what_was_put_back_holds(used):
    call_command("check_invariants")
