"""The doors of telemetry: OTLP over HTTP, and the OpenAI Agents SDK's export.

Exporters take a redirect for success and drop a batch after a 500, so there is neither:
any trouble of ours is 503 with `Retry-After: 1`.
"""

import base64
import binascii
import json
from collections.abc import Callable
from functools import wraps

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceResponse,
)

from portal.accounts.agent_auth import let_in
from portal.accounts.keys import AgentPrincipal
from portal.accounts.models import AgentKind
from portal.core.clock import wall_clock
from portal.core.errors import (
    AlreadyDone,
    Forbidden,
    Problem,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from runs.api.body import batch_bytes
from runs.api.rpc_answers import (
    JSON_TYPE,
    PROTOBUF_TYPE,
    status_answer,
    typed_answer,
)
from runs.operations.accepting import accept_spans
from runs.operations.reading_spans import (
    OPENAI,
    OTLP,
    ReadSpans,
    count_records,
    read_spans,
)

BYTES_MAX = getattr(settings, "TELEMETRY_BYTES_MAX", 32 * 1024 * 1024)
ENCODINGS = ("gzip", "deflate")
REJECTED_NAMED_MAX = 3
_NOT_KEPT = (
    "Countersign keeps traces. {what} were not kept; set {variable}=none to stop"
    " sending them."
)
log = structlog.get_logger(__name__)

type View = Callable[[HttpRequest], HttpResponse]


class WrongMethod(Problem):
    status, code, title = 405, "method", "Send it with POST"


def _door(view: View) -> View:
    """Make a view a door: POST only, every failure an answer that exporters understand."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            if request.method != "POST":
                raise WrongMethod("Telemetry is sent with POST.")
            return view(request)
        except Problem as problem:
            return status_answer(problem, content_type=request.content_type or "")
        except Exception as error:  # noqa: BLE001 - a 500 would lose the batch for good
            log.exception("telemetry.failed", error=type(error).__name__)
            return status_answer(
                Unavailable(1), content_type=request.content_type or ""
            )

    return answer


@_door
def traces(request: HttpRequest) -> HttpResponse:
    """Take an OTLP export of spans: `POST /v1/traces`."""
    principal = _principal(request)
    read = _taken(request, principal, OTLP, (PROTOBUF_TYPE, JSON_TYPE))
    return _partial(
        request, ExportTraceServiceResponse(), "spans", read, _why_rejected(read)
    )


@_door
def openai_traces(request: HttpRequest) -> HttpResponse:
    """Take an export of the OpenAI Agents SDK: `POST /openai/v1/traces/ingest`."""
    principal = _principal(request)
    _taken(request, principal, OPENAI, (JSON_TYPE,))
    return HttpResponse(status=204)


@_door
def logs(request: HttpRequest) -> HttpResponse:
    """Say that logs are not kept, in OTLP's own way: nothing is lost in silence."""
    return _not_kept(
        request,
        ExportLogsServiceResponse(),
        "log_records",
        ("Logs", "OTEL_LOGS_EXPORTER"),
    )


@_door
def metrics(request: HttpRequest) -> HttpResponse:
    """Say that metrics are not kept, in OTLP's own way."""
    return _not_kept(
        request,
        ExportMetricsServiceResponse(),
        "data_points",
        ("Metrics", "OTEL_METRICS_EXPORTER"),
    )


def _taken(
    request: HttpRequest,
    principal: AgentPrincipal,
    form: str,
    types: tuple[str, ...],
) -> ReadSpans:
    """Read and store one export. What is accepted is committed when this returns."""
    content_type = _content_type(request, types)
    raw = batch_bytes(request, bytes_max=BYTES_MAX, encodings=ENCODINGS)
    now = wall_clock()
    read = read_spans(raw, form=form, content_type=content_type, now=now)
    if not read.count:
        return read
    try:
        accept_spans(
            principal=principal,
            raw=raw,
            form=form,
            content_type=content_type,
            read=read,
            now=now,
        )
    except AlreadyDone:
        # Sent again after a lost answer: the first time counts.
        log.info("telemetry.same_bytes", agent=principal.agent_slug)
    return read


def _not_kept(
    request: HttpRequest, response: object, name: str, words: tuple[str, str]
) -> HttpResponse:
    _principal(request)
    content_type = _content_type(request, (PROTOBUF_TYPE, JSON_TYPE))
    raw = batch_bytes(request, bytes_max=BYTES_MAX, encodings=ENCODINGS)
    count = count_records(raw, content_type=content_type)
    what, variable = words
    message = _NOT_KEPT.format(what=what, variable=variable)
    return _answer(content_type, response, name, count, message if count else "")


def _partial(
    request: HttpRequest, response: object, name: str, read: ReadSpans, why: str
) -> HttpResponse:
    return _answer(request.content_type or "", response, name, len(read.rejected), why)


def _answer(
    content_type: str, response: object, name: str, rejected: int, why: str
) -> HttpResponse:
    """Write an export's answer; `partial_success` stays unset where all was taken."""
    if content_type == PROTOBUF_TYPE:
        if rejected:
            partial = response.partial_success  # type: ignore[attr-defined]
            setattr(partial, f"rejected_{name}", rejected)
            partial.error_message = why
        body = response.SerializeToString()  # type: ignore[attr-defined]
        return typed_answer(body, content_type=PROTOBUF_TYPE)
    document: dict[str, object] = {}
    if rejected:
        first, *rest = name.split("_")
        key = f"rejected{first.title()}{''.join(part.title() for part in rest)}"
        # 64-bit numbers are text in OTLP's JSON.
        document["partialSuccess"] = {key: str(rejected), "errorMessage": why}
    return typed_answer(json.dumps(document).encode(), content_type=JSON_TYPE)


def _why_rejected(read: ReadSpans) -> str:
    reasons = list(dict.fromkeys(why.detail for _, why in read.rejected))
    told = " ".join(reasons[:REJECTED_NAMED_MAX])
    more = len(reasons) - REJECTED_NAMED_MAX
    return f"{told} And {more} other reasons." if more > 0 else told


def _content_type(request: HttpRequest, types: tuple[str, ...]) -> str:
    content_type = request.content_type or ""
    if content_type not in types:
        raise UnsupportedMedia(f"Send {' or '.join(types)}.")
    return content_type


def _principal(request: HttpRequest) -> AgentPrincipal:
    """Find whose key this is: `Bearer`, or `Basic` with the key as either half."""
    scheme, _, text = (request.headers.get("Authorization") or "").partition(" ")
    token = text.strip()
    if scheme.lower() == "basic":
        token = _from_basic(token)
    elif scheme.lower() != "bearer":
        raise Unauthenticated("Send your key as: Authorization: Bearer cs_…")
    principal = let_in(request, token)
    if principal.kind == AgentKind.SYSTEM_OF_RECORD:
        raise Forbidden(
            "A system of record tells changes, not spans.", code="kind.not_yours"
        )
    principal.needs("events")
    return principal


def _from_basic(text: str) -> str:
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise Unauthenticated("The Basic credentials cannot be read.") from error
    name, _, password = decoded.partition(":")
    return password if password.startswith("cs_") else name
