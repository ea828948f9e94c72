"""Asking, waiting, withdrawing, answering and reporting: `/api/v1/actions`."""

import time
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from approvals.api import schemas, wire
from approvals.operations.ask import ask_action
from approvals.operations.moves import answer_question
from approvals.operations.outcomes import Report, report_outcome
from approvals.operations.reissuing import NotReissued, reissue_grant
from approvals.operations.withdraw import withdraw_action
from approvals.queries.actions import action_told, changed_at, token_of_grant
from approvals.queries.envelope import Asking, action_bytes
from approvals.rules.moves import ActionStatus
from portal.accounts.agent_auth import principal_of
from portal.core import strict_json
from portal.core.clock import wall_clock
from portal.core.errors import Problem
from portal.core.http import PROBLEM_TYPE

WAIT_SECONDS_MAX = 25
POLL_SECONDS = 0.2
WAITING = (ActionStatus.IN_REVIEW, ActionStatus.ESCALATED)
router = Router(tags=["actions"])


@router.post(
    "/actions",
    response={201: schemas.AskedOut},
    operation_id="ask_action",
    summary="Ask for leave to do one action",
    openapi_extra=wire.documented(403, 409, 413, 415, 422),
)
def ask(request: HttpRequest, body: schemas.AskIn) -> HttpResponse:
    """The rulebook answers at once: allow, review, escalate or refuse, with reasons.

    A refusal is 201 too: it is an answer, and it is on record.
    """
    principal = principal_of(request)
    principal.needs("actions")
    raw = request.body
    asking = Asking(
        workflow=body.workflow,
        run=body.run,
        raw=raw,
        action=action_bytes(raw),
        body=strict_json.parse_object(raw),
        expires_at=body.expires_at,
    )
    answer = wire.once(
        request,
        "POST actions",
        lambda: ask_action(principal=principal, asking=asking, now=wall_clock()),
        lambda asked: (201, wire.asked_document(asked, request.build_absolute_uri)),
    )
    document = answer.document
    if document.get("grant"):
        # The token is told anew each time and is in no stored answer.
        document["grant"]["token"] = token_of_grant(
            agent_id=principal.agent_id, grant_id=UUID(document["grant"]["id"])
        )
    return wire.respond(document, status=answer.status)


@router.get(
    "/actions/{uuid:action_id}",
    response=schemas.ActionOut,
    operation_id="get_action",
    summary="Read where an action stands, or wait for a change",
    openapi_extra=wire.documented(403, 422, needs_key=False),
)
def read(
    request: HttpRequest,
    action_id: UUID,
    wait: int = Query(
        0, ge=0, le=WAIT_SECONDS_MAX, description="Seconds to wait at most."
    ),
) -> HttpResponse:
    """With `wait`, answers when people have decided or asked, or when the time is over."""
    principal = principal_of(request)
    principal.needs("actions")
    told = action_told(agent_id=principal.agent_id, action_id=action_id)
    if wait and told.status.upper() in WAITING:
        _wait_for_change(principal.agent_id, action_id, told.changed_at, wait)
        told = action_told(agent_id=principal.agent_id, action_id=action_id)
    return wire.respond(wire.action_document(told, request.build_absolute_uri))


@router.post(
    "/actions/{uuid:action_id}/withdraw",
    response=schemas.ActionOut,
    operation_id="withdraw_action",
    summary="Take a request back before anything ran",
    openapi_extra=wire.documented(403, 409, 413, 415, 422),
)
def withdraw(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """An open proposal ends; an unused grant is revoked. No body is needed."""
    principal = principal_of(request)
    principal.needs("actions")
    answer = wire.once(
        request,
        f"POST actions/{action_id}/withdraw",
        lambda: withdraw_action(
            actor=principal.actor, action_id=action_id, now=wall_clock()
        ),
        lambda done: (200, {"id": str(done.id), "status": done.status.lower()}),
    )
    told = action_told(agent_id=principal.agent_id, action_id=action_id)
    return wire.respond(
        wire.action_document(told, request.build_absolute_uri), status=answer.status
    )


@router.post(
    "/actions/{uuid:action_id}/answer",
    response=schemas.ActionOut,
    operation_id="answer_question",
    summary="Answer a reviewer's question",
    openapi_extra=wire.documented(403, 409, 413, 415, 422),
)
def answer(
    request: HttpRequest, action_id: UUID, body: schemas.AnswerIn
) -> HttpResponse:
    """The clock of the proposal, which stood still, runs on."""
    principal = principal_of(request)
    principal.needs("actions")
    evidence = [item.model_dump(mode="json") for item in body.evidence]
    stored = wire.once(
        request,
        f"POST actions/{action_id}/answer",
        lambda: answer_question(
            actor=principal.actor,
            action_id=action_id,
            message=body.message,
            evidence=evidence,
            now=wall_clock(),
        ),
        lambda done: (200, {"id": str(done.id), "status": done.status.lower()}),
    )
    told = action_told(agent_id=principal.agent_id, action_id=action_id)
    return wire.respond(
        wire.action_document(told, request.build_absolute_uri), status=stored.status
    )


@router.post(
    "/actions/{uuid:action_id}/grant",
    response={201: schemas.ActionOut},
    operation_id="reissue_grant",
    summary="Have a grant that ran out unused issued again",
    openapi_extra=wire.documented(403, 409, 413, 415, 422),
)
def reissue(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """For the same basis, while the rulebook still rules so. No body is needed.

    The rulebook is asked again. 409 when it asks for more than it did, when the grant was
    used or revoked, or when it was issued again three times or a day has gone: ask anew.
    """
    principal = principal_of(request)
    principal.needs("actions")
    stored = wire.once(
        request,
        f"POST actions/{action_id}/grant",
        lambda: reissue_grant(
            actor=principal.actor, action_id=action_id, now=wall_clock()
        ),
        _reissued,
    )
    if stored.status != 201:
        return wire.respond_raw(
            wire.json_text(stored.document),
            status=stored.status,
            content_type=PROBLEM_TYPE,
        )
    told = action_told(agent_id=principal.agent_id, action_id=action_id)
    return wire.respond(
        wire.action_document(told, request.build_absolute_uri), status=stored.status
    )


def _reissued(result: Any) -> tuple[int, dict]:
    if not isinstance(result, NotReissued):
        return 201, {"id": str(result.id)}
    problem = Problem(
        result.detail,
        code=result.code,
        title="It is not granted again",
        who_can_help=result.who_can_help,
    )
    problem.status = 409
    return problem.status, problem.as_document()


@router.post(
    "/actions/{uuid:action_id}/outcome",
    response={201: schemas.OutcomeOut},
    operation_id="report_outcome",
    summary="Report what really happened",
    openapi_extra=wire.documented(403, 409, 413, 415, 422),
)
def outcome(
    request: HttpRequest, action_id: UUID, body: schemas.OutcomeIn
) -> HttpResponse:
    """Reports are only added and the latest counts; `unknown` is an answer."""
    principal = principal_of(request)
    principal.needs("actions")
    said = strict_json.parse_object(request.body)
    report = Report(
        status=body.status.upper(),
        detail=body.detail,
        external_ref=body.external_ref,
        changes=tuple(
            _plain_change(change) for change in _list_of(said.get("changes"))
        ),
    )
    stored = wire.once(
        request,
        f"POST actions/{action_id}/outcome",
        lambda: report_outcome(
            actor=principal.actor, action_id=action_id, report=report, now=wall_clock()
        ),
        lambda done: (
            201,
            {
                "id": str(done.id),
                "status": "unknown" if done.status == "UNKNOWN" else "executed",
                "outcome": done.status.lower(),
                "number": done.number,
            },
        ),
    )
    return wire.respond(stored.document, status=stored.status)


def _plain_change(change: dict) -> dict[str, str | None]:
    """Keep what changed as texts: a report is read by people, not calculated with."""
    return {
        name: None if change.get(name) is None else _short(change[name])
        for name in ("system", "resource", "field", "before", "after")
    }


def _short(value: object) -> str:
    text = value if isinstance(value, str) else wire.json_text(value)
    return text[:2000]


def _wait_for_change(agent_id: UUID, action_id: UUID, since, seconds: int) -> None:
    """Look again until something changed. Polls, so that it works without the broker."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not connection.in_atomic_block:
            # A waiter holds no connection while it sleeps.
            connection.close()
        time.sleep(POLL_SECONDS)
        now = changed_at(agent_id=agent_id, action_id=action_id)
        if now is None or now[1] != since:
            return


def _list_of(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
