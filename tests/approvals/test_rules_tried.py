"""Rules tried on real actions: what they would do, how often they did, and that trying keeps nothing."""

from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import ActionRequest, AuthorityRecord
from approvals.queries.fired import fired_rules
from portal.audit.models import Entry
from registry.operations.packets import new_version
from runs import tasks
from runs.models import Hold, SpendEntry
from tests.people import NOW

pytestmark = pytest.mark.django_db

SLUG = "refund-management"
TRY = f"/rulings/of/{SLUG}/try"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def drafted(portal):
    new_version(
        actor=portal.people.actor("maya"), workflow_id=portal.workflow.id, now=NOW
    )
    return portal


def _post(portal, kind, who="maya", **form):
    form = {"effect": "review", "sentence": "", "chosen": "all"} | form
    answer = portal.signed_in(who).post(f"{TRY}/{kind}/", form, headers=HTMX)
    return answer.status_code, unescape(answer.content.decode())


def _counts():
    kept = (ActionRequest, AuthorityRecord, Hold, SpendEntry, Entry)
    return [model.objects.count() for model in kept]


def test_a_rule_is_tried_as_typed_on_all_and_says_where_and_why(drafted):
    drafted.ask("5.00", confidence=0.95)
    drafted.ask("6.00", confidence=0.91)
    before = _counts()

    status, text = _post(drafted, "low_confidence", below="0.93", effect="hold")

    assert status == 200
    assert "It fires on 1 of the last 2 actions." in text
    assert "Confidence 0.91, at least 0.93 is needed." in text
    assert "Confidence 0.95 is not below 0.93." in text
    assert "the agent's confidence is below 0.93." in text.lower()
    assert _counts() == before


def test_one_past_action_is_chosen(drafted):
    drafted.ask("5.00")
    other = drafted.ask("6.00", rationale="The lawyer wrote again.")
    choices = drafted.signed_in("maya").get(f"/rulings/of/{SLUG}/past/", headers=HTMX)
    assert other["id"] in choices.content.decode()

    _, text = _post(drafted, "sensitive_topic", words="lawyer", chosen=other["id"])

    assert "It fires" in text
    assert "The word “lawyer” is used." in text
    assert "Refund EUR 5.00" not in text


@pytest.mark.parametrize(
    ("kind", "form", "fires", "why"),
    [
        ("missing_data", {"fields_missing": "args.reason"}, 1, "Missing: args.reason."),
        ("missing_data", {"fields_missing": "evidence"}, 0, "Nothing is missing"),
        ("conflicting_records", {"pairs": "args.amount = before.total"}, 1, "does not agree"),
        ("conflicting_records", {"signals": "conflicting_records"}, 0, "Nothing of the kind"),
        ("sensitive_topic", {"amount_above": "5", "currency": "EUR"}, 1, "is above 5"),
        ("outside_category", {"categories": "late"}, 1, "No category."),
        ("tool_failure", {"failures": "1"}, 0, "No call of a tool had failed"),
        ("expression", {"source": "amount > 9.0"}, 1, "The expression is true."),
        ("expression", {"source": "args.nothing == 1"}, 1, "gave no answer"),
        ("low_confidence", {"below": "0.99", "applies_to": ["delete"]}, 0, "only about delete"),
    ],
)  # fmt: skip
def test_each_kind_is_tried(drafted, kind, form, fires, why):
    drafted.ask("10.00")

    _, text = _post(drafted, kind, **form)

    assert f"It fires on {fires or 'none'} of the last 1 actions" in text
    assert why in text


def test_what_cannot_be_read_is_said_by_field_and_in_words(drafted):
    status, text = _post(drafted, "expression", source="amout > 1.0")
    assert status == 422
    assert "there is no name “amout”. Did you mean “amount”?" in text
    status, text = _post(drafted, "low_confidence", below="")
    assert status == 422
    status, _ = _post(drafted, "no_such_kind")
    assert status == 404


def test_a_tool_failure_is_judged_by_what_the_run_had_told_when_it_asked(drafted):
    drafted.ask("5.00", run="early")
    answer = drafted.post(
        "/events",
        {
            "events": [
                {"id": "t-1", "workflow": SLUG, "run": "early", "kind": "tool.called",
                 "at": "2026-11-16T09:00:00Z", "tool": "refund_order", "args": {},
                 "status": "error", "error": "time-out"}
            ]
        },
    )  # fmt: skip
    assert answer.status_code == 202
    tasks.fold_inbox()
    drafted.ask("6.00", run="early")

    _, text = _post(drafted, "tool_failure", failures="1")

    assert "It fires on 1 of the last 2 actions." in text


def test_without_javascript_a_whole_page_answers_and_brings_the_typed_rule_back(
    drafted,
):
    drafted.ask("5.00")
    maya = drafted.signed_in("maya")
    form = {"effect": "hold", "sentence": "Mine.", "below": "0.99", "revision": "1"}

    page = maya.post(f"{TRY}/low_confidence/", form).content.decode()
    back = maya.post(
        f"/workflows/{SLUG}/draft/stop-rules/new/low_confidence/", form | {"back": "1"}
    )

    assert "<!doctype html>" in page
    assert 'name="below" value="0.99"' in page
    assert back.status_code == 200
    assert 'value="0.99"' in back.content.decode()
    draft = maya.get(f"/workflows/{SLUG}/draft/stop-rules/").content.decode()
    assert "Mine." not in draft


def test_nobody_tries_or_reads_what_they_may_not_see(drafted):
    drafted.ask("5.00")
    assert _post(drafted, "low_confidence", who="olga", below="0.9")[0] == 404
    olga = drafted.signed_in("olga")
    for part in ("past/", "fired/", "fired/legal-words/", "guardrail/"):
        assert olga.get(f"/rulings/of/{SLUG}/{part}").status_code == 404, part
    assert olga.get(f"/runs/of/{SLUG}/caps/").status_code == 404


def test_how_often_each_rule_fired_is_counted_from_the_rulings(drafted):
    for number in range(3):
        drafted.ask("5.00", run=f"r-{number}", signals=["conflicting_records"])
    drafted.ask("5.00", run="held", rationale="My lawyer.")
    drafted.ask("5.00", run="fine")
    dana = drafted.signed_in("dana")

    text = dana.get(
        f"/rulings/of/{SLUG}/fired/?rule=legal-words&rule=never-fired", headers=HTMX
    ).content.decode()
    page = dana.get(f"/rulings/of/{SLUG}/fired/legal-words/").content.decode()

    assert 'id="fired-conflicting-records"' in text
    assert "Fired in 3 rulings in 30 days" in text
    assert "Fired in 1 ruling, held 1 run in 30 days" in text
    assert "Did not fire in 30 days" in text
    assert "The customer speaks of a lawyer" in page
    assert "Runs it held" in page


def test_what_fired_long_ago_does_not_count(drafted):
    drafted.ask("5.00", signals=["conflicting_records"])
    ruled_at = AuthorityRecord.objects.get().ruled_at
    counted = []
    for days in (29, 31):
        found = fired_rules(
            actor=drafted.people.actor("dana"),
            slug=SLUG,
            keys=["conflicting-records"],
            now=ruled_at + timedelta(days=days),
        )
        counted.append(found.rules[0].rulings)
    assert counted == [1, 0]


def test_counting_costs_the_same_for_one_rule_and_for_many(drafted):
    dana = drafted.signed_in("dana")
    many = "&".join(f"rule=key-{number}" for number in range(30))
    dana.get(f"/rulings/of/{SLUG}/fired/")
    costs = []
    for keys in ("rule=legal-words", many):
        with CaptureQueriesContext(connection) as queries:
            dana.get(f"/rulings/of/{SLUG}/fired/?{keys}", headers=HTMX)
        costs.append(len(queries))
        drafted.ask("5.00", run=f"r-{keys[:9]}", signals=["conflicting_records"])
    assert costs[0] == costs[1]


def _what_if(portal, who="maya", **typed):
    rail = {
        "confidence_min": "0.9",
        "confidence_escalate": "0.3",
        "risk_escalate": "high",
    }
    answer = portal.signed_in(who).get(
        f"/rulings/of/{SLUG}/guardrail/", rail | typed, headers=HTMX
    )
    return unescape(answer.content.decode())


def _then(text, answer):
    cell = text.split(f'data-then="{answer}">', 1)[1].split("</td>", 1)[0]
    return int(cell.replace("<strong>", "").split("<", 1)[0])


def test_the_last_hundred_actions_are_ruled_on_under_typed_guardrails(drafted):
    for amount, confidence in (("5.00", 0.95), ("20.00", 0.92), ("24.00", 0.99)):
        drafted.ask(amount, run=amount, confidence=confidence)
    drafted.ask("84.20", run="large")
    before = _counts()

    same = _what_if(drafted)
    stricter = _what_if(drafted, confidence_min="0.96")
    by_amount = _what_if(drafted, amount_review="10", amount_escalate="23")

    assert "None would be answered otherwise." in same
    assert (_then(same, "allow"), _then(same, "review")) == (3, 1)
    assert (_then(stricter, "allow"), _then(stricter, "review")) == (1, 3)
    assert "2 would be answered otherwise." in stricter
    assert "below the guardrail of 0.96" in stricter
    assert [_then(by_amount, a) for a in ("allow", "review", "escalate")] == [1, 1, 2]
    assert same.count("rail-dot is-") == 4
    assert _counts() == before


def test_thresholds_that_cannot_be_read_are_said_and_nothing_else(drafted):
    drafted.ask("5.00")
    answer = drafted.signed_in("maya").get(
        f"/rulings/of/{SLUG}/guardrail/", {"confidence_min": "7"}, headers=HTMX
    )
    assert answer.status_code == 422
    assert "Must be at most 1." in answer.content.decode()


def test_a_hundred_actions_are_tried_in_as_many_queries_as_one(drafted):
    costs = []
    for number in range(6):
        drafted.ask("5.00", run=f"r-{number}")
        if number in (0, 5):
            with CaptureQueriesContext(connection) as queries:
                _what_if(drafted)
                _post(drafted, "low_confidence", below="0.9")
            costs.append(len(queries))
    assert costs[0] == costs[1]
