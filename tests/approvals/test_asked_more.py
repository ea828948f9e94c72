"""What a rulebook asks beyond an approval: of the way to it, and when it is granted again."""

import pytest

from approvals.models import Grant, Proposal
from approvals.rules.turns import demanded
from approvals.tasks import sweep_due
from portal.core.clock import wall_clock
from registry.operations.packets import new_version
from registry.rules.answers import Answer, Reversibility, Risk, Ruling, Turn
from tests.approvals.asking import make_portal
from tests.approvals.test_backtests import change_draft
from tests.approvals.test_break_glass import break_it
from tests.approvals.test_expiring import overdue
from tests.approvals.test_stages import staged_portal
from tests.approvals.test_untold import run_out
from tests.approvals.timing import review_times
from tests.people import launch, refunds_document

RISK, HIGHER = Turn("risk_owner"), Turn("escalation_owner")


def ruling(*turns: Turn, answer=Answer.REVIEW) -> Ruling:
    first = turns[0]
    return Ruling(
        answer, (), Risk.LOW, Reversibility.REVERSIBLE, first.quorum,
        first.decided_by, 1, None, turns=turns,
    )  # fmt: skip


def reviewers(quorum=1) -> Turn:
    return Turn("reviewers", quorum)


@pytest.mark.parametrize("answer", [Answer.REVIEW, Answer.ESCALATE])
def test_whom_the_row_asks_at_a_later_stage_stands_in_for_nobody(answer):
    now = ruling(reviewers(2), HIGHER, answer=answer)
    way = demanded((reviewers(1), HIGHER), now, went_up=False)
    assert way == (reviewers(2), HIGHER)


def test_whom_somebody_asked_in_stands_in_for_one():
    assert demanded((HIGHER,), ruling(reviewers(1)), went_up=True) == (HIGHER,)
    assert demanded((RISK,), ruling(reviewers(1)), went_up=True) == (RISK,)
    assert demanded((HIGHER, reviewers(1)), ruling(reviewers(3)), went_up=True) == (
        HIGHER,
        reviewers(2),
    )


def test_another_owner_of_the_ladder_is_not_the_escalation_owner():
    higher = ruling(reviewers(1), answer=Answer.ESCALATE)
    assert demanded((RISK,), higher, went_up=True) is None
    asked = demanded((RISK,), higher, went_up=True, was_escalated=True)
    assert asked == (RISK,)


def relaunch(portal, **changes) -> None:
    new_version(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        now=wall_clock(),
    )
    change_draft(**changes)
    launch(portal.people, portal.workflow, revision=2)


def with_stage(**stage):
    rows = refunds_document()["allowances"]
    rows[1] |= stage
    return rows


def again(portal, asked):
    return portal.post(f"/actions/{asked['id']}/grant")


@pytest.mark.django_db
def test_a_stage_that_was_not_asked_then_is_not_walked_past_by_a_new_grant(
    no_undo_time,
):
    portal = make_portal()
    asked = portal.ask("84.20")
    portal.decide("dana", asked)
    run_out(asked)
    relaunch(portal, allowances=with_stage(then=[{"decided_by": "risk_owner"}]))

    answer = again(portal, asked)

    assert (answer.status_code, answer.json()["code"]) == (409, "authority.asks_more")
    assert not Grant.objects.filter(state="ISSUED").exists()


@pytest.mark.django_db
def test_the_same_stages_grant_again(no_undo_time):
    portal = staged_portal()
    asked = portal.ask("84.20")
    for name in ("dana", "tom", "rosa"):
        portal.decide(name, asked)
    run_out(asked)

    assert again(portal, asked).status_code == 201


@pytest.mark.django_db
def test_a_check_that_is_required_by_now_is_not_walked_past_by_a_new_grant(
    no_undo_time,
):
    portal = make_portal()
    asked = portal.ask("84.20")
    portal.decide("dana", asked)
    run_out(asked)
    relaunch(portal, checks=[{"name": "order exists", "required_for": ["refund"]}])

    answer = again(portal, asked)

    assert (answer.status_code, answer.json()["code"]) == (409, "check.missing")
    assert not Grant.objects.filter(state="ISSUED").exists()


@pytest.mark.django_db
def test_an_emergency_runs_once_and_carries_no_second_grant(no_undo_time):
    portal = staged_portal()
    asked = portal.ask("84.20")
    break_it(portal, asked)
    run_out(asked)

    answer = again(portal, asked)

    assert (answer.status_code, answer.json()["code"]) == (409, "approval.lapsed")
    assert not Grant.objects.filter(state="ISSUED").exists()


@pytest.mark.django_db
def test_no_emergency_runs_what_nobody_can_read_whatever_else_escalates_it(
    no_undo_time,
):
    portal = make_portal()
    action = portal.body()["action"]
    action["args"]["attachment"] = "QUJD" * 60
    asked = portal.ask(action=action, signals=["conflicting_records"])
    codes = [each["code"] for each in asked["ruling"]["reasons"]]

    answer = break_it(portal, asked)

    assert "inspection.impossible" not in codes
    assert "cannot be inspected" in answer.content.decode()
    assert not Grant.objects.exists()


@pytest.mark.django_db
def test_an_edit_into_what_cannot_be_read_goes_past_the_ladder_to_the_escalation_owner(
    no_undo_time,
):
    portal = make_portal()
    review_times(ladder=("risk_owner",))
    action = portal.body()["action"]
    action["args"]["note"] = "short"
    asked = portal.ask(action=action)
    overdue(asked)
    sweep_due()
    assert Proposal.objects.get().audience == "risk_owner"

    portal.decide("rosa", asked, "edit", **{"arg-2": "QUJD" * 60})

    assert Proposal.objects.get().audience == "escalation_owner"
    assert not Grant.objects.exists()


@pytest.mark.django_db
def test_an_approval_of_the_ladder_that_was_undone_can_be_given_again(settings):
    settings.APPROVALS_UNDO_SECONDS = 60
    portal = make_portal()
    review_times(ladder=("risk_owner",))
    asked = portal.ask()
    overdue(asked)
    sweep_due()
    portal.decide("rosa", asked)
    portal.decide("rosa", asked, "undo")

    after = portal.action(asked)
    portal.decide("rosa", after)

    assert Proposal.objects.get(id=after["proposal"]["id"]).state == "APPROVED"


@pytest.mark.django_db
def test_a_second_edit_does_not_let_the_first_editor_approve_what_they_widened(
    no_undo_time,
):
    portal = make_portal()
    asked = portal.ask("44.20")
    portal.decide("dana", asked, "edit", **{"arg-0": "48.20"})
    portal.decide("tom", asked, "edit", **{"arg-0": "48.19"})

    first = portal.decide("dana", asked)
    second = portal.decide("tom", asked)

    assert (first.status_code, second.status_code) == (403, 403)
    assert not Grant.objects.exists()
    assert portal.decide("lena", asked).status_code == 302
    assert Proposal.objects.get().state == "EDITED"
