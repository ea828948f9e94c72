"""What spans tell of a run: claims stay claims, pauses are no ends, tokens count once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry.rules.rulebook import Tool
from runs.rules import folding
from runs.rules.events import Event, Provenance
from runs.rules.spans import openai_export, otlp_json
from runs.rules.spans.context import contexts_of
from runs.rules.spans.hints import hints_of
from runs.rules.spans.reading import decoded
from runs.rules.spans.span import Span, SpanEvent, Status
from runs.rules.spans.telling import told_by
from tests.runs.helpers import _event
from tests.runs.telemetry import TRACE, batch_file

NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
AT = datetime(2026, 11, 21, 9, tzinfo=UTC)


def a_span(number=1, *, at=0.0, took=1.0, parent=None, name="a span", **attributes):
    more = attributes.pop("more", {})
    begin = AT + timedelta(seconds=at)
    return Span(
        trace_id=TRACE,
        span_id=f"{number:016x}",
        parent_id=parent and f"{parent:016x}",
        name=name,
        started_at=begin,
        ended_at=begin + timedelta(seconds=took),
        attributes={key.replace("__", "."): value for key, value in attributes.items()},
        **more,
    )


def tells(*spans, tools=()):
    """Everything that spans of one batch tell, without what is only for engineers."""
    contexts = contexts_of(spans)
    events = [
        event
        for span in spans
        for event in told_by(
            span,
            workflow="refund-management",
            run="r",
            tools=tools,
            context=contexts[span.trace_id, span.span_id],
        )
    ]
    return sorted(events, key=lambda event: event.at)


def business(events):
    return [event for event in events if event.kind != "span"]


def recorded(name):
    document = json.loads(batch_file(name))
    reader = openai_export if "openai-agents-native" in name else otlp_json
    return tells(*reader.spans_in(document, now=NOW))


def state_of(events):
    """Fold what was told, in the order given."""
    folded = [
        replace(
            _event(event.kind, 0, Provenance.REPORTED, "Refund agent", event.facts),
            at=event.at,
        )
        for event in {event.id: event for event in events}.values()
    ]
    forwards = folding.fold({}, folded)
    backwards: dict = {}
    for one in reversed(folded):
        backwards = folding.fold(backwards, [one])
    assert folding.state_of(forwards) == folding.state_of(backwards)
    return folding.state_of(forwards)


def test_langgraph_pauses_without_an_error_and_goes_on_without_a_second_start():
    events = business(recorded("langgraph-openinference.otlp.json"))

    kinds = [event.kind for event in events]
    assert kinds.count("run.started") == kinds.count("paused") == 1
    assert kinds.count("resumed") == 1
    assert events[0].facts["trigger"] == "refund order 12"
    (paused,) = [event for event in events if event.kind == "paused"]
    assert paused.facts["asks"] == [
        {"tool": "refund", "args": {"order_id": "12", "amount": 40}}
    ]
    used = [event.facts for event in events if event.kind == "tool.called"]
    assert [(each["tool"], each["status"]) for each in used] == [
        ("lookup_order", "ok"),
        ("refund", "ok"),
    ]
    assert used[0]["args"] == {"input": "12"}
    assert used[0]["result"] == "order 12 total 40 EUR"
    assert events[-1].facts["summary"] == "Refund sent"
    assert state_of(events) == "COMPLETED"
    half = [event for event in events if event.at <= _first_end(events)]
    assert half[-1].kind == "run.finished"
    assert state_of(half) == "WAITING"


def test_pydantic_ai_waits_for_what_its_output_asks_a_person_about():
    events = business(recorded("pydantic-ai.otlp.json"))

    assert [event.kind for event in events] == [
        "run.started",
        "model.called",
        "tool.called",
        "paused",
    ]
    assert events[-1].facts["asks"][0]["tool"] == "refund"
    tokens = [event.facts.get("input_tokens") for event in events]
    assert [number for number in tokens if number] == [53]


@pytest.mark.parametrize(
    "name",
    ["openai-agents-otel-v2.otlp.json", "openai-agents-native.traces-ingest.json"],
)
def test_a_tool_that_waits_for_approval_was_asked_for_and_never_done(name):
    events = business(recorded(name))

    refunds = [event.facts for event in events if event.facts.get("tool") == "refund"]
    assert [facts["status"] for facts in refunds] == ["asked", "ok"]
    assert "result" not in refunds[0]
    first = [event for event in events if event.at <= _first_end(events)]
    assert state_of(first) == "WAITING"
    assert state_of(events) == "COMPLETED"
    calls = [event.facts for event in events if event.kind == "model.called"]
    assert {facts["input_tokens"] for facts in calls} == {10}
    assert len(calls) == 3


def _first_end(events):
    return next(event.at for event in events if event.kind == "run.finished")


def test_every_span_tells_something_and_carries_itself_for_engineers():
    events = recorded("langgraph-openinference.otlp.json")

    whole = [event.facts["span"] for event in events if "name" in event.facts["span"]]
    assert len({(each["trace"], each["id"]) for each in whole}) == 16
    assert {"parent", "start", "end", "status", "attributes"} <= set(whole[0])
    assert len({event.id for event in events}) == len(events)


def test_a_model_span_around_another_counts_no_tokens():
    outer = a_span(
        1, took=3, openinference__span__kind="LLM", llm__token_count__prompt=10
    )
    inner = a_span(
        2,
        parent=1,
        at=1,
        gen_ai__operation__name="chat",
        gen_ai__usage__prompt_tokens=10,
        gen_ai__system="openai",
    )

    calls = [event for event in tells(outer, inner) if event.kind == "model.called"]

    assert [event.facts["input_tokens"] for event in calls] == [10]
    assert calls[0].id == f"{TRACE}:{inner.span_id}"


def test_usage_of_an_agent_is_never_counted_beside_that_of_its_models():
    agent = a_span(
        gen_ai__operation__name="invoke_agent",
        gen_ai__usage__input_tokens=50,
        gen_ai__aggregated_usage__input_tokens=50,
    )

    assert not [event for event in tells(agent) if event.kind == "model.called"]


def test_old_and_new_names_of_one_thing_tell_the_same():
    new = a_span(
        gen_ai__operation__name="chat",
        gen_ai__provider__name="openai",
        gen_ai__response__model="gpt-5",
        gen_ai__usage__input_tokens=7,
        gen_ai__usage__cache_read__input_tokens=3,
    )
    old = a_span(
        gen_ai__operation__name="chat",
        gen_ai__system="openai",
        gen_ai__request__model="gpt-5",
        gen_ai__usage__prompt_tokens="7",
        gen_ai__usage__cache_read_input_tokens=3,
    )
    other = a_span(
        openinference__span__kind="LLM",
        llm__provider="openai",
        llm__model_name="gpt-5",
        llm__token_count__prompt=7,
        llm__token_count__prompt_details__cache_read=3,
    )

    told = [
        next(e.facts for e in tells(span) if e.kind == "model.called")
        for span in (new, old, other)
    ]
    for facts in told:
        facts.pop("span")
    assert told[0] == told[1] == told[2]
    assert told[0]["cache_read_tokens"] == 3


def test_openllmetry_wraps_arguments_in_a_text_that_python_wrote():
    span = a_span(
        traceloop__span__kind="tool",
        traceloop__entity__name="refund",
        traceloop__entity__input=json.dumps({"input_str": "{'order_id': '12'}"}),
        traceloop__entity__output="done",
        parent=9,
    )

    (event,) = tells(span)
    assert (event.facts["tool"], event.facts["args"]) == ("refund", {"order_id": "12"})


def test_a_failed_tool_says_why_and_a_langchain_error_is_one():
    exception = SpanEvent(
        "exception",
        AT,
        {"exception.type": "builtins.TimeoutError", "exception.message": "slow"},
    )
    failed = a_span(
        parent=9,
        gen_ai__operation__name="execute_tool",
        gen_ai__tool__name="lookup",
        more={"status": Status.ERROR, "events": (exception,)},
    )
    output = {"type": "tool", "data": {"status": "error", "content": "no such order"}}
    refused = a_span(
        parent=9,
        openinference__span__kind="TOOL",
        tool__name="lookup",
        output__value=json.dumps(output),
    )

    assert tells(failed)[0].facts["error"] == "TimeoutError: slow"
    assert tells(refused)[0].facts["status"] == "error"
    assert tells(refused)[0].facts["error"] == "no such order"


def test_reads_guardrails_handoffs_plans_and_evaluations_are_steps_of_their_own():
    note = SpanEvent(
        "gen_ai.evaluation.result",
        AT,
        {
            "gen_ai.evaluation.name": "relevance",
            "gen_ai.evaluation.score.label": "good",
        },
    )
    spans = [
        a_span(
            1,
            parent=9,
            gen_ai__operation__name="retrieval",
            gen_ai__data_source__id="policies",
            gen_ai__retrieval__documents='[{"id": "policy-7", "score": 0.9}]',
        ),
        a_span(2, parent=9, openai__type="guardrail", openai__name="legal", openai__triggered=True),
        a_span(3, parent=9, openai__type="guardrail", openai__name="legal", openai__triggered=False),
        a_span(4, parent=9, openai__type="handoff", openai__from_agent="A", openai__to_agent="B"),
        a_span(5, parent=9, gen_ai__operation__name="plan", output__value="Look, then ask."),
        a_span(6, parent=9, openinference__span__kind="CHAIN", more={"events": (note,)}),
    ]  # fmt: skip

    told = {event.kind: event.facts for event in tells(*spans) if event.kind != "span"}

    assert told["data.read"]["resource"] == "policy-7"
    assert told["data.read"]["system"] == "policies"
    assert told["escalated"]["reason"] == "The guardrail legal stopped it"
    assert (told["handoff"]["to"], told["handoff"]["to_agent"]) == ("B", True)
    assert told["decision.made"]["text"] == "Look, then ask."
    assert told["note"]["text"] == "Evaluated for relevance: good"
    assert len(told) == 5


def test_a_model_that_says_why_it_uses_a_tool_has_decided():
    output = [
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "It came nine days late."},
                {"type": "tool_call", "name": "refund", "arguments": {"order": "12"}},
            ],
        }
    ]
    span = a_span(
        parent=9, gen_ai__operation__name="chat", gen_ai__output__messages=output
    )

    texts = [e.facts["text"] for e in tells(span) if e.kind == "decision.made"]
    assert texts == ["To use refund: It came nine days late."]


def test_a_database_read_is_told_unless_the_tool_around_it_tells_it():
    root = a_span(1, took=9, gen_ai__operation__name="invoke_agent")
    used = a_span(2, parent=1, at=1, gen_ai__operation__name="execute_tool")
    query = {"db__system__name": "postgresql", "db__operation__name": "SELECT"}
    within = a_span(3, parent=2, at=1.1, db__collection__name="orders", **query)
    beside = a_span(4, parent=1, at=3, db__collection__name="customers", **query)
    alone = a_span(5, parent=77, at=4, db__collection__name="secrets", **query)

    reads = [e.facts["resource"] for e in tells(root, used, within, beside, alone) if e.kind == "data.read"]  # fmt: skip
    assert reads == ["customers"]


def test_a_span_that_has_not_ended_is_told_again_when_it_has():
    done = a_span(parent=9, gen_ai__operation__name="execute_tool")
    running = replace(done, ended_at=None)

    (seen,) = tells(running)
    (told,) = tells(done)
    assert (seen.kind, told.kind) == ("span", "tool.called")
    assert seen.id != told.id


def test_a_root_that_failed_failed_and_create_agent_is_no_run():
    failed = a_span(
        gen_ai__operation__name="invoke_agent",
        more={"status": Status.ERROR, "status_message": "no such model"},
    )
    made = a_span(2, gen_ai__operation__name="create_agent")

    (end,) = [event for event in tells(failed) if event.kind == "run.finished"]
    assert (end.facts["status"], end.facts["summary"]) == ("failed", "no such model")
    assert [event.kind for event in tells(made)] == ["span"]


def test_hints_come_from_the_span_then_its_metadata_then_its_resource():
    span = replace(
        a_span(
            metadata='{"thread_id": "t-9", "countersign.run": "case-7"}',
            gen_ai__tool__call__id="call-1",
            gen_ai__workflow__name="Refunds",
        ),
        resource={"portal.workflow": "refund-management", "service.name": "agent"},
    )

    hints = hints_of(span)

    assert (hints.workflow, hints.run) == ("refund-management", "case-7")
    assert (hints.conversation, hints.minted) == ("t-9", ("call-1",))
    assert hints.workflow_names == ("Refunds", "agent")


def test_values_are_read_as_json_as_python_and_else_as_text():
    assert decoded('{"a": [1]}') == {"a": [1]}
    assert decoded("{'a': None}") == {"a": None}
    assert decoded("not {json") == "not {json"
    assert decoded("[" * 50_000) == "[" * 50_000
    assert decoded("{'a': __import__('os')}") == "{'a': __import__('os')}"


def test_a_writing_tool_that_was_only_asked_for_is_no_change_without_leave():
    def used(status):
        mapped = {"verb": "refund", "system": "billing", "tier": "change"}
        facts = {"tool": "refund", "args": {}, "status": status, "mapped": mapped}
        return Event(
            id=_event("x", 0, Provenance.REPORTED, "a", {}).id,
            kind="tool.called",
            at=AT,
            received_at=AT,
            provenance=Provenance.REPORTED,
            source="Refund agent",
            facts=facts,
        )

    assert folding.unauthorised(folding.fold({}, [used("asked")])) == 0
    assert folding.unauthorised(folding.fold({}, [used("ok")])) == 1


def test_a_tool_of_a_data_store_is_a_read_unless_the_rulebook_says_that_it_writes():
    span = a_span(
        parent=9,
        gen_ai__operation__name="execute_tool",
        gen_ai__tool__name="crm",
        gen_ai__tool__type="datastore",
    )
    writes = Tool(name="crm", system="crm", verb="update")

    assert tells(span)[0].kind == "data.read"
    assert tells(span, tools=(writes,))[0].kind == "tool.called"
