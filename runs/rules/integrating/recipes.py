"""The lines to paste, a way of telling each, filled in with this portal and this agent.

Every one of them needs only `COUNTERSIGN_KEY` in its environment. The tests run those of
the libraries that they have, against a running portal.
"""

from collections.abc import Mapping
from dataclasses import dataclass

RUN = "case-7741"


@dataclass(frozen=True)
class Place:
    """What the lines are filled in with."""

    portal: str
    agent: str
    workflow: str


@dataclass(frozen=True)
class Piece:
    """Lines to paste: into a shell, a program, and what they do."""

    key: str
    title: str
    language: str
    lines: str


@dataclass(frozen=True)
class Recipe:
    """One way of telling, from nothing to the first run."""

    key: str
    name: str
    note: str
    pieces: tuple[Piece, ...]


def recipes_for(place: Place) -> tuple[Recipe, ...]:
    """Give every way of telling, filled in."""
    return tuple(
        Recipe(
            key,
            name,
            note,
            tuple(
                Piece(f"{key}-{number}", title, language, filled(lines, place))
                for number, (title, language, lines) in enumerate(pieces, start=1)
            ),
        )
        for key, (name, note, pieces) in _RECIPES.items()
    )


def filled(lines: str, place: Place) -> str:
    """Put this portal's address, the agent and the workflow into lines."""
    for name, value in (
        ("<portal>", place.portal),
        ("<agent>", place.agent),
        ("<workflow>", place.workflow),
        ("<run>", RUN),
    ):
        lines = lines.replace(name, value)
    return lines


def name_of(key: str) -> str:
    """Say what a way of telling is called; empty for none."""
    return _NAMES.get(key, "")


def recipe_of(framework: str) -> str:
    """Name the recipe that a framework follows."""
    return _SAME_AS.get(framework, framework)


PROVIDER = """\
import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(
    resource=Resource.create(
        {"service.name": "<agent>", "countersign.workflow": "<workflow>"}
    )
)
provider.add_span_processor(
    BatchSpanProcessor(
        OTLPSpanExporter(
            endpoint="<portal>/v1/traces",
            headers={"authorization": f"Bearer {os.environ['COUNTERSIGN_KEY']}"},
        )
    )
)
"""
ENVIRONMENT = """\
export OTEL_EXPORTER_OTLP_ENDPOINT=<portal>
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_EXPORTER_OTLP_COMPRESSION=gzip
export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20$COUNTERSIGN_KEY"
export OTEL_RESOURCE_ATTRIBUTES=service.name=<agent>,countersign.workflow=<workflow>
export OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental
# Only if your policy lets what was said leave the agent:
export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY
"""
LANGGRAPH = """\
from openinference.instrumentation.langchain import LangChainInstrumentor

LangChainInstrumentor().instrument(tracer_provider=provider)

# One thread for the whole case, before and after a person decided:
config = {"configurable": {"thread_id": "<run>"}}
# graph.invoke(..., config)
"""
PAUSES = """\
import os
from datetime import UTC, datetime

import httpx
from langgraph.callbacks import GraphCallbackHandler


class TellsPauses(GraphCallbackHandler):
    \"\"\"Tells when the graph waits for a person, and when it goes on.\"\"\"

    def __init__(self, run):
        self.run = run  # the thread id

    def on_interrupt(self, event):
        for interrupt in event.interrupts:
            asked = interrupt.value if isinstance(interrupt.value, dict) else {}
            for number, call in enumerate(asked.get("action_requests", [{}])):
                what = f"{call.get('name', 'the next step')} {call.get('args', '')}"
                self.tell(
                    f"{interrupt.id}-{number}",
                    "escalated",
                    reason=f"It waits for a person before {what}".strip(),
                )

    def on_resume(self, event):
        self.tell(f"{event.checkpoint_id}-on", "note", text="It went on.")

    def tell(self, event_id, kind, **facts):
        event = {
            "id": event_id,
            "workflow": "<workflow>",
            "run": self.run,
            "at": datetime.now(UTC).isoformat(),
            "kind": kind,
            **facts,
        }
        httpx.post(
            "<portal>/api/v1/events",
            json={"events": [event]},
            headers={"Authorization": f"Bearer {os.environ['COUNTERSIGN_KEY']}"},
            timeout=10,
        )


config["callbacks"] = [TellsPauses("<run>")]
"""
OPENLLMETRY = """\
from opentelemetry.instrumentation.langchain import LangchainInstrumentor

LangchainInstrumentor().instrument(tracer_provider=provider)

config = {"configurable": {"thread_id": "<run>"}}
# graph.invoke(..., config)
"""
PYDANTIC_AI = """\
from pydantic_ai import Agent, InstrumentationSettings

Agent.instrument_all(
    InstrumentationSettings(tracer_provider=provider, include_content=True)
)
# The same id when it goes on after a person decided:
# agent.run_sync("...", conversation_id="<run>")
"""
OPENAI_AGENTS = """\
import os

from agents import RunConfig, add_trace_processor
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor

exporter = BackendSpanExporter(
    api_key=os.environ["COUNTERSIGN_KEY"],
    endpoint="<portal>/openai/v1/traces/ingest",
)
add_trace_processor(BatchTraceProcessor(exporter))

run_config = RunConfig(workflow_name="<workflow>", group_id="<run>")
# Runner.run_sync(agent, "...", run_config=run_config)
"""
AGENT_FRAMEWORK = """\
from agent_framework.observability import configure_otel_providers

# Reads the OTEL_… variables above. Without sensitive data no arguments are sent.
configure_otel_providers(enable_sensitive_data=True)
"""
PYTHON = """\
import os
from datetime import UTC, datetime

import httpx

event = {
    "id": "<run>-read-1",
    "workflow": "<workflow>",
    "run": "<run>",
    "at": datetime.now(UTC).isoformat(),
    "kind": "run.started",
    "trigger": "A customer's e-mail",
}
answer = httpx.post(
    "<portal>/api/v1/events",
    json={"events": [event]},
    headers={"Authorization": f"Bearer {os.environ['COUNTERSIGN_KEY']}"},
)
print(answer.raise_for_status().json())
"""
CURL = """\
curl -sS <portal>/api/v1/events \\
  -H "Authorization: Bearer $COUNTERSIGN_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"events": [{"id": "<run>-start", "workflow": "<workflow>", "run": "<run>",
       "at": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'", "kind": "run.started",
       "trigger": "A customer'"'"'s e-mail"}]}'
"""
TYPESCRIPT = """\
const event = {
  id: "<run>-start",
  workflow: "<workflow>",
  run: "<run>",
  at: new Date().toISOString(),
  kind: "run.started",
  trigger: "A customer's e-mail",
};
const answer = await fetch("<portal>/api/v1/events", {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.COUNTERSIGN_KEY}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({ events: [event] }),
});
console.log(answer.status, await answer.json());
"""
CLOUDEVENTS = """\
import os
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from cloudevents.core.bindings.http import to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

event = CloudEvent(
    attributes={
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/agents/<agent>",
        "type": "com.example.run.started.v1",
        "time": datetime.now(UTC),
        "datacontenttype": "application/json",
        "workflow": "<workflow>",
        "correlationid": "<run>",
    },
    data={"trigger": "A customer's e-mail"},
)
message = to_binary(event, JSONFormat())
answer = httpx.post(
    "<portal>/api/v1/events",
    content=message.body,
    headers={
        **message.headers,
        "Authorization": f"Bearer {os.environ['COUNTERSIGN_KEY']}",
    },
)
print(answer.raise_for_status().json())
"""

type _Pieces = tuple[tuple[str, str, str], ...]
_SEND = ("Send what it traces here", "Python", PROVIDER)
_RECIPES: Mapping[str, tuple[str, str, _Pieces]] = {
    "otel": (
        "OpenTelemetry",
        "For anything that is traced already: no line of code, seven variables. What follows the conventions for generative AI, OpenInference or OpenLLMetry becomes steps of a run.",
        (("Set before the agent starts", "Shell", ENVIRONMENT),),
    ),
    "langgraph": (
        "LangGraph",
        "With OpenInference. LangGraph starts a new trace whenever it resumes: the thread id joins the halves.",
        (
            _SEND,
            ("Trace LangGraph", "Python", LANGGRAPH),
            ("Tell when it waits for a person", "Python", PAUSES),
        ),
    ),
    "openai_agents": (
        "OpenAI Agents",
        "The SDK's own exporter: it alone also sends the half after an approval.",
        (("Send its traces here", "Python", OPENAI_AGENTS),),
    ),
    "pydantic_ai": (
        "Pydantic AI",
        "Its conversation id stays the same over a pause, so both halves are one run.",
        (_SEND, ("Trace every agent", "Python", PYDANTIC_AI)),
    ),
    "openllmetry": (
        "OpenLLMetry",
        "The thread id joins the halves of a run that waited for a person.",
        (
            _SEND,
            ("Trace LangChain and LangGraph", "Python", OPENLLMETRY),
        ),
    ),
    "agent_framework": (
        "Microsoft Agent Framework",
        "It sends nothing of an approval: ask this portal before acting, and that half is on record here.",
        (
            ("Set before the agent starts", "Shell", ENVIRONMENT),
            ("Send what it traces here", "Python", AGENT_FRAMEWORK),
        ),
    ),
    "cloudevents": (
        "CloudEvents",
        "The data is the body of one of our events; the last words of its type say the kind.",
        (("Send one event", "Python", CLOUDEVENTS),),
    ),
    "native": (
        "Events",
        "The plainest way, and the one that can tell everything.",
        (
            ("Tell with Python", "Python", PYTHON),
            ("Tell with curl", "Shell", CURL),
            ("Tell with TypeScript", "TypeScript", TYPESCRIPT),
        ),
    ),
}
_SAME_AS = {
    "openai_agents_openinference": "openai_agents",
    "openai_agents_otel": "openai_agents",
}
_NAMES = {
    **{key: recipe[0] for key, recipe in _RECIPES.items()},
    "langgraph": "LangGraph with OpenInference",
    "openai_agents_openinference": "OpenAI Agents with OpenInference",
    "openai_agents_otel": "OpenAI Agents with OpenTelemetry",
}
