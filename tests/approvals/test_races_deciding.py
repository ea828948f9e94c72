"""Deciders against each other: 200 rounds each, and a negative control for each."""

import threading
from collections import Counter

import pytest

from approvals.models import Decision, Grant, Proposal, ProposalVersion
from approvals.operations import decide
from approvals.operations.decide import Decided
from approvals.operations.edit import EditWaits
from portal.accounts.actors import SYSTEM
from portal.accounts.operations.people import add_person
from portal.core.clock import wall_clock
from portal.core.errors import Conflict
from registry.operations.reviewing import add_reviewer
from tests.approvals.racing import (
    ROUNDS,
    ROUNDS_OF_FIFTY,
    approver,
    editor,
    open_proposal,
    racers,
    rejecter,
    roomy_portal,
    without_locks,
    without_triggers,
)

pytestmark = pytest.mark.race
LOST = {"proposal.decided", "digest.mismatch"}
FIFTY = 50


def ending(proposal: Proposal) -> tuple[str, int]:
    """Say how it ended, and how many grants there are."""
    state = Proposal.objects.values_list("state", flat=True).get(id=proposal.id)
    grants = Grant.objects.filter(action_request=proposal.action_request_id)
    return state, grants.count()


def one_lost(found: list) -> bool:
    """Say that exactly one was told that another came first."""
    lost = [each for each in found if isinstance(each, Conflict)]
    others = [each for each in found if isinstance(each, Exception)]
    return len(lost) == len(others) == 1 and lost[0].code in LOST


def test_approve_against_reject_ends_in_exactly_one(committed_db):
    portal = roomy_portal()
    with racers(2) as field:
        for n in range(ROUNDS):
            proposal = open_proposal(portal, f"r{n}")
            found = field.race(
                approver(portal, "dana", proposal), rejecter(portal, "tom", proposal)
            )
            assert one_lost(found), found
            assert ending(proposal) in {("APPROVED", 1), ("REJECTED", 0)}
    assert Decision.objects.count() == ROUNDS


def test_control_without_the_lock_a_rejected_proposal_has_a_grant(
    committed_db, monkeypatch
):
    portal = roomy_portal()
    without_triggers(committed_db, "approvals_proposal", "approvals_actionrequest")
    proposal = open_proposal(portal, "r1")
    calls = approver(portal, "dana", proposal), rejecter(portal, "tom", proposal)
    calls = without_locks(monkeypatch, *calls)

    with racers(2) as field:
        found = field.race(*calls)

    assert all(isinstance(each, Decided) for each in found), found
    verdicts = set(Decision.objects.values_list("verdict", flat=True))
    assert verdicts == {"APPROVE", "REJECT"}
    assert Grant.objects.count() == 1


def test_of_the_last_votes_exactly_as_many_count_as_are_needed(committed_db):
    portal = roomy_portal(quorum=2)
    with racers(3) as field:
        for n in range(ROUNDS):
            proposal = open_proposal(portal, f"r{n}")
            votes = [approver(portal, who, proposal) for who in ("dana", "tom", "lena")]
            found = field.race(*votes)
            assert one_lost(found), found
            resolutions = Counter(
                each.resolution for each in found if isinstance(each, Decided)
            )
            assert resolutions == {None: 1, "approved": 1}, found
            assert ending(proposal) == ("APPROVED", 1)
    assert Decision.objects.count() == ROUNDS * 2


def test_control_without_the_lock_two_last_votes_leave_it_waiting_for_ever(
    committed_db, monkeypatch
):
    portal = roomy_portal(quorum=2)
    proposal = open_proposal(portal, "r1")
    votes = [approver(portal, who, proposal) for who in ("dana", "tom")]
    votes = without_locks(monkeypatch, *votes)
    # Each counts what was there when it read the proposal, and its own vote.
    original, own = decide.keep_decision, threading.local()

    def keep(*args, **kwargs):
        own.vote = original(*args, **kwargs)
        return own.vote

    monkeypatch.setattr(decide, "keep_decision", keep)
    monkeypatch.setattr(decide, "approvals_of", lambda _: [own.vote])

    with racers(2) as field:
        found = field.race(*votes)

    assert [each.resolution for each in found] == [None, None], found
    assert Decision.objects.count() == 2
    assert ending(proposal) == ("OPEN", 0)


def test_an_edit_against_an_approval_runs_what_one_person_saw(committed_db):
    portal = roomy_portal()
    seen = Counter()
    with racers(2) as field:
        for n in range(ROUNDS):
            proposal = open_proposal(portal, f"r{n}")
            # Every second edit asks for more, so that it waits for another person.
            amount = "90.00" if n % 2 else "80.00"
            found = field.race(
                editor(portal, "dana", proposal, amount),
                approver(portal, "tom", proposal),
            )
            assert one_lost(found), found
            seen[ending(proposal)] += 1
            runs = Grant.objects.filter(action_request=proposal.action_request_id)
            current = ProposalVersion.objects.filter(proposal=proposal).last()
            assert {grant.digest for grant in runs} <= {current.digest}
    assert set(seen) <= {("APPROVED", 1), ("EDITED", 1), ("OPEN", 0)}


def test_control_without_the_lock_bytes_run_that_were_edited_meanwhile(
    committed_db, monkeypatch
):
    portal = roomy_portal()
    without_triggers(committed_db, "approvals_proposal", "approvals_grant")
    proposal = open_proposal(portal, "r1")
    calls = (
        editor(portal, "dana", proposal, "90.00"),
        approver(portal, "tom", proposal),
    )
    calls = without_locks(monkeypatch, *calls)

    with racers(2) as field:
        found = field.race(*calls)

    assert isinstance(found[0], EditWaits), found
    assert isinstance(found[1], Decided), found
    current = ProposalVersion.objects.get(proposal=proposal, number=2)
    assert Grant.objects.get().digest != current.digest


def test_of_two_edits_one_becomes_the_next_version(committed_db):
    portal = roomy_portal()
    with racers(2) as field:
        for n in range(ROUNDS):
            proposal = open_proposal(portal, f"r{n}")
            amounts = ("90.00", "91.00") if n % 2 else ("80.00", "81.00")
            found = field.race(
                *(
                    editor(portal, who, proposal, amount)
                    for who, amount in zip(("dana", "tom"), amounts, strict=True)
                )
            )
            assert one_lost(found), found
            numbers = ProposalVersion.objects.filter(proposal=proposal)
            assert sorted(numbers.values_list("number", flat=True)) == [1, 2]
            assert ending(proposal) == (("OPEN", 0) if n % 2 else ("EDITED", 1))


def test_control_without_the_lock_only_the_constraint_stops_the_second_edit(
    committed_db, monkeypatch
):
    portal = roomy_portal()
    proposal = open_proposal(portal, "r1")
    edits = [editor(portal, who, proposal, "90.00") for who in ("dana", "tom")]
    edits = without_locks(monkeypatch, *edits)

    with racers(2) as field:
        found = field.race(*edits)

    # Both were ready to write version 2: nobody was told that another came first.
    assert not one_lost(found), found
    assert sum(isinstance(each, EditWaits) for each in found) == 1, found


def fifty_approvers(portal) -> list[str]:
    """Let fifty people review, by name."""
    names = ["dana", "tom", "lena"]
    for n in range(FIFTY - len(names)):
        name = f"reviewer{n}"
        person = add_person(
            actor=SYSTEM,
            email=f"{name}@example.com",
            name=f"Reviewer {n}",
            department=portal.people.departments["care"],
            password=None,
        )
        add_reviewer(
            actor=portal.people.actor("maya"),
            workflow_id=portal.workflow.id,
            person=person,
            now=wall_clock(),
        )
        portal.people.people[name] = person
        names.append(name)
    return names


def test_of_fifty_approvers_one_decides(committed_db):
    portal = roomy_portal()
    names = fifty_approvers(portal)
    with racers(FIFTY) as field:
        for n in range(ROUNDS_OF_FIFTY):
            proposal = open_proposal(portal, f"r{n}")
            digest = proposal.action_request.digest
            found = field.race(
                *(approver(portal, name, proposal, digest) for name in names)
            )
            kinds = Counter(type(each) for each in found)
            assert kinds == {Decided: 1, Conflict: FIFTY - 1}, found
            assert ending(proposal) == ("APPROVED", 1)
    assert Decision.objects.count() == ROUNDS_OF_FIFTY


def test_control_without_the_lock_more_than_one_of_many_decide(
    committed_db, monkeypatch
):
    portal = roomy_portal()
    without_triggers(committed_db, "approvals_proposal", "approvals_actionrequest")
    proposal = open_proposal(portal, "r1")
    calls = [rejecter(portal, name, proposal) for name in ("dana", "tom", "lena")]
    calls = without_locks(monkeypatch, *calls)

    with racers(3) as field:
        found = field.race(*calls)

    assert sum(isinstance(each, Decided) for each in found) > 1, found
    assert Decision.objects.count() > 1
