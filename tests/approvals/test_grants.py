"""Grants: the exact bytes, once, in time, by the agent they were given to."""

import json
from datetime import timedelta

import pytest

from approvals.models import Grant, Outcome
from approvals.operations.expire import expire_grant
from approvals.operations.revoking import revoke_grant
from approvals.tasks import sweep_due
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import Conflict
from registry.operations.pausing import pause_workflow, resume_workflow

pytestmark = pytest.mark.django_db


def test_redeeming_gives_the_exact_stored_bytes_once(portal):
    raw = (
        '{"workflow":"refund-management","run":"r1","title":"t","confidence":0.95,'
        '"action": {"verb":"refund",  "system":"billing","args":{"currency":"EUR",'
        '"amount":"20.00","note":"\\u00e9","n":1.50}} }'
    )
    asked = portal.post("/actions", raw=raw).json()

    first = portal.redeem(asked["grant"], asked["action_digest"])
    second = portal.redeem(asked["grant"], asked["action_digest"])

    assert first.status_code == 200
    exact = raw[raw.index('{"verb"') : raw.rindex(" }")]
    assert exact in first.content.decode()
    assert first.json()["action_digest"] == asked["action_digest"]
    assert second.status_code == 409
    assert second.json()["code"] == "grant.redeemed"
    assert Entry.objects.filter(name="grant.refused").count() == 1


def test_a_replayed_redemption_gives_the_same_execution(portal):
    asked = portal.ask("20.00")

    answers = [
        portal.redeem(asked["grant"], asked["action_digest"], key="once") for _ in "ab"
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_a_wrong_digest_leaves_the_grant_as_it_was(portal):
    asked = portal.ask("20.00")

    refused = portal.redeem(asked["grant"], "sha256:" + "0" * 64)
    accepted = portal.redeem(asked["grant"], asked["action_digest"])

    assert (refused.status_code, refused.json()["code"]) == (409, "digest.mismatch")
    assert accepted.status_code == 200


def test_another_agents_grant_is_not_yours_and_an_invented_one_is_unknown(portal):
    asked = portal.ask("20.00")
    stranger = portal.people.key_for(portal.people.other_agent)

    taken = portal.post(
        "/grants/redeem",
        {"token": asked["grant"]["token"], "action_digest": asked["action_digest"]},
        token=stranger,
    )
    invented = portal.redeem({"token": "csg_202611_x"}, asked["action_digest"])

    assert (taken.status_code, taken.json()["code"]) == (403, "grant.not_yours")
    assert invented.status_code == 404
    assert portal.redeem(asked["grant"], asked["action_digest"]).status_code == 200


def test_an_expired_grant_is_gone_by_the_databases_clock(portal, settings, monkeypatch):
    monkeypatch.setattr(
        "approvals.rules.due.ALLOWED_GRANT_LIFE", timedelta(microseconds=1)
    )
    asked = portal.ask("20.00")

    late = portal.redeem(asked["grant"], asked["action_digest"])
    sweep_due()

    assert (late.status_code, late.json()["code"]) == (410, "grant.expired")
    assert Grant.objects.get().state == "EXPIRED"
    assert portal.action(asked)["grant"] is None


def test_pausing_stops_redeeming_and_resuming_leaves_the_grant_stale(portal):
    asked = portal.ask("20.00")
    maya = portal.people.actor("maya")

    pause_workflow(
        actor=maya,
        workflow_id=portal.workflow.id,
        reason="A complaint",
        now=wall_clock(),
    )
    paused = portal.redeem(asked["grant"], asked["action_digest"])
    resume_workflow(
        actor=maya, workflow_id=portal.workflow.id, reason="Settled", now=wall_clock()
    )
    resumed = portal.redeem(asked["grant"], asked["action_digest"])

    assert (paused.status_code, paused.json()["code"]) == (403, "workflow.paused")
    assert (resumed.status_code, resumed.json()["code"]) == (409, "grant.stale")
    assert Grant.objects.get().state == "ISSUED"


def test_a_revoked_grant_cannot_be_used_and_a_used_one_cannot_be_revoked(portal):
    unused, used = portal.ask("20.00"), portal.ask("21.00")
    maya = portal.people.actor("maya")
    assert portal.redeem(used["grant"], used["action_digest"]).status_code == 200

    revoke_grant(
        actor=maya,
        grant_id=unused["grant"]["id"],
        reason="Wrong customer",
        now=wall_clock(),
    )

    assert (
        portal.redeem(unused["grant"], unused["action_digest"]).json()["code"]
        == "grant.revoked"
    )
    assert portal.action(unused)["resolution"]["reason_code"] == "revoked"
    with pytest.raises(Conflict, match="used already"):
        revoke_grant(
            actor=maya,
            grant_id=used["grant"]["id"],
            reason="Late",
            now=wall_clock(),
        )


def test_an_outcome_needs_a_redeemed_grant_and_the_latest_report_counts(portal):
    asked = portal.ask("20.00")
    report = {"status": "unknown", "detail": "time-out"}

    early = portal.post(f"/actions/{asked['id']}/outcome", report)
    portal.redeem(asked["grant"], asked["action_digest"])
    unknown = portal.post(f"/actions/{asked['id']}/outcome", report)
    settled = portal.post(
        f"/actions/{asked['id']}/outcome",
        {
            "status": "succeeded",
            "changes": [
                {"system": "billing", "field": "refunded", "before": 0, "after": 20.5}
            ],
        },
    )

    assert (early.status_code, early.json()["code"]) == (409, "grant.not_redeemed")
    assert unknown.json()["status"] == "unknown"
    assert settled.status_code == 201
    assert portal.action(asked)["status"] == "executed"
    assert portal.action(asked)["outcome"] == "succeeded"
    assert Outcome.objects.count() == 2


def test_the_token_is_in_no_stored_answer_and_a_replay_tells_it_again(portal):
    from portal.core.models import IdempotencyRecord

    body = portal.body("20.00")

    first = portal.post("/actions", body, key="k").json()
    again = portal.post("/actions", body, key="k").json()

    assert first == again
    stored = IdempotencyRecord.objects.get().document
    assert first["grant"]["token"] not in stored
    assert bytes(Grant.objects.get().token_hash) != first["grant"]["token"].encode()


def test_a_grant_counts_against_the_cap_and_gives_back_what_it_did_not_use(portal):
    asked = [portal.ask("25.00", run=f"r{n}") for n in range(20)]
    assert {one["status"] for one in asked} == {"allowed"}

    over = portal.ask("25.00", run="r21")
    withdrawn = portal.post(f"/actions/{asked[0]['id']}/withdraw")
    fits_again = portal.ask("25.00", run="r22")

    assert over["status"] != "allowed"
    assert over["ruling"]["reasons"][0]["code"] == "cap.spend"
    assert withdrawn.json()["status"] == "withdrawn"
    assert fits_again["status"] == "allowed"


def test_sweeping_a_grant_that_was_used_in_the_meantime_changes_nothing(portal):
    asked = portal.ask("20.00")
    portal.redeem(asked["grant"], asked["action_digest"])

    with pytest.raises(Conflict):
        expire_grant(grant_id=Grant.objects.get().id, now=wall_clock())

    assert Grant.objects.get().state == "REDEEMED"
    assert (
        json.loads(portal.get(f"/actions/{asked['id']}").content)["status"] == "allowed"
    )
