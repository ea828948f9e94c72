"""Pausing from anywhere, what was in flight, stages by a click, and roles on the pages."""

import pytest

from portal.accounts.actors import SYSTEM
from portal.accounts.operations.people import deactivate_person
from registry.models import HandOver, Pauser, Position, ResumeStage, RoleHolding
from tests.approvals.asking import make_portal

PAUSE = "/workflows/refund-management/pause/"
RESUME = "/workflows/refund-management/resume/"
FLIGHT = "/workflows/refund-management/in-flight/"
PEOPLE = "/workflows/refund-management/people/"


@pytest.fixture
def portal(db):
    return make_portal()


def text_of(client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def tell(portal, asked) -> None:
    """Report as the agent that the action was carried out."""
    body = {"status": "succeeded"}
    answer = portal.post(f"/actions/{asked['id']}/outcome", body)
    assert answer.status_code in (200, 201), answer.content


def test_a_pause_comes_back_to_the_page_that_it_was_opened_from(portal):
    maya = portal.signed_in("maya")
    asked = portal.ask()
    card = f"/inbox/{asked['proposal']['id']}/"
    assert f'value="{card}"' in text_of(maya, f"{PAUSE}?back={card}")

    answer = maya.post(PAUSE, {"reason": "Odd refunds.", "back": card})

    assert answer["Location"] == card
    assert "is paused by Maya Adler" in text_of(maya, card)


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "inbox"])
def test_a_pause_never_leads_away_from_here(portal, back):
    answer = portal.signed_in("maya").post(PAUSE, {"reason": "Odd.", "back": back})

    assert answer["Location"] == "/workflows/refund-management/"


def test_what_was_in_flight_at_the_pause_is_told_with_its_outcome(portal):
    unused, used, told = (portal.ask(amount) for amount in ("11.00", "12.00", "13.00"))
    for asked in (used, told):
        redeemed = portal.redeem(asked["grant"], asked["action_digest"])
        assert redeemed.status_code == 200
    maya = portal.signed_in("maya")
    before = text_of(maya, FLIGHT)
    assert "a pause would stop it" in before
    maya.post(PAUSE, {"reason": "Odd refunds."})
    tell(portal, told)

    after = text_of(maya, FLIGHT)

    assert "1\u00a0grant stopped, 1 used and not told, 1 over." in after
    assert "it can no longer run" in after
    assert "it may still be happening" in after
    assert "It was carried out, as told." in after
    refused = portal.redeem(unused["grant"], unused["action_digest"])
    assert refused.status_code == 403


def test_what_was_over_before_the_pause_is_not_told(portal):
    asked = portal.ask("12.00")
    portal.redeem(asked["grant"], asked["action_digest"])
    tell(portal, asked)
    maya = portal.signed_in("maya")

    maya.post(PAUSE, {"reason": "Odd refunds."})

    assert "no grant was in flight" in text_of(maya, FLIGHT)


def test_the_list_alone_is_what_other_pages_load(portal):
    maya = portal.signed_in("maya")

    part = maya.get(FLIGHT, headers={"HX-Request": "true"}).content.decode()

    assert "No grant is in flight" in part
    assert "<html" not in part
    assert portal.signed_in("olga").get(FLIGHT).status_code == 404


def test_a_workflow_resumes_in_stages_by_clicks_and_every_page_says_so(portal):
    maya = portal.signed_in("maya")
    maya.post(PAUSE, {"reason": "Odd refunds."})
    form = {"reason": "Mended.", "stage": "people", "hours": "4"}

    assert maya.post(RESUME, form).status_code == 302

    overview = text_of(maya, "/workflows/refund-management/")
    assert "resumes in stages" in overview
    assert "Let reading run alone" in overview
    stage = ResumeStage.objects.get(ended_at=None)
    click = {"stage": stage.id, "change": "next"}
    maya.post("/workflows/refund-management/stage/", click)
    assert "Let everything run" in text_of(maya, PEOPLE)
    stage = ResumeStage.objects.get(ended_at=None)
    maya.post("/workflows/refund-management/stage/", click | {"stage": stage.id})
    assert not ResumeStage.objects.filter(ended_at=None).exists()
    assert "resumes in stages" not in text_of(maya, PEOPLE)


def test_the_short_way_to_resume_leads_to_the_stages(portal):
    maya = portal.signed_in("maya")
    maya.post(PAUSE, {"reason": "Odd refunds."})

    dialog = text_of(maya, "/workflows/refund-management/").split('id="resume-dialog"')[
        1
    ]

    assert f'href="{RESUME}"' in dialog
    assert "Resume in stages" in dialog
    assert "Resume in stages" not in text_of(maya, RESUME)


def test_chosen_verbs_need_a_verb_and_an_unknown_choice_is_refused(portal):
    maya = portal.signed_in("maya")
    maya.post(PAUSE, {"reason": "Odd refunds."})

    none = maya.post(RESUME, {"reason": "Mended.", "stage": "verbs"})
    forged = maya.post(RESUME, {"reason": "Mended.", "stage": "all", "hours": "9"})
    chosen = maya.post(
        RESUME, {"reason": "Mended.", "stage": "verbs", "verbs": ["read"]}
    )

    assert (none.status_code, forged.status_code, chosen.status_code) == (422, 422, 302)
    assert ResumeStage.objects.get().verbs == ["read"]


def test_a_role_is_handed_over_on_the_pages(portal):
    maya, olga = portal.signed_in("maya"), portal.signed_in("olga")
    assert "Hand over…" in text_of(maya, PEOPLE)
    form = {"receiver": portal.people.olga.id, "note": "Mondays.", "starts_on": ""}
    offered = maya.post(f"{PEOPLE}risk_owner/hand-over/", form)
    where = offered["Location"]
    assert "Offered to Olga Petrova" in text_of(maya, PEOPLE)
    assert "Risk owner of Refund management" in text_of(olga, "/")

    olga.post(where, {"answer": "accept"})

    assert HandOver.objects.get().state == "DONE"
    assert "Olga Petrova" in text_of(maya, PEOPLE)
    assert portal.signed_in("tom").post(where, {}).status_code == 403


def test_a_free_name_is_no_receiver_and_no_position(portal):
    maya, ada = portal.signed_in("maya"), portal.signed_in("ada")
    form = {"receiver": "the business", "note": "Mondays."}
    assert maya.post(f"{PEOPLE}risk_owner/hand-over/", form).status_code == 422

    care = portal.people.departments["care"].id
    add = {"change": "add", "department": care, "person": portal.people.maya.id}
    refused = ada.post("/positions/", add | {"name": "The business"})
    ada.post("/positions/", add | {"name": "Head of customer care"})

    assert refused.status_code == 422
    assert "answers for nothing" in refused.content.decode()
    assert Position.objects.get().holder_id == portal.people.maya.id


def test_a_position_is_given_a_role_and_filled_by_somebody_else(portal):
    ada = portal.signed_in("ada")
    care = portal.people.departments["care"].id
    ada.post(
        "/positions/",
        {
            "change": "add",
            "name": "Head of customer care",
            "department": care,
            "person": portal.people.maya.id,
        },
    )
    position = Position.objects.get()
    ada.post(
        PEOPLE,
        {
            "change": "assign",
            "role": "business_owner",
            "person": f"position:{position.id}",
        },
    )
    assert "Head of customer care" in text_of(ada, PEOPLE)

    ada.post(
        "/positions/",
        {
            "change": "fill",
            "position": position.id,
            "person": portal.people.olga.id,
            "note": "Maya moves.",
        },
    )

    held = RoleHolding.objects.get(role="business_owner")
    assert held.person_id == portal.people.olga.id
    assert portal.signed_in("olga").get(PEOPLE).status_code == 200


def test_who_may_pause_is_shown_and_set_by_the_business_owner(portal):
    maya, olga = portal.signed_in("maya"), portal.signed_in("olga")
    maya.post(PEOPLE, {"change": "add_pauser", "person": portal.people.olga.id})
    assert Pauser.objects.count() == 1
    assert "named for it" in text_of(maya, PAUSE)

    assert olga.post(PAUSE, {"reason": "I saw it."}).status_code == 302


def test_an_administrator_is_told_of_a_holder_whose_access_ended(portal):
    deactivate_person(actor=SYSTEM, person=portal.people.rosa)

    assert "Rosa Lindqvist" in text_of(portal.signed_in("ada"), "/")
    assert "can no longer sign in" in text_of(portal.signed_in("maya"), PEOPLE)
    assert "Risk owner" in text_of(portal.signed_in("maya"), "/")
