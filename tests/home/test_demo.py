"""The demo: loads once, at any hour, through the operations, and keeps every promise."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from approvals.models import Grant, Proposal
from approvals.operations.ask import ask_action
from approvals.queries.envelope import Asking, action_bytes
from portal.accounts.actors import SYSTEM
from portal.accounts.models import Person
from portal.accounts.operations.people import add_person
from portal.core import strict_json
from portal.home.demo import workflows
from portal.home.demo.company import CAST, DOMAIN, PASSWORD, known_company
from portal.home.demo.loading import is_loaded, load_demo
from registry.models import PhaseSignature, Workflow
from runs.models import Finding, ReviewWeek, Run

NOW = datetime.now(tz=UTC)
# A Monday soon after midnight: the week has just begun and nobody has read anything.
MONDAY = datetime(2026, 11, 16, 0, 10, tzinfo=UTC)


def answer_to(verb: str, system: str, *, confidence: float = 0.95, **args: str) -> str:
    """Ask as the refund agent, and give the rulebook's answer with its first code."""
    agent = workflows.principal_of(known_company().agents["refunds"])
    body = {
        "workflow": "refund-management",
        "run": f"test-{verb}-{args}-{confidence}",
        "action": {"verb": verb, "system": system, "args": args},
        "title": f"{verb} in {system}",
        "confidence": confidence,
    }
    raw = json.dumps(body).encode()
    asking = Asking(
        workflow="refund-management",
        run=body["run"],
        raw=raw,
        action=action_bytes(raw),
        body=strict_json.parse_object(raw),
    )
    ruled = ask_action(principal=agent, asking=asking, now=NOW).authority_record
    return f"{ruled.answer}: {ruled.reasons[0]['code']}"


@pytest.mark.slow
def test_the_demo_is_a_company_at_work(committed_db, capsys):
    load_demo(now=NOW)

    assert is_loaded(now=NOW)
    assert Person.objects.count() == len(CAST)
    assert all(person.check_password(PASSWORD) for person in Person.objects.all()[:2])
    assert Workflow.objects.count() == 7
    assert Workflow.objects.get(slug="complaint-hand-over").ended_as == "workflow"
    assert Workflow.objects.get(slug="content-publishing").paused_at is not None
    assert Workflow.objects.get(slug="policy-assistant").live_version is None
    assert Workflow.objects.get(slug="refund-management").live_version.number == 2
    assert Proposal.objects.filter(state="OPEN").count() >= 8
    assert Grant.objects.filter(state="REDEEMED").count() > 100
    # One was granted and never used, so that the page of silent grants shows it. What was
    # granted just now is still to be used: the company is at work.
    unused = Grant.objects.exclude(state="REDEEMED").filter(
        issued_at__lt=NOW - timedelta(hours=1)
    )
    assert list(unused.values_list("state", flat=True)) == ["EXPIRED"]
    assert Run.objects.filter(is_held=True).exists()
    assert not Run.objects.filter(unauthorised_count__gt=0).exists()
    assert ReviewWeek.objects.filter(state="SIGNED").count() == 4
    assert Finding.objects.filter(closed_at=None).exists()
    # One gate is signed by all three and can be gone through.
    assert PhaseSignature.objects.filter(gate__to_phase=5).count() == 3
    call_command("check_invariants")
    call_command("verify_audit")
    assert_refunds_are_ruled_as_promised()
    assert_loading_again_changes_nothing(capsys)


def assert_refunds_are_ruled_as_promised() -> None:
    small = {"amount": "25.00", "currency": "EUR"}
    large = {"amount": "25.01", "currency": "EUR"}
    assert answer_to("read", "orders", order="1182") == "allow: allowance.allowed"
    assert answer_to("refund", "billing", **small) == "allow: allowance.allowed"
    assert answer_to("refund", "billing", **large) == "review: limit.amount"
    unsure = answer_to("refund", "billing", confidence=0.89, **small)
    assert unsure == "review: guardrail.confidence"
    for system in ("orders", "billing"):
        assert answer_to("delete", system, order="1182").startswith("refuse: never")
    assert answer_to("pay", "payroll", amount="1.00").startswith("refuse: system.")


def assert_loading_again_changes_nothing(capsys) -> None:
    before = Run.objects.count()
    capsys.readouterr()

    call_command("load_demo")
    call_command("load_demo", "--show")

    assert Run.objects.count() == before
    shown = capsys.readouterr().out
    assert PASSWORD in shown
    assert all(role.email in shown for role in CAST)


@pytest.mark.slow
def test_the_demo_loads_on_a_monday_soon_after_midnight(committed_db):
    load_demo(now=MONDAY)

    assert is_loaded(now=MONDAY)
    assert ReviewWeek.objects.filter(state="OPEN").count() == 5


def test_a_portal_with_people_of_its_own_gets_no_demo(db, capsys):
    add_person(
        actor=SYSTEM,
        email="ana@example.com",
        name="Ana Ribeiro",
        department=None,
        password=None,
    )

    call_command("load_demo")

    assert "people of its own" in capsys.readouterr().out
    assert Person.objects.count() == 1


def test_a_loading_that_was_cut_off_is_said(db):
    add_person(
        actor=SYSTEM,
        email=f"maya@{DOMAIN}",
        name="Maya Adler",
        department=None,
        password=None,
    )

    with pytest.raises(CommandError, match="begun here and not finished"):
        call_command("load_demo")
