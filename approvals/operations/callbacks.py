"""Telling an agent's receiver that something changed: a row and a hint, in the same commit.

A message names ids, a status and links. It holds no argument, no text and no token: the
receiver reads the rest with its own key.
"""

import json
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q

from approvals.models import ActionRequest, CallbackEndpoint, Delivery, Grant
from approvals.queries.endpoints import WORKFLOWS
from approvals.rules import callbacks
from portal.accounts.actors import Actor
from portal.audit.operation import step
from portal.core.http import wire_time
from portal.core.ids import new_id
from portal.core.outbox import enqueue

SEND = {"task": "approvals.tasks.send_deliveries"}


def endpoint_named(*, workflow_id: UUID, name: str) -> CallbackEndpoint | None:
    """Give the receiver of this name: the workflow's own, or its department's. One query."""
    of_department = Q(
        department__in=WORKFLOWS.filter(id=workflow_id).values("department")
    )
    return (
        CallbackEndpoint.objects.filter(
            Q(workflow_id=workflow_id) | of_department, name=name
        )
        .order_by(F("workflow_id").asc(nulls_last=True), "id")
        .first()
    )


def callback_state(*, workflow_id: UUID, name: str) -> str | None:
    """Say whether the receiver that an action names is on, off or unknown.

    No query without a name. An unknown one is no refusal: the agent can wait and read,
    and whoever registers the name later gets what changes from then on.
    """
    if not name:
        return None
    endpoint = endpoint_named(workflow_id=workflow_id, name=name)
    if endpoint is None:
        return "unknown"
    return "on" if endpoint.is_on else "off"


@step
def tell_callback(
    action_request: ActionRequest,
    *,
    kind: str,
    at: datetime,
    actor: Actor,
    proposal: object = None,
    grant: object = None,
    resolution: object = None,
) -> None:
    """Queue what a moment means for the receiver that the action named, if it named one.

    No query without a callback; else up to four, and one hint.
    """
    if not action_request.callback:
        return
    event = callbacks.event_of(
        kind,
        is_final=resolution is not None,
        has_proposal=bool(proposal),
        has_grant=bool(grant),
        by_agent=actor.kind == "agent",
    )
    if event is None:
        return
    endpoint = endpoint_named(
        workflow_id=action_request.workflow_id, name=action_request.callback
    )
    if endpoint is None or not endpoint.is_on:
        return
    issued = Grant.objects.filter(id=UUID(str(grant))).first() if grant else None
    if event == callbacks.USABLE and (issued is None or not _is_news(issued)):
        return
    queue_delivery(
        endpoint=endpoint,
        event=event,
        data=_data(action_request, proposal, issued),
        action_request=action_request,
        grant_id=issued.id if issued and event == callbacks.USABLE else None,
        due_at=issued.not_before if issued and event == callbacks.USABLE else at,
        at=at,
    )


def _is_news(grant: Grant) -> bool:
    """Say whether the agent does not have it yet: an allowance came with its answer."""
    return grant.version_id is not None or grant.reissues_id is not None


@step
def queue_delivery(
    *,
    endpoint: CallbackEndpoint,
    event: str,
    data: dict[str, object],
    at: datetime,
    action_request: ActionRequest | None = None,
    grant_id: UUID | None = None,
    due_at: datetime | None = None,
) -> Delivery:
    """Write one message whose bytes and id never change, and hint that it waits."""
    workflow_id = action_request.workflow_id if action_request else endpoint.workflow_id
    due = due_at or at
    delivery = Delivery.objects.create(
        id=new_id(),
        endpoint=endpoint,
        action_request=action_request,
        workflow_id=workflow_id,
        grant_id=grant_id,
        event=event,
        payload=json.dumps(
            {"type": event, "timestamp": wire_time(at), "data": data},
            separators=(",", ":"),
        ),
        due_at=due,
        occurred_at=at,
    )
    enqueue(topic="hint", payload=SEND, available_at=due if due > at else None)
    return delivery


@step
def overtake(*, grant_id: UUID, now: datetime) -> None:
    """Send no more that a grant is usable: it ended. One query."""
    Delivery.objects.filter(grant_id=grant_id, state=Delivery.State.WAITING).update(
        state=Delivery.State.CANCELLED, ended_at=now
    )


def _data(
    request: ActionRequest, proposal: object, grant: Grant | None
) -> dict[str, object]:
    root = settings.PUBLIC_URL
    links = {
        "action": f"{root}/api/v1/actions/{request.id}",
        "run": f"{root}/runs/{request.run_id}/",
    }
    if proposal:
        links["proposal"] = f"{root}/inbox/{proposal}/"
    return {
        "action": str(request.id),
        "status": request.status.lower(),
        "resolution": request.resolution or None,
        "tool_call_id": request.tool_call_id or None,
        "run": str(request.run_id),
        "proposal": str(proposal) if proposal else None,
        "grant": grant
        and {
            "id": str(grant.id),
            "not_before": wire_time(grant.not_before),
            "expires_at": wire_time(grant.expires_at),
        },
        "links": links,
    }
