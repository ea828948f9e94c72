"""The fix for one gap, for the framework that an agent tells with.

The most exact one is given: for the framework, else for what it is built on, else the
event of our own that says what is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from runs.rules.integrating.recipes import OPENAI_AGENTS, Place, filled

_FAMILY = {
    "langgraph": "telemetry",
    "openllmetry": "telemetry",
    "pydantic_ai": "telemetry",
    "openai_agents": "telemetry",
    "openai_agents_openinference": "telemetry",
    "openai_agents_otel": "telemetry",
    "agent_framework": "telemetry",
    "otel": "telemetry",
}


@dataclass(frozen=True)
class Fix:
    """What to do, with the lines to paste; a fix in the portal has a page instead."""

    sentence: str
    language: str
    lines: str
    page: str = ""


def fix_for(gap: str, *, framework: str, place: Place) -> Fix:
    """Give the fix of a gap for a framework."""
    ways = _FIXES[gap]
    for name in (framework, _FAMILY.get(framework, ""), "any"):
        if name in ways:
            found = ways[name]
            break
    lines = found.lines
    if framework == "cloudevents" and found.language == "JSON":
        return Fix(
            f"{found.sentence} With CloudEvents these fields are the data.",
            "JSON",
            filled(lines, place),
        )
    return Fix(found.sentence, found.language, filled(lines, place), found.page)


def _event(sentence: str, lines: str) -> Fix:
    head = '{"id": "<run>-…", "workflow": "<workflow>", "run": "<run>",\n "at": "…", '
    return Fix(sentence, "JSON", head + lines + "}\n")


_CAPTURE = Fix(
    "Let the instrumentation record contents; they are redacted here before they are kept.",
    "Shell",
    "export OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental\n"
    "export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY\n",
)
_SHOW = Fix(
    "Do not let OpenInference hide inputs and outputs.",
    "Shell",
    "export OPENINFERENCE_HIDE_INPUTS=false\n"
    "export OPENINFERENCE_HIDE_OUTPUTS=false\n"
    "export OPENINFERENCE_HIDE_INPUT_MESSAGES=false\n",
)
_TRACELOOP = Fix(
    "Let OpenLLMetry record contents.", "Shell", "export TRACELOOP_TRACE_CONTENT=true\n"
)
_OPENAI = Fix(
    "Let the SDK put inputs and outputs into its traces.",
    "Shell",
    "export OPENAI_AGENTS_TRACE_INCLUDE_SENSITIVE_DATA=true\n",
)
_PYDANTIC = Fix(
    "Instrument with contents.",
    "Python",
    "Agent.instrument_all(\n"
    "    InstrumentationSettings(tracer_provider=provider, include_content=True)\n"
    ")\n",
)
_MICROSOFT = Fix(
    "Switch on what it calls sensitive data.",
    "Python",
    "configure_otel_providers(enable_sensitive_data=True)\n",
)
_CONTENT: Mapping[str, Fix] = {
    "langgraph": _SHOW,
    "openai_agents_openinference": _SHOW,
    "openllmetry": _TRACELOOP,
    "openai_agents": _OPENAI,
    "pydantic_ai": _PYDANTIC,
    "agent_framework": _MICROSOFT,
    "telemetry": _CAPTURE,
}
_FLUSH = Fix(
    "The outermost span is sent last. Wait for it before the process ends.",
    "Python",
    "provider.force_flush()\nprovider.shutdown()\n",
)
_OPENAI_FLUSH = Fix(
    "The last spans are sent in the background. Send them before the process ends.",
    "Python",
    "from agents.tracing import get_trace_provider\n\n"
    "get_trace_provider().force_flush()\n",
)
_THREAD = Fix(
    "Give each case one thread id, and resume with the same.",
    "Python",
    'config = {"configurable": {"thread_id": "<run>"}}\n'
    "graph.invoke(..., config)\n"
    "# after a person decided:\n"
    "graph.invoke(Command(resume=...), config)\n",
)
_MAP = Fix(
    "Map each tool to one verb in one system, on the workflow's page. One that reads then counts as a read.",
    "",
    "",
    "tools",
)
_ASK = Fix(
    "Ask before it acts, redeem the grant, and name the grant with the change. The code is on the agent's page.",
    "JSON",
    '{"id": "<run>-…", "workflow": "<workflow>", "run": "<run>", "at": "…",\n'
    ' "kind": "change.made", "system": "billing", "resource": "order 1182",\n'
    ' "grant": "<the id of the redeemed grant>"}\n',
    "code",
)

_FIXES: Mapping[str, Mapping[str, Fix]] = {
    "no_trigger": {
        **_CONTENT,
        "any": _event(
            "Begin each run with what started it.",
            '"kind": "run.started", "trigger": "A customer\'s e-mail"',
        ),
    },
    "no_reads": {
        "telemetry": _MAP,
        "any": _event(
            "Tell each record that it looks at.",
            '"kind": "data.read",\n "system": "orders", "resource": "order 1182", "fields": ["total"]',
        ),
    },
    "no_arguments": {
        **_CONTENT,
        "any": _event(
            "Send the arguments with each tool call.",
            '"kind": "tool.called",\n "tool": "refund", "args": {"order": "1182", "amount": "84.20"}, "status": "ok"',
        ),
    },
    "no_results": {
        **_CONTENT,
        "any": _event(
            "Send the result with each tool call, or its error.",
            '"kind": "tool.called",\n "tool": "refund", "args": {}, "status": "ok", "result": {"refunded": "84.20"}',
        ),
    },
    "unknown_tools": {"any": _MAP},
    "no_decision": {
        **_CONTENT,
        "any": _event(
            "Tell what it concluded, and how sure it is.",
            '"kind": "decision.made",\n "text": "A refund is due: nine days late", "confidence": 0.82',
        ),
    },
    "no_outcome": {
        "any": Fix(
            "Report what became of each grant: succeeded, failed or unknown.",
            "Shell",
            'curl -sS -X POST "<portal>/api/v1/actions/$ACTION_ID/outcome" \\\n'
            '  -H "Authorization: Bearer $COUNTERSIGN_KEY" \\\n'
            '  -H "Content-Type: application/json" \\\n'
            '  -H "Idempotency-Key: $ACTION_ID-outcome" \\\n'
            '  -d \'{"status": "succeeded"}\'\n',
            "code",
        )
    },
    "half_missing": {
        "openai_agents_openinference": Fix(
            "OpenInference drops everything after the pause. Use the SDK's own exporter beside it.",
            "Python",
            OPENAI_AGENTS,
        ),
        "openai_agents": _OPENAI_FLUSH,
        "openai_agents_otel": Fix(
            "This instrumentation starts a new trace after the pause and names nothing that joins them. Use the SDK's own exporter.",
            "Python",
            OPENAI_AGENTS,
        ),
        "langgraph": _THREAD,
        "openllmetry": _THREAD,
        "pydantic_ai": Fix(
            "Go on with the same conversation id, and with the same instrumentation.",
            "Python",
            "agent.run_sync(\n"
            "    message_history=history,\n"
            "    deferred_tool_results=results,\n"
            '    conversation_id="<run>",\n'
            ")\n",
        ),
        "any": Fix(
            "After it asked, let the agent wait for the decision, and redeem the grant.",
            "Shell",
            'curl -sS "<portal>/api/v1/actions/$ACTION_ID?wait=25" \\\n'
            '  -H "Authorization: Bearer $COUNTERSIGN_KEY"\n',
            "code",
        ),
    },
    "no_grant": {"any": _ASK},
    "no_end": {
        "openai_agents": _OPENAI_FLUSH,
        "telemetry": _FLUSH,
        "any": _event(
            "End each run with what came of it.",
            '"kind": "run.finished",\n "status": "completed", "summary": "Told the customer."',
        ),
    },
    "no_conversation": {
        "langgraph": _THREAD,
        "openllmetry": _THREAD,
        "pydantic_ai": Fix(
            "Name the conversation, and name it again when it goes on.",
            "Python",
            'agent.run_sync("…", conversation_id="<run>")\n',
        ),
        "openai_agents": Fix(
            "Name the group in every run of one case.",
            "Python",
            'RunConfig(workflow_name="<workflow>", group_id="<run>")\n',
        ),
        "openai_agents_openinference": Fix(
            "OpenInference loses the group id. Set a session around each run of one case.",
            "Python",
            "from openinference.instrumentation import using_session\n\n"
            'with using_session("<run>"):\n'
            "    Runner.run_sync(agent, …)\n",
        ),
        "any": Fix(
            "Name the run on the outermost span of every trace.",
            "Python",
            'span.set_attribute("gen_ai.conversation.id", "<run>")\n',
        ),
    },
    "no_tokens": {
        "telemetry": Fix(
            "Use an instrumentation that records what the model used, or tell it beside.",
            "JSON",
            '{"id": "<run>-…", "workflow": "<workflow>", "run": "<run>", "at": "…",\n'
            ' "kind": "model.called", "model": "…", "input_tokens": 812, "output_tokens": 96}\n',
        ),
        "any": _event(
            "Send the tokens with each model call, or its cost.",
            '"kind": "model.called",\n "model": "…", "input_tokens": 812, "output_tokens": 96',
        ),
    },
    "plain_spans": {
        "any": Fix(
            "Instrument the agent's framework, not only the web server and the database around it.",
            "Shell",
            "pip install openinference-instrumentation-langchain  # or that of your framework\n",
        )
    },
}
GAPS = tuple(_FIXES)
