"""Sending what waits: claim one message, call, mark it. At least once, by the same id.

Nothing is held while the call runs. A worker that is killed between the call and the mark
leaves its message due again after the lease, and the receiver gets it twice.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from approvals.models import CallbackEndpoint, Delivery
from approvals.rules import callbacks
from portal.accounts.actors import SYSTEM
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record, step
from portal.core.clock import database_now
from portal.core.errors import AlreadyDone
from portal.core.ids import new_id
from portal.core.webhooks import Posted, secrets_of

_CLAIM = (
    "UPDATE approvals_delivery SET attempts = attempts + 1, tries = tries + 1,"
    " due_at = clock_timestamp() + %s * interval '1 second'"
    " WHERE id = (SELECT d.id FROM approvals_delivery d"
    "  JOIN approvals_callbackendpoint e ON e.id = d.endpoint_id"
    "  WHERE d.state = 'WAITING' AND d.due_at <= clock_timestamp()"
    "  AND (e.is_on OR d.event = 'ping')"
    "  AND (e.waits_until IS NULL OR e.waits_until <= clock_timestamp()"
    "   OR d.event = 'ping')"
    "  ORDER BY (e.failing_since IS NOT NULL), d.due_at, d.id"
    "  LIMIT 1 FOR NO KEY UPDATE OF d SKIP LOCKED)"
    " RETURNING id"
)
_KEEP_ATTEMPT = (
    "INSERT INTO approvals_deliveryattempt"
    " (id, delivery_id, number, began_at, milliseconds, status, error, asked_by_id)"
    " SELECT %s, id, %s, %s, %s, %s, %s, resent_by_id FROM approvals_delivery"
    " WHERE id = %s ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True)
class Claimed:
    """One message that is ours to send until its lease is over."""

    id: UUID
    endpoint_id: UUID
    url: str
    secrets: tuple[str, ...]
    payload: str
    number: int
    tries: int
    at: datetime

    @property
    def message_id(self) -> str:
        return message_id_of(self.id)


def message_id_of(delivery_id: UUID) -> str:
    """Give the `webhook-id`: the same however often the message is sent."""
    return f"msg_{delivery_id.hex}"


def claim_delivery() -> Claimed | None:
    """Lease the next due message, receivers that answer first. Three queries, or None."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [callbacks.LEASE.total_seconds()])
        row = cursor.fetchone()
    if row is None:
        return None
    delivery = Delivery.objects.select_related("endpoint").get(id=row[0])
    now = database_now()
    return Claimed(
        id=delivery.id,
        endpoint_id=delivery.endpoint_id,
        url=delivery.endpoint.url,
        secrets=secrets_now(delivery.endpoint, now=now),
        payload=delivery.payload,
        number=delivery.attempts,
        tries=delivery.tries,
        at=now,
    )


def secrets_now(endpoint: CallbackEndpoint, *, now: datetime) -> tuple[str, ...]:
    """Give the secrets that sign now: the current one, and the one before while it lives."""
    current = secrets_of(endpoint.id, endpoint.secret_number)
    if endpoint.previous_until is None or endpoint.previous_until <= now:
        return current
    return (*current, *secrets_of(endpoint.id, endpoint.secret_number - 1))


def mark(claimed: Claimed, posted: Posted) -> bool:
    """Keep how one call went; says whether the message is done with. Four queries.

    Not an operation: a delivery decides nothing, and its attempts are their own record.
    What is given up, and a receiver that is turned off, stand in the journal.
    """
    now = database_now()
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP_ATTEMPT,
            [
                new_id(),
                claimed.number,
                claimed.at,
                round(posted.seconds * 1000),
                posted.status,
                posted.error[:200],
                claimed.id,
            ],
        )
    waiting = Delivery.objects.filter(
        id=claimed.id, state=Delivery.State.WAITING, attempts=claimed.number
    )
    if posted.is_delivered:
        waiting.update(
            state=Delivery.State.DELIVERED,
            ended_at=now,
            last_status=posted.status,
            last_error="",
        )
        _it_answers(claimed.endpoint_id, now)
        return True
    again = callbacks.next_try(
        tries=claimed.tries, now=now, is_refused=posted.is_refused
    )
    told = {"last_status": posted.status, "last_error": posted.error[:200]}
    waiting.update(due_at=again or now, **told)
    _it_fails(claimed.endpoint_id, posted, now)
    if again is None:
        give_up(delivery_id=claimed.id, number=claimed.number, now=now)
    return again is None


def _it_answers(endpoint_id: UUID, now: datetime) -> None:
    CallbackEndpoint.objects.filter(id=endpoint_id).update(
        failing_since=None, failures=0, waits_until=None, last_delivered_at=now
    )


def _it_fails(endpoint_id: UUID, posted: Posted, now: datetime) -> None:
    """Count the failure; hold the receiver's other messages; turn it off after days."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE approvals_callbackendpoint SET failures = failures + 1,"
            " failing_since = coalesce(failing_since, %s) WHERE id = %s"
            " RETURNING failures, failing_since, is_on",
            [now, endpoint_id],
        )
        failures, since, is_on = cursor.fetchone()
    rest = callbacks.endpoint_rest(failures=failures, status=posted.status)
    CallbackEndpoint.objects.filter(id=endpoint_id).update(
        waits_until=now + rest if rest else None
    )
    if is_on and callbacks.is_turned_off(
        failing_since=since, failures=failures, now=now
    ):
        turn_off_failing(endpoint_id=endpoint_id, now=now)


@operation(leaves="delivery.given_up")
def give_up(*, delivery_id: UUID, number: int, now: datetime) -> None:
    """End a message that nobody tries any more. Raises AlreadyDone if it was resent."""
    ended = Delivery.objects.filter(
        id=delivery_id, state=Delivery.State.WAITING, attempts=number
    ).update(state=Delivery.State.DEAD, ended_at=now)
    if not ended:
        raise AlreadyDone("delivery.moved", "It ended or was sent again meanwhile.")
    delivery = Delivery.objects.select_related("endpoint").get(id=delivery_id)
    record(
        "delivery.given_up",
        actor=SYSTEM,
        subject=("delivery", delivery.id),
        workflow_id=delivery.workflow_id,
        endpoint=delivery.endpoint.name,
        event=delivery.event,
        attempts=delivery.attempts,
        error=delivery.last_error,
    )
    tell(
        kind="delivery_given_up",
        subject=("delivery", delivery.id),
        workflow_id=delivery.workflow_id,
        at=now,
    )


@step
def end_waiting(*, endpoint: CallbackEndpoint, now: datetime) -> None:
    """Give up what waits for a receiver that is turned off; a person may send it again."""
    Delivery.objects.filter(endpoint=endpoint, state=Delivery.State.WAITING).update(
        state=Delivery.State.DEAD,
        ended_at=now,
        last_error="The callback was turned off before this was sent.",
    )


@operation(leaves="endpoint.turned_off")
def turn_off_failing(*, endpoint_id: UUID, now: datetime) -> None:
    """Send nothing more to a receiver that has failed for days; its owner is told."""
    endpoint = CallbackEndpoint.objects.select_for_update(
        no_key=True, of=("self",)
    ).get(id=endpoint_id)
    if not endpoint.is_on or not callbacks.is_turned_off(
        failing_since=endpoint.failing_since, failures=endpoint.failures, now=now
    ):
        raise AlreadyDone("endpoint.off", "It answers again, or was turned off.")
    endpoint.is_on = False
    endpoint.off_at = now
    endpoint.off_reason = (
        f"It has answered nothing with success for {callbacks.OFF_AFTER.days} days."
    )
    endpoint.save(update_fields=("is_on", "off_at", "off_reason"))
    end_waiting(endpoint=endpoint, now=now)
    record(
        "endpoint.turned_off",
        actor=SYSTEM,
        subject=("endpoint", endpoint.id),
        workflow_id=endpoint.workflow_id,
        endpoint=endpoint.name,
        reason=endpoint.off_reason,
    )
