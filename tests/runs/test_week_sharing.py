"""Who reads what of a week: shared out by load, read twice by chance, handed on when one leaves."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.urls import reverse
from guardian.models import UserObjectPermission

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Forbidden, Invalid
from runs.models import ReviewWeek, Run, SampledRun, SealedPopulation
from runs.operations.reading_plan import set_reading_plan
from runs.operations.reviewing import save_review
from runs.operations.sharing import share_again, share_left_runs
from runs.operations.signing import sign_week
from runs.queries.opening import pasts_of
from runs.rules.allocating import Past
from runs.rules.questions import Given
from tests.people import live_workflow, make_company
from tests.runs.helpers import START, append
from tests.runs.test_weeks import (
    LATER,
    MONDAY,
    YES,
    make_runs,
    opened,
    read_all,
    sign_in,
)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def rosa(company):
    return company.actor("rosa")


@pytest.fixture
def doubled(monkeypatch):
    """Let every run that is drawn be drawn for a second reading too."""
    monkeypatch.setattr("runs.rules.sampling.is_doubled", lambda **_: True)


def readers(week):
    rows = SampledRun.objects.filter(week=week).order_by("position")
    return list(rows.values_list("assigned_to__name", "second_to__name"))


def leave(person):
    type(person).objects.filter(id=person.id).update(is_active=False)


def test_a_doubled_run_goes_to_two_people_and_never_twice_to_one(
    company, workflow, doubled
):
    make_runs(workflow, company.agent, 6)
    week = opened(workflow)

    given = readers(week)
    assert all(first and second and first != second for first, second in given)
    loads = [sum(one in pair for pair in given) for one in {g[0] for g in given}]
    assert max(loads) - min(loads) <= 1
    row = SampledRun.objects.filter(week=week).first()
    with pytest.raises(DatabaseError), transaction.atomic():
        SampledRun.objects.filter(id=row.id).update(second_to=row.assigned_to_id)
    with pytest.raises(DatabaseError), transaction.atomic():
        SampledRun.objects.filter(id=row.id).update(is_doubled=False)


def test_nobody_is_given_a_run_that_they_decided_about_as_long_as_others_can_read_it(
    company, workflow, rosa
):
    ids = make_runs(workflow, company.agent, 6)
    for run_id in ids:
        append(run_id, "decided", 20, actor=rosa, verdict="approve", action_request="x")
    ended = START + timedelta(minutes=5)
    Run.objects.filter(id__in=ids).update(state="COMPLETED", ended_at=ended)
    week = opened(workflow)
    rows = SampledRun.objects.filter(week=week)

    assert rows.exists()
    assert not rows.filter(assigned_to=rosa.id).exists()
    assert not rows.filter(assigned_to=None).exists()

    for one in company.people.values():
        if one.id != rosa.id:
            leave(one)
    share_again(actor=SYSTEM, week_id=week.id, now=LATER)
    assert set(rows.values_list("assigned_to", flat=True)) == {rosa.id}


def test_what_somebody_who_left_was_to_read_goes_to_who_has_least(
    company, workflow, rosa, doubled
):
    make_runs(workflow, company.agent, 6)
    week = opened(workflow)
    mine = SampledRun.objects.filter(week=week, assigned_to=rosa.id).first()
    save_review(actor=rosa, week_id=week.id, run_id=mine.run_id, given=YES, now=LATER)
    leave(company.rosa)

    assert share_left_runs(now=LATER) == 1
    assert share_left_runs(now=LATER) == 0

    entry = Entry.objects.get(name="review.shared_again")
    assert b"Rosa Lindqvist may no longer assess" in bytes(entry.body)
    unread = SampledRun.objects.filter(week=week).exclude(id=mine.id)
    assert not unread.filter(assigned_to=rosa.id).exists()
    assert not unread.filter(second_to=rosa.id).exists()
    assert not unread.filter(assigned_to=None).exists()
    mine.refresh_from_db()
    assert mine.assigned_to_id == rosa.id
    assert mine.second_to_id not in (None, rosa.id)


def test_without_anybody_left_the_week_says_so_and_who_can_give_the_right(
    client, company, workflow
):
    make_runs(workflow, company.agent, 2)
    week = opened(workflow)
    owner = company.maya
    for person in company.people.values():
        if person.id != owner.id and person.id != company.dana.id:
            leave(person)
    UserObjectPermission.objects.filter(
        user=owner, permission__codename="assess_workflow"
    ).delete()

    share_left_runs(now=LATER)

    assert readers(week) == [(None, None)] * 2
    page = sign_in(client, company.dana).get(reverse("week", args=[week.id]))
    text = page.content.decode()
    assert "Nobody assesses this workflow." in text
    assert f"{owner.name}, its business owner, can give the right" in text
    with pytest.raises(AlreadyDone):
        share_again(actor=SYSTEM, week_id=week.id, now=LATER)


def test_a_week_that_opens_with_nobody_there_is_shared_out_when_somebody_comes(
    company, workflow
):
    make_runs(workflow, company.agent, 3)
    people = type(company.rosa).objects.all()
    people.update(is_active=False)
    week = opened(workflow)
    assert readers(week) == [(None, None)] * 3
    assert week.plan["assessors"] == 0

    people.filter(id=company.rosa.id).update(is_active=True)
    share_left_runs(now=LATER)

    assert {first for first, _ in readers(week)} == {"Rosa Lindqvist"}


def test_assessors_say_how_much_time_they_have_and_the_next_week_draws_by_it(
    client, company, workflow, rosa
):
    address = reverse("reading_plan", args=[workflow.id])
    about = {"workflow_id": workflow.id, "now": LATER}
    with pytest.raises(Forbidden):
        set_reading_plan(
            actor=company.actor("dana"), minutes_a_week=60, minutes_a_run=6, **about
        )
    with pytest.raises(Invalid) as wrong:
        set_reading_plan(actor=rosa, minutes_a_week=9, minutes_a_run=None, **about)
    assert set(wrong.value.fields) == {"minutes_a_week", "minutes_a_run"}

    sign_in(client, company.rosa)
    refused = client.post(address, {"minutes_a_week": "much", "minutes_a_run": "6"})
    kept = client.post(address, {"minutes_a_week": "10", "minutes_a_run": "5"})
    shown = client.get(address).content.decode()
    make_runs(workflow, company.agent, 40)
    week = opened(workflow)

    assert (refused.status_code, kept.status_code) == (422, 302)
    assert "Rosa Lindqvist" in shown
    assert week.plan["fits"] == 2 * week.plan["assessors"]
    assert float(week.plan["expected"]["rest"]) == max(5, min(30, week.plan["fits"]))


def test_anybody_can_check_the_draw_of_a_signed_week_by_page_file_and_command(
    client, company, workflow, rosa
):
    make_runs(workflow, company.agent, 40)
    week = opened(workflow)
    draw_page = reverse("week_draw", args=[week.id])
    population = reverse("week_population", args=[week.id])
    sign_in(client, company.dana)
    early = client.get(draw_page).content.decode()
    assert "shown once the week is signed" in early
    assert bytes(week.seed).hex() not in early
    assert client.get(population).status_code == 409
    with pytest.raises(CommandError, match="once the week is signed"):
        call_command("check_draw", str(week.id))
    read_all(week, rosa)
    sign_week(
        actor=rosa, week_id=week.id, summary="Well.", released="Alone.", now=LATER
    )

    said = StringIO()
    call_command("check_draw", str(week.id), stdout=said)
    page = client.get(draw_page).content.decode()
    text = client.get(population).content.decode()

    assert "The sample is the same" in said.getvalue()
    assert "The same sample" in page
    assert bytes(week.seed).hex() in page
    assert len(text.splitlines()) == 40
    assert sign_in(client, company.olga).get(draw_page).status_code == 404


def test_a_sealed_population_never_changes(company, workflow):
    make_runs(workflow, company.agent, 1)
    opened(workflow)

    for change in (
        lambda: SealedPopulation.objects.update(body=b""),
        lambda: SealedPopulation.objects.all().delete(),
        lambda: ReviewWeek.objects.update(plan={}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_an_empty_week_says_what_to_ask_before_it_is_signed(client, company, workflow):
    week = opened(workflow)
    page = sign_in(client, company.rosa).get(reverse("week", args=[week.id]))

    assert "No run of this workflow ended in this week" in page.content.decode()


def test_the_reasons_that_runs_must_be_seen_are_counted_and_open_their_runs(
    client, company, workflow
):
    make_runs(workflow, company.agent, 2, state="STOPPED", answered=4)
    make_runs(workflow, company.agent, 1, is_flagged=True)
    week = opened(workflow)
    address = reverse("week", args=[week.id])

    page = sign_in(client, company.rosa).get(address).content.decode()
    rows = client.get(
        address, {"show": "why:flagged"}, headers={"HX-Request": "true"}
    ).content.decode()

    assert "only 4 of 7 questions answered" in page
    assert f"{address}?show=why:flagged" in page
    assert rows.count('data-label="Whose"') == 1


def test_a_workflow_learns_from_earlier_weeks_where_faults_were(
    company, workflow, rosa
):
    make_runs(workflow, company.agent, 4)
    week = opened(workflow)
    read_all(week, rosa)
    run_id = SampledRun.objects.filter(week=week).values_list("run_id", flat=True)[0]
    wrong = Given(YES.answers | {"right_data": "no"}, {"right_data": "Old."}, "")
    save_review(actor=rosa, week_id=week.id, run_id=run_id, given=wrong, now=LATER)

    def pasts(weeks):
        starts_on = MONDAY + timedelta(weeks=weeks)
        return pasts_of(workflow_id=workflow.id, starts_on=starts_on)

    assert pasts(1) == pasts(8) == {"rest": Past(judged=4, faults=1)}
    assert pasts(0) == pasts(9) == {}
