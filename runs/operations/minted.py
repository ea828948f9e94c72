"""Ids that the portal gave out and a sender repeats: which run each was given out for.

Requests, proposals and grants live in the room above, which says here what it knows.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Given:
    """The run that an id was given out for."""

    run_id: UUID
    workflow_id: UUID


type Finder = Callable[[Collection[str], UUID], Mapping[str, Given]]

_FINDERS: list[Finder] = []


def knows_what_was_minted(finder: Finder) -> None:
    """Let a room say which run its ids belong to; called once, when the room starts."""
    _FINDERS.append(finder)


def given_for(ids: Collection[str], *, agent_id: UUID) -> dict[str, Given]:
    """Say which run these ids were given out for, among those given to one agent."""
    found: dict[str, Given] = {}
    if ids:
        for finder in _FINDERS:
            found |= finder(ids, agent_id)
    return found
