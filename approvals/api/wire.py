"""How answers are written: exact numbers, exact bytes, and one list of problems for the docs."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from approvals.operations.ask import Asked
from approvals.queries.actions import DECISIONS, ActionTold
from approvals.rules.paths import json_text as json_text
from portal.accounts.agent_auth import principal_of
from portal.core.http import wire_time
from portal.core.idempotency import StoredAnswer, answer_once

IDEMPOTENCY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A key of your own for this request. The same key and body give the"
    " same answer; another body is 422; while the first still runs it is 409.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[ -~]+$",
    },
}
_TEXTS = {
    400: "It could not be read.",
    401: "A valid key is needed.",
    403: "You may not do this; `who_can_help` says who can.",
    404: "There is nothing here for you.",
    409: "A race was lost, or this was done; `code` says which.",
    410: "It has expired.",
    413: "It is too large.",
    415: "Send application/json.",
    422: "Some fields are wrong; `fields` says which.",
    429: "Too many requests; see Retry-After.",
    503: "Not answering just now; see Retry-After.",
}


def documented(*statuses: int, needs_key: bool = True) -> dict[str, Any]:
    """Give the OpenAPI parts that every route shares."""
    shape = {
        "application/problem+json": {
            "schema": {"$ref": "#/components/schemas/ProblemOut"}
        }
    }
    extra: dict[str, Any] = {
        "responses": {
            status: {"description": _TEXTS[status], "content": shape}
            for status in sorted({400, 401, 404, 429, 503, *statuses})
        }
    }
    if needs_key:
        extra["parameters"] = [IDEMPOTENCY_HEADER]
    return extra


def once(
    request: HttpRequest,
    route: str,
    call: Callable[[], object],
    render: Callable[[Any], tuple[int, dict]],
) -> StoredAnswer:
    """Do a POST once for its Idempotency-Key."""
    return answer_once(
        principal=f"agent:{principal_of(request).agent_id}",
        route=route,
        key=request.headers.get("Idempotency-Key", ""),
        raw=request.body,
        call=call,
        render=render,
    )


def respond(document: Mapping[str, object], *, status: int = 200) -> HttpResponse:
    """Write a document; numbers come out as they went in."""
    return respond_raw(json_text(document), status=status)


def respond_raw(
    text: str, *, status: int = 200, content_type: str = "application/json"
) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type=content_type)
    response["Cache-Control"] = "no-store"
    return response


def asked_document(asked: Asked, address: Callable[[str], str]) -> dict[str, Any]:
    """Write what came of asking, without the token: this document is stored."""
    request, ruling = asked.action_request, asked.authority_record
    grant, proposal = asked.grant, asked.proposal
    return {
        "id": str(request.id),
        "status": request.status.lower(),
        "ruling": {
            "outcome": ruling.answer,
            "operating_model_version": ruling.version_number,
            "reasons": ruling.reasons,
        },
        "action_digest": request.digest,
        "grant": grant
        and {
            "id": str(grant.id),
            "not_before": wire_time(grant.not_before),
            "expires_at": wire_time(grant.expires_at),
        },
        "proposal": proposal
        and {
            "id": str(proposal.id),
            "url": address(f"/inbox/{proposal.id}/"),
            "version": 1,
            "due_at": wire_time(proposal.due_at),
            "allowed_decisions": list(DECISIONS),
        },
        "run": _run(request.run_id, address),
        "callback": asked.callback
        and {"name": request.callback, "state": asked.callback},
    }


def action_document(told: ActionTold, address: Callable[[str], str]) -> dict[str, Any]:
    """Write where a request stands, for the agent that asked."""
    grant, proposal = told.grant, told.proposal
    return {
        "id": str(told.id),
        "status": told.status,
        "ruling": {
            "outcome": told.answer,
            "operating_model_version": told.version_number,
            "reasons": told.reasons,
        },
        "action_digest": told.digest,
        "grant": grant
        and {
            "id": str(grant.id),
            "token": grant.token,
            "not_before": wire_time(grant.not_before),
            "expires_at": wire_time(grant.expires_at),
        },
        "proposal": proposal
        and {
            "id": str(proposal.id),
            "url": address(f"/inbox/{proposal.id}/"),
            "version": proposal.version,
            "due_at": wire_time(proposal.due_at),
            "allowed_decisions": list(proposal.allowed_decisions),
            "question": proposal.question,
        },
        "run": _run(told.run_id, address),
        "resolution": _resolution(told),
        "outcome": told.outcome,
    }


def _run(run_id: object, address: Callable[[str], str]) -> dict[str, str]:
    return {"id": str(run_id), "url": address(f"/runs/{run_id}/")}


def _resolution(told: ActionTold) -> dict[str, Any] | None:
    if told.resolution is None:
        return None
    return {
        "type": told.resolution,
        "action": told.resolved_action,
        "action_digest": told.resolved_digest,
        "reason_code": told.reason_code,
        "message": told.message,
        "resolved_at": wire_time(told.resolved_at),
    }
