"""High-risk approvals are for a person who said a moment ago who they are.

The guard stands where approvals are counted and not in the pages, so that no way of
approving can go round it: a new page has nothing to remember.
"""

from portal.accounts.actors import Actor
from portal.accounts.confirming import is_fresh
from portal.core.errors import ConfirmFirst
from registry.rules.answers import Risk


def require_confirmed(actor: Actor, *risks: str) -> None:
    """Raise ConfirmFirst for a high risk without a fresh confirmation of this session."""
    if Risk.HIGH in risks:
        require_fresh(actor)


def require_fresh(actor: Actor) -> None:
    """Raise ConfirmFirst unless this person confirmed within the last ten minutes."""
    if not (actor.is_person and is_fresh(actor.confirmed_at)):
        raise ConfirmFirst(
            "This carries a high risk: confirm first that it is you.",
            who_can_help="You, with your password.",
        )


def confirmed_by(actor: Actor) -> str:
    """Say how a person confirmed lately, for the record; nothing when they did not."""
    return actor.confirmed_by if is_fresh(actor.confirmed_at) else ""
