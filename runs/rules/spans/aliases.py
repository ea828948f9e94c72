"""What each convention calls the same thing: names in order of preference, newest first.

OpenTelemetry's GenAI conventions old and new, OpenInference, OpenLLMetry, pydantic-ai,
LangSmith, Microsoft's Agent Framework, the Model Context Protocol and the OpenAI Agents
SDK, whose own export stands under `openai.` here. Data only; `reading` asks it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Part(StrEnum):
    """What a span is to the business: which kind of step it tells, if any."""

    AGENT = "agent"
    MODEL = "model"
    TOOL = "tool"
    READ = "read"
    DECISION = "decision"
    GUARDRAIL = "guardrail"
    HANDOFF = "handoff"
    PLUMBING = "plumbing"


KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "workflow": (
            "countersign.workflow",
            "portal.workflow",
            "baggage.countersign.workflow",
            "baggage.portal.workflow",
        ),
        "workflow_name": (
            "gen_ai.workflow.name",
            "traceloop.workflow.name",
            "workflow.name",
            "workflow.id",
            "workflow_name",
            "service.name",
        ),
        "run": (
            "countersign.run",
            "countersign.run.id",
            "portal.run.id",
            "portal.run",
            "baggage.countersign.run",
            "baggage.portal.run.id",
        ),
        "conversation": (
            "gen_ai.conversation.id",
            "session.id",
            "traceloop.association.properties.thread_id",
            "traceloop.association.properties.session_id",
            "langsmith.trace.session_id",
            "group_id",
            "thread_id",
        ),
        "minted": (
            "countersign.grant",
            "countersign.action",
            "countersign.action_request",
            "countersign.proposal",
            "portal.grant.id",
            "portal.proposal.id",
            "mcp.request_state",
            "gen_ai.tool.call.id",
            "tool_call.id",
            "tool.id",
        ),
        "agent": (
            "gen_ai.agent.name",
            "agent.name",
            "agent_name",
            "traceloop.entity.name",
            "graph.node.id",
            "gen_ai.agent.id",
        ),
        "tool": (
            "gen_ai.tool.name",
            "tool.name",
            "tool_call.function.name",
            "mcp.tool.name",
            "traceloop.entity.name",
        ),
        "call": ("gen_ai.tool.call.id", "tool_call.id", "tool.id"),
        "tool_type": ("gen_ai.tool.type",),
        "arguments": (
            "gen_ai.tool.call.arguments",
            "gen_ai.tool.input",
            "tool_arguments",
            "openai.input",
            "traceloop.entity.input",
            "input.value",
            "tool_call.function.arguments",
        ),
        "result": (
            "gen_ai.tool.call.result",
            "gen_ai.tool.output",
            "tool_response",
            "openai.output",
            "traceloop.entity.output",
            "output.value",
        ),
        "input": (
            "gen_ai.input.messages",
            "input.value",
            "traceloop.entity.input",
            "pydantic_ai.all_messages",
            "all_messages_events",
            "gen_ai.prompt",
            "openai.input",
        ),
        "output": (
            "gen_ai.output.messages",
            "final_result",
            "output.value",
            "traceloop.entity.output",
            "gen_ai.completion",
            "openai.output",
        ),
        "model": (
            "gen_ai.response.model",
            "gen_ai.request.model",
            "llm.response.model_name",
            "llm.model_name",
            "llm.request.model_name",
            "embedding.model_name",
            "openai.model",
            "model_name",
        ),
        "provider": (
            "gen_ai.provider.name",
            "gen_ai.system",
            "llm.provider",
            "llm.system",
        ),
        "input_tokens": (
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.prompt_tokens",
            "llm.usage.prompt_tokens",
            "llm.token_count.prompt",
            "decision.token_count.input",
        ),
        "output_tokens": (
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
            "llm.usage.completion_tokens",
            "llm.token_count.completion",
            "decision.token_count.output",
        ),
        "cache_read_tokens": (
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "llm.token_count.prompt_details.cache_read",
        ),
        "cache_write_tokens": (
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "llm.token_count.prompt_details.cache_write",
        ),
        "reasoning_tokens": (
            "gen_ai.usage.reasoning.output_tokens",
            "llm.token_count.completion_details.reasoning",
        ),
        "cost": ("llm.cost.total", "gen_ai.usage.cost"),
        "query": (
            "gen_ai.retrieval.query.text",
            "gen_ai.memory.query.text",
            "input.value",
        ),
        "source": (
            "gen_ai.data_source.id",
            "gen_ai.memory.store.id",
            "mcp.resource.uri",
            "db.namespace",
            "db.name",
            "server.address",
        ),
        "database": ("db.system.name", "db.system"),
        "database_operation": ("db.operation.name", "db.operation"),
        "database_text": ("db.query.summary", "db.query.text", "db.statement"),
        "database_table": ("db.collection.name", "db.sql.table"),
        "http_method": ("http.request.method", "http.method"),
        "http_url": ("url.full", "http.url"),
        "http_route": ("http.route", "url.path", "http.target"),
        "guardrail": ("gen_ai.guardrail.policy.id", "openai.name"),
        "guardrail_result": (
            "gen_ai.guardrail.result.value",
            "gen_ai.guardrail.result.type",
            "openai.triggered",
        ),
        "guardrail_reason": ("gen_ai.guardrail.result.reason",),
        "handoff_from": ("openai.from_agent",),
        "handoff_to": ("openai.to_agent",),
        "confidence": (
            "countersign.confidence",
            "gen_ai.decision.confidence",
            "decision.confidence",
        ),
        "error": ("error.type", "error.message"),
        "metadata": ("metadata",),
    }
)

# What a span is, by the attribute that says so and its value. Unknown values are legal.
PARTS: Mapping[str, Mapping[str, Part]] = MappingProxyType(
    {
        "gen_ai.operation.name": {
            "chat": Part.MODEL,
            "generate_content": Part.MODEL,
            "text_completion": Part.MODEL,
            "fetch_response": Part.MODEL,
            "embeddings": Part.MODEL,
            "retrieval": Part.READ,
            "search_memory": Part.READ,
            "execute_tool": Part.TOOL,
            "invoke_agent": Part.AGENT,
            "invoke_workflow": Part.AGENT,
            "plan": Part.DECISION,
            "apply_guardrail": Part.GUARDRAIL,
            "create_agent": Part.PLUMBING,
            "execute_task": Part.PLUMBING,
            "unknown": Part.PLUMBING,
        },
        "openinference.span.kind": {
            "LLM": Part.MODEL,
            "EMBEDDING": Part.MODEL,
            "AGENT": Part.AGENT,
            "RETRIEVER": Part.READ,
            "TOOL": Part.TOOL,
            "DECISION": Part.DECISION,
            "GUARDRAIL": Part.GUARDRAIL,
            "CHAIN": Part.PLUMBING,
            "PROMPT": Part.PLUMBING,
            "RERANKER": Part.PLUMBING,
            "EVALUATOR": Part.PLUMBING,
            "UNKNOWN": Part.PLUMBING,
        },
        "traceloop.span.kind": {
            "workflow": Part.AGENT,
            "agent": Part.AGENT,
            "tool": Part.TOOL,
            "task": Part.PLUMBING,
        },
        "openai.type": {
            "agent": Part.AGENT,
            "generation": Part.MODEL,
            "response": Part.MODEL,
            "transcription": Part.MODEL,
            "speech": Part.MODEL,
            "function": Part.TOOL,
            "guardrail": Part.GUARDRAIL,
            "handoff": Part.HANDOFF,
            "custom": Part.PLUMBING,
            "trace": Part.PLUMBING,
            "mcp_tools": Part.PLUMBING,
            "speech_group": Part.PLUMBING,
        },
        "mcp.method.name": {
            "tools/call": Part.TOOL,
            "resources/read": Part.READ,
        },
        "llm.request.type": {
            "chat": Part.MODEL,
            "completion": Part.MODEL,
            "embedding": Part.MODEL,
        },
    }
)

# Exceptions by which a framework pauses for a person. They are no errors.
PAUSES = ("GraphInterrupt", "GraphBubbleUp", "NodeInterrupt")
# Where a framework puts the tool calls that it wants a person to approve.
APPROVALS = ("approvals", "calls", "__interrupt__", "action_requests", "interrupts")
