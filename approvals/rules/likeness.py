"""Which proposals may be decided with one word, and why one is left out.

Like means: the same deed in the same place, held by the same rules of the same rulebook,
and nothing about it that a person should look at by itself.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from approvals.rules.moves import UNDECIDED, ProposalState
from registry.rules.answers import Risk

BATCH_MAX = 500


class Unlike(StrEnum):
    """Why a proposal is left out of a batch."""

    ENDED = "ended"
    NOT_YOURS = "not_yours"
    CHANGED = "changed"
    HIGH_RISK = "high_risk"
    ASKED = "asked"
    MANY_PEOPLE = "many_people"
    EDITED = "edited"
    UNINSPECTABLE = "uninspectable"
    CONTRADICTED = "contradicted"
    FLAGGED = "flagged"
    TOO_LONG = "too_long"
    OTHER_KIND = "other_kind"
    OTHER_RULE = "other_rule"
    TOO_MANY = "too_many"


SENTENCES = {
    Unlike.ENDED: "decided or ended meanwhile",
    Unlike.NOT_YOURS: "they do not wait for you",
    Unlike.CHANGED: "changed since you saw them",
    Unlike.HIGH_RISK: "high risk is decided one by one",
    Unlike.ASKED: "a question to the agent is open",
    Unlike.MANY_PEOPLE: "more than one person has to approve",
    Unlike.EDITED: "a colleague edited them",
    Unlike.UNINSPECTABLE: "part of them cannot be inspected",
    Unlike.CONTRADICTED: "the agent's words say something that the action does not",
    Unlike.FLAGGED: "the agent's words speak to you, contradict the record or hide characters",
    Unlike.TOO_LONG: "there is more to read in them than a line of a list holds",
    Unlike.OTHER_KIND: "another workflow, verb or system",
    Unlike.OTHER_RULE: "held by another rule, or by another version of the rulebook",
    Unlike.TOO_MANY: f"a batch has at most {BATCH_MAX}",
}


@dataclass(frozen=True)
class Traits:
    """What makes one proposal like another."""

    workflow_id: UUID
    verb: str
    system: str
    audience: str
    held_by: frozenset[tuple[str, str]]
    rulebook_version: int | None
    state: ProposalState
    risk: Risk
    people_needed: int
    version_number: int
    waits_for_reader: bool
    is_as_shown: bool
    is_inspectable: bool
    is_contradicted: bool
    is_flagged: bool
    is_shown_whole: bool

    @property
    def kind(self) -> tuple[UUID, str, str, str]:
        return self.workflow_id, self.verb, self.system, self.audience


def why_by_itself(traits: Traits) -> Unlike | None:
    """Say why a proposal belongs into no batch at all."""
    found = (
        (traits.state not in UNDECIDED, Unlike.ENDED),
        (not traits.waits_for_reader, Unlike.NOT_YOURS),
        (not traits.is_as_shown, Unlike.CHANGED),
        (traits.risk is Risk.HIGH, Unlike.HIGH_RISK),
        (traits.state is ProposalState.ASKED, Unlike.ASKED),
        (traits.people_needed > 1, Unlike.MANY_PEOPLE),
        (traits.version_number > 1, Unlike.EDITED),
        (not traits.is_inspectable, Unlike.UNINSPECTABLE),
        (traits.is_contradicted, Unlike.CONTRADICTED),
        (traits.is_flagged, Unlike.FLAGGED),
        (not traits.is_shown_whole, Unlike.TOO_LONG),
    )
    return next((why for is_so, why in found if is_so), None)


def why_left_out(traits: Traits, *, like: Traits) -> Unlike | None:
    """Say why a proposal is not decided together with `like`; None when it is."""
    alone = why_by_itself(traits)
    if alone is not None:
        return alone
    if traits.kind != like.kind:
        return Unlike.OTHER_KIND
    is_same_rule = (
        traits.held_by == like.held_by
        and traits.rulebook_version == like.rulebook_version
    )
    return None if is_same_rule else Unlike.OTHER_RULE
