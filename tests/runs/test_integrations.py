"""The agent's page says what it sends, what is missing, and how to mend it."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from portal.accounts.models import AgentKey
from portal.core.clock import wall_clock
from runs import tasks
from runs.models import InboxBatch
from runs.operations import inbox
from runs.rules.folding import fold
from runs.rules.integrating import diagnosing, traits
from runs.rules.integrating.fixes import GAPS, fix_for
from runs.rules.integrating.recipes import Place, name_of, recipe_of, recipes_for
from runs.rules.spans.span import Span
from tests.home.test_agent_pages import flush_denials
from tests.people import live_workflow, make_company
from tests.runs.helpers import ACTION, GRANT, START, moment, refund_story, told

URL = "/api/v1/events"
PLACE = Place("https://portal.example", "refund-agent", "refund-management")


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def key(company):
    live_workflow(company)
    return company.key_for()


def signed_in(client, person):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def send(client, key, *events):
    return client.post(
        URL,
        json.dumps({"events": list(events)}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


def event(number, kind, run="case-1", **facts):
    return {
        "id": f"e-{number}",
        "workflow": "refund-management",
        "run": run,
        "at": f"2026-11-16T09:00:{number:02}Z",
        "kind": kind,
        **facts,
    }


def page(client, person, name="agent_telling", *more, **query):
    address = reverse(name, args=["refund-agent", *more])
    return signed_in(client, person).get(address, query)


def keys_of(gaps):
    return [gap.key for gap in gaps]


def span(number=1, trace="a", scope="", **attributes):
    return Span(
        trace_id=trace * 32,
        span_id=f"{number:016x}",
        parent_id=None,
        name="step",
        started_at=START,
        ended_at=START,
        attributes=attributes,
        scope=scope,
    )


def test_whole_run_leaves_nothing_to_mend():
    states = [fold({}, refund_story())]

    assert diagnosing.gaps_in(states, {}, now=START + timedelta(days=1)) == ()
    assert all(each.is_always for each in diagnosing.answered_in(states))


def test_each_thing_that_is_not_told_is_named_with_the_answer_that_it_costs():
    asked = {"verb": "refund", "system": "billing", "headline": "Refund."}
    states = [
        fold({}, [told("run.started", 0), told("decision.made", 1, text="refund")]),
        fold({}, [told("tool.called", 1, tool="x", status="ok")]),
        fold({}, [told("run.finished", 1, status="completed")]),
        fold(
            {},
            [
                moment("asked", 1, **asked),
                moment("granted", 2, grant=GRANT),
                moment("redeemed", 3, grant=GRANT),
            ],
        ),
        fold(
            {},
            [
                moment("asked", 1, **asked),
                moment("proposed", 2),
                moment("decided", 3, resolution="approved", verdict="approve"),
            ],
        ),
        fold({}, [told("change.made", 1, system="billing", resource="order 1")]),
        fold(
            {},
            [
                told(
                    "tool.called",
                    1,
                    tool="odd",
                    args={},
                    status="ok",
                    mapped={"is_unknown": True},
                )
            ],
        ),
    ]

    gaps = diagnosing.gaps_in(states, {}, now=START + timedelta(hours=2))
    soon = diagnosing.gaps_in(states, {}, now=START + timedelta(minutes=1))

    assert keys_of(gaps) == [
        "no_trigger",
        "no_reads",
        "no_arguments",
        "unknown_tools",
        "no_decision",
        "no_outcome",
        "half_missing",
        "no_grant",
        "no_end",
    ]
    # A person said yes a minute ago: it may well be on its way.
    assert {"half_missing", "no_end"} & set(keys_of(soon)) == set()
    assert gaps[0].seen == "in all of its last 7 runs"
    assert gaps[2].seen == "in 1 of its last 7 runs"
    assert ACTION in states[3]["asks"]


def test_what_batches_carried_says_what_no_run_can():
    scope = "openinference.instrumentation.openai_agents"
    spans = [
        span(1, "a", scope, **{"openinference.span.kind": "TOOL"}),
        span(2, "b", scope, **{"openinference.span.kind": "LLM", "session.id": "t"}),
        span(3, "c", "", **{"http.request.method": "GET"}),
    ]
    carried = traits.together([traits.of_spans(spans), traits.of_spans(spans[:1])])
    plain = traits.of_spans(spans[2:])
    silent = {"kind.tool.called": 4, "kind.model.called": 2, "tool_results": 1}

    assert carried["spans"] == 4
    assert (carried["traces"], carried["threads"]) == (4, 1)
    assert diagnosing.framework_of({"OTLP": 2}, carried) == (
        "openai_agents_openinference"
    )
    assert diagnosing.framework_of({"NATIVE": 1, "CLOUDEVENTS": 3}, {}) == "cloudevents"
    assert diagnosing.framework_of({}, {}) == ""
    now = START
    assert keys_of(diagnosing.gaps_in([], carried, now=now)) == ["no_conversation"]
    assert "plain_spans" in keys_of(diagnosing.gaps_in([], plain, now=now))
    assert keys_of(diagnosing.gaps_in([], silent, now=now)) == [
        "no_results",
        "no_tokens",
    ]


def test_every_gap_has_a_fix_for_every_framework_filled_in():
    frameworks = ["", "crewai", *diagnosing.FRAMEWORKS]

    for gap in GAPS:
        for framework in frameworks:
            fix = fix_for(gap, framework=framework, place=PLACE)
            assert fix.sentence.endswith(".")
            assert fix.lines or fix.page, (gap, framework)
            for hole in ("<portal>", "<workflow>", "<run>", "<agent>"):
                assert hole not in fix.lines
    for framework in diagnosing.FRAMEWORKS:
        assert name_of(framework)
        assert recipe_of(framework) in {each.key for each in recipes_for(PLACE)}
    half = fix_for("half_missing", framework="openai_agents_openinference", place=PLACE)
    assert "https://portal.example/openai/v1/traces/ingest" in half.lines
    missing = {gap[0] for gap in diagnosing._IN_RUNS}
    assert missing <= set(GAPS)


def test_page_tells_what_arrives_what_is_missing_and_the_lines_to_paste(
    client, company, key
):
    waiting = page(client, company.maya).content.decode()
    send(
        client,
        key,
        event(1, "tool.called", tool="look_up", status="ok"),
        event(1, "tool.called", tool="look_up", status="ok"),
        event(2, "run.exploded"),
    )
    tasks.fold_inbox()
    text = page(client, company.maya).content.decode()
    part = client.get(
        reverse("agent_telling", args=["refund-agent"]), headers={"HX-Request": "true"}
    ).content.decode()

    assert "Waiting for the first batch" in waiting
    assert "every 5s" in waiting
    assert "First batch seen" in text
    assert "Its tool calls come without their arguments" in text
    assert "It does not say what started the run" in text
    assert "There is no kind of event" in text
    assert "workflow&#34;: &#34;refund-management" in text
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in text, "it tells by events"
    assert "<html" not in part
    assert "not in 1 of 1" in part
    otel = page(client, company.maya, way="otel").content.decode()
    assert "export OTEL_EXPORTER_OTLP_ENDPOINT=http://testserver" in otel
    assert "countersign.workflow=refund-management" in otel


def test_who_may_not_see_the_agent_finds_nothing_and_runs_of_others_do_not_count(
    client, company, key
):
    answer = send(client, key, event(1, "note", text="x"))
    tasks.fold_inbox()
    batch = answer.json()["batch"]

    for name, more in (
        ("agent_telling", ()),
        ("agent_seen", ()),
        ("agent_batches", ()),
        ("agent_batch", (batch,)),
    ):
        assert page(client, company.olga, name, *more).status_code == 404
        assert page(client, company.dana, name, *more).status_code == 200
    other = reverse("agent_batch", args=["sales-agent", batch])
    assert signed_in(client, company.olga).get(other).status_code == 404


def test_bad_key_of_an_agent_is_told_until_a_good_one_comes(client, company, key):
    AgentKey.objects.filter(agent=company.agent).update(revoked_at=wall_clock())
    assert send(client, key, event(1, "note", text="x")).status_code == 401
    flush_denials()

    text = page(client, company.maya).content.decode()
    send(client, company.key_for(), event(2, "note", text="x"))
    later = wall_clock() + timedelta(minutes=5)
    InboxBatch.objects.update(received_at=later)
    mended = page(client, company.maya, "agent_seen").content.decode()

    assert "Refund agent is sending with a revoked key" in text
    assert "is sending with" not in mended
    assert "It has sent with a good key since" in mended


def test_dead_batch_says_why_and_is_read_again_by_whoever_keeps_the_agent(
    client, company, key
):
    batch = send(client, key, event(1, "note", text="x")).json()["batch"]
    inbox.bury_batch(batch_id=batch, reason="The disk was full.", now=START)
    redrive = reverse("agent_batch_redrive", args=["refund-agent", batch])

    seen = page(client, company.dana, "agent_batch", batch).content.decode()
    denied = client.post(redrive)
    kept = page(client, company.maya, "agent_batch", batch).content.decode()
    listed = page(client, company.maya, "agent_batches", only="dead").content.decode()
    done = client.post(redrive)
    again = client.post(redrive, follow=True)
    tasks.fold_inbox()

    assert "The disk was full." in seen
    assert "Read this batch again" not in seen
    assert denied.status_code == 403
    assert "Read this batch again" in kept
    assert batch in listed
    assert done.status_code == 302
    assert b"not put aside any more" in again.content
    assert InboxBatch.objects.get().state == "DONE"


def test_batches_of_an_agent_show_each_reason_and_can_be_narrowed(client, company, key):
    good = send(client, key, event(1, "note", text="x")).json()["batch"]
    bad = send(client, key, event(2, "run.exploded"), event(3, "note")).json()["batch"]
    tasks.fold_inbox()

    everything = page(client, company.maya, "agent_batches").content.decode()
    narrowed = page(client, company.maya, "agent_batches", only="rejected")
    one = page(client, company.maya, "agent_batch", bad).content.decode()

    assert good in everything
    assert bad in everything
    assert good not in narrowed.content.decode()
    assert "kind.unknown" in one
    assert "text: this is needed." in one
