"""Before a high-risk approval its person says once more who they are."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver

from approvals.models import Decision, Grant, Proposal, ProposalVersion
from approvals.operations import decide
from approvals.operations.decide import approve_proposal
from approvals.queries import again
from portal.accounts.actors import Actor, actor_for
from portal.accounts.confirming import CONFIRMED_FOR
from portal.accounts.models import Person
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import ConfirmFirst
from registry.rules.answers import Risk, Turn
from tests.approvals.asking import digest_of_proposal
from tests.people import PASSWORD

# What decides in a person's name and lets something run; a page that is added later
# stands here or the walk below fails.
# A batch leaves out what is of high risk, and meets the same guard if it did not.
APPROVING = {"inbox_approve", "inbox_edit", "inbox_batch_decide", "inbox_break_glass"}


@pytest.fixture
def high(portal) -> dict:
    """A request of high risk; it waits for Erik, the escalation owner."""
    person = Person.objects.get(id=portal.people.erik.id)
    person.set_password(PASSWORD)
    person.save()
    return portal.ask("84.20", risk="high")


def approve(client: Client, asked: dict, verb: str = "approve", **form):
    proposal_id = asked["proposal"]["id"]
    form.setdefault("digest", digest_of_proposal(proposal_id))
    return client.post(f"/inbox/{proposal_id}/{verb}/", form)


def confirm(client: Client, answer, password: str = PASSWORD):
    address = answer["Location"]
    page = client.get(address)
    assert "Confirm that it is you" in page.content.decode()
    wanted = address.partition("next=")[2].replace("%2F", "/")
    return client.post("/confirm/", {"password": password, "next": wanted})


def test_a_high_risk_is_approved_after_the_password_and_by_a_second_click(portal, high):
    client = portal.signed_in("erik")
    key = client.session.session_key

    first = approve(client, high)
    decided_before = Decision.objects.count()
    back = confirm(client, first)
    still = Decision.objects.count()
    second = approve(client, high)

    card = f"/inbox/{high['proposal']['id']}/"
    assert first["Location"].startswith("/confirm/?next=")
    assert (decided_before, still) == (0, 0), "coming back decides nothing"
    assert back["Location"] == card
    assert client.session.session_key != key
    assert second.status_code == 302
    assert Decision.objects.get().confirmed_by == "password"
    assert Entry.objects.filter(name="person.confirmed").count() == 1


@pytest.mark.parametrize("verb", ["approve", "edit"])
def test_no_way_of_approving_goes_round_the_password(portal, high, verb):
    client = portal.signed_in("erik")

    answer = approve(client, high, verb, **{"arg-0": "48.20"})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/confirm/")
    assert not Decision.objects.exists()
    assert not Grant.objects.exists()
    assert ProposalVersion.objects.count() == 1


def test_every_page_that_decides_is_known_to_this_walk():
    found = {
        name
        for name in get_resolver().reverse_dict
        if isinstance(name, str)
        and name.startswith("inbox_")
        and name.rpartition("_")[2]
        in ("approve", "edit", "glass", "decide", "accept", "allow")
    }

    assert found - APPROVING == set()


def test_control_without_the_guard_a_high_risk_is_approved_unconfirmed(
    portal, high, monkeypatch
):
    monkeypatch.setattr(decide, "require_confirmed", lambda *said: None)
    monkeypatch.setattr(decide, "confirmed_only", lambda rows, *risks: list(rows))

    answer = approve(portal.signed_in("erik"), high)

    assert answer.status_code == 302
    assert Proposal.objects.get().state == "APPROVED"


def test_a_vote_from_before_the_risk_went_up_counts_only_with_a_confirmation(
    portal, monkeypatch
):
    asked = portal.ask("84.20")
    ruled, two = again.rule, {"quorum": 2, "turns": (Turn("reviewers", 2),)}
    monkeypatch.setattr(again, "rule", lambda *said: replace(ruled(*said), **two))
    portal.decide("dana", asked)
    two["risk"] = Risk.HIGH
    tom = Person.objects.get(id=portal.people.tom.id)

    approve_proposal(
        actor=actor_for(tom, confirmed_at=wall_clock(), confirmed_by="password"),
        proposal_id=asked["proposal"]["id"],
        digest=digest_of_proposal(asked["proposal"]["id"]),
        now=wall_clock(),
    )

    assert Decision.objects.count() == 2
    assert Proposal.objects.get().state == "OPEN"
    assert not Grant.objects.exists()


def test_what_was_typed_is_still_there_after_the_password(portal, high):
    client = portal.signed_in("erik")

    first = approve(client, high, "edit", **{"arg-0": "48.20", "message": "Half of it"})
    back = confirm(client, first)
    page = client.get(back["Location"]).content.decode()
    again = client.get(back["Location"]).content.decode()

    assert back["Location"].endswith("/edit/")
    assert "48.20" in page
    assert "Half of it" in page
    assert "Half of it" not in again, "it is given back once"


def test_a_confirmation_lasts_ten_minutes_and_is_one_persons_own(portal, high):
    erik = Person.objects.get(id=portal.people.erik.id)
    now = wall_clock()
    said = {
        "proposal_id": high["proposal"]["id"],
        "digest": digest_of_proposal(high["proposal"]["id"]),
        "now": now,
    }

    for at in (
        None,
        now - CONFIRMED_FOR - timedelta(seconds=5),
        now + timedelta(hours=1),
    ):
        with pytest.raises(ConfirmFirst):
            approve_proposal(actor=actor_for(erik, confirmed_at=at), **said)

    approve_proposal(actor=actor_for(erik, confirmed_at=now, confirmed_by="x"), **said)
    assert Proposal.objects.get().state == "APPROVED"


def test_the_mark_goes_with_the_session_and_with_another_person(portal, high):
    client = portal.signed_in("erik")
    confirm(client, approve(client, high))
    session = client.session
    session["confirmed"] = session["confirmed"] | {"person": str(portal.people.dana.id)}
    session.save()
    of_another = approve(client, high)
    confirm(client, of_another)
    client.post("/logout/")

    after = portal.signed_in("erik")

    assert of_another["Location"].startswith("/confirm/")
    assert approve(after, high)["Location"].startswith("/confirm/")


def test_who_has_just_signed_in_with_the_password_is_not_asked_again(portal, high):
    client = Client()
    client.post("/login/", {"username": "erik@example.com", "password": PASSWORD})

    assert not approve(client, high)["Location"].startswith("/confirm/")
    assert Proposal.objects.get().state == "APPROVED"


def test_wrong_passwords_are_counted_and_close_the_page(portal, high, settings):
    settings.AXES_ENABLED = True
    client = portal.signed_in("erik")

    answers = [client.post("/confirm/", {"password": f"no {n}"}) for n in range(6)]
    right = client.post("/confirm/", {"password": PASSWORD})

    assert answers[0].status_code == 422
    assert "not your password" in answers[0].content.decode()
    assert answers[-1].status_code == 429
    assert right.status_code == 429
    assert "confirmed" not in client.session


def test_rejecting_a_high_risk_and_approving_a_medium_one_ask_nothing(portal, high):
    medium = portal.ask("84.20", run="other")

    rejected = portal.decide(
        "erik", high, "reject", reason_code="duplicate", message=""
    )
    approved = portal.decide("dana", medium)

    for answer in (rejected, approved):
        assert "/confirm/" not in answer["Location"]


def test_confirming_never_leads_to_another_site(portal, high):
    client = portal.signed_in("erik")

    for away in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = client.post("/confirm/", {"password": PASSWORD, "next": away})
        assert answer["Location"] == "/"


def test_a_key_never_decides(portal, high):
    asked = portal.ask("84.20", run="other")
    agent = Actor("agent", portal.people.agent.id, "Refund agent", wall_clock(), "x")
    proposal_id = asked["proposal"]["id"]

    by_key = Client().post(
        f"/inbox/{proposal_id}/approve/",
        {"digest": digest_of_proposal(proposal_id)},
        headers={"Authorization": f"Bearer {portal.key}"},
    )
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, nothing is decided
        approve_proposal(
            actor=agent,
            proposal_id=proposal_id,
            digest=digest_of_proposal(proposal_id),
            now=wall_clock(),
        )

    assert by_key.status_code in (302, 401, 403)
    assert not Decision.objects.exists()
