"""The outbox: what a transaction wants done after its commit.

`enqueue` writes a row beside the change. `relay_outbox` claims due rows, hands each
to the handler of its topic and marks it delivered. At least once: handlers are
idempotent. Rooms register handlers in their AppConfig.ready().
"""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection

from portal.core.clock import database_now
from portal.core.ids import new_id
from portal.core.models import OutboxMessage

ATTEMPTS_MAX = 8
BATCH_SIZE = 100
BACKOFF_SECONDS_MAX = 300
DELIVERED_KEPT_FOR = timedelta(days=7)
PAYLOAD_BYTES_MAX = 64 * 1024

Handler = Callable[[dict], None]
_HANDLERS: dict[str, Handler] = {}
log = structlog.get_logger(__name__)


class RefusedByReceiver(Exception):  # noqa: N818 - it is an answer, not our error
    """A handler says that trying again cannot help."""


@dataclass(frozen=True)
class RelayReport:
    delivered: int
    failed: int


def handles(topic: str, handler: Handler) -> None:
    """Name the one handler of a topic; called once, when the room starts."""
    _HANDLERS[topic] = handler


def enqueue(*, topic: str, payload: dict, available_at: datetime | None = None) -> None:
    """Write one message inside the caller's transaction. One query.

    Raises RuntimeError outside a transaction: a message without the change that
    wants it would be a promise nobody made.
    """
    text = _checked(topic, payload)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_outboxmessage (id, topic, payload, created_at, available_at,"
            " attempts, last_error) VALUES (%s, %s, %s, clock_timestamp(),"
            " coalesce(%s, clock_timestamp()), 0, '')",
            [new_id(), topic, text, available_at],
        )


def enqueue_each(*, topic: str, payloads: Iterable[dict]) -> None:
    """Write one message for each payload, due at once. One query, however many they are."""
    texts = [_checked(topic, payload) for payload in payloads]
    if texts:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_outboxmessage (id, topic, payload, created_at,"
                " available_at, attempts, last_error) SELECT m.id, %s, m.payload::jsonb,"
                " clock_timestamp(), clock_timestamp(), 0, ''"
                " FROM unnest(%s::uuid[], %s::text[]) AS m (id, payload)",
                [topic, [new_id() for _ in texts], texts],
            )


def _checked(topic: str, payload: dict) -> str:
    if not connection.in_atomic_block:
        raise RuntimeError("enqueue belongs inside an operation")
    text = json.dumps(payload)
    if len(text) > PAYLOAD_BYTES_MAX:
        raise ValueError(
            f"a message of {topic} is larger than {PAYLOAD_BYTES_MAX} bytes"
        )
    return text


def has_due() -> bool:
    """Say whether anything waits; cheap enough to ask four times a second."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM core_outboxmessage WHERE delivered_at IS NULL"
            " AND dead_at IS NULL AND available_at <= clock_timestamp())"
        )
        return cursor.fetchone()[0]


def claim(*, limit: int = BATCH_SIZE) -> list[OutboxMessage]:
    """Lease due messages, so that two relays share the work. One statement.

    The lease is `available_at` moved into the future: a relay that dies leaves its
    messages due again, later by the back-off.
    """
    return list(
        OutboxMessage.objects.raw(
            "UPDATE core_outboxmessage SET attempts = attempts + 1,"
            " available_at = clock_timestamp() + least(power(2, attempts), %s)"
            " * interval '1 second' + interval '30 seconds'"
            " WHERE id IN (SELECT id FROM core_outboxmessage WHERE delivered_at IS NULL"
            " AND dead_at IS NULL AND available_at <= clock_timestamp()"
            " ORDER BY available_at, id LIMIT %s FOR UPDATE SKIP LOCKED)"
            " RETURNING *",
            [BACKOFF_SECONDS_MAX, limit],
        )
    )


def relay_once() -> RelayReport:
    """Deliver what is due now. Never raises for one bad message."""
    delivered: list = []
    failed = 0
    hinted: set[str] = set()
    for message in claim():
        # A hint carries no id, so one hint of a kind serves the whole batch.
        mark = json.dumps(message.payload, sort_keys=True)
        if message.topic == "hint" and mark in hinted:
            delivered.append(message.id)
            continue
        if _deliver(message):
            delivered.append(message.id)
            hinted.add(mark)
        else:
            failed += 1
    if delivered:
        OutboxMessage.objects.filter(id__in=delivered).update(
            delivered_at=database_now()
        )
    return RelayReport(delivered=len(delivered), failed=failed)


def _deliver(message: OutboxMessage) -> bool:
    handler = _HANDLERS.get(message.topic)
    try:
        if handler is None:
            raise RefusedByReceiver(f"nothing handles {message.topic}")
        handler(message.payload)
    except RefusedByReceiver as refusal:
        _bury(message, str(refusal))
        return False
    except Exception as error:  # noqa: BLE001 - one bad message never stops the relay
        log.warning("outbox.failed", topic=message.topic, error=type(error).__name__)
        _postpone(message, f"{type(error).__name__}: {error}")
        return False
    return True


def _postpone(message: OutboxMessage, reason: str) -> None:
    if message.attempts >= ATTEMPTS_MAX:
        _bury(message, reason)
        return
    seconds = random.uniform(0, min(2**message.attempts, BACKOFF_SECONDS_MAX))  # noqa: S311
    OutboxMessage.objects.filter(id=message.id).update(
        last_error=reason[:300],
        available_at=database_now() + timedelta(seconds=seconds),
    )


def _bury(message: OutboxMessage, reason: str) -> None:
    OutboxMessage.objects.filter(id=message.id).update(
        last_error=reason[:300], dead_at=database_now()
    )


def forget_delivered() -> int:
    """Remove messages delivered more than a week ago; says how many."""
    before = database_now() - DELIVERED_KEPT_FOR
    return OutboxMessage.objects.filter(delivered_at__lt=before).delete()[0]


def redrive_dead() -> int:
    """Make dead messages due again; says how many."""
    return OutboxMessage.objects.filter(
        delivered_at=None, dead_at__isnull=False
    ).update(dead_at=None, attempts=0, available_at=database_now())
