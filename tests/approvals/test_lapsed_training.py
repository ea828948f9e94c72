"""Lapsed training stops what vacancy stops: it is asked and kept, and nothing runs."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from approvals.models import Decision, Grant, Proposal
from approvals.operations import grants
from approvals.queries import blocking
from portal.accounts.actors import SYSTEM
from registry.operations.training import (
    add_course,
    record_completion,
    set_requirements,
)
from tests.approvals.asking import make_portal
from tests.people import NOW

TODAY = date.today()  # noqa: DTZ011 - the day of the database, near enough for years


@pytest.fixture
def portal(db):
    return make_portal()


@pytest.fixture
def course(db):
    return add_course(
        actor=SYSTEM,
        name="Owning a workflow",
        tier="leadership",
        months_valid=12,
        now=NOW,
    )


def require(course, duty: str = "risk_owner") -> None:
    set_requirements(
        actor=SYSTEM, duty=duty, tiers=(), course_ids=(course.id,), now=NOW
    )


def train(portal, course, name: str, *, days_ago: int = 10) -> None:
    record_completion(
        actor=SYSTEM,
        person_id=portal.people.people[name].id,
        course_id=course.id,
        completed_on=TODAY - timedelta(days=days_ago),
        now=NOW,
    )


def test_nothing_changes_until_an_administrator_asks_for_training(portal, course):
    assert portal.ask("12.00")["status"] == "allowed"


def test_what_would_be_allowed_waits_while_a_role_holder_is_not_trained(portal, course):
    require(course)

    asked = portal.ask("13.00")

    assert asked["status"] == "in_review"
    assert asked["grant"] is None
    codes = {reason["code"] for reason in asked["ruling"]["reasons"]}
    assert "training.lapsed" in codes
    assert "owner.vacant" not in codes


def test_what_is_never_allowed_stays_refused_though_training_lapsed(portal, course):
    require(course)

    never = {"verb": "delete", "system": "billing", "args": {}}

    assert portal.ask(action=never)["status"] == "refused"


def test_an_approval_is_told_whose_training_lapsed_and_counts_again_once_it_is_done(
    portal, course
):
    asked = portal.ask()
    train(portal, course, "rosa", days_ago=800)
    require(course)

    answer = portal.decide("dana", asked)

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Rosa Lindqvist" in page
    assert "administrator" in page
    assert Proposal.objects.get(id=asked["proposal"]["id"]).state == "OPEN"
    assert not Decision.objects.exists()

    train(portal, course, "rosa")

    assert portal.decide("dana", asked).status_code == 302
    assert portal.action(asked)["status"] == "approved"


def test_an_edit_does_not_walk_around_lapsed_training(portal, course):
    asked = portal.ask()
    require(course)

    answer = portal.decide("dana", asked, "edit", **{"arg-0": "80.00"})

    assert answer.status_code == 409
    assert Proposal.objects.get(id=asked["proposal"]["id"]).version_number == 1


def test_a_grant_from_before_is_refused_and_works_again_after_the_training(
    portal, course
):
    asked = portal.ask("12.00")
    grant, digest = asked["grant"], asked["action_digest"]
    require(course)

    refused = portal.redeem(grant, digest)

    assert refused.status_code == 403
    assert refused.json()["code"] == "training.lapsed"
    assert "Rosa Lindqvist" in refused.json()["who_can_help"]
    assert Grant.objects.get().state == "ISSUED"

    train(portal, course, "rosa")

    assert portal.redeem(grant, digest).status_code == 200


def test_a_reviewer_who_is_not_trained_neither_sees_it_waiting_nor_decides_it(
    portal, course
):
    asked = portal.ask()
    train(portal, course, "tom")
    require(course, "reviewer")
    headline = asked["proposal"]["id"]

    refused = portal.decide("dana", asked)

    assert refused.status_code == 403
    assert "training" in refused.content.decode()
    assert headline not in portal.signed_in("dana").get("/inbox/").content.decode()
    assert headline in portal.signed_in("tom").get("/inbox/").content.decode()
    assert portal.decide("tom", asked).status_code == 302
    assert portal.action(asked)["status"] == "approved"


def test_the_business_owner_stands_in_for_an_untrained_escalation_owner_to_reject(
    portal, course
):
    asked = portal.ask(confidence=0.1)
    require(course, "escalation_owner")
    headline = asked["proposal"]["id"]
    maya = portal.signed_in("maya")

    assert headline in maya.get("/inbox/").content.decode()
    assert portal.decide("erik", asked).status_code == 403
    assert portal.decide("maya", asked).status_code == 409
    rejected = portal.decide("maya", asked, "reject", reason_code="duplicate")
    assert rejected.status_code == 302


def test_without_the_guard_a_grant_would_be_used_while_training_is_lapsed(
    portal, course, monkeypatch
):
    asked = portal.ask("12.00")
    require(course)
    real = grants.standing_facts
    monkeypatch.setattr(
        grants,
        "standing_facts",
        lambda *args, **more: replace(real(*args, **more), lapsed_training=()),
    )

    assert portal.redeem(asked["grant"], asked["action_digest"]).status_code == 200


def test_without_the_guard_an_approval_would_ask_for_a_grant(
    portal, course, monkeypatch
):
    asked = portal.ask()
    require(course)
    monkeypatch.setattr(blocking, "_lapsed", lambda waiting: None)

    with pytest.raises(AssertionError, match="lapsed training or a vacant"):
        portal.decide("dana", asked)
