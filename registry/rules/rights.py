"""Who may decide what: the closed list of kinds of decision, and the levels of each.

A kind that is not here is nobody's. What each falls back to while nobody is named is
said here too, in words and as one of two groups.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from registry.rules.rulebook import Level

ENTERPRISE, DEPARTMENT, TEAM = Level.ENTERPRISE, Level.DEPARTMENT, Level.TEAM
# From the level that decides least to the one that decides for everybody.
LEVELS = (ENTERPRISE, DEPARTMENT, TEAM)


class Fallback(StrEnum):
    """Who decides while no level names anybody."""

    ADMINISTRATORS = "administrators"
    RISK = "risk"
    HEAD = "head"
    OWNER = "owner"


FALLBACK_WORDS = MappingProxyType(
    {
        Fallback.ADMINISTRATORS: "administrators",
        Fallback.RISK: "the risk team and administrators",
        Fallback.OWNER: "the business owner of the workflow",
        Fallback.HEAD: "the head of the department and administrators",
    }
)


@dataclass(frozen=True)
class Kind:
    """One kind of decision: what it is, at which levels it is taken, and by default by whom."""

    key: str
    label: str
    explains: str
    levels: tuple[Level, ...]
    fallback: Fallback


_ALL = (LEVELS, (ENTERPRISE, DEPARTMENT), (ENTERPRISE,), (DEPARTMENT, TEAM))
_EDT, _ED, _E, _DT = _ALL
_ADMINS, _RISK, _HEAD = Fallback.ADMINISTRATORS, Fallback.RISK, Fallback.HEAD
_KINDS = (
    Kind("set_ceiling", "Set, change and lift ceilings",
         "What no workflow below may pass.", _EDT, _RISK),
    Kind("decide_request", "Decide requests for more",
         "A team asks to pass a ceiling, or for a system or an AI model.", _EDT, _RISK),
    Kind("place_workflow", "Say which team a workflow belongs to",
         "The ceilings of that team bind it.", (DEPARTMENT,), _HEAD),
    Kind("name_team_members", "Say who is in a team",
         "A team may review, so who is in it decides.", _DT, _HEAD),
    Kind("approve_system", "Approve and retire systems",
         "Agents are let into approved systems only.", _E, _ADMINS),
    Kind("approve_model", "Approve and retire AI models",
         "Only approved models may act.", _E, _ADMINS),
    Kind("approve_tool", "Approve and retire tools",
         "What maps a retired tool is refused.", _E, _ADMINS),
    Kind("set_statement", "Publish the acceptable-use statement",
         "Everybody acknowledges it before their first decision.", _E, _ADMINS),
    Kind("sign_gate", "Move a workflow through a gate",
         "Once its three roles have signed. By default its business owner does.", _ED, Fallback.OWNER),
    Kind("require_training", "Say what training a duty needs",
         "A right exists only while its training is current.", _E, _ADMINS),
    Kind("sign_assessment", "Close a readiness assessment",
         "It gates the first launch and each phase.", _ED, _HEAD),
    Kind("pass_rollout_limit", "Go over the number of focused workflows",
         "With a recorded reason.", _ED, _HEAD),
    Kind("sign_quarter", "Sign the quarterly review",
         "The executive sponsor, unless somebody else is named.", _ED, _ADMINS),
    Kind("name_holders", "Say who holds these rights",
         "At its own level and at those below.", _ED, _ADMINS),
)  # fmt: skip

KINDS: Mapping[str, Kind] = MappingProxyType({kind.key: kind for kind in _KINDS})


def is_taken_at(kind: str, level: str) -> bool:
    """Return whether a kind of decision is taken at a level; an unknown kind at none."""
    known = KINDS.get(kind)
    return known is not None and level in known.levels


def levels_from(level: str) -> tuple[Level, ...]:
    """Return the level and those above it, the nearest first; none for an unknown one."""
    if level not in LEVELS:
        return ()
    return tuple(reversed(LEVELS[: LEVELS.index(Level(level)) + 1]))
