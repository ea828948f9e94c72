"""My absence, step by step in a browser without scripts."""

from datetime import timedelta

import pytest

from portal.accounts.models import Absence, Team
from portal.core.clock import wall_clock
from tests.approvals.asking import make_portal

pytestmark = pytest.mark.django_db
PAGE = "/inbox/away/"


def test_an_absence_is_planned_accepted_shown_on_the_card_and_ended():
    portal = make_portal(reviewers=("dana",))
    dana, lena = portal.signed_in("dana"), portal.signed_in("lena")
    last = wall_clock().date() + timedelta(days=3)
    form = {
        "change": "plan",
        "starts": wall_clock().date().isoformat(),
        "ends": last.isoformat(),
        "stand_in": portal.people.lena.id,
        "workflows": [portal.workflow.id],
        "reason": "A week by the sea.",
    }
    assert dana.post(PAGE, form).status_code == 302
    assert "has not answered yet" in dana.get(PAGE).content.decode()
    asked = lena.get(PAGE).content.decode()
    assert "You are asked to stand in" in asked
    assert "Refund management" in asked

    absence = Absence.objects.get()
    answer = {"change": "accept", "absence": absence.id}
    assert lena.post(PAGE, answer).status_code == 302
    proposal = portal.ask()["proposal"]["id"]
    card = lena.get(f"/inbox/{proposal}/").content.decode()
    assert "You would decide this for Dana Reyes" in card
    assert (
        "Lena Fischer decides for Dana"
        in dana.get(f"/inbox/{proposal}/").content.decode()
    )

    dana.post(PAGE, {"change": "end", "absence": absence.id})
    card = lena.get(f"/inbox/{proposal}/").content.decode()
    assert "decides for Dana Reyes" not in card


def test_what_is_missing_is_said_beside_the_field_and_what_was_typed_stays():
    portal = make_portal(reviewers=("dana",))
    dana = portal.signed_in("dana")
    response = dana.post(
        PAGE, {"change": "plan", "starts": "2026-12-01", "reason": "A week by the sea."}
    )
    said = response.content.decode()
    assert response.status_code == 422
    assert "Say which is the last day" in said
    assert "A week by the sea." in said
    stranger = {
        "change": "plan",
        "ends": "2099-01-01",
        "reason": "x",
        "workflows": ["x"],
    }
    assert dana.post(PAGE, stranger).status_code == 422


def test_the_people_page_names_a_team_and_the_people_it_makes():
    portal = make_portal(reviewers=("dana",))
    ada, maya = portal.signed_in("ada"), portal.signed_in("maya")
    care = portal.people.departments["care"]
    made = {"change": "add", "name": "Refund reviewers", "department": care.id}
    assert ada.post("/teams/", made).status_code == 302
    shown = ada.get("/teams/").content.decode()
    assert "Refund reviewers" in shown
    team = Team.objects.get()
    joined = {"change": "join", "team": team.id, "person": portal.people.olga.id}
    assert ada.post("/teams/", joined).status_code == 302
    assert maya.post("/teams/", joined).status_code == 403

    people = f"/workflows/{portal.workflow.slug}/people/"
    named = {"change": "add_reviewer", "named": f"team:{team.id}"}
    maya.post(people, named)
    told = maya.get(people).content.decode()
    assert "Team: Olga Petrova" in told
    assert maya.post(people, named | {"named": "team:x"}).status_code == 422
    maya.post(people, {"change": "assigning", "assigning": "on"})
    assert "who has least to do" in maya.get(people).content.decode()
