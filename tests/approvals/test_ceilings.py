"""A ceiling from above stops a real request at once, on a live workflow, whatever its level."""

from decimal import Decimal

import pytest

from portal.core.clock import wall_clock
from registry.models import CeilingWaiver, System
from registry.operations.asking_more import Wanted, ask_for_more
from registry.operations.catalogue import set_system_data
from registry.operations.ceilings import lift_ceiling, set_ceiling
from registry.operations.deciding_more import end_waiver
from registry.operations.placing import place_workflow
from registry.operations.teams import add_team

pytestmark = pytest.mark.django_db


def limit(portal, **more):
    said = {
        "level": "enterprise",
        "name": "No refunds",
        "sentence": "Nobody refunds this week.",
        "authority": "never",
        "verbs": ("refund",),
    }
    return set_ceiling(
        actor=portal.people.actor("rosa"), now=wall_clock(), **(said | more)
    )


def place(portal, level):
    if level == "enterprise":
        return {}
    care, ada = portal.people.departments["care"], portal.people.actor("ada")
    if level == "department":
        return {"level": level, "department": care}
    team = add_team(actor=ada, name="Refunds", department=care, now=wall_clock())
    place_workflow(
        actor=ada, workflow_id=portal.workflow.id, team=team, now=wall_clock()
    )
    return {"level": level, "department": care, "team": team}


@pytest.mark.parametrize("level", ["enterprise", "department", "team"])
def test_a_ceiling_refuses_at_once_and_makes_an_issued_grant_stale(portal, level):
    where = place(portal, level)
    issued = portal.ask("20.00")
    assert issued["status"] == "allowed"

    ceiling = limit(portal, **where)
    refused = portal.ask("20.00", run="after")
    stale = portal.redeem(issued["grant"], issued["action_digest"])

    assert refused["status"] == "refused"
    (first, *_) = refused["ruling"]["reasons"]
    assert first["code"] == f"ceiling.{level}"
    assert "Nobody refunds this week." in first["text"]
    assert (stale.status_code, stale.json()["code"]) == (409, "grant.stale")

    lift_ceiling(
        actor=portal.people.actor("rosa"),
        ceiling_id=ceiling.id,
        because="The week is over.",
        now=wall_clock(),
    )
    assert portal.ask("20.00", run="later")["status"] == "allowed"


def test_of_two_levels_that_disagree_the_stricter_one_decides(portal):
    limit(portal, authority="review", sentence="A person decides.")
    limit(portal, **place(portal, "department"))

    asked = portal.ask("20.00")

    assert asked["status"] == "refused"
    assert [each["code"] for each in asked["ruling"]["reasons"]][:2] == [
        "ceiling.department",
        "ceiling.enterprise",
    ]


def test_a_ceiling_on_data_binds_by_what_the_system_is_said_to_hold(portal):
    limit(portal, verbs=(), data_classes=("payment",), sentence="No payment data.")
    ada, billing = portal.people.actor("ada"), System.objects.get(slug="billing")

    untold = portal.ask("20.00")
    for classes, status in ((["payment"], "refused"), (["internal"], "allowed")):
        set_system_data(
            actor=ada, system_id=billing.id, data_classes=classes, now=wall_clock()
        )
        told = portal.ask("20.00", run=f"told-{status}")
        assert told["status"] == status

    assert untold["status"] == "in_review"
    assert "nobody has said what data billing holds" in str(untold["ruling"]["reasons"])


def test_a_ceiling_on_a_model_binds_whoever_names_it_and_asks_who_does_not(portal):
    limit(portal, verbs=(), ai_models=("small-1",), sentence="Not the small one.")

    named = portal.ask("20.00", run="a", model="Small-1")
    other = portal.ask("20.00", run="b", model="large-2")
    silent = portal.ask("20.00", run="c")

    answers = [each["status"] for each in (named, other, silent)]
    assert answers == ["refused", "allowed", "in_review"]


def test_the_preview_counts_what_would_have_been_stricter_and_opens_each(portal):
    for number, amount in enumerate(("5.00", "20.00", "24.00", "84.20")):
        portal.ask(amount, run=f"run-{number}")
    said = {
        "where": "enterprise",
        "name": "Small refunds",
        "sentence": "Above EUR 10 nobody refunds.",
        "authority": "never",
        "verbs": "refund",
        "amount_max": "10.00",
        "currency": "EUR",
    }
    rosa, olga = portal.signed_in("rosa"), portal.signed_in("olga")

    counted = rosa.get("/ceilings/effect/", said).content.decode()
    milder = rosa.get("/ceilings/effect/", said | {"authority": "review"})
    opened = rosa.get(
        "/ceilings/effect/",
        said | {"workflow": portal.workflow.slug, "change": "refused"},
    ).content.decode()

    assert "Of 4\u00a0actions" in counted
    assert "<strong>0</strong> would have been newly reviewed" in counted
    assert "<strong>3</strong> newly refused" in counted
    # What was reviewed then is not newly reviewed by a ceiling that reviews.
    assert "<strong>2</strong> would have been newly reviewed" in (
        milder.content.decode()
    )
    for amount in ("20.00", "24.00", "84.20"):
        assert f"EUR {amount}" in opened
    assert "EUR 5.00" not in opened
    # Whoever sees no workflow counts none, and is told that there is no data.
    assert "No data" in olga.get("/ceilings/effect/", said).content.decode()
    assert portal.ask("20.00", run="now")["status"] == "allowed"


def test_a_waiver_lets_one_cell_past_and_its_end_makes_its_grants_stale(portal):
    people = portal.people
    ceiling = limit(portal)
    request = ask_for_more(
        actor=people.actor("maya"),
        workflow_id=portal.workflow.id,
        wanted=Wanted(
            kind="waiver",
            why="Customers wait.",
            ceiling_id=ceiling.id,
            system="billing",
            verb="refund",
            amount_max=Decimal(15),
            currency="EUR",
            days=3,
        ),
        now=wall_clock(),
    )
    assert "No refunds" in portal.signed_in("rosa").get("/inbox/").content.decode()
    assert "No refunds" not in portal.signed_in("dana").get("/inbox/").content.decode()
    answered = portal.signed_in("rosa").post(
        f"/requests/{request.id}/",
        {"change": "approve", "answer": "For the feast days.", "alone": "on"},
    )
    assert answered.status_code == 302

    past = portal.ask("12.00", run="a")
    beyond = portal.ask("16.00", run="b")
    assert (past["status"], beyond["status"]) == ("allowed", "refused")

    end_waiver(
        actor=people.actor("rosa"),
        waiver_id=CeilingWaiver.objects.get().id,
        because="It was misused.",
        now=wall_clock(),
    )
    stale = portal.redeem(past["grant"], past["action_digest"])
    assert (stale.status_code, stale.json()["code"]) == (409, "grant.stale")
    assert portal.ask("12.00", run="c")["status"] == "refused"
