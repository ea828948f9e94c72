"""All workflows' weeks of one Monday as one report, with one queue over them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from runs.models import ReviewWeek, Run, SampledRun
from runs.operations.reviewing import save_review
from runs.operations.signing import sign_week
from runs.operations.weeks import open_week
from runs.queries.mondays import monday_page, next_of_monday
from tests.people import live_workflow, make_company
from tests.runs.helpers import START, start_run
from tests.runs.test_weeks import LATER, MONDAY, YES, make_runs, opened, sign_in

ADDRESS = f"/reviews/on/{MONDAY.isoformat()}/"


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def weeks(company, monkeypatch):
    """Two workflows with a week each, and nobody drawn to read a run twice."""
    monkeypatch.setattr("runs.rules.sampling.is_doubled", lambda **_: False)
    first = live_workflow(company)
    second = live_workflow(company, slug="credit-notes", name="Credit notes")
    make_runs(first, company.agent, 4)
    end = START + timedelta(minutes=5)
    ids = [start_run(second, company.agent, f"c-{number}") for number in range(3)]
    Run.objects.filter(id__in=ids).update(state="COMPLETED", answered=7, ended_at=end)
    return opened(first), opened(second)


def page_of(company, name="rosa", **more):
    return monday_page(actor=company.actor(name), monday=MONDAY, now=LATER, **more)


def read(company, week, count, given=YES):
    runs = SampledRun.objects.filter(week=week).order_by("position")
    for run_id in runs.values_list("run_id", flat=True)[:count]:
        save_review(
            actor=company.actor("rosa"),
            week_id=week.id,
            run_id=run_id,
            given=given,
            now=LATER,
        )


def test_a_monday_adds_up_every_workflow_and_each_is_a_layer_of_the_estimate(
    company, weeks
):
    read(company, weeks[0], 4)
    read(company, weeks[1], 3)
    page = page_of(company, show="right_data:yes")

    assert [row.workflow for row in page.weeks] == ["Credit notes", "Refund management"]
    assert (page.population, page.sampled, page.read, page.left) == (7, 7, 7, 0)
    assert {layer.key: layer.population for layer in page.layers}["rest"] == 7
    assert page.results[0].counts["yes"] == page.shown_count == 7
    assert len(page.results[0].judged_by_layer) == 2
    assert sum(share.total for share in page.shares) == 7


def test_one_queue_gives_mine_in_every_workflow_and_nobody_elses(company, weeks):
    rosa = company.actor("rosa")
    SampledRun.objects.filter(week=weeks[1]).update(assigned_to=company.maya)
    SampledRun.objects.filter(week=weeks[0]).update(assigned_to=company.rosa)

    mine = next_of_monday(actor=rosa, monday=MONDAY)
    read(company, weeks[0], 4)

    assert mine[0] == weeks[0].id
    assert next_of_monday(actor=rosa, monday=MONDAY) is None


def test_each_workflow_is_signed_by_itself_and_the_report_says_how_many(company, weeks):
    read(company, weeks[0], 4)
    sign_week(
        actor=company.actor("rosa"), week_id=weeks[0].id, summary="Well.", now=LATER
    )

    page = page_of(company)

    assert page.signed == 1
    assert ReviewWeek.objects.get(id=weeks[1].id).state == "OPEN"


def test_the_report_and_the_list_show_each_person_only_what_they_may_see(
    client, company, weeks
):
    seen = sign_in(client, company.rosa).get(ADDRESS).content.decode()
    rows = client.get(f"{ADDRESS}?show=layer:rest", headers={"HX-Request": "true"})
    listed = client.get(reverse("weeks")).content.decode()
    taken = client.post(f"{ADDRESS}next/")
    hidden = sign_in(client, company.olga).get(ADDRESS)
    none_left = client.post(f"{ADDRESS}next/", follow=True)

    assert "Credit notes" in seen
    assert rows.content.decode().count('data-label="Whose"') == 7
    assert "<html" not in rows.content.decode()
    assert ADDRESS in listed
    assert "/runs/" in taken.url
    assert SampledRun.objects.exclude(lease_until=None).count() == 1
    assert "Credit notes" not in hidden.content.decode()
    assert "No week of that Monday" in hidden.content.decode()
    assert "You have read all that is yours" in none_left.content.decode()


def test_a_day_that_is_no_monday_is_not_there(client, company):
    sign_in(client, company.rosa)

    for day in ("2026-11-17", "2026-02-30", "soon"):
        assert client.get(f"/reviews/on/{day}/").status_code == 404


def test_a_report_of_ten_workflows_asks_as_few_questions_as_one_of_two(
    client, company, weeks, django_assert_max_num_queries
):
    for number in range(8):
        slug = f"more-{number}"
        workflow = live_workflow(company, slug=slug, name=f"More {number}")
        open_week(actor=SYSTEM, workflow_id=workflow.id, starts_on=MONDAY, now=LATER)
    sign_in(client, company.rosa)

    with django_assert_max_num_queries(24):
        assert client.get(ADDRESS).status_code == 200
    with django_assert_max_num_queries(14):
        assert client.get(reverse("weeks")).status_code == 200
