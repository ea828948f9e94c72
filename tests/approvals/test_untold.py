"""Used grants that tell nothing, outcomes that nobody knows, revoking, issuing anew."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from approvals.models import (
    ActionRequest,
    AuthorityRecord,
    Delivery,
    Grant,
    GrantChase,
    Outcome,
)
from approvals.operations import chasing, endpoints
from approvals.operations.outcomes import Report, settle_outcome
from approvals.operations.revoking import revoke_grant
from approvals.queries.untold import ToLookAt, grants_to_look_at
from approvals.rules import granting
from approvals.tasks import chase_grants, sweep_due
from portal.audit.models import Entry
from portal.core.clock import database_now, in_history, wall_clock
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound
from registry.operations.pausing import pause_workflow
from registry.rules.answers import Reversibility, Risk

pytestmark = pytest.mark.django_db
LOOKED = Report(
    status="SUCCEEDED", checked="Looked at order 1182 in billing.", external_ref="rf_1"
)


@pytest.fixture
def quick(monkeypatch):
    """Everything that waits has waited long enough."""
    none = dict.fromkeys(Risk, timedelta(0))
    monkeypatch.setitem(chasing._AFTER, GrantChase.Kind.ASKED, none)
    monkeypatch.setitem(chasing._AFTER, GrantChase.Kind.GIVEN_UP, none)


def used(portal, amount="20.00", **more):
    asked = portal.ask(amount, **more)
    assert portal.redeem(asked["grant"], asked["action_digest"]).status_code == 200
    return asked


def settle(portal, who, asked, report=LOOKED):
    return settle_outcome(
        actor=portal.people.actor(who),
        grant_id=Grant.objects.get(action_request=asked["id"], state="REDEEMED").id,
        report=report,
        now=wall_clock(),
    )


def run_out(asked) -> None:
    """Let the unused grant of an action have ended a minute ago, as the sweep ends it."""
    later = database_now() + timedelta(hours=2)
    with in_history(later):
        sweep_due()
    assert Grant.objects.filter(action_request=asked["id"], state="EXPIRED").exists()


# --- silence ---


def test_a_used_grant_is_asked_about_once_and_then_unknown(portal, monkeypatch):
    endpoints.register_endpoint(
        actor=portal.people.actor("maya"),
        place=f"workflow:{portal.workflow.slug}",
        name="hook",
        url="https://hooks.example.com/",
        now=wall_clock(),
    )
    asked = used(portal, callback="hook")
    told = used(portal, run="told")
    portal.post(f"/actions/{told['id']}/outcome", {"status": "succeeded"})
    assert chase_grants() == 0
    none = dict.fromkeys(Risk, timedelta(0))

    monkeypatch.setitem(chasing._AFTER, GrantChase.Kind.ASKED, none)
    assert chase_grants() == 1
    assert chase_grants() == 0
    assert (
        json.loads(Delivery.objects.get().payload)["type"] == "action.outcome_missing"
    )
    assert portal.action(asked)["status"] == "allowed"
    maya = portal.people.actor("maya")
    assert grants_to_look_at(maya) == ToLookAt(unknown=0, silent=1)

    monkeypatch.setitem(chasing._AFTER, GrantChase.Kind.GIVEN_UP, none)
    assert chase_grants() == 1
    assert grants_to_look_at(maya) == ToLookAt(unknown=1, silent=0)
    queue = portal.signed_in("maya").get("/exceptions/").content.decode()
    assert "Nobody knows what happened" in queue
    assert chase_grants() == 0

    assert portal.action(asked)["status"] == "unknown"
    assert portal.action(asked)["outcome"] == "unknown"
    assert Outcome.objects.get(grant__action_request=asked["id"]).actor_kind == "system"
    assert [c.kind for c in GrantChase.objects.order_by("chased_at")] == [
        "ASKED",
        "GIVEN_UP",
    ]
    assert Entry.objects.filter(name="grant.chased").count() == 1


def test_a_high_risk_is_asked_about_sooner():
    for after in (granting.ASK_AFTER, granting.GIVE_UP_AFTER):
        assert after[Risk.HIGH] < after[Risk.MEDIUM] < after[Risk.LOW]
    for risk in Risk:
        assert granting.ASK_AFTER[risk] < granting.GIVE_UP_AFTER[risk]


def test_what_was_told_between_the_look_and_the_chase_is_left_alone(portal, quick):
    asked = used(portal)
    (found,) = chasing.silent_grants("GIVEN_UP")
    portal.post(f"/actions/{asked['id']}/outcome", {"status": "succeeded"})

    with pytest.raises(Conflict):
        chasing.give_up_waiting(grant_id=found, now=wall_clock())

    assert portal.action(asked)["outcome"] == "succeeded"


# --- settling ---


def test_a_person_who_answers_for_the_workflow_says_what_happened(portal, quick):
    asked = used(portal)
    chase_grants()

    outcome = settle(portal, "maya", asked)

    assert portal.action(asked)["status"] == "executed"
    assert portal.action(asked)["outcome"] == "succeeded"
    assert (outcome.actor_name, outcome.checked) == ("Maya Adler", LOOKED.checked)
    assert Outcome.objects.filter(grant__action_request=asked["id"]).count() == 2
    assert Grant.objects.filter(action_request=asked["id"]).count() == 1


@pytest.mark.parametrize("who", ["dana", "priya", "ada", "audrey"])
def test_nobody_else_says_it(portal, quick, who):
    asked = used(portal)
    chase_grants()

    with pytest.raises((Forbidden, NotFound)):
        settle(portal, who, asked)
    assert portal.action(asked)["status"] == "unknown"
    settle(portal, "erik", asked)


def test_an_outsider_is_told_that_there_is_nothing(portal, quick):
    asked = used(portal)

    with pytest.raises(NotFound):
        settle(portal, "olga", asked)


def test_who_stands_behind_the_agent_does_not_say_it_even_as_owner(portal, quick):
    asked = used(portal)
    ActionRequest.objects.filter(id=asked["id"]).update(
        operator_id=portal.people.people["maya"].id
    )

    with pytest.raises(Forbidden, match="another person"):
        settle(portal, "maya", asked)
    settle(portal, "erik", asked)


@pytest.mark.parametrize(
    ("report", "field"),
    [
        (Report(status="UNKNOWN", checked="x"), "status"),
        (Report(status="", checked="x"), "status"),
        (Report(status="SUCCEEDED", checked=" "), "checked"),
        (
            Report(status="SUCCEEDED", checked="x", external_ref="r" * 201),
            "external_ref",
        ),
        (Report(status="SUCCEEDED", checked="x", evidence="e" * 4001), "evidence"),
    ],
)
def test_settling_says_what_was_done_and_where_one_looked(portal, report, field):
    asked = used(portal)

    with pytest.raises(Invalid) as refused:
        settle(portal, "maya", asked, report)
    assert field in refused.value.fields


def test_what_the_agent_told_is_not_settled_over(portal):
    asked = used(portal)
    portal.post(f"/actions/{asked['id']}/outcome", {"status": "failed"})

    with pytest.raises(Conflict, match="has told"):
        settle(portal, "maya", asked)


def test_failed_gives_the_budget_back_and_nothing_runs_again(portal, quick):
    asked = [used(portal, "25.00", run=f"r{n}") for n in range(20)]
    assert portal.ask("25.00", run="full")["status"] != "allowed"
    chase_grants()

    settle(
        portal, "maya", asked[0], Report(status="FAILED", checked="No refund there.")
    )

    assert portal.ask("25.00", run="fits")["status"] == "allowed"
    again = portal.redeem(asked[0]["grant"], asked[0]["action_digest"])
    assert (again.status_code, again.json()["code"]) == (409, "grant.redeemed")


# --- revoking ---


def test_those_who_decide_own_or_pause_revoke_and_others_do_not(portal):
    grants = {
        who: portal.ask("20.00", run=who)["grant"]["id"]
        for who in ("dana", "maya", "erik", "audrey")
    }
    for who in ("dana", "maya", "erik"):
        revoke_grant(
            actor=portal.people.actor(who),
            grant_id=grants[who],
            reason="Wrong customer",
            now=wall_clock(),
        )
    with pytest.raises(Forbidden):
        revoke_grant(
            actor=portal.people.actor("audrey"),
            grant_id=grants["audrey"],
            reason="x",
            now=wall_clock(),
        )
    with pytest.raises(NotFound):
        revoke_grant(
            actor=portal.people.actor("olga"),
            grant_id=grants["audrey"],
            reason="x",
            now=wall_clock(),
        )
    assert Grant.objects.get(id=grants["audrey"]).state == "ISSUED"


def test_revoking_an_old_grant_leaves_the_one_that_was_issued_anew(portal):
    asked = portal.ask("20.00")
    run_out(asked)
    fresh = portal.post(f"/actions/{asked['id']}/grant").json()

    with pytest.raises(Conflict, match="over already"):
        revoke_grant(
            actor=portal.people.actor("maya"),
            grant_id=asked["grant"]["id"],
            reason="x",
            now=wall_clock(),
        )

    assert portal.redeem(fresh["grant"], fresh["action_digest"]).status_code == 200


# --- issuing anew ---


def test_an_allowance_that_ran_out_is_granted_again_and_the_old_token_is_dead(portal):
    asked = portal.ask("20.00")
    run_out(asked)

    answer = portal.post(f"/actions/{asked['id']}/grant", key="again")
    replay = portal.post(f"/actions/{asked['id']}/grant", key="again")

    assert answer.status_code == 201, answer.content
    fresh = answer.json()
    assert replay.json()["grant"] == fresh["grant"]
    assert fresh["grant"]["id"] != asked["grant"]["id"]
    old = portal.redeem(asked["grant"], asked["action_digest"])
    assert (old.status_code, old.json()["code"]) == (410, "grant.expired")
    assert portal.redeem(fresh["grant"], fresh["action_digest"]).status_code == 200
    before, after = Grant.objects.order_by("issued_at", "id")
    assert after.reissues_id == before.id
    assert after.basis_id == before.basis_id
    assert after.authority_record.occasion == "REISSUE"
    assert Entry.objects.filter(name="grant.reissued").count() == 1


def test_an_approval_that_ran_out_is_granted_again_without_another_vote(portal):
    asked = portal.ask("84.20")
    portal.decide("dana", asked)
    run_out(asked)

    fresh = portal.post(f"/actions/{asked['id']}/grant")

    assert fresh.status_code == 201, fresh.content
    told = fresh.json()
    assert told["grant"]["not_before"] <= wall_clock().isoformat().replace(
        "+00:00", "Z"
    )
    assert portal.redeem(told["grant"], told["action_digest"]).status_code == 200


def test_one_that_no_sweep_has_seen_is_ended_first(portal, monkeypatch):
    monkeypatch.setattr(
        "approvals.rules.due.ALLOWED_GRANT_LIFE", timedelta(microseconds=1)
    )
    asked = portal.ask("20.00")
    monkeypatch.undo()

    fresh = portal.post(f"/actions/{asked['id']}/grant")

    assert fresh.status_code == 201, fresh.content
    assert sorted(Grant.objects.values_list("state", flat=True)) == [
        "EXPIRED",
        "ISSUED",
    ]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ("live", "grant.live"),
        ("used", "grant.redeemed"),
        ("revoked", "grant.none"),
        ("withdrawn", "grant.none"),
        ("refused", "grant.none"),
        ("often", "grant.reissued_often"),
        ("old", "grant.too_old"),
    ],
)
def test_what_did_not_run_out_unused_is_not_granted_again(
    portal, monkeypatch, spoil, code
):
    asked = portal.ask("20.00") if spoil != "refused" else _refused(portal)
    if spoil == "used":
        portal.redeem(asked["grant"], asked["action_digest"])
    elif spoil == "revoked":
        revoke_grant(
            actor=portal.people.actor("maya"),
            grant_id=asked["grant"]["id"],
            reason="x",
            now=wall_clock(),
        )
    elif spoil == "withdrawn":
        portal.post(f"/actions/{asked['id']}/withdraw")
    elif spoil in ("often", "old"):
        run_out(asked)
        name = "REISSUES_MAX" if spoil == "often" else "REISSUED_WITHIN"
        monkeypatch.setattr(granting, name, 0 if spoil == "often" else timedelta(0))
    live = Grant.objects.filter(state="ISSUED").count()

    answer = portal.post(f"/actions/{asked['id']}/grant")

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert Grant.objects.filter(state="ISSUED").count() == live


def _refused(portal):
    body = portal.body("20.00")
    body["action"]["verb"] = "delete"
    return portal.post("/actions", body).json()


def test_another_agent_is_told_that_there_is_nothing(portal):
    asked = portal.ask("20.00")
    run_out(asked)
    stranger = portal.people.key_for(portal.people.other_agent)

    answer = portal.post(f"/actions/{asked['id']}/grant", token=stranger)

    assert answer.status_code == 404


def test_the_rulebook_is_asked_again_and_a_no_is_on_record(portal):
    asked = portal.ask("20.00")
    run_out(asked)
    pause_workflow(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        reason="A complaint",
        now=wall_clock(),
    )

    answer = portal.post(f"/actions/{asked['id']}/grant")

    assert (answer.status_code, answer.json()["code"]) == (409, "workflow.paused")
    assert AuthorityRecord.objects.get(occasion="REISSUE").answer == "refuse"
    assert not Grant.objects.filter(state="ISSUED").exists()


def test_an_approver_who_left_carries_no_new_grant(portal):
    asked = portal.ask("84.20")
    portal.decide("dana", asked)
    run_out(asked)
    dana = portal.people.people["dana"]
    type(dana).objects.filter(id=dana.id).update(is_active=False)

    answer = portal.post(f"/actions/{asked['id']}/grant")

    assert (answer.status_code, answer.json()["code"]) == (409, "approval.lapsed")


def test_a_rulebook_that_asks_more_by_now_does_not_grant_again():
    then = granting.Terms(
        "review", "reviewers", 1, Risk.MEDIUM, Reversibility.COMPENSABLE
    )
    same = granting.Terms(
        "review", "reviewers", 1, Risk.MEDIUM, Reversibility.COMPENSABLE
    )
    less = granting.Terms("allow", "", 1, Risk.LOW, Reversibility.REVERSIBLE)
    assert not granting.asks_more(same, then)
    assert not granting.asks_more(less, then)
    for change in (
        {"answer": "escalate"},
        {"quorum": 2},
        {"risk": Risk.HIGH},
        {"reversibility": Reversibility.IRREVERSIBLE},
        {"decided_by": "risk_owner"},
    ):
        assert granting.asks_more(granting.Terms(**(vars(then) | change)), then), change


def test_the_database_refuses_a_grant_issued_anew_for_one_that_did_not_run_out(portal):
    asked = portal.ask("20.00")
    grant = Grant.objects.get(id=asked["grant"]["id"])
    columns = {
        field.attname: getattr(grant, field.attname)
        for field in Grant._meta.concrete_fields
    }

    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(
            **columns
            | {
                "id": asked["id"],
                "reissues_id": grant.id,
                "token_hash": b"x" * 32,
            }
        )


# --- when a grant is usable ---


@pytest.mark.parametrize(
    ("risk", "way", "is_approval", "seconds"),
    [
        (Risk.LOW, Reversibility.IRREVERSIBLE, True, 0),
        (Risk.MEDIUM, Reversibility.REVERSIBLE, True, 10),
        (Risk.MEDIUM, Reversibility.IRREVERSIBLE, True, 10),
        (Risk.HIGH, Reversibility.COMPENSABLE, True, 10),
        (Risk.HIGH, Reversibility.IRREVERSIBLE, True, 60),
        (Risk.HIGH, Reversibility.IRREVERSIBLE, False, 0),
    ],
)
def test_what_cannot_be_undone_at_high_risk_waits_longer(
    risk, way, is_approval, seconds
):
    now = wall_clock()

    at = granting.usable_from(
        risk=risk,
        reversibility=way,
        is_approval=is_approval,
        now=now,
        undo=timedelta(seconds=10),
        irreversible=timedelta(seconds=60),
    )

    assert at - now == timedelta(seconds=seconds)
