"""Real, unmodified clients against a running portal, set up by the very lines of our pages.

LangGraph with OpenInference, Pydantic AI, the OpenTelemetry SDK by its variables, the
OpenAI Agents SDK and the CloudEvents SDK. Models are played; nothing leaves the machine.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.urls import reverse

from runs import tasks
from runs.models import InboxBatch, Run, RunEvent
from runs.rules.integrating import recipes
from runs.rules.integrating.recipes import RUN, Place, filled
from tests.people import live_workflow, make_company, refunds_document

ORDER = {"order_id": "12"}
TOOLS = [
    {"name": "look_up_order", "system": "orders", "verb": "read"},
    {"name": "refund", "system": "billing", "verb": "refund"},
]


@pytest.fixture
def company(portal_server, monkeypatch):
    people = make_company()
    live_workflow(people, document=refunds_document(tools=TOOLS))
    monkeypatch.setenv("COUNTERSIGN_KEY", people.key_for())
    monkeypatch.setenv("NO_PROXY", "*")
    return people


@pytest.fixture
def lines(portal_server, company):
    """Give lines of a page as they are pasted."""
    place = Place(portal_server.url, company.agent.slug, "refund-management")
    return lambda text: filled(text, place)


def paste(*texts):
    """Run lines one after another, as one program, and give its names."""
    names: dict = {}
    for text in texts:
        exec(text, names)  # noqa: S102 - our own lines, run on purpose
    return names


def elsewhere(call, *args, **more):
    """Call in a thread of its own: a browser test before this one keeps a loop running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *args, **more).result()


def traces_of(run):
    told = RunEvent.objects.filter(run=run).values_list("facts__span__trace", flat=True)
    return {trace for trace in told if trace}


def tools_told(run):
    return set(
        RunEvent.objects.filter(run=run, kind="tool.called").values_list(
            "facts__tool", flat=True
        )
    )


def fold():
    tasks.fold_inbox()
    assert set(InboxBatch.objects.values_list("state", flat=True)) == {"DONE"}


def diagnosis(client, company):
    client.force_login(
        company.maya, backend="django.contrib.auth.backends.ModelBackend"
    )
    address = reverse("agent_telling", args=[company.agent.slug])
    return client.get(address).content.decode()


def test_langgraph_that_waited_for_a_person_is_one_run(client, company, lines):
    from langchain.agents import create_agent
    from langchain.agents.middleware import HumanInTheLoopMiddleware
    from langchain_core.language_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import Command
    from openinference.instrumentation.langchain import LangChainInstrumentor

    class Played(GenericFakeChatModel):
        def bind_tools(self, tools, **_more):
            return self

    def look_up_order(order_id: str) -> str:
        """Look up an order."""
        return f"order {order_id}: nine days late"

    def refund(order_id: str, amount: str) -> str:
        """Refund an order."""
        return f"refunded {amount} for order {order_id}"

    wants = {**ORDER, "amount": "40.00"}
    said = [
        AIMessage(
            "", tool_calls=[{"name": "look_up_order", "args": ORDER, "id": "c1"}]
        ),
        AIMessage("", tool_calls=[{"name": "refund", "args": wants, "id": "c2"}]),
        AIMessage("Refunded EUR 40.00."),
    ]
    names = paste(
        lines(recipes.PROVIDER), lines(recipes.LANGGRAPH), lines(recipes.PAUSES)
    )
    try:
        agent = create_agent(
            Played(messages=iter(said)),
            [look_up_order, refund],
            middleware=[HumanInTheLoopMiddleware(interrupt_on={"refund": True})],
            checkpointer=InMemorySaver(),
        )
        agent.invoke({"messages": [("user", "Where is my refund?")]}, names["config"])
        names["provider"].force_flush()
        fold()
        halfway = tools_told(Run.objects.get())
        agent.invoke(
            Command(resume={"decisions": [{"type": "approve"}]}), names["config"]
        )
        names["provider"].shutdown()
    finally:
        LangChainInstrumentor().uninstrument()
    fold()

    run = Run.objects.get()
    assert run.agent_run_id == RUN
    assert len(traces_of(run)) == 2
    assert "refund" not in halfway, "it waited, and had run nothing"
    assert tools_told(run) == {"look_up_order", "refund"}
    waits = RunEvent.objects.get(
        run=run, kind="escalated", source_event_id__contains="-0"
    )
    assert "before refund" in waits.facts["reason"]
    text = diagnosis(client, company)
    assert "LangGraph with OpenInference" in text
    assert "OpenInference" in text
    assert "no conversation id" not in text


def test_pydantic_ai_that_waited_for_a_person_is_one_run(client, company, lines):
    from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults
    from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import FunctionModel

    def played(messages, _info):
        answered = [
            part.tool_name
            for message in messages
            for part in message.parts
            if part.part_kind == "tool-return"
        ]
        if "look_up_order" not in answered:
            return ModelResponse([ToolCallPart("look_up_order", ORDER, "c1")])
        if "refund" not in answered:
            return ModelResponse([ToolCallPart("refund", ORDER, "c2")])
        return ModelResponse([TextPart("Refunded.")])

    names = paste(lines(recipes.PROVIDER), lines(recipes.PYDANTIC_AI))
    try:
        agent = Agent(
            FunctionModel(played),
            name="refund_agent",
            output_type=[str, DeferredToolRequests],
        )

        @agent.tool_plain
        def look_up_order(order_id: str) -> str:
            return f"order {order_id}: nine days late"

        @agent.tool_plain(requires_approval=True)
        def refund(order_id: str) -> str:
            return f"refunded order {order_id}"

        first = elsewhere(agent.run_sync, "Where is my refund?", conversation_id=RUN)
        names["provider"].force_flush()
        fold()
        halfway = tools_told(Run.objects.get())
        elsewhere(
            agent.run_sync,
            message_history=first.all_messages(),
            deferred_tool_results=DeferredToolResults(approvals={"c2": True}),
            conversation_id=RUN,
        )
        names["provider"].shutdown()
    finally:
        Agent.instrument_all(False)
    fold()

    run = Run.objects.get()
    assert run.agent_run_id == RUN
    assert len(traces_of(run)) == 2
    assert "refund" not in halfway
    assert tools_told(run) == {"look_up_order", "refund"}
    text = diagnosis(client, company)
    assert "Pydantic AI" in text
    assert "no conversation id" not in text


PLAIN_PROGRAM = """
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("my-agent")
with tracer.start_as_current_span(
    "invoke_agent",
    attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "x"},
):
    with tracer.start_as_current_span(
        "execute_tool look_up_order",
        attributes={
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "look_up_order",
        },
    ):
        pass
provider.shutdown()
"""


def test_lines_of_every_other_way_arrive(client, company, lines, monkeypatch):
    from agents import function_span, set_trace_processors, trace

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    shell = lines(recipes.ENVIRONMENT) + f"{sys.executable} -c '{PLAIN_PROGRAM}'\n"
    shell += lines(recipes.CURL)
    done = subprocess.run(  # noqa: S603 - our own lines, run on purpose
        ["bash", "-euc", shell],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    paste(lines(recipes.PYTHON))
    paste(lines(recipes.CLOUDEVENTS))
    try:
        names = paste(lines(recipes.OPENAI_AGENTS))
        with trace("refund-management", group_id=RUN), function_span("look_up_order"):
            pass
        exec(  # noqa: S102 - our own lines
            "from agents.tracing import get_trace_provider\n"
            "get_trace_provider().force_flush()\n",
            names,
        )
    finally:
        set_trace_processors([])
    fold()

    forms = sorted(InboxBatch.objects.values_list("form", flat=True))
    assert forms == ["CLOUDEVENTS", "NATIVE", "NATIVE", "OPENAI", "OTLP"]
    assert not InboxBatch.objects.exclude(rejected=[]).exists()
    assert Run.objects.count() == 2, "one is named, and one trace names no case"
    text = diagnosis(client, company)
    for name in ("OpenTelemetry", "OpenAI Agents", "CloudEvents"):
        assert name in text
    assert "Its traces carry no conversation id" in text
