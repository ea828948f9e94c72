"""The shapes of telling, as the API's document describes them."""

from typing import Any

from ninja import Field, Schema

from runs.rules.shapes import KINDS

_PROBLEMS = {
    400: "It could not be read.",
    401: "A valid key is needed.",
    403: "The key lacks the scope; `who_can_help` says who can change that.",
    404: "There is nothing here for you.",
    413: "It is too large.",
    415: "Send application/json, application/x-ndjson or CloudEvents as JSON.",
    429: "Too many requests; see Retry-After.",
    503: "Not answering just now; see Retry-After.",
}


class RejectedOut(Schema):
    index: int
    code: str
    detail: str


class BatchAcceptedOut(Schema):
    batch: str
    accepted: int
    duplicate: int = Field(description="repeated within this batch")
    rejected: list[RejectedOut]


class BatchOut(Schema):
    batch: str
    status: str = Field(description="pending, done or dead")
    received_at: str
    finished_at: str | None
    events: int
    accepted: int
    duplicate: int
    rejected: list[RejectedOut]
    reason: str | None


def _problems(*statuses: int) -> dict[int, dict[str, Any]]:
    shape = {
        "application/problem+json": {"schema": {"type": "object"}},
    }
    return {
        status: {"description": _PROBLEMS[status], "content": shape}
        for status in statuses
    }


_EVENT = {
    "type": "object",
    "required": ["id", "workflow", "run", "at", "kind"],
    "properties": {
        "id": {"type": "string", "maxLength": 128, "minLength": 1},
        "workflow": {"type": "string", "maxLength": 80, "minLength": 1},
        "run": {"type": "string", "maxLength": 128, "minLength": 1},
        "at": {"type": "string", "format": "date-time"},
        "kind": {"type": "string", "enum": sorted(KINDS)},
    },
}
_CLOUDEVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"type": "string", "enum": ["1.0"]},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "type": {"type": "string", "examples": ["com.example.data.read.v1"]},
        "time": {"type": "string", "format": "date-time"},
        "subject": {"type": "string", "examples": ["run/case-7741"]},
        "correlationid": {"type": "string", "description": "the run"},
        "sequence": {"type": "string"},
        "workflow": {"type": "string", "maxLength": 80},
        "datacontenttype": {"type": "string", "default": "application/json"},
        "data": {"type": "object", "description": "the body of an event"},
        "data_base64": {"type": "string", "format": "byte"},
    },
}
TELLING: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["events"],
                    "additionalProperties": False,
                    "properties": {
                        "events": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 1000,
                            "items": _EVENT,
                        }
                    },
                }
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
            "application/cloudevents+json": {"schema": _CLOUDEVENT},
            "application/cloudevents-batch+json": {
                "schema": {"type": "array", "maxItems": 1000, "items": _CLOUDEVENT}
            },
        },
    },
    "responses": _problems(400, 401, 403, 413, 415, 429, 503),
}
LOOKING: dict[str, Any] = {"responses": _problems(401, 404, 429, 503)}
