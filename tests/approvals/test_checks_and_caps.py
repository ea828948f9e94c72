"""Checks that must pass, and caps on spend and count: on real rulings, decisions and grants."""

from datetime import timedelta
from html import unescape

import pytest

from approvals.models import AuthorityRecord, Decision, Grant
from portal.core.clock import database_now
from registry.rules.rulebook import Cap, CapKind
from runs.models import SpendEntry
from runs.queries.caps import caps_used
from runs.queries.spend import used_by_cap
from tests.approvals.asking import Portal, make_portal
from tests.people import refunds_document

pytestmark = pytest.mark.django_db

PASS = {"checks": [{"name": "order exists", "status": "pass"}]}
FAIL = {"checks": [{"name": "order exists", "status": "fail"}]}


def _portal(**changes) -> Portal:
    return make_portal(document=refunds_document(**changes))


_SPEND = {
    "key": "refunds-sum",
    "kind": "spend",
    "limit": "50.00",
    "currency": "EUR",
    "window_hours": 24,
    "verbs": ["refund"],
}
_LARGE = {**_SPEND, "key": "refunds-large", "limit": "5000.00"}


@pytest.fixture
def checked(db) -> Portal:
    return _portal(checks=[{"name": "order exists", "required_for": ["refund"]}])


def _count_cap(limit="2", hours=24, **more):
    return {
        "key": "refunds-count",
        "kind": "count",
        "limit": limit,
        "window_hours": hours,
        **more,
    }


def test_a_check_that_failed_refuses_whatever_the_amount(checked):
    for amount in ("5.00", "84.20"):
        asked = checked.ask(amount, run=amount, **FAIL)
        assert asked["status"] == "refused"
        assert asked["ruling"]["reasons"][0]["code"] == "check.failed"
    assert checked.ask("5.00", run="good", **PASS)["status"] == "allowed"


def test_nobody_approves_what_a_check_was_not_reported_for(checked, no_undo_time):
    asked = checked.ask("5.00")
    assert asked["status"] == "in_review"
    assert asked["ruling"]["reasons"][0]["code"] == "check.missing"

    answer = checked.decide("dana", asked)

    assert answer.status_code == 409
    text = unescape(answer.content.decode())
    assert "“order exists” must pass and was not reported as passed." in text
    assert checked.action(asked)["status"] == "in_review"
    assert not Decision.objects.exists()
    assert not Grant.objects.exists()
    assert AuthorityRecord.objects.filter(occasion="DECIDE").count() == 1


def test_an_edit_does_not_stand_in_for_a_check_either(checked):
    asked = checked.ask("84.20")

    answer = checked.decide(
        "dana", asked, "edit", **{"arg.amount": "30.00", "arg.currency": "EUR"}
    )

    assert answer.status_code in (409, 422)
    assert not Decision.objects.exists()
    assert not Grant.objects.exists()


def test_a_person_may_still_reject_it_and_approve_what_has_passed(checked):
    missing, passed = (
        checked.ask("84.20", run="a"),
        checked.ask("84.20", run="b", **PASS),
    )

    checked.decide("dana", missing, "reject", reason_code="policy")
    checked.decide("dana", passed)

    assert checked.action(passed)["status"] == "approved"
    assert checked.action(missing)["status"] in ("rejected", "in_review")


def test_a_count_cap_reserves_and_refuses_past_it_and_takes_back(db):
    portal = _portal(caps=[_LARGE, _count_cap()])
    first, second = portal.ask("1.00", run="a"), portal.ask("1.00", run="b")
    third = portal.ask("1.00", run="c")

    assert [one["status"] for one in (first, second, third)] == [
        *("allowed", "allowed", "refused")
    ]
    assert third["ruling"]["reasons"][0]["code"] == "cap.count"
    assert "2 of 2 in 24 hours" in third["ruling"]["reasons"][0]["text"]
    portal.post(f"/actions/{first['id']}/withdraw")
    assert portal.ask("1.00", run="d")["status"] == "allowed"


def test_splitting_a_sum_or_spreading_it_over_runs_does_not_help(db):
    portal = _portal(caps=[{**_SPEND, "limit": "50.00"}])
    asked = [portal.ask("20.00", run=f"r-{number}") for number in range(3)]
    small = portal.ask("10.01", run="r-small")

    assert [one["status"] for one in asked] == ["allowed", "allowed", "refused"]
    assert small["status"] == "refused"
    assert portal.ask("10.00", run="r-last")["status"] == "allowed"


def test_an_approval_passes_no_cap_either(db, no_undo_time):
    portal = _portal(caps=[{**_SPEND, "limit": "100.00"}])
    one, other = portal.ask("84.20", run="a"), portal.ask("84.20", run="b")
    assert portal.decide("dana", one).status_code in (204, 302)

    assert portal.decide("dana", other).status_code == 409
    assert Grant.objects.count() == 1


def test_the_window_rolls_with_the_clock(db):
    portal = _portal(caps=[_LARGE, _count_cap("1", hours=24)])
    portal.ask("1.00", run="a")
    cap = Cap("refunds-count", CapKind.COUNT, 1, None, 24)
    workflow_id, now = portal.workflow.id, database_now()

    for hours, used in ((0, 1), (23, 1), (25, 0)):
        then = now + timedelta(hours=hours)
        assert used_by_cap(workflow_id, [cap], now=then)[cap.key] == used, hours

    SpendEntry.objects.update(reserved_at=now - timedelta(hours=24, minutes=1))
    assert portal.ask("1.00", run="b")["status"] == "allowed"


def test_the_page_of_caps_shows_what_is_used_reserved_and_left(db, no_undo_time):
    portal = _portal(caps=[{**_SPEND, "limit": "100.00"}, _count_cap("3")])
    spent = portal.ask("20.00", run="a")
    portal.redeem(spent["grant"], spent["action_digest"])
    portal.ask("15.00", run="b")

    text = portal.signed_in("maya").get(
        f"/runs/of/{portal.workflow.slug}/caps/", headers={"HX-Request": "true"}
    )
    used = caps_used(actor=portal.people.actor("maya"), slug=portal.workflow.slug).caps

    said = " ".join(unescape(text.content.decode()).split())
    assert "EUR 35.00 of EUR 100.00 used, EUR 65.00 left" in said
    assert "2 of 3 used, 1 left" in said
    assert [one.percent for one in used] == [35, 66]
    assert not used[0].is_full
