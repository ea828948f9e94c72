"""Pages of runs: what they show, to whom, and for how many queries."""

import pytest
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from runs.models import Hold, Run
from runs.operations import moments
from tests.people import live_workflow, make_company
from tests.runs.helpers import START, inside, refund_story, start_run, store, told


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def run_id(company, workflow):
    run_id = start_run(workflow, company.agent, "case-7741")
    store(run_id, refund_story())
    return run_id


def sign_in(client, person):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def hold(run_id):
    inside(
        lambda: moments.hold_run(
            run_id=run_id,
            rule_key="legal-words",
            sentence="The customer speaks of a lawyer.",
            actor=SYSTEM,
            now=START,
        )
    )


def test_the_run_page_tells_the_story_the_seven_answers_and_the_narrative(
    client, company, run_id
):
    page = sign_in(client, company.maya).get(reverse("run", args=[run_id]))

    text = page.content.decode()
    assert page.status_code == 200
    assert "Refund EUR 40.00 for order 12, done after approval." in text
    assert "Dana Reyes approved after 6 min. Billing confirmed it." in text
    for question in ("Triggered by", "Looked at", "Tools", "Decided", "Changed"):
        assert question in text
    assert "Tried twice" in text
    assert "waited 6 min 02 s of 30 min for a person" in text
    assert "confirmed by Billing" in text
    assert "3 technical steps" in text
    assert "7 of 7" in text


def test_who_may_not_see_the_workflow_finds_nothing_there(client, company, run_id):
    names = ("run", "run_story_fragment", "run_markdown", "run_json")

    for name in names:
        address = reverse(name, args=[run_id])
        assert sign_in(client, company.maya).get(address).status_code == 200
        assert sign_in(client, company.olga).get(address).status_code == 404
    listed = sign_in(client, company.olga).get(reverse("runs")).content.decode()
    assert "case-7741" not in listed
    assert "Refund EUR" not in listed
    recent = reverse("runs_recent", args=["refund-management"])
    assert client.get(recent).status_code == 404
    assert client.get(reverse("runs_recent", args=["unheard-of"])).status_code == 404
    assert "Refund EUR" in sign_in(client, company.maya).get(recent).content.decode()
    client.logout()
    assert client.get(reverse("run", args=[run_id])).status_code == 302


def test_the_text_and_the_data_say_the_same(client, company, run_id):
    sign_in(client, company.maya)

    text = client.get(reverse("run_markdown", args=[run_id])).content.decode()
    data = client.get(reverse("run_json", args=[run_id])).json()

    assert data["title"] in text
    assert data["story"] in text
    assert all(answer["answer"] in text for answer in data["answers"])
    told = {event for line in data["lines"] for event in line["events"]}
    assert len(told) == Run.objects.get().event_count - len(data["technical"])


def test_the_story_is_a_fragment_for_htmx_and_a_page_for_everybody_else(
    client, company, run_id
):
    sign_in(client, company.maya)
    address = reverse("run_story_fragment", args=[run_id])

    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    whole = client.get(address).content.decode()

    assert "<html" not in part
    assert "done after approval" not in part
    assert "Dana Reyes approved" in part
    assert "<html" in whole


def test_pages_cost_the_same_for_few_runs_and_for_many(
    client, company, workflow, run_id, django_assert_max_num_queries
):
    sign_in(client, company.maya)
    for number in range(30):
        start_run(workflow, company.agent, f"case-{number}")

    with django_assert_max_num_queries(16):
        client.get(reverse("runs"))
    with django_assert_max_num_queries(12):
        client.get(reverse("run", args=[run_id]))


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("", True),
        ("?workflow=refund-management&state=COMPLETED&answers=all", True),
        ("?workflow=another", False),
        ("?state=FAILED", False),
        ("?state=nonsense&since=x&until=2026-99-99&only=x", True),
        ("?q=order+12", True),
        ("?q=case-77", True),
        ("?q=unheard", False),
        ("?only=held", False),
        ("?only=retried", True),
        ("?answers=few", False),
        ("?since=2026-11-16&until=2026-11-16", True),
        ("?since=2026-11-17", False),
        ("?agent=refund-agent", True),
    ],
)
def test_the_list_is_narrowed_by_plain_fields(client, company, run_id, query, is_found):
    page = sign_in(client, company.maya).get(reverse("runs") + query)

    assert page.status_code == 200
    assert ("Refund EUR 40.00" in page.content.decode()) is is_found


def test_a_cursor_that_was_not_made_here_is_malformed(client, company, run_id):
    page = sign_in(client, company.maya).get(reverse("runs") + "?at=nonsense")

    assert page.status_code == 400


def test_pages_of_the_list_follow_each_other(client, company, workflow):
    for number in range(60):
        start_run(workflow, company.agent, f"case-{number}")
    sign_in(client, company.maya)

    first = client.get(reverse("runs")).content.decode()
    address = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(address).content.decode()

    assert first.count("row-link") == 50
    assert second.count("row-link") == 10


def test_a_held_run_leads_to_its_exception_and_lifts_no_hold_itself(
    client, company, run_id
):
    hold(run_id)

    page = sign_in(client, company.erik).get(reverse("run", args=[run_id]))

    assert reverse("exception", args=[Hold.objects.get().id]) in page.content.decode()
    assert client.post(f"/runs/{run_id}/resume/").status_code == 404
    assert Run.objects.get().is_held


def test_a_run_is_flagged_once(client, company, run_id):
    sign_in(client, company.dana)
    address = reverse("run_flag", args=[run_id])

    assert client.post(address).status_code == 302
    assert client.post(address).status_code == 302

    assert Run.objects.get().is_flagged
    assert Run.objects.get().fold["events"] == len(refund_story()) + 1


def test_what_an_agent_says_cannot_act_on_the_page(client, company, workflow):

    run_id = start_run(workflow, company.agent)
    nasty = "<script>alert(1)</script>\u202egnp.exe"
    store(run_id, [told("run.started", 1, trigger=nasty), told("note", 2, text=nasty)])

    sign_in(client, company.maya)
    for address in (reverse("run", args=[run_id]), reverse("runs")):
        text = client.get(address).content.decode()
        assert "<script>alert" not in text
        assert "\u202e" not in text
