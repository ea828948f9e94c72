"""The way to an approval: whose turn it is, stage after stage, and what changes it.

A stage is a Turn: an audience and how many of it must approve. Going up puts a higher
audience into the current stage, in the place of one of its people; nobody is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.rules.answers import Answer, Ruling, Turn
from registry.rules.rulebook import DecidedBy

ESCALATION_OWNER = DecidedBy.ESCALATION_OWNER.value

type Way = tuple[Turn, ...]


def row_way(ruling: Ruling) -> Way:
    """Return the stages that the row itself names; without a row, the ruling's own."""
    return ruling.turns or (Turn(ruling.decided_by, max(1, ruling.quorum)),)


def way_of(ruling: Ruling) -> Way:
    """Return the stages that a new proposal on this ruling goes through."""
    way = row_way(ruling)
    if ruling.answer != Answer.ESCALATE:
        return way
    return handed_up(way, stage=1, counted=0, audience=ESCALATION_OWNER)[0]


def handed_up(way: Way, *, stage: int, counted: int, audience: str) -> tuple[Way, int]:
    """Return the way, and the stage on it, after a higher audience was asked in.

    Votes of the current stage stay with it; the higher audience takes the place of one
    who is missing, and the others who are missing are asked after it. What was to come
    later comes later, but for the higher audience itself, which is asked now.
    """
    current = way[stage - 1]
    if current.decided_by == audience:
        return way, stage
    kept = min(max(0, counted), current.quorum - 1)
    later = [turn for turn in way[stage:] if turn.decided_by == audience]
    # Who was to be asked later anyway takes nobody's place by being asked now.
    missing = current.quorum - kept - (0 if later else 1)
    higher = Turn(audience, sum(turn.quorum for turn in later) or 1)
    found = [
        *way[: stage - 1],
        *([replace(current, quorum=kept)] if kept else []),
        higher,
        *([replace(current, quorum=missing)] if missing else []),
        *(turn for turn in way[stage:] if turn.decided_by != audience),
    ]
    return tuple(found), stage + (1 if kept else 0)


def begun_again(way: Way, *, first: str) -> Way:
    """Return the same people for a new version: `first` first, each audience once."""
    asked: dict[str, int] = {}
    for turn in way:
        asked[turn.decided_by] = asked.get(turn.decided_by, 0) + turn.quorum
    order = sorted(asked, key=lambda audience: audience != first)
    return tuple(Turn(audience, asked[audience]) for audience in order)


def joined(way: Way, other: Way) -> Way:
    """Return a way that asks for everybody whom one of the two asks for."""
    for turn in other:
        way = _with(way, turn) or (*way, turn)
    return way


def demanded(
    way: Way, ruling: Ruling, *, went_up: bool, was_escalated: bool = False
) -> Way | None:
    """Return the way with whatever a new ruling asks beyond it; None: others must decide.

    `went_up` says that it was handed up, to anybody; `was_escalated` that the escalation
    owner was asked, though the way may have gone past them since. The way only ever
    grows: a rulebook that asks for less since changes nothing here.
    """
    is_escalated = asks_escalation_owner(way)
    if ruling.answer == Answer.ESCALATE and not (is_escalated or was_escalated):
        return None
    asked = row_way(ruling)
    first = asked[0]
    less = 1 if _stands_in(way, asked, went_up=went_up) else 0
    found = _with(way, first, less=less)
    if found is None and ruling.answer != Answer.ALLOW:
        if not (went_up or is_escalated):
            return None
        found = (*way, replace(first, quorum=max(1, first.quorum - less)))
    found = way if found is None else found
    for turn in asked[1:]:
        grown = _with(found, turn)
        found = (*found, turn) if grown is None else grown
    return found


def asks_escalation_owner(way: Way) -> bool:
    return any(turn.decided_by == ESCALATION_OWNER for turn in way)


def _stands_in(way: Way, asked: Way, *, went_up: bool) -> bool:
    """Say whether somebody higher approves in the place of one whom the row asks first.

    Whom the row itself asks, at whatever stage, stands in for nobody.
    """
    beyond = {each.decided_by for each in way} - {each.decided_by for each in asked}
    is_above = ESCALATION_OWNER in beyond or (went_up and bool(beyond))
    return is_above and asked[0].decided_by != ESCALATION_OWNER


def _with(way: Way, turn: Turn, *, less: int = 0) -> Way | None:
    """Return the way with at least this many of an audience; None when it has none of it."""
    need = turn.quorum - less
    have = [at for at, each in enumerate(way) if each.decided_by == turn.decided_by]
    lacking = need - sum(way[at].quorum for at in have)
    if need <= 0 or (have and lacking <= 0):
        return way
    if not have:
        return None
    last = have[-1]
    grown = replace(way[last], quorum=way[last].quorum + lacking)
    return (*way[:last], grown, *way[last + 1 :])


def read_way(stored: Iterable[Mapping[str, Any]], *, audience: str, quorum: int) -> Way:
    """Read a stored way; what has none is one stage."""
    found = tuple(
        Turn(str(each["decided_by"]), max(1, int(each["quorum"]))) for each in stored
    )
    return found or (Turn(audience, max(1, quorum)),)


def stored_way(way: Sequence[Turn]) -> list[dict[str, Any]]:
    return [{"decided_by": turn.decided_by, "quorum": turn.quorum} for turn in way]
