"""Behind the lines of a run: its records in full, its spans, its news, two runs compared."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse

from runs.models import Run, RunEvent
from runs.queries.following import news_of_run
from runs.queries.steps import PAGE_CHARACTERS
from runs.queries.stories import run_page
from tests.people import live_workflow, make_company
from tests.runs.helpers import START, moment, refund_story, start_run, store, told

NOW = START + timedelta(hours=1)
CARD = "[card:0123456789ab]"


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def run_id(company, workflow):
    return start_run(workflow, company.agent, "case-7741")


@pytest.fixture
def maya(client, company):
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(company.maya, backend=backend)
    return client


def news(company, run_id, page, *, is_partial=False):
    return news_of_run(
        actor=company.actor("maya"),
        run_id=run_id,
        after=page.last,
        known=page.event_count,
        state=page.state_code,
        is_partial=is_partial,
        now=NOW,
    )


def test_the_record_of_a_line_shows_every_attempt_in_full(maya, run_id):
    store(run_id, refund_story())
    page = maya.get(reverse("run", args=[run_id])).content.decode()
    retried = page.split("Tried twice")[1]
    address = retried.split('timeline-open" href="')[1].split('"')[0]

    part = maya.get(address, headers={"HX-Request": "true"}).content.decode()
    whole = maya.get(address).content.decode()

    assert "<html" not in part
    assert "Tool shipping_status failed" in part
    assert "time-out" in part
    assert "Tool shipping_status succeeded, attempt 2" in part
    assert "What it gave back" in part
    assert "Tool shipping_status failed" in whole


def test_a_long_value_is_read_a_piece_at_a_time_and_cannot_act(maya, run_id):
    text = "<script>x</script>" + "0123456789" * 4_000
    event = told("tool.called", 1, tool="t", status="ok", args={}, result=text)
    store(run_id, [event])
    address = reverse("run_step", args=[run_id, event.id])

    drawer = maya.get(address).content.decode()
    first = maya.get(f"{address}?only=result").content.decode()
    last = maya.get(
        f"{address}?only=result&from={2 * PAGE_CHARACTERS}"
    ).content.decode()
    past = maya.get(f"{address}?only=result&from=999999")

    assert "<script>x" not in drawer
    assert drawer.count("0123456789") < 250
    assert "Read all of it" in drawer
    assert f"from={PAGE_CHARACTERS}" in first
    assert "Read on" not in last
    assert past.status_code == 200
    assert text not in maya.get(reverse("run", args=[run_id])).content.decode()


def test_what_was_redacted_shows_as_a_chip_wherever_it_is_told(maya, run_id):
    events = [
        told("run.started", 1, trigger=f"a mail with {CARD} in it"),
        told("tool.called", 2, tool="pay", status="ok", args={"card": CARD}),
    ]
    store(run_id, events)

    page = maya.get(reverse("run", args=[run_id])).content.decode()
    step = maya.get(reverse("run_step", args=[run_id, events[1].id])).content.decode()

    for shown in (page, step):
        assert "payment card, hidden" in shown
        assert "89ab" in shown
    assert f"with {CARD}" not in page.split("<main")[1].split("<h2")[1]


def test_the_record_of_another_run_is_not_found(maya, company, workflow, run_id):
    event = told("note", 1, text="x")
    store(run_id, [event])
    other = start_run(workflow, company.agent, "case-2")

    assert maya.get(reverse("run_step", args=[run_id, event.id])).status_code == 200
    assert maya.get(reverse("run_step", args=[other, event.id])).status_code == 404
    bad = maya.get(reverse("run_step", args=[run_id, event.id]) + "?with=x")
    assert bad.status_code == 400


def test_every_step_is_listed_as_it_was_recorded_a_page_at_a_time(maya, run_id):
    store(run_id, [told("note", n, text=f"step {n}") for n in range(130)])
    store(run_id, [told("model.called", 200, model="gpt-5")])
    address = reverse("run_steps", args=[run_id])

    first = maya.get(address).content.decode()
    after = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = maya.get(after).content.decode()
    technical = maya.get(f"{address}?only=technical").content.decode()

    assert first.count("step-row") == 100
    assert second.count("step-row") == 31
    assert technical.count("step-row") == 1
    assert "Model gpt-5" in technical


def test_nothing_new_says_nothing(maya, company, run_id):
    store(run_id, refund_story()[:8])
    page = run_page(actor=company.actor("maya"), run_id=run_id, now=NOW)

    assert page.is_live
    assert news(company, run_id, page) is None
    address = maya.get(reverse("run", args=[run_id])).content.decode()
    address = address.split('data-live hx-get="')[1].split('"')[0].replace("&amp;", "&")
    quiet = maya.get(address, headers={"HX-Request": "true"})
    assert quiet.status_code == 204
    assert maya.get(address).status_code == 204


def test_new_lines_are_appended_and_older_ones_are_put_right(maya, company, run_id):
    events = refund_story()
    store(run_id, events[:5])
    page = run_page(actor=company.actor("maya"), run_id=run_id, now=NOW)
    store(run_id, events[5:11])

    came = news(company, run_id, page)

    assert came is not None
    assert [line.verb for line in came.lines if line.verb] == ["Decided", "Asked to"]
    assert [line.verb for line in came.changed] == ["Tried twice"]
    assert came.words == "3 new lines"
    assert not came.has_ended
    address = reverse("run_live", args=[run_id])
    query = {"after": page.last, "known": page.event_count, "state": page.state_code}
    text = maya.get(address, query, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-swap-oob="beforeend:#timeline"' in text
    assert "data-run-live" in text
    assert "3 new lines" in text


def test_following_stops_when_the_run_has_ended(maya, company, run_id):
    events = refund_story()
    store(run_id, events[:8])
    page = run_page(actor=company.actor("maya"), run_id=run_id, now=NOW)
    store(run_id, events[8:])

    came = news(company, run_id, page)
    address = reverse("run_live", args=[run_id])
    query = {"after": page.last, "known": page.event_count, "state": page.state_code}
    text = maya.get(address, query, headers={"HX-Request": "true"}).content.decode()

    assert came.has_ended
    assert "The run has ended: completed." in text
    assert "data-run-live" not in text
    assert (
        "data-run-live" not in maya.get(reverse("run", args=[run_id])).content.decode()
    )


def test_what_came_late_is_said_to_belong_further_up(company, run_id):
    store(run_id, refund_story()[:8])
    page = run_page(actor=company.actor("maya"), run_id=run_id, now=NOW)
    store(run_id, [told("note", 6.5, text="late"), told("note", 15, text="new")])

    came = news(company, run_id, page)

    assert came.elsewhere == 1
    assert came.words == "1 new line, 1 step came late and belongs further up"


def test_where_the_end_is_not_shown_nothing_is_appended(company, run_id):
    store(run_id, [told("note", n, text=f"step {n}") for n in range(100)])
    page = run_page(actor=company.actor("maya"), run_id=run_id, now=NOW)
    store(run_id, [told("note", 200, text="new")])

    came = news(company, run_id, page, is_partial=True)

    assert came.lines == ()
    assert came.words == "1 new step at the end"


def span(trace, span_id, parent, start, end, **more):
    at = "2026-11-16T09:00:{:06.3f}+00:00"
    return {
        "trace": trace,
        "id": span_id,
        "parent": parent,
        "name": f"work {span_id}",
        "start": at.format(start),
        "end": at.format(end),
        "status": "ok",
        "attributes": {"k": "v"},
    } | more


def test_engineers_see_every_trace_as_a_tree_with_orphans_apart(maya, run_id):
    store(
        run_id,
        [
            told("span", 1, span=span("t1", "a", None, 1, 9)),
            told("model.called", 2, model="m", input_tokens=900, output_tokens=80,
                 cost={"value": "0.02", "currency": "EUR"}, span=span("t1", "b", "a", 2, 4)),
            told("tool.called", 5, tool="x", status="error", args={},
                 span=span("t1", "c", "lost", 5, 6, status="error")),
            told("span", 20, span=span("t2", "d", None, 20, 21)),
        ],
    )  # fmt: skip

    page = maya.get(reverse("run_spans", args=[run_id])).content.decode()

    assert page.count('role="treegrid"') == 2
    assert "Parent not received" in page
    assert "1 without their parent" in page
    assert "980 tokens" in page
    assert "EUR 0.02" in page
    assert (
        page.index("work a") < page.index("work b") < page.index("Parent not received")
    )
    assert page.index("Parent not received") < page.index("work c")
    assert 'aria-level="2"' in page


def test_a_run_without_spans_says_so(maya, run_id):
    store(run_id, refund_story())

    page = maya.get(reverse("run_spans", args=[run_id])).content.decode()

    assert "This run sent no spans" in page


def test_two_runs_stand_side_by_side_by_intent(maya, company, workflow, run_id):
    store(run_id, refund_story())
    later = start_run(workflow, company.agent, "case-2", now=START + timedelta(hours=1))
    rejected = [
        event for event in refund_story()[:11] if event.facts.get("attempt") != 1
    ]
    rejected.append(moment("decided", 500, source="Tom", verdict="reject",
                           resolution="rejected", proposal="p1"))  # fmt: skip
    store(later, rejected)
    Run.objects.filter(id=later).update(started_at=START + timedelta(hours=1))

    page = maya.get(reverse("run_compare", args=[later])).content.decode()
    told_of = maya.get(
        f"{reverse('runs_compare')}?a={run_id}&b={later}"
    ).content.decode()

    assert "Refund EUR 40.00 for order 12, done after approval." in page
    assert "rejected by Tom" in page
    assert "only in the second run" in page
    assert "only in the first run" in page
    assert "differs" in page
    assert "Two runs side by side" in told_of


def test_a_run_is_compared_with_no_run_of_another_who_may_not_see_it(
    client, company, workflow, run_id
):
    store(run_id, refund_story())
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(company.olga, backend=backend)

    assert client.get(reverse("run_compare", args=[run_id])).status_code == 404
    assert client.get(f"{reverse('runs_compare')}?a={run_id}").status_code == 404
    client.force_login(company.maya, backend=backend)
    alone = client.get(reverse("run_compare", args=[run_id])).content.decode()
    assert "There is no other run to compare with" in alone
    assert client.get(f"{reverse('runs_compare')}?a=x").status_code == 400


def test_late_events_are_counted_on_an_amended_run(maya, run_id):
    store(run_id, refund_story())
    late = replace(told("note", 5000, text="one more thing"), is_late=True)
    store(run_id, [late])

    page = maya.get(reverse("run", args=[run_id])).content.decode()

    assert RunEvent.objects.filter(run_id=run_id).count() == len(refund_story()) + 1
    assert "told after the run had ended" in page
