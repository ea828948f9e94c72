"""Standing in: what an absent person may decide, by somebody else, once and never more."""

from datetime import timedelta

import pytest

from approvals.models import Decision, Proposal
from approvals.operations import stages
from approvals.queries.inbox import next_for, waiting_count
from approvals.queries.seats import Seats
from portal.accounts.actors import SYSTEM
from portal.accounts.models import Absence, Person
from portal.accounts.operations.absences import (
    accept_absence,
    decline_absence,
    end_absence,
    plan_absence,
)
from portal.accounts.operations.people import deactivate_person
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, NotFound
from registry.models.workflow import Role
from registry.operations.reviewing import add_reviewer, remove_reviewer
from registry.operations.teams import add_team, join_team, leave_team
from tests.approvals.asking import make_portal
from tests.people import NOW, refunds_document

pytestmark = pytest.mark.django_db


def away(portal, who: str, stand_in: str = "", *, accepted=True, **more) -> Absence:
    """Let somebody be away from now on, with a stand-in who has agreed."""
    now = wall_clock()
    people = portal.people
    absence = plan_absence(
        actor=people.actor(who),
        stand_in=people.people[stand_in] if stand_in else None,
        now=now,
        **(
            {
                "starts_at": now,
                "ends_at": now + timedelta(days=3),
                "reason": "On leave.",
                "workflows": {},
            }
            | more
        ),
    )
    if stand_in and accepted:
        accept_absence(actor=people.actor(stand_in), absence_id=absence.id, now=now)
    return absence


@pytest.fixture
def two_votes(db):
    document = refunds_document()
    refund = next(r for r in document["allowances"] if r["verb"] == "refund")
    refund |= {"quorum": 2}
    return make_portal(document=document)


@pytest.fixture
def solo(db):
    """One reviewer only, so that whoever else decides does it for her."""
    return make_portal(reviewers=("dana",))


def test_whoever_stands_in_decides_and_the_record_says_for_whom(solo):
    away(solo, "dana", "lena")
    asked = solo.ask()
    lena = solo.people.actor("lena")

    assert str(next_for(lena)) == asked["proposal"]["id"]
    solo.decide("lena", asked)

    decision = Decision.objects.get()
    assert decision.person.name == "Lena Fischer"
    assert decision.acting_for is not None
    assert decision.acting_for.name == "Dana Reyes"
    entry = Entry.objects.get(name="proposal.decided")
    said = bytes(entry.body).decode()
    assert "Lena Fischer for Dana Reyes decided approved" in said
    assert solo.action(asked)["status"] == "approved"


def test_until_the_stand_in_agrees_nothing_is_lent(solo):
    absence = away(solo, "dana", "lena", accepted=False)
    asked = solo.ask()

    assert solo.decide("lena", asked).status_code == 403
    assert waiting_count(solo.people.actor("lena")) == 0
    decline_absence(
        actor=solo.people.actor("lena"), absence_id=absence.id, now=wall_clock()
    )
    assert solo.decide("lena", asked).status_code == 403


def test_what_ended_or_was_for_another_workflow_lends_nothing(solo):
    other = {solo.people.agent.id: "Another workflow"}
    now = wall_clock()
    Absence.objects.create(
        person=solo.people.dana,
        stand_in=solo.people.lena,
        starts_at=now - timedelta(days=2),
        ends_at=now - timedelta(days=1),
        accepted_at=now - timedelta(days=2),
        created_at=now - timedelta(days=2),
        reason="On leave.",
    )
    Absence.objects.create(
        person=solo.people.dana,
        stand_in=solo.people.lena,
        starts_at=now,
        ends_at=now + timedelta(days=1),
        accepted_at=now,
        created_at=now,
        reason="On leave.",
        workflow_ids=list(other),
    )
    asked = solo.ask()
    assert solo.decide("lena", asked).status_code == 403
    assert waiting_count(solo.people.actor("lena")) == 0


def test_nobody_stands_in_who_may_not_see_the_workflow(solo):
    away(solo, "dana", "olga")
    asked = solo.ask()
    assert solo.decide("olga", asked).status_code == 404
    with pytest.raises(Invalid) as refused:
        plan_absence(
            actor=solo.people.actor("tom"),
            stand_in=solo.people.olga,
            starts_at=wall_clock(),
            ends_at=wall_clock() + timedelta(days=1),
            reason="On leave.",
            workflows={solo.workflow.id: solo.workflow.name},
            now=wall_clock(),
        )
    assert "may not see Refund management" in refused.value.fields["stand_in"]


def test_what_is_lent_is_not_passed_on(solo):
    away(solo, "dana", "lena")
    away(solo, "lena", "tom")
    asked = solo.ask()
    assert solo.decide("tom", asked).status_code == 403


def test_two_do_not_stand_in_for_each_other_and_nobody_for_one_who_is_away(solo):
    away(solo, "dana", "lena")
    with pytest.raises(Invalid) as refused:
        away(solo, "lena", "dana")
    assert "away for some of this time" in refused.value.fields["stand_in"]


def test_the_absent_person_and_the_stand_in_count_once_together(two_votes):
    away(two_votes, "dana", "maya")
    asked = two_votes.ask()
    two_votes.decide("dana", asked)

    refused = two_votes.decide("maya", asked)

    assert refused.status_code == 409
    assert "has a say on this once" in refused.content.decode()
    assert two_votes.action(asked)["status"] == "in_review"


def test_a_vote_for_somebody_and_their_own_are_one_vote(two_votes):
    away(two_votes, "dana", "maya")
    asked = two_votes.ask()
    two_votes.decide("maya", asked)
    two_votes.decide("dana", asked)
    assert two_votes.action(asked)["status"] == "in_review"
    two_votes.decide("tom", asked)
    assert two_votes.action(asked)["status"] == "approved"


def test_control_without_seats_the_two_would_be_two_votes(two_votes, monkeypatch):
    away(two_votes, "dana", "maya")
    asked = two_votes.ask()
    two_votes.decide("maya", asked)
    monkeypatch.setattr(
        "approvals.queries.seats.Seats.seat_of",
        lambda seats, person_id, acting_for_id: person_id,
    )
    both = frozenset({two_votes.people.dana.id, two_votes.people.maya.id})
    monkeypatch.setattr(stages, "seats_for", lambda facts, audience: Seats(own=both))
    two_votes.decide("dana", asked)
    assert two_votes.action(asked)["status"] == "approved"


def test_a_reviewer_who_also_stands_in_has_one_vote(two_votes):
    away(two_votes, "dana", "tom")
    asked = two_votes.ask()
    two_votes.decide("tom", asked)
    assert Decision.objects.get().acting_for is None
    assert two_votes.decide("tom", asked).status_code == 409
    assert two_votes.action(asked)["status"] == "in_review"


def test_an_objection_to_the_absent_person_stops_the_stand_in(solo):
    away(solo, "dana", "lena")
    asked = solo.ask(on_behalf_of={"type": "employee", "id": "dana@example.com"})
    card = solo.signed_in("lena").get(f"/inbox/{asked['proposal']['id']}/")
    refused = solo.decide("lena", asked)
    assert refused.status_code == 403
    assert "may not approve it themselves" in refused.content.decode()
    assert "may not approve it themselves" in card.content.decode()
    assert 'id="approve-form"' not in card.content.decode()


def test_an_objection_to_the_stand_in_stops_them_too(solo):
    away(solo, "dana", "priya")
    asked = solo.ask()
    assert solo.decide("priya", asked).status_code == 403


@pytest.mark.parametrize("how", ["ended", "giver", "stand_in", "reviewer"])
def test_a_lent_vote_counts_only_while_it_is_lent(two_votes, how):
    absence = away(two_votes, "dana", "maya")
    people = two_votes.people
    asked = two_votes.ask()
    two_votes.decide("maya", asked)

    if how == "ended":
        end_absence(actor=people.actor("dana"), absence_id=absence.id, now=wall_clock())
    elif how == "reviewer":
        remove_reviewer(
            actor=people.actor("maya"),
            workflow_id=two_votes.workflow.id,
            person=people.dana,
            now=NOW,
        )
    else:
        whom = people.dana if how == "giver" else people.maya
        deactivate_person(actor=SYSTEM, person=whom)
    two_votes.decide("tom", asked)

    assert two_votes.action(asked)["status"] == "in_review"


def test_one_who_leaves_the_team_before_the_last_vote_does_not_count(two_votes):
    people = two_votes.people
    team = add_team(
        actor=SYSTEM, name="Late team", department=people.departments["care"], now=NOW
    )
    join_team(actor=SYSTEM, team_id=team.id, person=people.olga, now=NOW)
    add_reviewer(
        actor=people.actor("maya"),
        workflow_id=two_votes.workflow.id,
        team=team,
        now=NOW,
    )
    asked = two_votes.ask()
    two_votes.decide("olga", asked)
    leave_team(actor=SYSTEM, team_id=team.id, person=people.olga, now=NOW)
    two_votes.decide("tom", asked)
    assert two_votes.action(asked)["status"] == "in_review"


def test_control_with_eligibility_read_when_voting_the_one_who_left_would_count(
    two_votes, monkeypatch
):
    people = two_votes.people
    asked = two_votes.ask()
    two_votes.decide("lena", asked)
    kept = {people.lena.id, people.tom.id}
    remove_reviewer(
        actor=people.actor("maya"),
        workflow_id=two_votes.workflow.id,
        person=people.lena,
        now=NOW,
    )
    as_it_was = Seats(own=frozenset(kept))
    monkeypatch.setattr(stages, "seats_for", lambda facts, audience: as_it_was)
    two_votes.decide("tom", asked)
    assert two_votes.action(asked)["status"] == "approved"


def test_a_role_is_lent_too_and_ends_at_once(solo):
    absence = away(solo, "erik", "dana")
    asked = solo.ask(confidence=0.2)
    assert Proposal.objects.get().audience == Role.ESCALATION_OWNER
    dana = solo.people.actor("dana")
    assert waiting_count(dana) == 1
    end_absence(
        actor=solo.people.actor("erik"), absence_id=absence.id, now=wall_clock()
    )
    assert waiting_count(dana) == 0
    assert solo.decide("dana", asked).status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"days": 61}, "ends"),
        ({"days": -1}, "ends"),
        ({"stand_in": "dana"}, "stand_in"),
    ],
)
def test_an_absence_ends_has_a_reason_and_another_person(solo, change, field):
    now = wall_clock()
    with pytest.raises(Invalid) as refused:
        plan_absence(
            actor=solo.people.actor("dana"),
            stand_in=solo.people.people[change.get("stand_in", "lena")],
            starts_at=now,
            ends_at=now + timedelta(days=change.get("days", 3)),
            reason=change.get("reason", "On leave."),
            workflows={},
            now=now,
        )
    assert field in refused.value.fields


def test_only_who_was_asked_accepts_and_only_the_two_or_an_administrator_end_it(solo):
    absence = away(solo, "dana", "lena", accepted=False)
    now = wall_clock()
    with pytest.raises(NotFound):
        accept_absence(actor=solo.people.actor("tom"), absence_id=absence.id, now=now)
    with pytest.raises(NotFound):
        end_absence(actor=solo.people.actor("tom"), absence_id=absence.id, now=now)
    end_absence(actor=solo.people.actor("ada"), absence_id=absence.id, now=now)
    with pytest.raises(Conflict):
        accept_absence(actor=solo.people.actor("lena"), absence_id=absence.id, now=now)


def test_the_api_says_nothing_of_teams_stand_ins_and_assignments(solo):
    away(solo, "dana", "lena")
    asked = solo.ask()
    Proposal.objects.update(
        assigned_to=Person.objects.get(email="lena@example.com"),
        assigned_at=wall_clock(),
    )
    told = solo.get(f"/actions/{asked['id']}").content.decode()
    solo.decide("lena", asked)
    told += solo.get(f"/actions/{asked['id']}").content.decode()
    assert "Lena" not in told
    assert "assigned" not in told
    assert "acting_for" not in told
