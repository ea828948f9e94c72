"""Who may approve: never the requester, never those who run the agent, and not the
editor of what asks for more.

Holding the right to decide is looked up elsewhere; this says who may not use it here.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from registry.rules.answers import Reversibility, Risk


class Objection(StrEnum):
    """Why a person's approval does not count; the value is the code on the wire."""

    REQUESTER = "separation.requester"
    OPERATOR = "separation.operator"
    EDITOR = "separation.editor"
    VOTED = "separation.voted"


SENTENCES = {
    Objection.REQUESTER: "This was asked on your behalf, so another person decides it.",
    Objection.OPERATOR: "You run this agent or own its key, so another person decides it.",
    Objection.EDITOR: "You edited this so that it asks for more or cannot be undone,"
    " so another person approves it.",
    Objection.VOTED: "You have already decided on this version.",
}


@dataclass(frozen=True)
class Parties:
    """Those who stand behind one version of a proposal."""

    requester_names: frozenset[str] = frozenset()
    operator_ids: frozenset[UUID] = frozenset()
    editor_ids: frozenset[UUID] = frozenset()
    widener_ids: frozenset[UUID] = frozenset()
    risk: Risk = Risk.HIGH
    reversibility: Reversibility = Reversibility.IRREVERSIBLE


def needs_other_than_editor(parties: Parties) -> bool:
    """Say whether the editor's own approval is not enough (settled question 18)."""
    return bool(_bound_editors(parties))


def parties_of_edit(
    *, editor_id: UUID, edit_widens: bool, risk: Risk, reversibility: Reversibility
) -> Parties:
    """Name the editor of a version that is only typed yet."""
    editor = frozenset({editor_id})
    return Parties(
        editor_ids=editor,
        widener_ids=editor if edit_widens else frozenset(),
        risk=risk,
        reversibility=reversibility,
    )


def objection_to(
    *, person_id: UUID, person_names: frozenset[str], parties: Parties
) -> Objection | None:
    """Return why this person may not approve, or None. Names compare without case."""
    names = {name.casefold() for name in person_names if name}
    if names & {name.casefold() for name in parties.requester_names}:
        return Objection.REQUESTER
    if person_id in parties.operator_ids:
        return Objection.OPERATOR
    if person_id in _bound_editors(parties):
        return Objection.EDITOR
    return None


def _bound_editors(parties: Parties) -> frozenset[UUID]:
    """Give the editors who may not approve: whoever wrote a part of it is no other person."""
    is_grave = (
        parties.risk == Risk.HIGH
        and parties.reversibility == Reversibility.IRREVERSIBLE
    )
    return parties.editor_ids if is_grave else parties.widener_ids
