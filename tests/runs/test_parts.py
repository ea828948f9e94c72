"""A long run is read in parts: each costs the same, and together they tell the whole."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs.models import Run
from runs.queries import telling
from runs.queries.stories import Where, run_page, state_of_run, whole_run
from tests.people import live_workflow, make_company
from tests.runs.helpers import (
    GRANT,
    START,
    confirmed,
    moment,
    refund_story,
    start_run,
    store,
    told,
)

NOW = START + timedelta(hours=3)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


def sign_in(client, person):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def long_story(number=240):
    """A run whose refund is asked for early, decided late, and confirmed at the end."""
    first, last = refund_story()[:11], refund_story()[11:]
    events = list(first)
    for n in range(number):
        events.append(told("note", 20 + n * 20, text=f"step {n}"))
        events.append(told("model.called", 25 + n * 20, model="gpt-5"))
        if n % 50 == 49:
            tool = {"tool": f"t{n}", "args": {"n": n}}
            events.append(
                told("tool.called", 28 + n * 20, status="error", error="x", **tool)
            )
            events.append(
                told("tool.called", 29 + n * 20, status="ok", attempt=2, **tool)
            )
    shift = timedelta(seconds=20 + number * 20 + 1000)
    for event in last:
        made = (
            moment
            if event.is_moment
            else (confirmed if event.provenance == "CONFIRMED" else told)
        )
        offset = (event.at + shift - START).total_seconds()
        events.append(made(event.kind, offset, source=event.source, **event.facts))
    return events


def parts_of(run, now=NOW):
    """Walk a run from part to part, as somebody who asks for more each time."""
    state, after, found = state_of_run(run), "", []
    while True:
        part = telling.told_part(run, state=state, now=now, after=after)
        found.append(part)
        if not part.later:
            return found
        after = part.later


def said(lines):
    return [(line.verb, line.text, line.provenance, line.tone) for line in lines]


def test_the_parts_together_tell_what_the_whole_tells(company, workflow):
    run_id = start_run(workflow, company.agent)
    store(run_id, long_story())
    run = Run.objects.get()

    parts = parts_of(run)
    whole = telling.told_whole(run, now=NOW)

    assert len(parts) > 4
    assert said(x for p in parts for x in p.telling.lines) == said(whole.telling.lines)
    verbs = [line.verb for line in parts[0].telling.lines]
    assert "Asked to" in verbs
    assert "Changed" not in verbs
    waits = [x.text for x in parts[0].telling.lines if x.kind == "wait"]
    assert waits == ["waited 1 h 43 min of 30 min for a person"]


def test_a_part_reads_no_more_rows_in_a_run_of_thousands(company, workflow):
    short = start_run(workflow, company.agent, "short")
    long = start_run(workflow, company.agent, "long")
    store(short, long_story(30))
    store(long, long_story(2400))
    actor = company.actor("maya")
    budget = telling.PART_EVENTS + telling.NEIGHBOURS + telling.RELATED_MAX

    counts, statements = {}, {}
    for run_id in (short, long):
        with (
            CaptureQueriesContext(
                connection,
            ) as asked,
            counted_rows() as rows,
        ):
            run_page(actor=actor, run_id=run_id, now=NOW)
        counts[run_id], statements[run_id] = rows.total, len(asked)

    assert Run.objects.get(id=long).event_count > 4_800
    assert counts[long] <= counts[short] + budget // 4
    assert counts[long] < 140
    assert statements[long] <= statements[short] + 3


class counted_rows:  # noqa: N801 - reads as a sentence where it is used
    """Count the rows of events that are read into the process."""

    def __enter__(self):
        self.total, self._real = 0, telling.event_of_row
        telling.event_of_row = self._count
        return self

    def _count(self, row):
        self.total += 1
        return self._real(row)

    def __exit__(self, *_):
        telling.event_of_row = self._real


def test_the_page_of_a_long_run_leads_on_back_and_to_any_line(
    client, company, workflow
):
    run_id = start_run(workflow, company.agent)
    store(run_id, long_story())
    sign_in(client, company.maya)
    address = reverse("run", args=[run_id])

    first = client.get(address).content.decode()
    more = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(more).content.decode()
    part = client.get(more, headers={"HX-Request": "true"}).content.decode()
    changed = next(a for a in first.split("<dd>") if "1 field" in a)
    there = changed.split('href="')[1].split('"')[0].replace("&amp;", "&")
    target = client.get(there).content.decode()

    assert "step 0<" in first.replace("\n", "<")
    assert "What happened before" in second
    assert "<html" not in part
    assert "timeline-line" in part
    assert part.count("timeline-event") == second.count("timeline-event")
    assert f'id="{there.partition("#")[2]}"' in target
    assert "refunded 0.00" in target
    assert "What happened before" in target


def test_a_place_that_was_not_made_here_is_malformed(client, company, workflow):
    run_id = start_run(workflow, company.agent)
    store(run_id, long_story(80))
    sign_in(client, company.maya)

    for query in ("after=x", "before=2026|y", "at=nonsense"):
        assert (
            client.get(reverse("run", args=[run_id]) + f"?{query}").status_code == 400
        )
    unknown = client.get(reverse("run", args=[run_id]) + f"?at={GRANT}")
    assert unknown.status_code == 200


def test_what_is_hidden_is_recorded_and_is_no_gap(company, workflow):
    run_id = start_run(workflow, company.agent)
    notes = [told("note", n, text=f"step {n}") for n in range(100)]
    busy = [told("model.called", 100 + n * 30, model="m") for n in range(40)]
    late = [told("note", 1300, text="after the model"), told("note", 5000, text="end")]
    store(run_id, [*notes, *busy, *late])
    run = Run.objects.get()

    gaps = [
        line.text
        for part in parts_of(run)
        for line in part.telling.lines
        if line.kind == "gap"
    ]

    assert gaps == ["1 h 01 min, nothing recorded"]


def test_text_and_data_hold_the_whole_of_a_long_run(client, company, workflow):
    run_id = start_run(workflow, company.agent)
    store(run_id, long_story())
    sign_in(client, company.maya)

    text = client.get(reverse("run_markdown", args=[run_id])).content.decode()
    data = client.get(reverse("run_json", args=[run_id])).json()
    paper = client.get(reverse("run_print", args=[run_id])).content.decode()

    for words in ("step 0", "step 239", "customer told by e-mail"):
        assert words in text
        assert words in paper
    assert data["is_cut"] is False
    told_of = {e for line in data["lines"] for e in line["events"]}
    assert len(told_of) + len(data["technical"]) == data["events_recorded"]


def test_a_part_around_an_event_begins_shortly_before_it(company, workflow):
    run_id = start_run(workflow, company.agent)
    events = long_story()
    store(run_id, events)
    wanted = next(e for e in events if e.facts.get("text") == "step 150")

    page = run_page(
        actor=company.actor("maya"),
        run_id=run_id,
        now=NOW,
        where=Where(at=wanted.id),
    )

    ids = [line.id for line in page.lines]
    assert 5 <= ids.index(f"line-{wanted.id}") <= 20
    assert page.earlier
    assert page.later
    everything = whole_run(actor=company.actor("maya"), run_id=run_id, now=NOW)
    assert set(ids) <= {line.id for line in everything.lines}
