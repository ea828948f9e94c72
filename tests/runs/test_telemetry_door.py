"""The doors of telemetry: nothing is lost in silence, whatever is sent and however."""

import base64
import gzip
import json
import zlib

import pytest
from django.db import OperationalError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from portal.accounts.actors import SYSTEM
from portal.accounts.models import AgentKind
from portal.accounts.operations.agents import register_agent
from runs import tasks
from runs.api import telemetry
from runs.models import InboxBatch, Run, RunEvent
from tests.people import NOW, live_workflow, make_company
from tests.runs.telemetry import (
    BEGAN,
    SECOND,
    TRACE,
    batch_file,
    export,
    root,
    span,
    tool,
)

URL = "/v1/traces"
JSON, PROTOBUF = "application/json", "application/x-protobuf"
ADDRESSES = (
    "/v1/traces",
    "/v1/traces/",
    "/otlp/v1/traces",
    "/otlp/v1/traces/",
    "/v1/logs",
    "/v1/metrics/",
    "/openai/v1/traces/ingest",
    "/openai/v1/traces/ingest/",
)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def key(company):
    return company.key_for()


def send(client, key, raw, *, url=URL, content_type=JSON, **headers):
    headers.setdefault("Authorization", f"Bearer {key}")
    return client.post(url, raw, content_type=content_type, headers=headers)


def protobuf(*spans) -> ExportTraceServiceRequest:
    """An export in protobuf with spans that have only what every span needs."""
    request = ExportTraceServiceRequest()
    into = request.resource_spans.add().scope_spans.add()
    for number, changes in enumerate(spans or ({},), start=1):
        wire = into.spans.add()
        wire.trace_id = bytes.fromhex(TRACE)
        wire.span_id = number.to_bytes(8, "big")
        wire.name = "a span"
        wire.start_time_unix_nano = BEGAN
        wire.end_time_unix_nano = BEGAN + SECOND
        for name, value in changes.items():
            setattr(wire, name, value)
    return request


def partial(answer) -> ExportTraceServiceResponse:
    return ExportTraceServiceResponse.FromString(answer.content).partial_success


def test_an_export_becomes_a_run_and_is_answered_in_its_own_type(
    client, company, workflow, key
):
    answer = send(client, key, export(tool(at=1), root()))

    assert (answer.status_code, answer.json()) == (200, {})
    assert answer["Content-Type"] == JSON
    assert tasks.fold_inbox() == 1
    run = Run.objects.get()
    assert (run.state, run.agent_run_id) == ("COMPLETED", TRACE)
    assert run.title == "It is late."
    kinds = set(RunEvent.objects.values_list("kind", flat=True))
    assert kinds == {"tool.called", "run.started", "run.finished", "span"}
    batch = InboxBatch.objects.get()
    assert (batch.form, batch.span_count, batch.event_count) == ("OTLP", 2, 4)
    assert batch.accepted == 4

    binary = send(client, key, protobuf().SerializeToString(), content_type=PROTOBUF)
    assert (binary.status_code, binary.content) == (200, b"")
    assert binary["Content-Type"] == PROTOBUF


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda raw: zlib.compress(raw, wbits=-15)),
        ("identity", bytes),
    ],
)
def test_every_encoding_of_an_exporter_is_read(
    client, company, workflow, key, encoding, pack
):
    raw = pack(export(tool()))

    answer = send(client, key, raw, **{"Content-Encoding": encoding})

    assert answer.status_code == 200
    assert InboxBatch.objects.get().span_count == 1


def test_the_same_bytes_with_the_same_key_are_the_same_batch(
    client, company, workflow, key
):
    other = company.key_for()
    raw = export(tool(), span(9, startTimeUnixNano="1"))

    first = send(client, key, raw)
    again = send(client, key, gzip.compress(raw), **{"Content-Encoding": "gzip"})

    assert again.status_code == 200
    assert again.json() == first.json()
    assert InboxBatch.objects.count() == 1
    send(client, other, raw)
    assert InboxBatch.objects.count() == 2
    InboxBatch.objects.update(received_at=NOW)
    send(client, key, raw)
    assert InboxBatch.objects.count() == 3


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["get", "post", "options"])
def test_no_door_of_telemetry_ever_redirects(client, db, settings, address, method):
    settings.SECURE_SSL_REDIRECT = True

    answer = getattr(client, method)(address, headers={"Host": "testserver"})

    assert answer.status_code == (401 if method == "post" else 405)
    assert "Location" not in answer


def test_basic_credentials_open_the_door_and_a_wrong_key_does_not(
    client, company, workflow, key
):
    for text in (f"public:{key}", f"{key}:"):
        basic = base64.b64encode(text.encode()).decode()
        answer = send(client, key, export(tool()), Authorization=f"Basic {basic}")
        assert answer.status_code == 200

    for wrong in (f"Bearer {key}x", "Basic ???", "Bearer", "Digest a"):
        answer = send(client, key, export(tool()), Authorization=wrong)
        assert answer.status_code == 401
        assert answer.json()["code"] == 16
        assert answer["WWW-Authenticate"]


def test_a_key_without_the_scope_and_a_system_of_record_send_no_spans(
    client, company, workflow
):
    reader = company.key_for(scopes=("read",))
    billing = register_agent(
        actor=SYSTEM,
        name="Billing",
        department=company.departments["care"],
        operator=company.priya,
        kind=AgentKind.SYSTEM_OF_RECORD,
        now=NOW,
    )

    for key in (reader, company.key_for(billing, scopes=("changes", "events"))):
        assert send(client, key, export(tool())).status_code == 403
    assert not InboxBatch.objects.exists()


@pytest.mark.parametrize(
    ("raw", "content_type", "headers", "status"),
    [
        (b"{", JSON, {}, 400),
        (b"[]", JSON, {}, 400),
        (b"\xff\xff\xff", PROTOBUF, {}, 400),
        (b"\x0a\x7f", PROTOBUF, {}, 400),
        (b"{}", "text/plain", {}, 415),
        (b"{}", JSON, {"Content-Encoding": "br"}, 415),
        (b"no gzip", JSON, {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"{}", mtime=0)[:-9], JSON, {"Content-Encoding": "gzip"}, 400),
        (
            gzip.compress(bytes(40 << 20), mtime=0),
            JSON,
            {"Content-Encoding": "gzip"},
            413,
        ),
        (
            zlib.compress(bytes(40 << 20)),
            PROTOBUF,
            {"Content-Encoding": "deflate"},
            413,
        ),
        (b"{}", f"{JSON}; charset=utf-8", {}, 200),
        (b"\x0a\x00", PROTOBUF, {}, 200),
    ],
)
def test_what_is_no_export_is_said_in_the_senders_type(
    client, company, workflow, key, raw, content_type, headers, status
):
    answer = send(client, key, raw, content_type=content_type, **headers)

    assert answer.status_code == status
    if status == 200:
        assert not InboxBatch.objects.exists()
        return
    is_protobuf = content_type == PROTOBUF
    assert answer["Content-Type"] == (PROTOBUF if is_protobuf else JSON)
    assert answer.content[0] == 8 if is_protobuf else answer.json()["message"]


def test_any_trouble_of_ours_is_503_and_soon(
    client, company, workflow, key, monkeypatch
):
    for error in (OperationalError("gone"), RuntimeError("a mistake"), MemoryError()):
        monkeypatch.setattr(telemetry, "accept_spans", _raising(error))
        for content_type, raw in (
            (JSON, export(tool())),
            (PROTOBUF, protobuf().SerializeToString()),
        ):
            answer = send(client, key, raw, content_type=content_type)
            assert answer.status_code == 503
            assert answer["Retry-After"] == "1"
            assert answer["Content-Type"] == content_type


def _raising(error):
    def accept(**_given):
        raise error

    return accept


BAD_SPANS = [
    span(11, trace="0" * 32),
    span(12, trace="CvdlGRbNQ92ESOshHIAxnA=="),
    {**span(13), "spanId": "0" * 16},
    span(14, startTimeUnixNano="1"),
    span(15, startTimeUnixNano=str(4_102_444_800 * SECOND)),
    span(16, startTimeUnixNano="never"),
    span(17, parentSpanId="zz"),
    "no span",
]


def test_a_bad_span_never_costs_its_batch(client, company, workflow, key):
    answer = send(client, key, export(*BAD_SPANS, tool()))

    assert answer.status_code == 200
    told = answer.json()["partialSuccess"]
    assert told["rejectedSpans"] == str(len(BAD_SPANS))
    assert "all zeros" in told["errorMessage"]
    tasks.fold_inbox()
    assert RunEvent.objects.get().kind == "tool.called"
    batch = InboxBatch.objects.get()
    assert [each["index"] for each in batch.rejected] == list(range(len(BAD_SPANS)))
    assert batch.event_count == len(BAD_SPANS) + 1


def _field(number: int, value: bytes) -> bytes:
    length, size = bytearray(), len(value)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + value


def _deep(levels: int) -> bytes:
    """An AnyValue that holds a list that holds a list, and so on."""
    value = b""
    for _ in range(levels):
        value = _field(5, _field(1, value))
    return value


def test_a_bad_span_in_protobuf_costs_itself_and_a_bad_attribute_only_itself(
    client, company, workflow, key
):
    request = protobuf({"trace_id": bytes(16)}, {"span_id": b"short"}, {}, {})
    spans = request.resource_spans[0].scope_spans[0].spans
    spans[2].attributes.append(KeyValue(key="whole", value=AnyValue(bytes_value=b"\0")))
    spans[3].attributes.append(
        KeyValue(key="long", value=AnyValue(string_value="x" * (8 << 20)))
    )

    marked = spans[2].SerializeToString()
    whole = marked + _field(9, _field(1, b"deep") + _field(2, _deep(10_000)))
    raw = _field(
        1,
        _field(
            2,
            b"".join(
                _field(2, each)
                for each in (
                    *(s.SerializeToString() for s in spans[:2]),
                    whole,
                    spans[3].SerializeToString(),
                )
            ),
        ),
    )

    answer = send(client, key, raw, content_type=PROTOBUF)

    assert answer.status_code == 200
    assert partial(answer).rejected_spans == 2
    tasks.fold_inbox()
    attributes = [
        facts["span"]["attributes"] for _, kind, facts in _told() if kind == "span"
    ]
    assert attributes[0]["whole"] == "[binary, 1 bytes]"
    assert "nested too deeply" in json.dumps(attributes[0]["deep"])
    assert "characters more" in attributes[1]["long"]
    assert len(json.dumps(attributes[1])) < 2_000


def test_json_that_is_nested_beyond_sense_loses_only_that(
    client, company, workflow, key
):
    raw = export(tool(), span(3, parent=1, attributes={"deep": "PLACE"}))
    deep = b'{"arrayValue":{"values":[' * 10_000 + b"]}}" * 10_000
    raw = raw.replace(b'{"stringValue": "PLACE"}', deep)

    assert send(client, key, raw).status_code == 200
    tasks.fold_inbox()
    assert RunEvent.objects.count() == 2


def test_texts_that_no_database_holds_are_kept_as_far_as_they_can_be(
    client, company, workflow, key
):
    raw = export(tool(result="NUL \x00 and PLACE")).replace(b"PLACE", b"\\ud800 half")

    assert send(client, key, raw).status_code == 200
    tasks.fold_inbox()
    assert RunEvent.objects.get().facts["result"] == "NUL \ufffd and ? half"


def test_logs_and_metrics_are_refused_in_words_and_never_in_silence(
    client, company, key
):
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{}, {}]}]}]}
    answer = send(client, key, json.dumps(logs), url="/v1/logs")

    assert answer.status_code == 200
    told = answer.json()["partialSuccess"]
    assert told["rejectedLogRecords"] == "2"
    assert "OTEL_LOGS_EXPORTER=none" in told["errorMessage"]
    metrics = send(
        client, key, b"\x0a\x00", url="/otlp/v1/metrics", content_type=PROTOBUF
    )
    assert (metrics.status_code, metrics.content) == (200, b"")
    assert send(client, key, b'{"resourceLogs": 3}', url="/v1/logs").status_code == 400


@pytest.mark.parametrize(
    ("name", "traces"),
    [("langgraph-openinference", 2), ("openai-agents-otel-v2", 2), ("pydantic-ai", 1)],
)
def test_recorded_exports_tell_the_same_in_protobuf_and_in_json(
    client, company, workflow, key, name, traces
):
    send(client, key, batch_file(f"{name}.otlp.pb"), content_type=PROTOBUF)
    tasks.fold_inbox()
    binary = _told()
    assert len({facts["span"]["trace"] for _, _, facts in binary}) == traces
    RunEvent.objects.all()
    batch = InboxBatch.objects.get()
    assert batch.accepted == batch.event_count == len(binary)

    send(client, key, batch_file(f"{name}.otlp.json"))
    tasks.fold_inbox()
    again = InboxBatch.objects.order_by("received_at").last()
    assert (again.accepted, again.rejected) == (0, [])
    assert again.duplicate == len(binary)


def _told():
    rows = RunEvent.objects.order_by("source_event_id")
    return list(rows.values_list("source_event_id", "kind", "facts"))


def test_the_openai_agents_export_is_answered_with_nothing_and_folded(
    client, company, workflow, key
):
    raw = batch_file("openai-agents-native.traces-ingest.json")

    answer = send(client, key, raw, url="/openai/v1/traces/ingest")

    assert (answer.status_code, answer.content) == (204, b"")
    tasks.fold_inbox()
    run = Run.objects.get()
    assert run.state == "COMPLETED"
    statuses = [facts["status"] for _, kind, facts in _told() if kind == "tool.called"]
    assert sorted(statuses) == ["asked", "ok", "ok"]
    assert InboxBatch.objects.get().form == "OPENAI"
    assert (
        send(client, key, b'{"spans": []}', url="/openai/v1/traces/ingest").status_code
        == 400
    )
    assert send(client, key, root(), url="/openai/v1/traces/ingest/").status_code == 400


@pytest.mark.parametrize("is_inner_first", [True, False])
def test_late_twice_and_in_any_order_change_nothing(
    client, company, workflow, key, is_inner_first
):
    model = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 7}
    inner = span(5, parent=4, at=2, took=1, attributes=model)
    outer = span(4, parent=1, at=1.5, took=3, attributes=model)

    for spans in (
        *(([inner], [outer]) if is_inner_first else ([outer], [inner])),
        [root()],
        [tool(at=1)],
        [root(), tool(at=1)],
        [inner, outer],
    ):
        send(client, key, export(*spans, resource={"n": len(spans), "of": str(spans)}))
        tasks.fold_inbox()

    run = Run.objects.get()
    assert run.state == "COMPLETED"
    told = _told()
    assert [kind for _, kind, _ in told].count("model.called") == 1
    assert len(told) == 6
    assert len({name for name, _, _ in told}) == 6
    batches = InboxBatch.objects.order_by("received_at", "id")
    assert sum(batch.accepted for batch in batches) == 6
    assert run.fold["tokens"] == 7
