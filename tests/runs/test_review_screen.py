"""The review screen: what is kept, what is lost, how long runs are read, and asking again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from runs.models import FollowUp, Review, ReviewDraft, Run, SampledRun
from runs.operations.asking_again import ask_again
from runs.operations.reviewing import reserve_run, save_review
from runs.operations.signing import sign_week
from runs.queries.follow_ups import open_follow_ups
from runs.rules.questions import KEYS, Given, codes_for, finished, problems_of
from tests.people import live_workflow, make_company
from tests.runs.helpers import ASK, START, append, start_run
from tests.runs.test_weeks import LATER, YES, make_runs, opened, sign_in

HTMX = {"HX-Request": "true"}
QUERIES_MAX = 60


@pytest.fixture(autouse=True)
def _nothing_is_doubled(monkeypatch):
    monkeypatch.setattr("runs.rules.sampling.DOUBLED", Decimal(0))


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


def one_run(company, workflow):
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    return week, run_id, reverse("review", args=[week.id, run_id])


def test_an_autosave_says_when_it_was_kept_and_another_device_goes_on_with_it(
    client, company, workflow
):
    _, _, page = one_run(company, workflow)
    rosa = sign_in(client, company.rosa)
    words = {"right_data": "no", "right_data_code": "stale", "note": "half way"}

    kept = rosa.post(page, words | {"go": "draft"}, headers=HTMX)
    again = rosa.get(page).content.decode()

    assert kept.status_code == 200
    assert "Kept at" in kept.content.decode()
    assert ReviewDraft.objects.get().reasons == {
        "right_data": {"code": "stale", "text": ""}
    }
    assert "half way" in again
    assert 'value="stale" selected' in again


def test_who_lost_the_run_or_comes_after_the_signature_is_told_who_and_keeps_the_words(
    client, company, workflow
):
    week, run_id, page = one_run(company, workflow)
    now = timezone.now()
    maya = company.actor("maya")
    reserve_run(actor=maya, week_id=week.id, run_id=run_id, now=now)
    rosa = sign_in(client, company.rosa)
    words = dict.fromkeys(KEYS, "yes") | {"note": "my own words"}

    lost = rosa.post(page, words)
    autosaved = rosa.post(page, words | {"go": "draft"}, headers=HTMX)
    save_review(actor=maya, week_id=week.id, run_id=run_id, given=YES, now=now)
    sign_week(actor=maya, week_id=week.id, summary="Well.", now=now)
    signed = rosa.post(page, words)

    for answer in (lost, autosaved, signed):
        assert answer.status_code == 409
        assert "Maya Adler" in answer.content.decode()
    assert "my own words" in lost.content.decode()
    assert "my own words" in signed.content.decode()
    assert ReviewDraft.objects.get(assessor=company.rosa).note == "my own words"
    assert Review.objects.get().assessor_id == company.maya.id


def test_a_run_of_two_thousand_events_costs_no_more_questions_than_its_budget(
    client, company, workflow
):
    _, run_id, page = one_run(company, workflow)
    append(run_id, "held", 1, rule="a", sentence="Held.")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO runs_runevent (run_id, id, workflow_id, kind, at, received_at,"
            " provenance, source_id, source_name, source_event_id, is_late, facts)"
            " SELECT run_id, gen_random_uuid(), workflow_id, 'note',"
            " at + n * interval '1 second', received_at, 'REPORTED', source_id, 'Agent',"
            " '', false, jsonb_build_object('text', 'note ' || n)"
            " FROM runs_runevent, generate_series(1, 2000) AS n WHERE run_id = %s",
            [run_id],
        )
    Run.objects.filter(id=run_id).update(event_count=2001)
    rosa = sign_in(client, company.rosa)
    rosa.get(page)

    with CaptureQueriesContext(connection) as asked:
        shown = rosa.get(page).content.decode()

    assert len(asked) <= QUERIES_MAX
    assert "Show what happened next" in shown
    assert "note 2000" not in shown


def test_the_screen_says_which_run_it_is_who_reads_it_and_what_the_fifth_question_means(
    client, company, workflow
):
    _, run_id, page = one_run(company, workflow)
    SampledRun.objects.update(assigned_to=company.rosa)

    seen = sign_in(client, company.rosa).get(page).content.decode()

    assert Run.objects.get(id=run_id).agent_run_id in seen
    assert "Rosa Lindqvist reads this run." in seen
    assert "nobody has to redo, correct or explain anything" in seen
    assert codes_for("faster_without_cleanup", "no")["told_as_done"] in seen


def test_a_finding_is_added_in_place(client, company, workflow):
    week, run_id, _ = one_run(company, workflow)
    rosa = sign_in(client, company.rosa)
    door = reverse("review_finding", args=[week.id, run_id])
    words = {"kind": "WEAK_DATA", "text": "The order was a day old."}
    rest = {"owner": str(company.maya.id), "due_on": "2099-01-01"}

    wrong = rosa.post(door, words, headers=HTMX)
    right = rosa.post(door, words | rest, headers=HTMX)

    assert wrong.status_code == 422
    assert "The order was a day old." in wrong.content.decode()
    assert "Maya Adler looks after it" in right.content.decode()
    assert "<html" not in right.content.decode()


def test_reasons_are_chosen_of_a_closed_list_and_something_else_needs_words():
    answers = dict.fromkeys(KEYS, "yes") | {"right_data": "no"}

    def wrong(code="", text=""):
        given = Given(
            answers, {"right_data": text} if text else {}, "", {"right_data": code}
        )
        return set(problems_of(given))

    assert wrong("stale") == set()
    assert wrong(text="It was old.") == set()
    assert wrong() == wrong("other") == wrong("too_late") == {"right_data_reason"}
    assert wrong("other", "A new way.") == set()
    changed = Given(dict.fromkeys(KEYS, "yes"), {"right_data": "x"}, "", {})
    assert finished(changed).kept_reasons() == {}


def test_a_run_that_came_back_is_asked_about_once_more_and_the_signed_week_stays(
    client, company, workflow
):
    run_id = start_run(workflow, company.agent, "first")
    append(run_id, "asked", 10, action_request="a", **ASK)
    again = start_run(workflow, company.agent, "again", now=START + timedelta(days=4))
    append(again, "asked", 4 * 86_400, action_request="b", **ASK)
    end = START + timedelta(minutes=5)
    Run.objects.filter(id=run_id).update(state="COMPLETED", ended_at=end)
    week = opened(workflow)
    rosa = company.actor("rosa")
    for row in SampledRun.objects.filter(week=week):
        about = {"actor": rosa, "week_id": week.id, "run_id": row.run_id, "now": LATER}
        save_review(given=YES, **about)
    sign_week(actor=rosa, week_id=week.id, summary="Well.", now=LATER)
    digest = type(week).objects.get(id=week.id).digest

    assert ask_again(now=START + timedelta(days=13)) == 0
    assert ask_again(now=START + timedelta(days=15)) == 1
    assert ask_again(now=START + timedelta(days=15)) == 0
    asked = FollowUp.objects.get()
    assert [sign["kind"] for sign in asked.signs] == ["again"]
    assert open_follow_ups(actor=rosa) == 1
    door = reverse("follow_up", args=[asked.id])
    browser = sign_in(client, company.rosa)
    unsaid = browser.post(door, {"answer": "no", "reason": ""})
    said = browser.post(door, {"answer": "no", "reason": "It came back."})
    other = sign_in(client, company.maya).post(door, {"answer": "yes"})

    assert (unsaid.status_code, said.status_code, other.status_code) == (422, 302, 403)
    asked.refresh_from_db()
    assert (asked.first_answer, asked.answer) == ("yes", "no")
    assert Review.objects.get(sampled=asked.sampled).faster_without_cleanup == "yes"
    assert type(week).objects.get(id=week.id).digest == digest
