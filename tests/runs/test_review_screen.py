"""The review screen: what is kept, what is lost, how long runs are read, and asking again."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs.models import ReviewDraft, Run
from runs.rules.questions import KEYS, Given, finished, problems_of
from tests.people import live_workflow, make_company
from tests.runs.helpers import append
from tests.runs.test_weeks import make_runs, opened, sign_in

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
