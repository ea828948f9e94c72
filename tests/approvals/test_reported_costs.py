"""Costs that agents report count against a cap on everything: alarm, and no more grants."""

import pytest

from portal.accounts.models import Notice
from portal.audit.models import Entry
from portal.core import outbox
from portal.core.clock import database_now
from runs import tasks
from runs.models import ReportedCost
from tests.approvals.asking import make_portal
from tests.people import refunds_document

pytestmark = pytest.mark.django_db
CAP = {"key": "all-in", "kind": "spend", "limit": "100.00", "window_hours": 24}


def tell(portal, number, value, currency="EUR", kind="cost"):
    cost = {"value": value, "currency": currency}
    event = {
        "id": f"c-{number}",
        "workflow": portal.workflow.slug,
        "run": "case-1",
        "at": database_now().isoformat(),
        "kind": kind,
        **(cost if kind == "cost" else {"model": "gpt-4o", "cost": cost}),
    }
    assert portal.post("/events", {"events": [event]}).status_code == 202
    tasks.fold_inbox()


def answer(portal, amount="10.00"):
    ruling = portal.ask(amount, run=f"case-{amount}")["ruling"]
    return ruling["outcome"], ruling["reasons"][0]["code"]


def test_reported_costs_that_pass_a_cap_raise_an_alarm_and_stop_further_grants():
    portal = make_portal(document=refunds_document(caps=[{**CAP, "currency": "EUR"}]))
    tell(portal, 1, "60.00")
    tell(portal, 2, "500.00", currency="USD")
    assert answer(portal)[0] == "allow"
    assert not Entry.objects.filter(name="run.cap_passed").exists()

    tell(portal, 3, "25.00")
    assert answer(portal, "6.00") == ("refuse", "cap.spend")
    tell(portal, 4, "0.50", kind="model.called")
    assert not Entry.objects.filter(name="run.cap_passed").exists()
    tell(portal, 5, "25.00")
    tell(portal, 6, "1.00")
    outbox.relay_once()

    assert answer(portal, "0.01") == ("refuse", "cap.spend")
    assert Entry.objects.filter(name="run.cap_passed").count() == 1
    told = Notice.objects.filter(kind="cap_passed").values_list("person_id", flat=True)
    assert set(told) == {portal.people.maya.id, portal.people.rosa.id}
    page = portal.signed_in("maya").get(f"/runs/of/{portal.workflow.slug}/caps/")
    assert "cost that agents reported" in page.content.decode()


def test_a_cap_on_some_verbs_counts_only_what_its_grants_reserve():
    portal = make_portal()
    tell(portal, 1, "5000.00")

    assert ReportedCost.objects.count() == 1
    assert answer(portal)[0] == "allow"
