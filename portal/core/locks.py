"""Advisory locks, taken in one order: enterprise, department, workflow.

Rulings and redemptions take the shared lock of each level; what changes authority
(pausing, publishing, ceilings) takes the exclusive lock of its own level. A plain
read let sixteen grants past a pause, and FOR SHARE starved the pause for seconds;
this did neither. Keys are two integers, never a hashed id.
"""

from typing import NamedTuple

from django.db import connection

HOT_PATH_LOCK_TIMEOUT_MS = 500


class Scope(NamedTuple):
    """What a lock guards: its class (1 enterprise, 2 department, 3 workflow) and number."""

    class_id: int
    identity: int


ENTERPRISE = Scope(1, 0)
SEALING = Scope(9, 1)
RELAYING = Scope(9, 2)
SWEEPING = Scope(9, 3)
OPENING_WEEKS = Scope(9, 4)
MATCHING = Scope(9, 5)
COUNTING = Scope(9, 6)


def department_scope(lock_number: int) -> Scope:
    return Scope(2, lock_number)


def workflow_scope(lock_number: int) -> Scope:
    return Scope(3, lock_number)


def assigning_scope(lock_number: int) -> Scope:
    """Choosing whom a workflow's next proposal goes to; taken after every other scope."""
    return Scope(8, lock_number)


def hot_path() -> None:
    """Let no lock in this transaction be waited for longer than half a second.

    So a pause, which waits for those who hold the shared lock, is never behind a
    queue of slow requests.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {HOT_PATH_LOCK_TIMEOUT_MS}")


def lock_shared(*scopes: Scope) -> None:
    """Take the shared locks, in the given order, until the transaction ends. One query."""
    if list(scopes) != sorted(scopes):
        raise ValueError("locks are taken enterprise, department, workflow")
    calls = ", ".join(["pg_advisory_xact_lock_shared(%s, %s)"] * len(scopes))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [part for scope in scopes for part in scope])


def lock_exclusive(scope: Scope) -> None:
    """Take one exclusive lock until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", list(scope))


def try_lock(scope: Scope) -> bool:
    """Take one exclusive lock if it is free; two schedulers are harmless this way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", list(scope))
        return cursor.fetchone()[0]
