"""Idempotency keys: the same key and body give the same stored answer.

The record is written in the transaction of the work itself, by the doorway
(`portal.audit.operation`), so there is no moment in which the work is done and the
answer is not kept. Draft RFC "The Idempotency-Key HTTP Header Field", version 07.
"""

import hashlib
import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from portal.core.clock import database_now, moment_of_history
from portal.core.errors import Conflict, Invalid
from portal.core.ids import new_id
from portal.core.models import IdempotencyRecord

KEPT_FOR = timedelta(days=7)
KEY_LENGTH_MAX = 255
_KEPT = (
    "SELECT fingerprint, status, document FROM core_idempotencyrecord"
    " WHERE principal = %s AND route = %s AND key = %s"
)
_KEEP = (
    "INSERT INTO core_idempotencyrecord"
    " (id, principal, route, key, fingerprint, status, document, created_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, coalesce(%s, clock_timestamp()))"
)


@dataclass(frozen=True)
class StoredAnswer:
    """What was answered to a key: HTTP status and JSON document."""

    status: int
    document: dict
    is_replay: bool


@dataclass
class Claim:
    """One request's wish to be done once; the doorway fulfils it."""

    principal: str
    route: str
    key: str
    fingerprint: str
    render: Callable[[object], tuple[int, dict]]
    answer: StoredAnswer | None = field(default=None)


class Replayed(Exception):  # noqa: N818 - it carries an answer
    """The key was answered before; the transaction has nothing to do."""


PENDING: ContextVar[Claim | None] = ContextVar("idempotency_claim", default=None)


def answer_once(
    *,
    principal: str,
    route: str,
    key: str,
    raw: bytes,
    call: Callable[[], object],
    render: Callable[[object], tuple[int, dict]],
) -> StoredAnswer:
    """Do `call`, one operation, unless this key was answered; give the answer.

    `render(result)` makes status and document, without secrets: it is stored. Raises
    Invalid for a missing key or one used for another body, Conflict while the first
    request of the key still runs.
    """
    _check_key(key)
    claim = Claim(principal, route, key, hashlib.sha256(raw).hexdigest(), render)
    token = PENDING.set(claim)
    try:
        call()
    except Replayed:
        pass
    finally:
        PENDING.reset(token)
    if claim.answer is None:
        raise AssertionError(f"{route} ran no operation, so its key was not kept")
    return claim.answer


def _check_key(key: str) -> None:
    if not key:
        raise Invalid(
            {
                "Idempotency-Key": "This header is required: a key of your own for this request."
            },
            code="idempotency.key_missing",
        )
    if len(key) > KEY_LENGTH_MAX or not key.isprintable():
        raise Invalid(
            {"Idempotency-Key": f"At most {KEY_LENGTH_MAX} printable characters."},
            code="idempotency.key_invalid",
        )


def begin(claim: Claim) -> None:
    """Take the key for this transaction, or raise Replayed with the kept answer set."""
    number = int.from_bytes(
        hashlib.sha256(
            "\x00".join((claim.principal, claim.route, claim.key)).encode()
        ).digest()[:8],
        "big",
        signed=True,
    )
    with connection.cursor() as cursor:
        # A try-lock: a second request must hear "still running" at once, not wait.
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise Conflict(
                "idempotency.in_progress", "The first request with this key still runs."
            )
        # After the lock, by a statement of its own: it must see what the first left.
        cursor.execute(_KEPT, [claim.principal, claim.route, claim.key])
        kept = cursor.fetchone()
    if kept is None:
        return
    fingerprint, status, document = kept
    if fingerprint != claim.fingerprint:
        raise Invalid(
            {"Idempotency-Key": "This key was used for another body."},
            code="idempotency.key_reused",
        )
    claim.answer = StoredAnswer(status, json.loads(document), is_replay=True)
    raise Replayed


def keep(claim: Claim, result: object) -> None:
    """Store the answer to the key, in the transaction of the work."""
    status, document = claim.render(result)
    text = json.dumps(document, cls=DjangoJSONEncoder)
    moment = moment_of_history()
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            [
                new_id(),
                claim.principal,
                claim.route,
                claim.key,
                claim.fingerprint,
                status,
                text,
                moment,
            ],
        )
    claim.answer = StoredAnswer(status, json.loads(text), is_replay=False)


def forget_old() -> int:
    """Remove keys older than seven days; says how many."""
    before = database_now() - KEPT_FOR
    return IdempotencyRecord.objects.filter(created_at__lt=before).delete()[0]
