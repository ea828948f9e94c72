"""The enterprise's lock, for whoever holds a right to decide at that level."""

from portal.accounts.actors import Actor
from portal.audit.operation import step
from portal.core.locks import ENTERPRISE, lock_exclusive
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
