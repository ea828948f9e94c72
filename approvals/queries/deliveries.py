"""What was sent to receivers, newest first, and one message with each of its attempts."""

import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from approvals.models import Delivery, DeliveryAttempt
from approvals.queries.endpoints import (
    WORKFLOWS,
    deliveries_seen_by,
    delivery_seen_by,
    may_keep,
    who_keeps,
)
from approvals.rules import callbacks
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from portal.core.pagination import Page, keyset

_ORDER = ("-occurred_at", "-id")
# What the filter offers: the word in the address, its label, the state in the table.
STATES = (
    ("", "All", None),
    ("waiting", "Waiting", Delivery.State.WAITING),
    ("given-up", "Given up", Delivery.State.DEAD),
    ("delivered", "Delivered", Delivery.State.DELIVERED),
    ("overtaken", "Overtaken", Delivery.State.CANCELLED),
)
_LOOK = {
    "WAITING": ("Waiting", "waiting"),
    "DELIVERED": ("Delivered", "done"),
    "DEAD": ("Given up", "failed"),
    "CANCELLED": ("Overtaken", "paused"),
}


@dataclass(frozen=True)
class DeliveryLine:
    """One message in the list."""

    id: UUID
    event: str
    about: str
    endpoint: str
    endpoint_id: UUID
    workflow: str
    state: str
    tone: str
    sentence: str
    attempts: int
    occurred_at: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class AttemptLine:
    number: int
    began_at: datetime
    seconds: float
    status: int | None
    error: str
    asked_by: str | None


@dataclass(frozen=True)
class DeliveryShown:
    """One message, its words and how each attempt went."""

    line: DeliveryLine
    message_id: str
    host: str
    payload: str
    proposal_id: UUID | None
    run_id: UUID | None
    attempts: tuple[AttemptLine, ...]
    may_resend: bool
    why_not: str


def deliveries_for(
    actor: Actor,
    *,
    state: str = "",
    slug: str = "",
    endpoint_id: UUID | None = None,
    cursor: str | None = None,
) -> Page:
    """Give one page of the messages that a person may see. Two to four queries.

    Raises NotFound for a workflow that they may not see.
    """
    rows = deliveries_seen_by(actor)
    wanted = next((found for word, _, found in STATES if word == state), None)
    if wanted is not None:
        rows = rows.filter(state=wanted)
    if endpoint_id is not None:
        rows = rows.filter(endpoint=endpoint_id)
    if slug:
        workflow = access.visible(WORKFLOWS.filter(slug=slug), actor=actor).first()
        if workflow is None:
            raise NotFound("There is nothing here, or you may not see it.")
        rows = rows.filter(workflow_id=workflow.id)
    page = keyset(rows, order=_ORDER, cursor=cursor)
    return Page(
        items=tuple(map(_line, page.items)),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
    )


def delivery_for(actor: Actor, delivery_id: UUID) -> DeliveryShown:
    """Give one message to somebody who may see it. Five queries. Raises NotFound."""
    row = delivery_seen_by(actor, delivery_id)
    calls = (
        DeliveryAttempt.objects.filter(delivery=row)
        .select_related("asked_by")
        .order_by("number")
    )
    is_kept = may_keep(actor, row.endpoint)
    why_not = _why_not_resend(row, is_kept=is_kept)
    said = json.loads(row.payload)
    told = said.get("data", {})
    return DeliveryShown(
        line=_line(row),
        message_id=f"msg_{row.id.hex}",
        host=urlsplit(row.endpoint.url).netloc,
        payload=json.dumps(said, indent=2),
        proposal_id=_uuid(told.get("proposal")),
        run_id=_uuid(told.get("run")),
        attempts=tuple(
            AttemptLine(
                number=call.number,
                began_at=call.began_at,
                seconds=call.milliseconds / 1000,
                status=call.status,
                error=call.error,
                asked_by=call.asked_by.name if call.asked_by else None,
            )
            for call in calls
        ),
        may_resend=not why_not,
        why_not=why_not,
    )


def _why_not_resend(row: Delivery, *, is_kept: bool) -> str:
    if row.state == Delivery.State.WAITING:
        return "It waits to be sent already."
    if row.state == Delivery.State.CANCELLED:
        return "What it says was overtaken, so it is not sent."
    if not is_kept:
        return f"{who_keeps(row.endpoint)} can send it again."
    if not row.endpoint.is_on:
        return "The callback is off. Turn it on to send this again."
    return ""


def _line(row: Delivery) -> DeliveryLine:
    word, tone = _LOOK[row.state]
    is_waiting = row.state == Delivery.State.WAITING
    sentence = row.last_error
    if not sentence and is_waiting:
        sentence = "Not sent yet."
    return DeliveryLine(
        id=row.id,
        event=row.event,
        about=callbacks.EVENTS.get(row.event, row.event),
        endpoint=row.endpoint.name,
        endpoint_id=row.endpoint_id,
        workflow=row.workflow.name if row.workflow else "",
        state=word,
        tone=tone,
        sentence=sentence,
        attempts=row.attempts,
        occurred_at=row.occurred_at,
        due_at=row.due_at if is_waiting and row.attempts else None,
    )


def _uuid(value: object) -> UUID | None:
    return UUID(str(value)) if value else None
