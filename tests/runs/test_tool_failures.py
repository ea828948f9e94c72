"""A tool call fails in the middle of an action: rules over what a run has really told."""

import itertools
import json

import pytest
from django.test import Client

from registry.rules.document import rulebook_of
from runs import tasks
from runs.models import Hold, Run
from runs.rules.stopping import Call, failure_ages, hits
from tests.approvals.asking import Portal
from tests.people import live_workflow, make_company, refunds_document
from tests.runs.helpers import told

pytestmark = pytest.mark.django_db

RUN = "case-7741"


def _rule(effect="hold", **params):
    return {
        "key": "tool-failed",
        "kind": "tool_failure",
        "effect": effect,
        "sentence": "A tool failed in the middle of an action.",
        "params": params,
    }


def _portal(rule) -> Portal:
    people = make_company()
    workflow = live_workflow(people, document=refunds_document(stop_rules=[rule]))
    return Portal(people=people, workflow=workflow, key=people.key_for())


class Teller:
    """Tells tool calls of one run, a second apart, and folds them."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.number = portal, itertools.count(1)

    def tell(self, *calls: str) -> None:
        """Each call is a tool's name; an exclamation mark says that it failed."""
        events = [self._event(call) for call in calls]
        answer = Client().post(
            "/api/v1/events",
            json.dumps({"events": events}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.portal.key}"},
        )
        assert answer.status_code == 202, answer.content
        tasks.fold_inbox()

    def _event(self, call: str):
        number = next(self.number)
        status = {"status": "ok"}
        if call.endswith("!"):
            status = {"status": "error", "error": "time-out"}
        return {
            "id": f"call-{number}",
            "workflow": self.portal.workflow.slug,
            "run": RUN,
            "at": f"2026-11-16T09:{number // 60:02}:{number % 60:02}Z",
            "kind": "tool.called",
            "tool": call.removesuffix("!"),
            "args": {},
            **status,
        }


def test_failures_far_apart_do_not_hold_and_close_together_do():
    portal = _portal(_rule(failures=2, within_steps=3))
    teller = Teller(portal)

    teller.tell("search!", "read", "read", "tag!")
    assert not Run.objects.get().is_held

    teller.tell("read", "refund_order!")
    assert Run.objects.get().is_held
    assert Hold.objects.get().rule_key == "tool-failed"


def test_the_run_is_held_in_the_batch_that_tells_the_failure_though_more_steps_follow():
    portal = _portal(_rule(failures=1, within_steps=2))

    Teller(portal).tell("search!", "read", "read", "read", "read")

    assert Run.objects.get().is_held
    assert portal.ask("5.00")["status"] == "refused"


def test_a_failure_that_a_later_success_made_good_is_no_failure():
    portal = _portal(_rule("refuse", failures=1))
    teller = Teller(portal)

    teller.tell("search!")
    assert (
        portal.ask("5.00")["ruling"]["reasons"][0]["code"] == "stop_rule.tool_failure"
    )
    teller.tell("search")
    assert portal.ask("5.00")["status"] == "allowed"


@pytest.mark.parametrize(
    ("effect", "status"),
    [("review", "in_review"), ("escalate", "escalated"), ("refuse", "refused")],
)
def test_other_effects_answer_when_the_run_next_asks_and_age_out(effect, status):
    portal = _portal(_rule(effect, failures=1, within_steps=2))
    teller = Teller(portal)
    assert portal.ask("5.00")["status"] == "allowed"

    teller.tell("search!", "read")
    asked = portal.ask("5.00")
    assert asked["status"] == status
    assert "among the last 2" in asked["ruling"]["reasons"][0]["text"]
    assert not Run.objects.get().is_held

    teller.tell("read")
    assert portal.ask("5.00")["status"] == "allowed"


def test_a_rule_for_some_verbs_holds_only_on_tools_that_stand_for_them():
    rule = _rule(failures=1) | {"applies_to": ["refund"]}
    people = make_company()
    tools = [
        {"name": "refund_order", "system": "billing", "verb": "refund"},
        {"name": "look_up", "system": "orders", "verb": "read"},
    ]
    document = refunds_document(stop_rules=[rule], tools=tools)
    workflow = live_workflow(people, document=document)
    portal = Portal(people=people, workflow=workflow, key=people.key_for())
    teller = Teller(portal)

    teller.tell("look_up!")
    assert not Run.objects.get().is_held
    teller.tell("refund_order!")
    assert Run.objects.get().is_held


def test_failures_are_the_same_in_whatever_batches_and_order_they_come():
    rules = live_rules(failures=2, within_steps=3)
    calls = [
        told("tool.called", second, tool=f"tool-{second}", status=status)
        for second, status in enumerate(["error", "ok", "error", "ok", "ok", "error"])
    ]
    in_order = [
        Call(call.id, call.facts["tool"], call.facts["status"] == "error")
        for call in calls
    ]
    for order in itertools.permutations(range(len(calls)), 3):
        known = sorted(order)
        newest = calls[order[-1]]
        found = hits(
            rules=rules, events=[newest], calls=[in_order[place] for place in known]
        )
        failing = [known.index(p) for p in known if p in (0, 2, 5)]
        is_close = any(b - a < 3 for a, b in itertools.pairwise(failing))
        is_failure = newest.facts["status"] == "error"
        assert bool(found) == (is_failure and is_close), order


def test_ages_count_back_from_the_newest_call():
    calls = [Call(n, tool, bad) for n, (tool, bad) in enumerate(
        [("a", True), ("b", True), ("a", False), ("b", True), ("c", False)]
    )]  # fmt: skip
    assert failure_ages(calls) == (4, 2)


def live_rules(**params):
    return rulebook_of(
        refunds_document(stop_rules=[_rule(**params)], workflow="w", name="W")
    ).stop_rules
