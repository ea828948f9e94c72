"""A waiver of a ceiling ends by its time: no grant from before is good, swept or not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.core.clock import wall_clock
from registry.operations.asking_more import Wanted, ask_for_more
from registry.operations.ceilings import set_ceiling
from registry.operations.deciding_more import approve_request
from registry.queries.rulebooks import standing_facts
from registry.tasks import settle_duties
from tests.approvals.asking import make_portal


@pytest.fixture
def portal(db):
    return make_portal()


def waived_until_an_hour_ago(portal):
    """Waive a ceiling on credits for a day that was over an hour ago; nobody swept."""
    given_at = wall_clock() - timedelta(days=1, hours=1)
    rosa = portal.people.actor("rosa")
    ceiling = set_ceiling(
        actor=rosa,
        level="enterprise",
        name="No credits",
        sentence="Nobody gives credit this week.",
        authority="never",
        verbs=("credit",),
        now=given_at,
    )
    wanted = Wanted(
        kind="waiver",
        why="Customers wait.",
        ceiling_id=ceiling.id,
        system="billing",
        verb="credit",
        days=1,
    )
    asked = ask_for_more(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        wanted=wanted,
        now=given_at,
    )
    approve_request(actor=rosa, request_id=asked.id, answer="A day.", now=given_at)
    return given_at + timedelta(days=1)


def redeem(portal, asked):
    sent = {
        "token": asked["grant"]["token"],
        "action_digest": asked["action_digest"],
    }
    return portal.post("/grants/redeem", sent)


def test_a_grant_from_before_the_end_of_a_waiver_is_stale_before_any_sweep(
    portal, monkeypatch
):
    until = waived_until_an_hour_ago(portal)
    facts = standing_facts(portal.workflow.id, agent_id=None)
    after, before = portal.ask("10.00"), portal.ask("10.00", run="case-2")

    assert facts.waived_until == until
    assert redeem(portal, after).status_code == 200

    # As it is once the end of the waiver has come after the grant.
    def ended_since(*given, **more):
        return replace(standing_facts(*given, **more), waived_until=wall_clock())

    monkeypatch.setattr("approvals.operations.grants.standing_facts", ended_since)
    refused = redeem(portal, before)

    assert (refused.status_code, refused.json()["code"]) == (409, "grant.stale")
    # Once it is swept, the epoch says so, and the end is nobody's concern any more.
    assert settle_duties() == 1
    assert standing_facts(portal.workflow.id, agent_id=None).waived_until is None
