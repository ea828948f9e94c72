"""Working hours, the ladder, reminders and pauses: time that never approves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.models import Decision, Grant, Move, Proposal, Reminder
from approvals.operations import expire, ladder
from approvals.tasks import sweep_due
from portal.accounts.actors import SYSTEM, actor_for
from portal.audit.models import Entry
from registry.models import Workflow
from registry.operations.pausing import pause_workflow, resume_workflow
from registry.operations.people import vacate_role
from registry.queries.timing import calendar_of
from registry.rules.business_time import working_between
from tests.approvals.timing import (
    HOUR,
    OFFICE,
    office_hours,
    proposal_of,
    review_times,
    turn_back,
    workflow_level,
)

pytestmark = pytest.mark.django_db
BERLIN = {
    "time_zone": "Europe/Berlin",
    "week": OFFICE,
    "country": "DE",
    "subdivision": "",
    "closed_days": [],
}


def pause(portal, *, at):
    pause_workflow(
        actor=actor_for(portal.people.maya),
        workflow_id=portal.workflow.id,
        reason="Wait",
        now=at,
    )


def resume(portal, *, at):
    resume_workflow(
        actor=actor_for(portal.people.maya),
        workflow_id=portal.workflow.id,
        reason="Go on",
        now=at,
    )


def overdue(asked):
    turn_back(asked, proposal_of(asked).due_at - timezone.now() + timedelta(minutes=1))


def test_without_a_calendar_time_runs_round_the_clock(portal):
    asked = portal.ask()
    proposal = proposal_of(asked)
    assert proposal.due_at - proposal.created_at == timedelta(hours=2)
    assert (proposal.clock_zone, proposal.counts_from) == ("", None)


def test_in_working_hours_only_they_count(portal):
    office_hours()
    review_times(review=10 * HOUR, is_working=True)
    proposal = proposal_of(portal.ask())
    counted = working_between(calendar_of(BERLIN), proposal.created_at, proposal.due_at)
    assert counted == 10 * HOUR
    # Ten hours are more than one day has, so it is never due within them.
    assert proposal.due_at - proposal.created_at > 14 * HOUR
    assert proposal.clock_zone == "Europe/Berlin"


def test_a_calendar_changes_nothing_where_time_runs_round_the_clock(portal):
    office_hours()
    proposal = proposal_of(portal.ask())
    assert proposal.due_at - proposal.created_at == timedelta(hours=2)


def test_the_workflows_times_win_over_the_departments_and_those_over_all(portal):
    review_times(review=5 * HOUR)
    first = proposal_of(portal.ask(run="a"))
    review_times(workflow_level(portal), review=3 * HOUR)
    second = proposal_of(portal.ask(run="b"))
    assert first.due_at - first.created_at == 5 * HOUR
    assert second.due_at - second.created_at == 3 * HOUR


def test_the_agents_own_deadline_only_shortens(portal):
    office_hours()
    review_times(review=10 * HOUR, is_working=True)
    soon = timezone.now() + timedelta(minutes=3)
    late = timezone.now() + timedelta(days=300)
    assert proposal_of(portal.ask(run="a", expires_at=soon.isoformat())).due_at == soon
    assert proposal_of(portal.ask(run="b", expires_at=late.isoformat())).due_at < late


def test_the_ladder_asks_one_after_another_and_ends_without_approval(portal):
    review_times(ladder=("escalation_owner", "risk_owner", "business_owner"))
    asked = portal.ask()
    asked_now = []
    for _ in range(4):
        overdue(asked)
        sweep_due()
        sweep_due()
        asked_now.append(proposal_of(asked).audience)

    told = portal.action(asked)
    assert asked_now == [
        "escalation_owner", "risk_owner", "business_owner", "business_owner",
    ]  # fmt: skip
    assert (told["status"], told["resolution"]["type"]) == ("expired", "expired")
    assert proposal_of(asked).reason_code == "timed_out"
    assert Move.objects.filter(kind="ESCALATED").count() == 3
    assert not Decision.objects.exists()
    assert not Grant.objects.exists()


def test_a_step_that_nobody_holds_is_passed_over(portal):
    review_times(ladder=("escalation_owner", "risk_owner"))
    asked = portal.ask()
    vacate_role(
        actor=SYSTEM,
        workflow_id=portal.workflow.id,
        role="escalation_owner",
        now=timezone.now(),
    )
    overdue(asked)
    sweep_due()
    assert proposal_of(asked).audience == "risk_owner"


def test_with_no_ladder_the_first_time_out_ends_it(portal):
    review_times(ladder=())
    asked = portal.ask()
    overdue(asked)
    sweep_due()
    assert portal.action(asked)["status"] == "expired"


def test_whoever_is_asked_at_last_may_approve(portal, no_undo_time):
    review_times(ladder=("escalation_owner", "risk_owner"))
    asked = portal.ask()
    for _ in range(2):
        overdue(asked)
        sweep_due()
    assert portal.decide("dana", asked).status_code in (403, 409)
    assert portal.decide("erik", asked).status_code in (403, 409)
    assert not Decision.objects.exists()
    assert portal.decide("rosa", asked).status_code == 302
    assert portal.action(asked)["status"] == "approved"


def test_without_any_sweep_nobody_approves_what_is_overdue(portal):
    asked = portal.ask()
    overdue(asked)

    refused = portal.decide("dana", asked)
    page = portal.signed_in("dana").get(f"/inbox/{asked['proposal']['id']}/")

    assert refused.status_code == 409
    assert "time of the reviewers is over" in refused.content.decode()
    assert "time of the reviewers is over" in page.content.decode()
    assert "approve-form" not in page.content.decode()
    assert not Decision.objects.exists()
    # Nothing was written for somebody who may not decide.
    assert proposal_of(asked).audience == "reviewers"


def test_without_any_sweep_the_next_of_the_ladder_decides(portal):
    asked = portal.ask()
    overdue(asked)
    page = portal.signed_in("erik").get(f"/inbox/{asked['proposal']['id']}/")

    decided = portal.decide("erik", asked)

    assert "approve-form" in page.content.decode()
    assert decided.status_code == 302
    assert Move.objects.filter(kind="ESCALATED").count() == 1
    assert portal.action(asked)["status"] == "approved"


def test_control_without_catching_up_a_reviewer_approves_late(portal, monkeypatch):
    asked = portal.ask()
    overdue(asked)
    monkeypatch.setattr("approvals.operations.sitting.catch_up", lambda *_, **__: False)
    monkeypatch.setattr(
        "approvals.operations.sitting.is_overdue", lambda *_, **__: False
    )
    assert portal.decide("dana", asked).status_code == 302


def test_with_no_sweep_and_no_ladder_it_is_over_and_the_page_says_so(portal):
    review_times(ladder=())
    asked = portal.ask()
    overdue(asked)
    page = portal.signed_in("dana").get(f"/inbox/{asked['proposal']['id']}/")
    assert "The time to decide this is over" in page.content.decode()
    assert "approve-form" not in page.content.decode()
    for who in ("dana", "erik", "maya"):
        assert portal.decide(who, asked).status_code in (403, 409)
    assert not Decision.objects.exists()


def test_people_are_reminded_once_at_a_half_and_once_at_nine_tenths(portal):
    asked = portal.ask()
    percents = []
    for _ in range(12):
        turn_back(asked, timedelta(minutes=9.5))
        sweep_due()
        sweep_due()
        percents.append(Reminder.objects.count())
    [half, most] = Reminder.objects.order_by("percent")
    assert (half.percent, most.percent) == (50, 90)
    assert percents == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2]
    people = portal.people
    assert set(half.person_ids) == {people.dana.id, people.tom.id, people.lena.id}
    assert "Dana Reyes, Lena Fischer and Tom Okafor were reminded" in (
        Move.objects.filter(kind="REMINDED").first().text
    )


def test_a_sweep_that_comes_late_reminds_once_and_of_the_last(portal):
    asked = portal.ask()
    turn_back(asked, timedelta(minutes=115))
    sweep_due()
    sweep_due()
    assert [row.percent for row in Reminder.objects.all()] == [90]


def test_nobody_is_reminded_of_what_is_over(portal):
    asked = portal.ask()
    overdue(asked)
    sweep_due()
    assert proposal_of(asked).audience == "escalation_owner"
    assert not Reminder.objects.exists()


def test_the_next_step_has_reminders_of_its_own(portal):
    asked = portal.ask()
    turn_back(asked, timedelta(minutes=70))
    sweep_due()
    overdue(asked)
    sweep_due()
    turn_back(asked, timedelta(hours=2, minutes=10))
    sweep_due()
    assert [(row.rung, row.percent) for row in Reminder.objects.order_by("rung")] == [
        (0, 50),
        (1, 50),
    ]
    assert Reminder.objects.get(rung=1).person_ids == [portal.people.erik.id]


def test_a_question_stops_the_clock_in_working_time(portal):
    office_hours()
    review_times(review=10 * HOUR, is_working=True)
    asked = portal.ask()
    portal.decide("dana", asked, "ask", message="Which order?")
    before = proposal_of(asked)
    left = working_between(calendar_of(BERLIN), before.clock_stopped_at, before.due_at)
    turn_back(asked, timedelta(days=7))

    portal.post(f"/actions/{asked['id']}/answer", {"message": "Order 1182."})

    after = proposal_of(asked)
    answered_at = Move.objects.get(kind="ANSWERED").moved_at
    assert after.state == "OPEN"
    assert working_between(calendar_of(BERLIN), answered_at, after.due_at) == left


def test_a_pause_stops_every_clock_and_a_resume_lets_it_go_on(portal):
    asked = portal.ask()
    began = timezone.now()
    pause(portal, at=began)
    Workflow.objects.filter(id=portal.workflow.id).update(
        paused_at=began - timedelta(hours=5)
    )
    turn_back(asked, timedelta(hours=5))
    due = proposal_of(asked).due_at
    page = portal.signed_in("dana").get(f"/inbox/{asked['proposal']['id']}/")
    while_paused = sweep_due()

    portal.workflow.spells.update(paused_at=began - timedelta(hours=5))
    resume(portal, at=began)
    settled = sweep_due()

    assert "stands still while" in page.content.decode()
    assert (while_paused, settled) == (0, 1)
    assert proposal_of(asked).audience == "reviewers"
    assert proposal_of(asked).due_at - due == timedelta(hours=5)
    assert Entry.objects.filter(name="proposal.clock_moved").count() == 1
    assert sweep_due() == 0


def test_what_was_overdue_before_the_pause_stays_overdue(portal):
    asked = portal.ask()
    overdue(asked)
    pause(portal, at=timezone.now())
    assert sweep_due() == 1
    assert proposal_of(asked).audience == "escalation_owner"


def test_after_a_pause_one_may_decide_though_no_sweep_counted_it(portal):
    asked = portal.ask()
    began = timezone.now()
    turn_back(asked, timedelta(hours=5))
    pause(portal, at=began - timedelta(hours=4))
    resume(portal, at=began)
    assert proposal_of(asked).due_at < began
    # Two hours were left less one; the four of the pause do not count.
    assert (
        portal.decide("dana", asked, "reject", reason_code="duplicate").status_code
        == 302
    )


def test_an_error_in_the_middle_of_a_step_leaves_nothing_half_done(portal, monkeypatch):
    asked = portal.ask()
    overdue(asked)
    with monkeypatch.context() as killed:
        killed.setattr(ladder, "tell_run", _die)
        assert sweep_due() == 0
    assert proposal_of(asked).audience == "reviewers"
    assert not Move.objects.exists()
    assert sweep_due() == 1
    assert Move.objects.filter(kind="ESCALATED").count() == 1


def _die(*_, **__):
    raise SystemError("the worker was killed")


def test_times_of_history_do_not_change(portal):
    asked = portal.ask()
    before = proposal_of(asked).due_at
    review_times(review=timedelta(minutes=1))
    office_hours()
    sweep_due()
    assert proposal_of(asked).due_at == before


def test_a_proposal_is_not_due_twice_in_one_sweep(portal):
    portal.ask()
    Proposal.objects.update(due_at=timezone.now() - HOUR)
    assert len(expire.due_proposals()) == 1
