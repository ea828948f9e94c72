"""Break-glass: only missing votes are walked past, loudly, and somebody looks at it after."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from approvals.models import BreakGlass, BreakGlassReview, Decision, Grant, Proposal
from approvals.operations import break_glass as operation
from approvals.operations.break_glass import review_break_glass
from approvals.queries.break_glass import review_count
from approvals.rules.emergencies import review_due_at
from portal.accounts.confirming import PASSWORD
from portal.accounts.models import Person
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Forbidden
from registry.operations.pausing import pause_workflow
from tests.approvals.asking import Portal, digest_of_proposal
from tests.approvals.test_stages import staged_portal

WHY = "The customer is stranded at the airport and all reviewers are ill."


@pytest.fixture
def staged(db) -> Portal:
    return staged_portal()


def confirmed(portal, name):
    client = portal.signed_in(name)
    session = client.session
    session["confirmed"] = {
        "person": str(portal.people.people[name].id),
        "at": wall_clock().timestamp(),
        "by": PASSWORD,
    }
    session.save()
    return client


def break_it(portal, asked, name="rosa", *, why=WHY, client=None):
    proposal_id = asked["proposal"]["id"]
    form = {"digest": digest_of_proposal(proposal_id), "why": why}
    client = client or confirmed(portal, name)
    return client.post(f"/inbox/{proposal_id}/break-glass/", form)


def test_who_answers_for_a_workflow_lets_one_run_and_it_is_loud(
    staged, no_undo_time, capsys
):
    asked = staged.ask("84.20")
    staged.decide("dana", asked)

    answer = break_it(staged, asked)

    glass = BreakGlass.objects.get()
    told = staged.action(asked)
    entry = bytes(Entry.objects.get(name="proposal.glass_broken").body).decode()
    card = staged.signed_in("dana").get(f"/inbox/{asked['proposal']['id']}/")
    run = staged.signed_in("maya").get(
        f"/break-glass/of-run/{Proposal.objects.get().run_id}/"
    )
    band = staged.signed_in("maya").get(f"/break-glass/of/{staged.workflow.slug}/")
    assert answer["Location"] == f"/break-glass/{glass.id}/"
    assert (glass.person_id, glass.role, glass.confirmed_by) == (
        staged.people.rosa.id,
        "risk_owner",
        "password",
    )
    assert [(each["stage"], each["approved"]) for each in glass.missing] == [
        (1, 1),
        (2, 0),
    ]
    assert str(staged.people.maya.id) in glass.concerned
    assert str(staged.people.rosa.id) not in glass.concerned
    assert "EMERGENCY: Rosa Lindqvist" in entry
    assert told["resolution"]["type"] == "approved"
    assert staged.redeem(told["grant"], asked["action_digest"]).status_code == 200
    for page in (card, run, band):
        assert "in an emergency" in page.content.decode()
    assert Decision.objects.count() == 1, "it is no vote"
    call_command("check_invariants")
    assert "Everything that must hold, holds" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["dana", "tom", "ilan", "ada"])
def test_others_do_not_and_no_administrator_by_being_one(staged, name):
    asked = staged.ask("84.20")

    page = confirmed(staged, name).get(f"/inbox/{asked['proposal']['id']}/break-glass/")
    answer = break_it(staged, asked, name)

    assert (page.status_code, answer.status_code) == (403, 403)
    assert "Maya Adler" in answer.content.decode()
    assert not BreakGlass.objects.exists()


def test_neither_requester_nor_operator_and_nobody_deactivated(staged):
    behalf = {"type": "user", "id": "rosa@example.com"}
    own = staged.ask("84.20", on_behalf_of=behalf, run="r1")
    operated = staged.ask("84.20", run="r2")
    from approvals.models import ActionRequest

    ActionRequest.objects.filter(id=operated["id"]).update(
        operator_id=staged.people.rosa.id
    )

    assert break_it(staged, own).status_code == 403
    assert break_it(staged, operated).status_code == 403
    client = confirmed(staged, "rosa")
    Person.objects.filter(id=staged.people.rosa.id).update(is_active=False)
    third = staged.ask("84.20", run="r3")
    assert break_it(staged, third, client=client).status_code in (302, 401, 403)
    assert not BreakGlass.objects.exists()


def test_it_needs_the_password_and_keeps_the_reason_meanwhile(staged):
    asked = staged.ask("84.20")
    client = staged.signed_in("rosa")

    answer = break_it(staged, asked, client=client)
    page = client.get(f"/inbox/{asked['proposal']['id']}/break-glass/").content.decode()

    assert answer["Location"].startswith("/confirm/?next=")
    assert "stranded at the airport" in page
    assert not BreakGlass.objects.exists()


def test_control_without_the_guard_no_password_is_asked(staged, monkeypatch):
    monkeypatch.setattr(operation, "require_fresh", lambda actor: None)
    monkeypatch.setattr(operation, "confirmed_by", lambda actor: "nothing")
    asked = staged.ask("84.20")

    break_it(staged, asked, client=staged.signed_in("rosa"))

    assert BreakGlass.objects.count() == 1


@pytest.mark.parametrize("why", ["", "urgent", " " * 30 + "short"])
def test_a_reason_is_a_sentence(staged, why):
    asked = staged.ask("84.20")

    answer = break_it(staged, asked, why=why)

    assert answer.status_code == 422
    assert "at least 20 characters" in answer.content.decode()
    assert not BreakGlass.objects.exists()


def test_a_pause_a_missing_check_and_a_vacant_role_stop_it_all_the_same(staged):
    asked = staged.ask("84.20")
    pause_workflow(
        actor=staged.people.actor("maya"),
        workflow_id=staged.workflow.id,
        reason="A complaint",
        now=wall_clock(),
    )

    answer = break_it(staged, asked)

    assert answer.status_code == 409
    assert "No emergency overrides this" in answer.content.decode()
    assert Proposal.objects.get().state == "OPEN"
    assert not BreakGlass.objects.exists()
    assert not Grant.objects.exists()


def test_a_held_run_stops_it(staged):
    asked = staged.ask("84.20", run="held")
    staged.ask("84.20", run="held", description="I will send my lawyer.")

    answer = break_it(staged, asked)

    assert answer.status_code == 409
    assert not BreakGlass.objects.exists()


def test_who_can_simply_approve_is_told_to(staged):
    asked = staged.ask("84.20")
    staged.decide("dana", asked)
    staged.decide("tom", asked)

    answer = break_it(staged, asked)

    assert answer.status_code == 409
    assert "Approve it instead" in answer.content.decode()


def test_other_bytes_a_decided_one_and_a_second_time_are_refused(staged):
    asked = staged.ask("84.20")
    stale = confirmed(staged, "rosa").post(
        f"/inbox/{asked['proposal']['id']}/break-glass/",
        {"digest": "sha256:" + "0" * 64, "why": WHY},
    )
    first = break_it(staged, asked)
    second = break_it(staged, asked, "maya")

    assert (stale.status_code, first.status_code, second.status_code) == (409, 302, 409)
    assert Grant.objects.count() == 1


def test_another_person_reviews_it_once_and_it_is_asked_for_until_then(staged):
    people = staged.people
    asked = staged.ask("84.20")
    break_it(staged, asked)
    glass = BreakGlass.objects.get()
    address = f"/break-glass/{glass.id}/"
    form = {"verdict": "FINDING", "text": "Nobody was asked to stand in."}
    counts = [review_count(people.actor(name)) for name in ("rosa", "maya", "dana")]

    own = staged.signed_in("rosa").post(address, form)
    other = staged.signed_in("dana").post(address, form)
    empty = staged.signed_in("maya").post(address, {"verdict": "ACCEPTED", "text": ""})
    waiting = staged.signed_in("maya").get("/break-glass/").content.decode()
    staged.signed_in("maya").post(address, form)
    again = staged.signed_in("erik").post(address, form, follow=True)

    assert counts == [0, 1, 0]
    assert (own.status_code, other.status_code, empty.status_code) == (403, 403, 422)
    assert "84.20" in waiting
    assert BreakGlassReview.objects.get().person_id == people.maya.id
    assert "Maya Adler reviewed this first" in again.content.decode()
    assert review_count(people.actor("maya")) == 0
    assert Entry.objects.filter(name="proposal.glass_reviewed").count() == 1
    assert "led to a finding" in again.content.decode()


def test_the_database_keeps_both_records_as_they_are(staged):
    asked = staged.ask("84.20")
    break_it(staged, asked)
    glass = BreakGlass.objects.get()

    for call in (
        lambda: BreakGlass.objects.update(why="Nothing happened here, move along."),
        lambda: BreakGlass.objects.all().delete(),
        lambda: BreakGlassReview.objects.create(
            break_glass=glass,
            person_id=glass.person_id,
            verdict="ACCEPTED",
            text="x",
            reviewed_at=wall_clock(),
        ),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            call()
    assert connection.is_usable()


def test_an_outsider_sees_nothing_of_it(staged):
    asked = staged.ask("84.20")
    break_it(staged, asked)
    glass = BreakGlass.objects.get()
    client = staged.signed_in("olga")

    assert client.get(f"/break-glass/{glass.id}/").status_code == 404
    assert (
        client.get(f"/inbox/{asked['proposal']['id']}/break-glass/").status_code == 404
    )
    assert "84.20" not in client.get("/break-glass/").content.decode()
    band = client.get(f"/break-glass/of/{staged.workflow.slug}/")
    assert band.status_code == 404


def test_a_review_is_due_on_the_second_working_day():
    friday = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)

    assert review_due_at(friday) == datetime(2026, 11, 24, 16, 0, tzinfo=UTC)


def test_reviewing_is_for_who_answers_for_it_and_says_something(staged):
    asked = staged.ask("84.20")
    break_it(staged, asked)
    glass = BreakGlass.objects.get()
    said = {
        "glass_id": glass.id,
        "verdict": "ACCEPTED",
        "text": "Right.",
        "now": wall_clock(),
    }

    with pytest.raises(Forbidden):
        review_break_glass(actor=staged.people.actor("rosa"), **said)
    review_break_glass(actor=staged.people.actor("maya"), **said)
    with pytest.raises(Conflict):
        review_break_glass(actor=staged.people.actor("erik"), **said)


def test_the_pages_of_the_workflow_and_the_run_load_the_band_and_the_start_counts_it(
    staged, no_undo_time
):
    asked = staged.ask("84.20")
    break_it(staged, asked)
    run_id = Proposal.objects.get().run_id
    maya = staged.signed_in("maya")

    pages = [
        maya.get(address).content.decode()
        for address in (f"/workflows/{staged.workflow.slug}/", f"/runs/{run_id}/", "/")
    ]
    own = staged.signed_in("rosa").get("/").content.decode()

    assert f'hx-get="/break-glass/of/{staged.workflow.slug}/"' in pages[0]
    assert f'hx-get="/break-glass/of-run/{run_id}/"' in pages[1]
    assert "emergency to review" in pages[2]
    assert "to review" not in own, "nobody looks at their own"
