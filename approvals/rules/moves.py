"""The published tables of legal moves. The database's triggers hold the same tables.

A state that is not a key here has no way out: it is terminal.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class ProposalState(StrEnum):
    OPEN = "OPEN"
    ASKED = "ASKED"
    APPROVED = "APPROVED"
    EDITED = "EDITED"
    REJECTED = "REJECTED"
    RESPONDED = "RESPONDED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


class GrantState(StrEnum):
    ISSUED = "ISSUED"
    REDEEMED = "REDEEMED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class ActionStatus(StrEnum):
    ALLOWED = "ALLOWED"
    IN_REVIEW = "IN_REVIEW"
    ESCALATED = "ESCALATED"
    REFUSED = "REFUSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    RESPONDED = "RESPONDED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"
    EXECUTED = "EXECUTED"
    UNKNOWN = "UNKNOWN"


type Moves[State] = Mapping[State, frozenset[State]]

_P, _G, _A = ProposalState, GrantState, ActionStatus
RESOLUTIONS = frozenset(
    {_P.APPROVED, _P.EDITED, _P.REJECTED, _P.RESPONDED, _P.EXPIRED, _P.WITHDRAWN}
)
UNDECIDED = frozenset({_P.OPEN, _P.ASKED})
_ENDINGS = frozenset({_A.APPROVED, _A.REJECTED, _A.RESPONDED, _A.EXPIRED, _A.WITHDRAWN})
_TOLD = frozenset({_A.EXECUTED, _A.UNKNOWN})

# ASKED is a question that the agent has not answered: the clock stands still, and
# whoever asked may decide without waiting.
PROPOSAL_MOVES: Moves[ProposalState] = MappingProxyType(
    {
        _P.OPEN: RESOLUTIONS | {_P.ASKED},
        _P.ASKED: RESOLUTIONS | {_P.OPEN},
    }
)

GRANT_MOVES: Moves[GrantState] = MappingProxyType(
    {_G.ISSUED: frozenset({_G.REDEEMED, _G.REVOKED, _G.EXPIRED})}
)

# What an agent reads as `status`. An approval that is undone goes back to people, and
# a report that nobody knows what happened may be settled later.
ACTION_MOVES: Moves[ActionStatus] = MappingProxyType(
    {
        _A.ALLOWED: _TOLD | {_A.WITHDRAWN, _A.REJECTED},
        _A.IN_REVIEW: _ENDINGS | {_A.ESCALATED},
        _A.ESCALATED: _ENDINGS,
        _A.APPROVED: _TOLD | {_A.WITHDRAWN, _A.REJECTED, _A.IN_REVIEW, _A.ESCALATED},
        _A.UNKNOWN: frozenset({_A.EXECUTED}),
        _A.EXECUTED: frozenset({_A.UNKNOWN}),
    }
)


def is_legal[State: StrEnum](moves: Moves[State], before: State, after: State) -> bool:
    """Say whether a table has this move; staying is no move."""
    return after in moves.get(before, frozenset())


def pairs[State: StrEnum](moves: Moves[State]) -> tuple[tuple[str, str], ...]:
    """Give every legal (before, after), sorted, for triggers and pages."""
    return tuple(
        sorted(
            (str(one), str(other)) for one, others in moves.items() for other in others
        )
    )
