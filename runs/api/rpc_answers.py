"""Answers of the telemetry doors, in the sender's own type: protobuf or JSON.

An error is a `google.rpc.Status`, as OTLP asks for. It has two fields that matter, so its
protobuf is written by hand.
"""

import json

from django.http import HttpResponse

from portal.core.errors import Problem

JSON_TYPE = "application/json"
PROTOBUF_TYPE = "application/x-protobuf"
RETRY_AFTER_SECONDS = "1"
_INTERNAL = 13
# gRPC's codes for HTTP's.
_CODES = {
    400: 3,
    401: 16,
    403: 7,
    404: 5,
    405: 12,
    413: 8,
    415: 3,
    429: 8,
    503: 14,
}


def status_answer(problem: Problem, *, content_type: str) -> HttpResponse:
    """Answer what went wrong. What may be sent again says so, and how soon."""
    code = _CODES.get(problem.status, _INTERNAL)
    body: bytes
    if content_type == PROTOBUF_TYPE:
        text = problem.detail.encode()
        body = b"\x08" + bytes([code]) + b"\x12" + _varint(len(text)) + text
    else:
        content_type = JSON_TYPE
        body = json.dumps({"code": code, "message": problem.detail}).encode()
    answer = typed_answer(body, content_type=content_type, status=problem.status)
    if problem.status in (429, 503):
        # An exporter drops a batch rather than wait for longer than its few seconds.
        answer["Retry-After"] = RETRY_AFTER_SECONDS
    if problem.status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="countersign"'
    if problem.status == 405:
        answer["Allow"] = "POST"
    answer.problem_code = problem.code  # type: ignore[attr-defined]
    return answer


def typed_answer(body: bytes, *, content_type: str, status: int = 200) -> HttpResponse:
    """Answer bytes that nobody keeps."""
    answer = HttpResponse(body, status=status, content_type=content_type)
    answer["Cache-Control"] = "no-store"
    return answer


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])
