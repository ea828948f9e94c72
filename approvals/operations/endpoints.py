"""Receivers: registered, tried, moved, given another secret, turned off and on again.

A workflow's receivers belong to whoever may change its rulebook, a department's to the
administrators. A secret is told once, to the person who asked for it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from approvals.models import CallbackEndpoint, Delivery
from approvals.operations.callbacks import SEND, queue_delivery
from approvals.operations.delivering import end_waiting
from approvals.queries.endpoints import (
    delivery_seen_by,
    endpoint_seen_by,
    may_keep,
    place_for,
    who_keeps,
)
from approvals.rules import callbacks
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.addresses import AddressRefused, target_of
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.outbox import enqueue
from portal.core.webhooks import secrets_of

ENDPOINTS_MAX = 20
REASON_LENGTH_MAX = 300


@dataclass(frozen=True)
class WithSecret:
    """A receiver with its secret, which is told this once."""

    endpoint_id: UUID
    name: str
    secret: str


@operation(leaves="endpoint.registered")
def register_endpoint(
    *, actor: Actor, place: str, name: str, url: str, now: datetime
) -> WithSecret:
    """Register a receiver for a workflow or a department, named by `place`.

    Raises Invalid for a name or an address that will not do, and for one that is taken.
    """
    where = place_for(actor, place)
    name, url = name.strip(), url.strip()
    errors = {}
    if not callbacks.NAME.fullmatch(name):
        errors["name"] = callbacks.NAME_WORDS
    try:
        target_of(url)
    except AddressRefused as refusal:
        errors["url"] = str(refusal)
    ours = CallbackEndpoint.objects.filter(
        Q(workflow_id=where.workflow_id)
        if where.workflow_id
        else Q(department_id=where.department_id)
    )
    if not errors and ours.filter(name=name).exists():
        errors["name"] = f"{where.name} has a callback of this name already."
    if errors:
        raise Invalid(errors)
    if ours.count() >= ENDPOINTS_MAX:
        raise Conflict("endpoints.many", f"At most {ENDPOINTS_MAX} callbacks.")
    endpoint = CallbackEndpoint.objects.create(
        workflow_id=where.workflow_id,
        department_id=where.department_id,
        name=name,
        url=url,
        secret_at=now,
        created_by_id=actor.id if actor.is_person else None,
        created_at=now,
    )
    _record("endpoint.registered", actor, endpoint, host=target_of(url).host)
    return WithSecret(endpoint.id, name, secrets_of(endpoint.id, 1)[0])


@operation(leaves="endpoint.moved")
def move_endpoint(*, actor: Actor, endpoint_id: UUID, url: str, now: datetime) -> None:
    """Send to another address from now on; what waits goes there too."""
    endpoint = _take(actor, endpoint_id)
    url = url.strip()
    try:
        host = target_of(url).host
    except AddressRefused as refusal:
        raise Invalid({"url": str(refusal)}) from None
    if url == endpoint.url:
        raise AlreadyDone("endpoint.same", "It is sent there already.")
    endpoint.url = url
    endpoint.failing_since = endpoint.waits_until = None
    endpoint.failures = 0
    endpoint.save(update_fields=("url", "failing_since", "waits_until", "failures"))
    _record("endpoint.moved", actor, endpoint, host=host)


@operation(leaves="endpoint.secret_rotated")
def rotate_secret(*, actor: Actor, endpoint_id: UUID, now: datetime) -> WithSecret:
    """Make a new secret; messages carry a signature by the old one too for a day."""
    endpoint = _take(actor, endpoint_id)
    endpoint.secret_number += 1
    endpoint.secret_at = now
    endpoint.previous_until = now + callbacks.OLD_SECRET_LIVES
    endpoint.save(update_fields=("secret_number", "secret_at", "previous_until"))
    _record("endpoint.secret_rotated", actor, endpoint)
    secret = secrets_of(endpoint.id, endpoint.secret_number)[0]
    return WithSecret(endpoint.id, endpoint.name, secret)


@operation(leaves="endpoint.turned_off")
def turn_off(*, actor: Actor, endpoint_id: UUID, reason: str, now: datetime) -> None:
    """Send nothing there from now on; what waits is given up."""
    endpoint = _take(actor, endpoint_id)
    if not reason.strip():
        raise Invalid({"reason": "Say why."})
    if not endpoint.is_on:
        raise AlreadyDone("endpoint.off", "It is off already.")
    endpoint.is_on = False
    endpoint.off_reason = reason.strip()[:REASON_LENGTH_MAX]
    endpoint.off_at = now
    endpoint.off_by_id = actor.id if actor.is_person else None
    endpoint.save(update_fields=("is_on", "off_reason", "off_at", "off_by"))
    end_waiting(endpoint=endpoint, now=now)
    _record("endpoint.turned_off", actor, endpoint, reason=endpoint.off_reason)


@operation(leaves="endpoint.turned_on")
def turn_on(*, actor: Actor, endpoint_id: UUID, now: datetime) -> None:
    """Send there again. What was not sent meanwhile is not sent by this."""
    endpoint = _take(actor, endpoint_id)
    if endpoint.is_on:
        raise AlreadyDone("endpoint.on", "It is on already.")
    endpoint.is_on = True
    endpoint.off_reason = ""
    endpoint.off_at = endpoint.off_by = None
    endpoint.failing_since = endpoint.waits_until = None
    endpoint.failures = 0
    endpoint.save()
    _record("endpoint.turned_on", actor, endpoint)


@operation(leaves="endpoint.tried")
def send_ping(*, actor: Actor, endpoint_id: UUID, now: datetime) -> Delivery:
    """Send a message that says nothing, to see whether it arrives."""
    endpoint = _take(actor, endpoint_id)
    waiting = Delivery.objects.filter(endpoint=endpoint, state=Delivery.State.WAITING)
    if waiting.filter(event=callbacks.PING).exists():
        raise Conflict("ping.waiting", "A ping is on its way already.")
    delivery = queue_delivery(
        endpoint=endpoint,
        event=callbacks.PING,
        data={"callback": endpoint.name},
        at=now,
    )
    _record("endpoint.tried", actor, endpoint)
    return delivery


@operation(leaves="delivery.resent")
def resend_delivery(*, actor: Actor, delivery_id: UUID, now: datetime) -> Delivery:
    """Send a message again, with the id it always had. Raises Conflict while it waits."""
    seen = delivery_seen_by(actor, delivery_id)
    _must_keep(actor, seen.endpoint)
    delivery = (
        Delivery.objects.select_for_update(no_key=True, of=("self",))
        .select_related("endpoint")
        .get(id=delivery_id)
    )
    if delivery.state == Delivery.State.WAITING:
        raise Conflict("delivery.waiting", "It waits to be sent already.")
    if delivery.state == Delivery.State.CANCELLED:
        raise Conflict(
            "delivery.overtaken", "What it says was overtaken; it is not sent."
        )
    if not delivery.endpoint.is_on:
        raise Conflict("endpoint.off", "Turn the callback on first.")
    delivery.state = Delivery.State.WAITING
    delivery.ended_at = None
    delivery.tries = 0
    delivery.due_at = now
    delivery.resent_by_id = actor.id if actor.is_person else None
    delivery.save(update_fields=("state", "ended_at", "tries", "due_at", "resent_by"))
    CallbackEndpoint.objects.filter(id=delivery.endpoint_id).update(waits_until=None)
    enqueue(topic="hint", payload=SEND)
    record(
        "delivery.resent",
        actor=actor,
        subject=("delivery", delivery.id),
        workflow_id=delivery.workflow_id,
        endpoint=delivery.endpoint.name,
        event=delivery.event,
    )
    return delivery


@step
def _take(actor: Actor, endpoint_id: UUID) -> CallbackEndpoint:
    """Lock a receiver that is this person's to keep."""
    _must_keep(actor, endpoint_seen_by(actor, endpoint_id))
    return (
        CallbackEndpoint.objects.select_for_update(no_key=True, of=("self",))
        .select_related("workflow", "department")
        .get(id=endpoint_id)
    )


def _must_keep(actor: Actor, endpoint: CallbackEndpoint) -> None:
    if not may_keep(actor, endpoint):
        raise Forbidden(
            "You may see this callback, but you may not change it.",
            who_can_help=who_keeps(endpoint),
        )


@step
def _record(name: str, actor: Actor, endpoint: CallbackEndpoint, **facts: str) -> None:
    record(
        name,
        actor=actor,
        subject=("endpoint", endpoint.id),
        workflow_id=endpoint.workflow_id,
        endpoint=endpoint.name,
        **facts,
    )
