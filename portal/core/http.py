"""Turning a Problem into an HTTP answer, for pages and for machines alike."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from portal.core.errors import Problem
from portal.core.spreadsheets import csv_lines

PROBLEM_TYPE = "application/problem+json"
MACHINE_PATHS = (
    *("/api/", "/v1/", "/otlp/", "/mcp", "/access/", "/openai/"),
    "/.well-known/",
)


def is_for_machines(request: HttpRequest) -> bool:
    """Say whether a path belongs to agents and tools, which get JSON and no redirect."""
    return request.path.startswith(MACHINE_PATHS)


def problem_response(problem: Problem) -> HttpResponse:
    """Write a Problem as application/problem+json (RFC 9457), with Retry-After if due."""
    response = HttpResponse(
        json.dumps(problem.as_document(), cls=DjangoJSONEncoder),
        status=problem.status,
        content_type=PROBLEM_TYPE,
    )
    retry_after = getattr(problem, "retry_after", None)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    if problem.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="countersign"'
    response["Cache-Control"] = "no-store"
    return response


def json_response(document: object, *, status: int = 200) -> HttpResponse:
    """Write a JSON document that nobody keeps."""
    response = HttpResponse(
        json.dumps(document, cls=DjangoJSONEncoder),
        status=status,
        content_type="application/json",
    )
    response["Cache-Control"] = "no-store"
    return response


def wire_time(moment: datetime | None) -> str | None:
    """Write a time as RFC 3339 in UTC, the only form on the wire."""
    if moment is None:
        return None
    return moment.isoformat().replace("+00:00", "Z")


def csv_response(
    name: str, head: Sequence[str], rows: Iterable[Sequence[str]]
) -> StreamingHttpResponse:
    """Answer with a CSV file that is written while it is read."""
    lines = csv_lines(head, rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
