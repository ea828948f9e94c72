"""What a kind of notice is, the ways it can be told, and the groups it stands in."""

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """How a person is told of one kind of notice."""

    OFF = "off"
    PORTAL = "portal"
    DIGEST = "digest"
    NOW = "now"


WAY_LABELS = {
    Way.NOW: "Here, and by e-mail at once",
    Way.DIGEST: "Here, and in the digest",
    Way.PORTAL: "Here only",
    Way.OFF: "Not at all",
}


@dataclass(frozen=True)
class Kind:
    """One kind of notice. `must_show`: it cannot be turned off here in the portal."""

    key: str
    group: str
    label: str
    sentence: str
    way: Way = Way.DIGEST
    must_show: bool = False
    # It asks for something that ends: told no more, and closed, once that is done.
    waits: bool = False
    # It closes whatever its subject asked for.
    settles: bool = False
    # While the person is away, whoever stands in is told in their place.
    can_be_stood_in: bool = False
    # More of them than this, unread in one workflow, become one line with a number.
    alone_max: int = 0
    many: str = ""
    # Who says that nothing in a workflow of what the line stands for waits any more.
    many_of: str = "many"


DECIDE, FOLLOW, LOOK_AFTER, WORKFLOWS = (
    "What waits for your decision",
    "What you follow",
    "What you look after",
    "Workflows and your part in them",
)
