"""How far an approval has come: each stage, who approved in it, and whom it waits for."""

from collections.abc import Sequence
from dataclasses import dataclass

from approvals.models import Decision, Proposal, ProposalVersion
from approvals.queries.access import seats_for
from approvals.rules.turns import read_way
from registry.queries.rulebooks import RulebookInForce
from registry.rules.answers import Turn
from registry.rules.sentences import turn_text

APPROVALS = (Decision.Verdict.APPROVE, Decision.Verdict.EDIT)


@dataclass(frozen=True)
class StageShown:
    """One stage. `fallen` are those whose approval counts no more."""

    number: int
    label: str
    quorum: int
    approved: tuple[str, ...]
    fallen: tuple[str, ...]
    is_now: bool
    is_done: bool

    @property
    def missing(self) -> int:
        return max(0, self.quorum - len(self.approved))


def stages_shown(
    proposal: Proposal,
    version: ProposalVersion,
    decisions: Sequence[Decision],
    facts: RulebookInForce,
    *,
    is_open: bool,
) -> tuple[StageShown, ...]:
    """Say how far it has come; nothing where one person is enough.

    One query a stage while it is open, and more where somebody stands in. Once it has
    ended, what was counted then is no longer asked.
    """
    way = read_way(proposal.stages, audience=proposal.audience, quorum=proposal.quorum)
    if len(way) == 1 and way[0].quorum == 1:
        return ()
    cast = [
        each
        for each in decisions
        if each.version_id == version.id and each.verdict in APPROVALS
    ]
    return tuple(
        _shown(number, turn, cast, proposal, facts, is_open=is_open)
        for number, turn in enumerate(way, start=1)
    )


def _shown(
    number: int,
    turn: Turn,
    cast: Sequence[Decision],
    proposal: Proposal,
    facts: RulebookInForce,
    *,
    is_open: bool,
) -> StageShown:
    here = [each for each in cast if each.stage == number]
    counts = here
    if is_open and here:
        seats = seats_for(facts, turn.decided_by)
        counts = [
            each
            for each in here
            if each.person.is_active
            and seats.seat_of(each.person_id, each.acting_for_id) is not None
        ]
    label = turn_text(turn)
    return StageShown(
        number=number,
        label=label[:1].upper() + label[1:],
        quorum=turn.quorum,
        approved=tuple(each.person.name for each in counts),
        fallen=tuple(each.person.name for each in here if each not in counts),
        is_now=is_open and number == proposal.stage,
        is_done=len(counts) >= turn.quorum,
    )
