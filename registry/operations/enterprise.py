"""The enterprise's lock, for whoever holds a right to decide at that level."""

from collections.abc import Callable

from portal.accounts.actors import Actor
from portal.audit.operation import step
from portal.core.locks import ENTERPRISE, lock_exclusive
from registry.queries.live_mark import live_mark
from registry.queries.rights import must_hold
from registry.rules.rulebook import Level


@step
def lock_enterprise_for(actor: Actor, kind: str) -> None:
    """Take the enterprise's lock, and ask once more for the right to decide there.

    The caller has asked already, so that nobody else makes rulings wait; the right may
    have been taken away meanwhile. Raises Forbidden.
    """
    lock_exclusive(ENTERPRISE)
    must_hold(actor, kind, Level.ENTERPRISE)


@step
def lock_enterprise_after[T](actor: Actor, kind: str, read: Callable[[], T]) -> T:
    """Read what takes long, and only then take the lock: no ruling waits for the reading.

    Where something went live or moved meanwhile, it is read again behind the lock.
    """
    mark = live_mark()
    found = read()
    lock_enterprise_for(actor, kind)
    return found if live_mark() == mark else read()
