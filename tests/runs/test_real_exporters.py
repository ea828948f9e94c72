"""The unmodified exporters of OpenTelemetry and of the OpenAI Agents SDK, at a real server."""

import socket
import threading

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from runs import tasks
from runs.models import InboxBatch, Run, RunEvent
from tests.people import live_workflow, make_company
from tests.runs.telemetry import export, root

pytestmark = pytest.mark.slow


@pytest.fixture
def key(committed_db):
    company = make_company()
    live_workflow(company)
    return company.key_for()


def exporter_to(url, key, compression, **more):
    return OTLPSpanExporter(
        endpoint=f"{url}/otlp/v1/traces",
        headers={"authorization": f"Bearer {key}"},
        compression=compression,
        timeout=20,
        **more,
    )


@pytest.mark.parametrize("compression", [Compression.Gzip, Compression.Deflate])
def test_the_sdk_of_opentelemetry_tells_a_run(portal_server, key, compression):
    results = []
    exporter = exporter_to(portal_server.url, key, compression)
    export = exporter.export
    exporter.export = lambda spans: results.append(export(spans)) or results[-1]
    resource = Resource.create({"portal.workflow": "refund-management"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("tests")

    with tracer.start_as_current_span("invoke_agent") as root:
        root.set_attribute("gen_ai.operation.name", "invoke_agent")
        root.set_attribute("input.value", "Where is order 12?")
        root.set_attribute("countersign.run", "case-12")
        with tracer.start_as_current_span("execute_tool lookup") as used:
            used.set_attribute("gen_ai.operation.name", "execute_tool")
            used.set_attribute("gen_ai.tool.name", "lookup")
            used.set_attribute("gen_ai.tool.call.arguments", '{"order": "12"}')
            used.set_attribute("gen_ai.tool.call.result", "on its way")
        root.set_attribute("output.value", "It is on its way.")
    provider.shutdown()

    assert results == [SpanExportResult.SUCCESS]
    assert tasks.fold_inbox() == 1
    run = Run.objects.get()
    assert (run.agent_run_id, run.state) == ("case-12", "COMPLETED")
    assert run.title == "It is on its way."
    used = RunEvent.objects.get(kind="tool.called")
    assert used.facts["args"] == {"order": "12"}
    assert used.facts["result"] == "on its way"


def test_an_exporter_waits_while_the_database_is_away_and_loses_nothing(
    portal_server, key, committed_db, caplog
):
    exporter = exporter_to(portal_server.url, key, Compression.Gzip)
    provider = TracerProvider()
    tracer = provider.get_tracer("tests")
    with tracer.start_as_current_span("invoke_agent") as root:
        root.set_attribute("gen_ai.operation.name", "invoke_agent")
        root.set_attribute("portal.workflow", "refund-management")
    with committed_db.superuser_connection() as connection:
        # Whoever wants to insert a batch waits for the lock and gives up: trouble of ours.
        connection.autocommit = False
        connection.execute("LOCK TABLE runs_inboxbatch IN SHARE ROW EXCLUSIVE MODE")
        let_go = threading.Timer(3.6, connection.rollback)
        let_go.start()
        result = exporter.export([root])
        let_go.join()

    assert result is SpanExportResult.SUCCESS
    assert "Service Unavailable" in caplog.text
    assert InboxBatch.objects.count() == 1
    tasks.fold_inbox()
    assert Run.objects.count() == 1


def test_the_openai_agents_sdk_tells_a_run_with_one_line(portal_server, key):
    # Inside, for it takes seconds, and only one process runs this test.
    from agents.tracing import (
        agent_span,
        custom_span,
        function_span,
        generation_span,
        trace,
    )
    from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor
    from agents.tracing.provider import DefaultTraceProvider
    from agents.tracing.setup import get_trace_provider, set_trace_provider

    before = get_trace_provider()
    provider = DefaultTraceProvider()
    processor = BatchTraceProcessor(
        BackendSpanExporter(
            api_key=key, endpoint=f"{portal_server.url}/openai/v1/traces/ingest"
        )
    )
    provider.register_processor(processor)
    set_trace_provider(provider)
    try:
        with (
            trace("refund-management", group_id="case-77"),
            custom_span("task", {"sdk_span_type": "task"}),
            agent_span("Refund agent", tools=["lookup", "refund"]),
        ):
            with generation_span(
                input=[{"role": "user", "content": "refund order 12"}],
                output=[{"role": "assistant", "content": "looking"}],
                model="gpt-5",
                usage={"input_tokens": 10, "output_tokens": 5},
            ):
                pass
            with function_span("lookup", input='{"order": "12"}', output="late"):
                pass
            with function_span("refund", input='{"order": "12"}'):
                pass
        processor.force_flush()
    finally:
        provider.shutdown()
        set_trace_provider(before)

    tasks.fold_inbox()
    run = Run.objects.get()
    assert run.agent_run_id == "case-77"
    assert run.state == "WAITING"
    used = RunEvent.objects.filter(kind="tool.called").order_by("at", "id")
    assert [(each.facts["tool"], each.facts["status"]) for each in used] == [
        ("lookup", "ok"),
        ("refund", "asked"),
    ]
    started = RunEvent.objects.get(kind="run.started")
    assert started.facts["trigger"] == "refund order 12"
    assert RunEvent.objects.get(kind="model.called").facts["input_tokens"] == 10


def test_a_body_in_chunks_without_a_length_is_read_to_its_end(portal_server, key):
    body = export(root())
    half = len(body) // 2
    parts = b"".join(
        f"{len(part):x}\r\n".encode() + part + b"\r\n"
        for part in (body[:half], body[half:], b"")
    )
    host, _, port = portal_server.url.removeprefix("http://").partition(":")
    head = (
        f"POST /v1/traces HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=20) as wire:
        wire.sendall(head.encode() + parts)
        answer = wire.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert InboxBatch.objects.get().span_count == 1
