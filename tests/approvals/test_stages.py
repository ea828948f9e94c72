"""Stages: one audience after the other, nobody in two of them, and back when a vote falls."""

import pytest

from approvals.models import AuthorityRecord, Decision, Grant, Proposal
from approvals.queries.inbox import waiting_count
from portal.accounts.models import Person
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from registry.operations.pausing import pause_workflow
from registry.operations.reviewing import add_reviewer
from tests.approvals.asking import Portal, digest_of_proposal, make_portal
from tests.people import refunds_document


def staged_portal(quorum: int = 2, then=({"decided_by": "risk_owner"},), **more):
    rows = refunds_document()["allowances"]
    rows[1] |= {"quorum": quorum, "authority": "review", "then": list(then)}
    return make_portal(document=refunds_document(allowances=rows, **more))


@pytest.fixture
def staged(db) -> Portal:
    """Two reviewers, then the risk owner."""
    return staged_portal()


def state(portal, asked) -> tuple[str, str, int]:
    proposal = Proposal.objects.get(id=asked["proposal"]["id"])
    return proposal.state, proposal.audience, proposal.stage


def test_a_request_goes_from_the_reviewers_to_the_risk_owner_and_then_runs(staged):
    asked = staged.ask("84.20")
    people = staged.people

    early = staged.decide("rosa", asked)
    needs_rosa = waiting_count(people.actor("rosa"))
    staged.decide("dana", asked)
    between = state(staged, asked)
    staged.decide("tom", asked)
    second = state(staged, asked)
    needs = waiting_count(people.actor("rosa")), waiting_count(people.actor("lena"))
    late = staged.decide("lena", asked)
    staged.decide("rosa", asked)

    assert (early.status_code, needs_rosa) == (403, 0)
    assert between == ("OPEN", "reviewers", 1)
    assert second == ("OPEN", "risk_owner", 2)
    assert needs == (1, 0)
    assert late.status_code == 403
    assert state(staged, asked)[0] == "APPROVED"
    assert Grant.objects.count() == 1
    assert AuthorityRecord.objects.filter(occasion="DECIDE").count() == 3
    assert sorted(Decision.objects.values_list("stage", flat=True)) == [1, 1, 2]
    begun = Entry.objects.get(name="proposal.stage_begun")
    assert "Stage 2 of 2 waits for the risk owner" in bytes(begun.body).decode()


def test_nobody_counts_in_two_stages(staged):
    people = staged.people
    add_reviewer(
        actor=people.actor("maya"),
        workflow_id=staged.workflow.id,
        person=people.rosa,
        now=wall_clock(),
    )
    asked = staged.ask("84.20")

    alone = staged.decide("rosa", asked)
    body = alone.content.decode()

    assert alone.status_code == 403
    assert "Nobody counts in two stages" in body
    assert not Decision.objects.exists()
    staged.decide("dana", asked)
    staged.decide("tom", asked)
    staged.decide("rosa", asked)
    assert state(staged, asked)[0] == "APPROVED"


def test_a_rejection_at_any_stage_ends_it(staged):
    asked = staged.ask("84.20")
    staged.decide("dana", asked)
    staged.decide("tom", asked)

    staged.decide("rosa", asked, "reject", reason_code="not_justified", message="No")

    assert state(staged, asked)[0] == "REJECTED"
    assert not Grant.objects.exists()


def test_a_vote_of_an_earlier_stage_is_read_again_at_the_end_and_sends_it_back(staged):
    asked = staged.ask("84.20")
    staged.decide("dana", asked)
    staged.decide("tom", asked)
    Person.objects.filter(id=staged.people.dana.id).update(is_active=False)

    client = staged.signed_in("rosa")
    digest = digest_of_proposal(asked["proposal"]["id"])
    address = f"/inbox/{asked['proposal']['id']}/approve/"
    after = client.post(address, {"digest": digest}, follow=True).content.decode()

    assert state(staged, asked) == ("OPEN", "reviewers", 1)
    assert "counts no more" in after
    assert not Grant.objects.exists()
    staged.decide("lena", asked)
    assert state(staged, asked)[0] == "APPROVED", "the risk owner's vote still counts"


def test_each_stage_has_a_time_of_its_own_and_nobody_keeps_hold_of_it(staged):
    asked = staged.ask("84.20")
    proposals = Proposal.objects.filter(id=asked["proposal"]["id"])
    staged.decide("dana", asked)
    staged.decide("lena", asked, "claim")
    proposals.update(due_at=wall_clock())

    first = proposals.get()
    Proposal.objects.update(due_at=first.due_at.replace(year=2030))
    staged.decide("tom", asked)

    second = proposals.get()
    assert first.claimed_by_id is not None
    assert second.claimed_by_id is None
    assert second.due_at.year < 2030


def test_an_edit_starts_again_from_the_first_stage_with_no_votes(staged):
    asked = staged.ask("84.20")
    staged.decide("dana", asked)
    staged.decide("tom", asked)

    told = staged.decide("rosa", asked, "edit", **{"arg-0": "48.20"})

    assert told.status_code == 302
    assert state(staged, asked) == ("OPEN", "reviewers", 1)
    for name in ("dana", "tom", "rosa"):
        staged.decide(name, asked)
    assert state(staged, asked)[0] == "EDITED"


def test_going_up_takes_the_place_of_one_and_leaves_nobody_out(staged):
    asked = staged.ask("84.20")
    staged.decide("dana", asked)

    staged.decide("tom", asked, "escalate", message="Too large for me")
    up = state(staged, asked)
    staged.decide("erik", asked)
    then = state(staged, asked)
    staged.decide("rosa", asked)

    assert up == ("OPEN", "escalation_owner", 2)
    assert then == ("OPEN", "risk_owner", 3)
    assert state(staged, asked)[0] == "APPROVED"


def test_going_up_with_no_votes_asks_the_others_after_the_higher_one(staged):
    asked = staged.ask("84.20")

    staged.decide("tom", asked, "escalate", message="Too large for me")
    staged.decide("erik", asked)
    assert state(staged, asked) == ("OPEN", "reviewers", 2)
    again = staged.decide("tom", asked, "escalate", message="Again")
    staged.decide("tom", asked)
    staged.decide("rosa", asked)

    assert again.status_code == 409
    assert state(staged, asked)[0] == "APPROVED"


def test_what_the_rulebook_escalates_still_goes_through_the_later_stage(staged):
    asked = staged.ask("84.20", signals=["conflicting_records"])

    assert state(staged, asked) == ("OPEN", "escalation_owner", 1)
    for name in ("erik", "dana", "rosa"):
        staged.decide(name, asked)

    assert state(staged, asked)[0] == "APPROVED"


def test_an_undone_approval_goes_through_all_stages_again(staged, settings):
    settings.APPROVALS_UNDO_SECONDS = 60
    asked = staged.ask("84.20")
    for name in ("dana", "tom", "rosa"):
        staged.decide(name, asked)

    staged.decide("rosa", asked, "undo")

    after = staged.action(asked)
    assert state(staged, after) == ("OPEN", "reviewers", 1)
    assert len(Proposal.objects.get(id=after["proposal"]["id"]).stages) == 2


def test_a_blocked_second_stage_stores_no_vote_and_stays(staged):
    asked = staged.ask("84.20")
    staged.decide("dana", asked)
    staged.decide("tom", asked)
    pause_workflow(
        actor=staged.people.actor("maya"),
        workflow_id=staged.workflow.id,
        reason="A complaint",
        now=wall_clock(),
    )

    blocked = staged.decide("rosa", asked)

    assert blocked.status_code == 409
    assert Decision.objects.count() == 2
    assert state(staged, asked) == ("OPEN", "risk_owner", 2)
