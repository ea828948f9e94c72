"""Assigning: the least busy who may approve it; by hand; given back; given on."""

import itertools
from collections import Counter
from functools import partial

import pytest

from approvals.models import Move, Proposal
from approvals.operations import assigning, ruling
from approvals.operations.ask import ask_action
from approvals.operations.assigning import (
    assign_proposal,
    give_back_proposal,
    reassign_proposal,
)
from approvals.operations.moves import claim_proposal
from approvals.tasks import sweep_due
from portal.accounts.actors import SYSTEM
from portal.accounts.keys import authenticate
from portal.accounts.operations.people import deactivate_person
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, Unavailable
from registry.operations.reviewing import set_assigning
from registry.operations.training import (
    add_course,
    record_completion,
    set_requirements,
)
from tests.approvals.asking import make_portal
from tests.approvals.racing import asking
from tests.approvals.test_races import together
from tests.approvals.test_standing_in import away
from tests.people import refunds_document

_RUNS = itertools.count(1)
ROUNDS = 200
AT_ONCE = 4


def assigns(portal):
    set_assigning(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        is_least_loaded=True,
    )
    return portal


@pytest.fixture
def balanced(db):
    return assigns(make_portal())


def assignee(asked) -> str | None:
    proposal = Proposal.objects.select_related("assigned_to").get(
        id=asked["proposal"]["id"]
    )
    return proposal.assigned_to.name.split()[0] if proposal.assigned_to else None


@pytest.mark.django_db
def test_unless_the_workflow_wants_it_nobody_is_assigned(portal):
    assert assignee(portal.ask()) is None


@pytest.mark.django_db
def test_new_proposals_go_round_among_the_reviewers(balanced):
    given = Counter(assignee(balanced.ask()) for _ in range(6))
    assert given == {"Dana": 2, "Tom": 2, "Lena": 2}


@pytest.mark.django_db
def test_whoever_has_least_open_is_next(balanced):
    first = balanced.ask()
    for _ in range(2):
        balanced.ask()
    someone = assignee(first)
    balanced.decide(someone.lower(), first)
    assert assignee(balanced.ask()) == someone


@pytest.mark.django_db
def test_nobody_who_is_away_or_behind_the_request_is_assigned(balanced):
    away(balanced, "dana")
    asked = balanced.ask(on_behalf_of={"type": "employee", "id": "tom@example.com"})
    assert assignee(asked) == "Lena"


@pytest.mark.django_db
def test_a_stand_in_is_assigned_for_one_who_is_away(db):
    portal = assigns(make_portal(reviewers=("dana",)))
    away(portal, "dana", "lena")
    assert assignee(portal.ask()) == "Lena"


@pytest.mark.django_db
def test_it_stays_open_to_others_and_they_may_decide(balanced):
    asked = balanced.ask()
    other = next(n for n in ("Dana", "Tom") if n != assignee(asked))
    balanced.decide(other.lower(), asked)
    assert balanced.action(asked)["status"] == "approved"


@pytest.mark.django_db
@pytest.mark.parametrize("why", ["away", "left"])
def test_what_waits_with_somebody_gone_is_given_on_once(balanced, why):
    asked = balanced.ask()
    first = assignee(asked)
    if why == "away":
        away(balanced, first.lower())
    else:
        deactivate_person(actor=SYSTEM, person=balanced.people.people[first.lower()])
    sweep_due()
    sweep_due()

    assert assignee(asked) not in (first, None)
    assert Move.objects.filter(kind="ASSIGNED").count() == 2
    with pytest.raises(AlreadyDone):
        reassign_proposal(proposal_id=Proposal.objects.get().id, now=wall_clock())


@pytest.mark.django_db
def test_what_waits_with_somebody_whose_training_lapses_is_given_on_and_says_so(
    balanced,
):
    asked = balanced.ask()
    first = assignee(asked)
    course = add_course(
        actor=SYSTEM,
        name="Deciding",
        tier="role_specific",
        months_valid=12,
        now=wall_clock(),
    )
    for name in {"dana", "tom", "lena"} - {first.lower()}:
        record_completion(
            actor=SYSTEM,
            person_id=balanced.people.people[name].id,
            course_id=course.id,
            completed_on=wall_clock().date(),
            now=wall_clock(),
        )
    set_requirements(
        actor=SYSTEM,
        duty="reviewer",
        tiers=(),
        course_ids=(course.id,),
        now=wall_clock(),
    )
    sweep_due()

    assert assignee(asked) not in (first, None)
    said = Move.objects.filter(kind="ASSIGNED").latest("moved_at").text
    assert (
        said
        == f"The training of {balanced.people.people[first.lower()].name} for deciding is not current."
    )


@pytest.mark.django_db
def test_by_hand_it_goes_to_one_who_may_approve_it_and_is_there(portal):
    people, now = portal.people, wall_clock()
    asked = portal.ask(on_behalf_of={"type": "employee", "id": "tom@example.com"})
    proposal_id = Proposal.objects.get().id
    away(portal, "lena")

    def give(who: str, whom: str) -> None:
        assign_proposal(
            actor=people.actor(who),
            proposal_id=proposal_id,
            person_id=people.people[whom].id,
            reason="You know this customer.",
            now=now,
        )

    for whom, words in (("lena", "away"), ("tom", "on their behalf"), ("olga", "list")):
        with pytest.raises(Invalid) as refused:
            give("maya", whom)
        assert words in refused.value.fields["person"]
    with pytest.raises(Forbidden):
        give("rosa", "dana")
    give("maya", "dana")
    assert assignee(asked) == "Dana"
    move = Move.objects.get(kind="ASSIGNED")
    assert move.concerned == people.dana
    assert move.text == "You know this customer."


@pytest.mark.django_db
def test_what_one_has_is_given_back_and_taken_on_for_a_while(portal):
    people, now = portal.people, wall_clock()
    asked = portal.ask()
    proposal_id = Proposal.objects.get().id
    assign_proposal(
        actor=people.actor("dana"),
        proposal_id=proposal_id,
        person_id=people.dana.id,
        now=now,
    )
    claim_proposal(actor=people.actor("dana"), proposal_id=proposal_id, now=now)
    with pytest.raises(Conflict):
        give_back_proposal(actor=people.actor("tom"), proposal_id=proposal_id, now=now)
    give_back_proposal(actor=people.actor("dana"), proposal_id=proposal_id, now=now)
    assert assignee(asked) is None
    claim_proposal(actor=people.actor("tom"), proposal_id=proposal_id, now=now)


@pytest.mark.django_db
def test_the_pages_assign_and_give_back(portal):
    asked = portal.ask()
    where = f"/inbox/{asked['proposal']['id']}/"
    tom = portal.signed_in("tom")
    form = tom.get(f"{where}assign/").content.decode()
    assert "Lena Fischer" in form
    tom.post(f"{where}assign/", {"person": portal.people.lena.id})
    assert "Lena Fischer" in tom.get(where).content.decode()
    assert assignee(asked) == "Lena"
    portal.signed_in("lena").post(f"{where}give-back/")
    assert assignee(asked) is None


@pytest.fixture
def no_budget_lock(monkeypatch) -> None:
    """Where nothing is counted, no budget's lock makes askers wait for each other."""
    monkeypatch.setattr(ruling, "_counts_anything", lambda facts, request: False)


def _ask_one(principal, what):
    return ask_action(principal=principal, asking=what, now=wall_clock())


def _ask_at_once(portal) -> Counter:
    principal = authenticate(f"Bearer {portal.key}")
    runs = [f"round-{next(_RUNS)}" for _ in range(AT_ONCE)]
    calls = [partial(_ask_one, principal, asking(portal, "84.20", run)) for run in runs]
    found = together(calls)
    # Told to try again, when the machine is busy: whoever came through is level.
    assert all(
        isinstance(each, Unavailable) or not isinstance(each, Exception)
        for each in found
    ), found
    open_ones = Proposal.objects.filter(state="OPEN", assigned_to__isnull=False)
    return Counter(open_ones.values_list("assigned_to__name", flat=True))


@pytest.mark.race
def test_asked_at_once_the_work_stays_level(committed_db, no_budget_lock):
    portal = assigns(make_portal())
    for _ in range(ROUNDS // AT_ONCE):
        given = _ask_at_once(portal)
        assert max(given.values()) - min(given[n] for n in given) <= 1, given


@pytest.mark.race
def test_control_without_turns_the_work_is_not_level(
    committed_db, no_budget_lock, monkeypatch
):
    portal = assigns(make_portal())
    monkeypatch.setattr(assigning, "take_turns", lambda facts: None)
    levels = []
    for _ in range(ROUNDS // AT_ONCE):
        given = _ask_at_once(portal)
        levels.append(max(given.values()) - min(given.values()))
        if levels[-1] > 1:
            return
    pytest.fail(f"the race was never run: {levels}")


def staged(quorum: int = 1, then=()):
    """Assigns; so many reviewers, then whoever `then` says."""
    rows = refunds_document()["allowances"]
    rows[1] |= {"quorum": quorum, "authority": "review", "then": list(then)}
    return assigns(make_portal(document=refunds_document(allowances=rows)))


@pytest.mark.django_db
def test_whoever_had_it_and_voted_hands_it_on_to_one_who_did_not():
    portal = staged(quorum=3)
    asked = portal.ask("84.20")
    held = [assignee(asked)]
    for _ in range(2):
        portal.decide(held[-1].lower(), asked)
        held.append(assignee(asked))
    assert sorted(held) == ["Dana", "Lena", "Tom"]


@pytest.mark.django_db
def test_a_stage_that_goes_back_to_the_reviewers_is_shared_out_anew():
    portal = staged(quorum=2, then=[{"decided_by": "risk_owner"}])
    asked = portal.ask("84.20")
    for name in ("dana", "tom"):
        portal.decide(name, asked)
    higher = assignee(asked)
    deactivate_person(actor=SYSTEM, person=portal.people.people["dana"])
    portal.decide("rosa", asked)

    assert higher is None, "the risk owner is one person and is not assigned"
    assert assignee(asked) == "Lena", "Dana is gone and Tom has voted"


@pytest.mark.django_db
def test_what_was_undone_is_shared_out_anew(balanced):
    asked = balanced.ask("84.20")
    first = assignee(asked)
    balanced.decide(first.lower(), asked)
    balanced.decide(first.lower(), asked, "undo")

    opened = Proposal.objects.get(reopens__isnull=False)
    assert opened.assigned_to is not None


@pytest.mark.django_db
def test_an_edit_that_waits_for_another_is_given_to_another(balanced):
    asked = balanced.ask("84.20")
    editor = assignee(asked)
    balanced.decide(editor.lower(), asked, "edit", **{"arg-0": "94.20"})

    assert Proposal.objects.get().version_number == 2
    assert assignee(asked) not in (editor, None)
