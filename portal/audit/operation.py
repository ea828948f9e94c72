"""The one doorway for writes.

An operation is one database transaction that leaves at least one journal entry.
Everything that changes state goes through a function decorated here, so "nothing
changes without a record" is a property of the code's shape and of nobody's memory.
A nested write is a step: it joins the caller's transaction and refuses to run alone.
"""

import functools
import random
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol
from uuid import UUID

from django.db import OperationalError, connection, transaction

from portal.audit import chaining
from portal.audit.names import SENTENCES
from portal.core import idempotency
from portal.core.errors import Unavailable

TRIES_MAX = 4
_SERIALIZATION, _DEADLOCK, _LOCK_TIMEOUT = "40001", "40P01", "55P03"
_OPEN: ContextVar[list[chaining.Draft] | None] = ContextVar("operation", default=None)


class UnrecordedChange(AssertionError):
    """An operation finished without the journal entry that it promised."""


class ActorLike(Protocol):
    """Who does it: a person, an agent or the portal itself."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...


def operation[**P, R](
    *, leaves: str | tuple[str, ...]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a write an operation that leaves an entry of one of the named kinds.

    Durable and never nested. Serialization failures and deadlocks are tried again
    with jitter; a lock that is not had in time is Unavailable. Raises
    UnrecordedChange, and rolls back, when the promised entry is missing.
    """
    promised = (leaves,) if isinstance(leaves, str) else leaves
    unknown = set(promised) - set(SENTENCES)
    if unknown:
        raise ValueError(f"not in the closed list of entries: {sorted(unknown)}")

    def decorate(write: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(write)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            may_retry = not connection.in_atomic_block
            for attempt in range(1, TRIES_MAX + 1):
                try:
                    return _run_once(write, promised, args, kwargs)
                except OperationalError as error:
                    state = getattr(error.__cause__, "sqlstate", None)
                    if state == _LOCK_TIMEOUT:
                        raise Unavailable(1, "Somebody holds this just now.") from error
                    if state not in (_SERIALIZATION, _DEADLOCK) or not may_retry:
                        raise
                    if attempt == TRIES_MAX:
                        raise Unavailable(1, "Too much is happening here.") from error
                    time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
            raise AssertionError("unreachable")

        run.leaves = promised  # type: ignore[attr-defined]
        return run

    return decorate


def _run_once(write: Callable, promised: tuple[str, ...], args: tuple, kwargs: dict):
    claim = idempotency.PENDING.get()
    with transaction.atomic(durable=True):
        token = _OPEN.set([])
        try:
            if claim is not None:
                idempotency.begin(claim)
            result = write(*args, **kwargs)
            drafts = _OPEN.get() or []
            if not {draft.name for draft in drafts} & set(promised):
                raise UnrecordedChange(f"{write.__qualname__} left none of {promised}")
            if claim is not None:
                idempotency.keep(claim, result)
            # Last, so that the head of a chain is locked for as short as can be.
            chaining.append(drafts)
            return result
        finally:
            _OPEN.reset(token)


def step[**P, R](write: Callable[P, R]) -> Callable[P, R]:
    """Make a write a step: part of somebody's operation, never alone."""

    @functools.wraps(write)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if _OPEN.get() is None:
            raise RuntimeError(
                f"{write.__qualname__} is a step; call it in an operation"
            )
        return write(*args, **kwargs)

    run.is_step = True  # type: ignore[attr-defined]
    return run


@step
def record(
    name: str,
    *,
    actor: ActorLike,
    subject: tuple[str, UUID | str] | None = None,
    workflow_id: UUID | None = None,
    stream: str | None = None,
    **facts: object,
) -> None:
    """Put one entry into the journal at the end of the open operation.

    It goes to the stream of its workflow where there is one, else to "portal", unless
    `stream` names another. Facts are small, plain and free of payloads and secrets.
    Raises KeyError for a name outside the closed list.
    """
    drafts = _OPEN.get()
    if drafts is None:
        raise RuntimeError("record belongs inside an operation")
    drafts.append(
        chaining.draft(
            name,
            actor=actor,
            subject=subject,
            workflow_id=workflow_id,
            stream=stream,
            facts=facts,
        )
    )
