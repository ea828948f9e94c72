"""Deciding in the inbox: bound to a digest, ruled on again, by those who may."""

import json

import pytest

from approvals.models import AuthorityRecord, Decision, Grant, Proposal
from approvals.operations.edit import edit_and_approve
from approvals.operations.moves import escalate_proposal
from approvals.tasks import sweep_due
from portal.accounts.models import Agent, Person
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import Forbidden
from registry.operations.pausing import pause_workflow
from tests.approvals.asking import digest_of_proposal
from tests.people import refunds_document

pytestmark = pytest.mark.django_db


def test_an_approval_gives_a_grant_that_runs_the_bytes_that_were_shown(
    portal, no_undo_time
):
    asked = portal.ask("84.20")

    response = portal.decide("dana", asked)
    told = portal.action(asked)
    redeemed = portal.redeem(told["grant"], told["resolution"]["action_digest"])

    assert response.status_code == 302
    assert told["status"] == "approved"
    assert told["resolution"]["type"] == "approved"
    assert told["resolution"]["action"] == redeemed.json()["action"]
    assert redeemed.json()["action"]["args"]["amount"] == "84.20"
    assert Entry.objects.filter(name="proposal.decided").count() == 1


def test_a_decision_on_other_bytes_than_those_shown_is_refused(portal):
    asked = portal.ask("84.20")

    stale = portal.decide("dana", asked, digest="sha256:" + "1" * 64)
    missing = portal.decide("dana", asked, digest="")
    right = portal.decide("dana", asked)

    assert (stale.status_code, missing.status_code, right.status_code) == (
        409,
        409,
        302,
    )
    assert Decision.objects.count() == 1


def test_the_second_approver_is_told_who_decided_first_and_when(portal):
    asked = portal.ask("84.20")
    digest = digest_of_proposal(asked["proposal"]["id"])
    portal.decide("dana", asked)

    late = portal.decide("tom", asked, "reject", digest=digest, reason_code="duplicate",
                         message="I saw this yesterday")  # fmt: skip

    assert late.status_code == 409
    assert "Dana Reyes" in late.content.decode()
    assert "I saw this yesterday" in late.content.decode()
    assert Decision.objects.count() == 1


def test_only_reviewers_decide_and_outsiders_do_not_even_see(portal):
    asked = portal.ask("84.20")

    owner = portal.decide("maya", asked)
    administrator = portal.decide("ada", asked)
    outsider = portal.decide("olga", asked)

    assert owner.status_code == 403
    assert "Dana Reyes" in owner.content.decode()
    assert administrator.status_code == 403
    assert outsider.status_code == 404
    assert portal.decide("dana", asked).status_code == 302


def test_neither_requester_nor_operator_nor_key_owner_approves(portal):
    asked = portal.ask(on_behalf_of={"type": "user", "id": "Dana@Example.com"})
    Agent.objects.filter(id=portal.people.agent.id).update(operator=portal.people.tom)

    requester, operator = portal.decide("dana", asked), portal.decide("tom", asked)

    assert (requester.status_code, operator.status_code) == (403, 403)
    assert Proposal.objects.get().state == "OPEN"
    assert portal.decide("lena", asked).status_code == 302


def test_a_rejection_needs_a_reason_that_the_agent_is_told(portal):
    asked = portal.ask("84.20")

    bare = portal.decide("dana", asked, "reject")
    other = portal.decide("dana", asked, "reject", reason_code="other")
    given = portal.decide(
        "dana", asked, "reject", reason_code="wrong_amount", message="It was 48.20"
    )
    told = portal.action(asked)

    assert (bare.status_code, other.status_code, given.status_code) == (422, 422, 302)
    assert told["status"] == "rejected"
    assert told["resolution"]["reason_code"] == "wrong_amount"
    assert told["resolution"]["message"] == "It was 48.20"
    assert told["grant"] is None


def test_a_response_answers_in_the_actions_stead_and_nothing_runs(portal):
    asked = portal.ask("84.20")

    portal.decide("dana", asked, "respond", message="Offer a voucher instead")

    told = portal.action(asked)
    assert told["status"] == told["resolution"]["type"] == "responded"
    assert told["resolution"]["message"] == "Offer a voucher instead"
    assert not Grant.objects.exists()


def test_approving_asks_the_authority_again_and_keeps_the_proposal_open_when_it_blocks(
    portal,
):
    asked = portal.ask("84.20")
    pause_workflow(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        reason="A complaint",
        now=wall_clock(),
    )

    blocked = portal.decide("dana", asked)

    assert blocked.status_code == 409
    assert "A complaint" in blocked.content.decode()
    assert not Decision.objects.exists()
    assert Proposal.objects.get().state == "OPEN"
    assert AuthorityRecord.objects.get(occasion="DECIDE").answer == "refuse"
    assert Entry.objects.filter(name="action.ruled").count() == 2


def test_a_quorum_counts_distinct_active_people_when_it_completes(db):
    from tests.approvals.asking import make_portal

    rows = refunds_document()["allowances"]
    rows[1] |= {"quorum": 2, "authority": "review"}
    portal = make_portal(document=refunds_document(allowances=rows))
    asked = portal.ask("84.20")

    first, twice = portal.decide("dana", asked), portal.decide("dana", asked)
    assert (first.status_code, twice.status_code) == (302, 409)
    assert Proposal.objects.get().state == "OPEN"
    Person.objects.filter(id=portal.people.dana.id).update(is_active=False)

    portal.decide("tom", asked)
    assert Proposal.objects.get().state == "OPEN", "a deactivated vote does not count"
    portal.decide("lena", asked)

    assert Proposal.objects.get().state == "APPROVED"
    assert Grant.objects.count() == 1


def test_a_new_live_version_makes_grants_stale_and_leaves_proposals_open(
    portal, no_undo_time
):
    from registry.operations.packets import new_version
    from tests.people import launch

    granted, waiting = portal.ask("20.00"), portal.ask("84.20")
    draft = new_version(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        now=wall_clock(),
    )
    launch(portal.people, portal.workflow, revision=getattr(draft, "revision", 1))

    stale = portal.redeem(granted["grant"], granted["action_digest"])
    approved = portal.decide("dana", waiting)
    told = portal.action(waiting)

    assert (stale.status_code, stale.json()["code"]) == (409, "grant.stale")
    assert approved.status_code == 302
    assert (
        portal.redeem(told["grant"], told["resolution"]["action_digest"]).status_code
        == 200
    )


def test_an_approval_can_be_undone_until_its_grant_is_usable(portal, settings):
    asked = portal.ask("84.20")
    settings.APPROVALS_UNDO_SECONDS = 60

    portal.decide("dana", asked)
    told = portal.action(asked)
    early = portal.redeem(told["grant"], asked["action_digest"])
    other = portal.decide("tom", asked, "undo")
    undone = portal.decide("dana", asked, "undo")

    assert (early.status_code, early.json()["code"]) == (409, "grant.not_yet")
    assert other.status_code == 403
    assert undone.status_code == 302
    after = portal.action(asked)
    assert after["status"] == "in_review"
    assert after["proposal"]["id"] != asked["proposal"]["id"]
    assert after["grant"] is None
    assert (
        portal.redeem(told["grant"], asked["action_digest"]).json()["code"]
        == "grant.revoked"
    )
    settings.APPROVALS_UNDO_SECONDS = 0
    portal.decide("dana", after)
    assert portal.decide("dana", after, "undo").status_code == 409


def test_a_question_stops_the_clock_until_the_agent_answers(portal):
    asked = portal.ask("84.20")
    early = portal.post(f"/actions/{asked['id']}/answer", {"message": "Hello"})

    portal.decide("dana", asked, "ask", message="Which parcel?")
    during = portal.action(asked)
    sweep_due()
    answered = portal.post(f"/actions/{asked['id']}/answer", {"message": "The second."})

    assert (early.status_code, early.json()["code"]) == (409, "question.none")
    assert during["proposal"]["question"] == "Which parcel?"
    assert answered.status_code == 200
    assert answered.json()["proposal"]["question"] is None
    page = (
        portal.signed_in("dana")
        .get(f"/inbox/{asked['proposal']['id']}/")
        .content.decode()
    )
    assert "Which parcel?" in page
    assert "The second." in page
    assert portal.decide("dana", asked).status_code == 302


def test_an_escalated_proposal_is_the_escalation_owners(portal):
    asked = portal.ask("84.20")

    portal.decide("dana", asked, "escalate", message="Unsure about the customer")
    reviewer = portal.decide("dana", asked)
    owner = portal.decide("erik", asked)

    assert reviewer.status_code == 403
    assert "Erik Sandberg" in reviewer.content.decode()
    assert owner.status_code == 302
    assert portal.action(asked)["status"] == "approved"


def test_what_the_rulebook_escalates_goes_to_the_escalation_owner(portal):
    asked = portal.ask("84.20", signals=["conflicting_records"])

    assert asked["status"] == "escalated"
    assert portal.decide("dana", asked).status_code == 403
    assert portal.decide("erik", asked).status_code == 302


def test_time_out_escalates_once_and_then_expires_and_never_approves(portal):
    asked = portal.ask("84.20")
    _make_due()

    sweep_due()
    assert portal.action(asked)["status"] == "escalated"
    sweep_due()
    assert portal.action(asked)["status"] == "escalated", "it has time again"
    _make_due()
    sweep_due()

    told = portal.action(asked)
    assert told["status"] == told["resolution"]["type"] == "expired"
    assert portal.decide("erik", asked).status_code == 409
    assert not Grant.objects.exists()


def test_withdrawing_ends_the_proposal_and_the_reviewer_is_told(portal):
    asked = portal.ask("84.20")

    withdrawn = portal.post(f"/actions/{asked['id']}/withdraw")
    again = portal.post(f"/actions/{asked['id']}/withdraw")
    late = portal.decide("dana", asked)

    assert withdrawn.json()["resolution"]["type"] == "withdrawn"
    assert again.status_code == 409
    assert late.status_code == 409
    assert "The agent" in late.content.decode()


def test_a_held_run_blocks_approval_until_a_person_resumes_it(portal):
    waiting = portal.ask("84.20")
    held = portal.ask("20.00", description="The customer will call a lawyer")

    blocked = portal.decide("dana", waiting)

    assert held["status"] == "refused"
    assert held["ruling"]["reasons"][0]["code"] == "run.on_hold"
    assert blocked.status_code == 409
    assert not Decision.objects.exists()


def test_operations_check_rights_by_themselves(portal):
    asked = portal.ask("84.20")
    proposal = Proposal.objects.get()

    for call in (
        lambda actor: escalate_proposal(
            actor=actor, proposal_id=proposal.id, reason="x", now=wall_clock()
        ),
        lambda actor: edit_and_approve(
            actor=actor,
            proposal_id=proposal.id,
            digest=asked["action_digest"],
            edits={"arg-0": "1.00"},
            now=wall_clock(),
        ),
    ):
        with pytest.raises(Forbidden):
            call(portal.people.actor("maya"))


def test_opening_evidence_is_recorded_and_counted_with_the_decision(portal):
    asked = portal.ask("84.20")
    client = portal.signed_in("dana")
    address = f"/inbox/{asked['proposal']['id']}/"

    before = client.get(address).content.decode()
    client.post(f"{address}evidence/0/")
    after = client.get(address).content.decode()
    missing = client.post(f"{address}evidence/7/")
    portal.decide("dana", asked)

    assert "Paid." not in before
    assert "Paid." in after
    assert missing.status_code == 404
    decision = Decision.objects.get()
    assert (decision.evidence_opened, decision.evidence_total) == (1, 1)
    assert Entry.objects.filter(name="evidence.opened").count() == 1


def _make_due() -> None:
    from datetime import timedelta

    from django.db import connection

    from portal.audit.operation import _OPEN, record  # noqa: F401

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    Proposal.objects.update(due_at=wall_clock() - timedelta(seconds=1))


def test_raw_bytes_are_on_the_card_with_their_digest(portal):
    asked = portal.ask("84.20")

    page = (
        portal.signed_in("dana")
        .get(f"/inbox/{asked['proposal']['id']}/")
        .content.decode()
    )

    assert asked["action_digest"] in page
    assert json.dumps("84.20")[1:-1] in page
