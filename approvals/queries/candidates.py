"""Whom a proposal may be given to: who decides it now, and what keeps some from it."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from approvals.models import ActionRequest, Decision, Proposal, ProposalVersion
from approvals.queries.access import seats_for
from approvals.queries.editors import editors_of
from approvals.queries.seats import Seats
from approvals.rules.separation import Objection, Parties, objection_to
from portal.accounts.away import away_ids
from portal.accounts.models import Person
from registry.queries.rulebooks import RulebookInForce
from registry.rules.answers import Reversibility, Risk

CANDIDATES_MAX = 500
_WHY_NOT = {
    Objection.REQUESTER: "may not approve it: it was asked on their behalf",
    Objection.OPERATOR: "may not approve it: they run the agent or own its key",
    Objection.EDITOR: "may not approve it: they edited it",
}


@dataclass(frozen=True)
class Candidate:
    """Somebody who decides this. `why_not` says what keeps them from it now."""

    id: UUID
    name: str
    acting_for: str
    why_not: str


def candidates_for(
    proposal: Proposal, version: ProposalVersion, facts: RulebookInForce
) -> tuple[Candidate, ...]:
    """Give everybody who may decide a proposal, by name. Four to six queries."""
    seats = seats_for(facts, proposal.audience)
    ids = seats.people
    if not ids:
        return ()
    away = away_ids(person_ids=ids, workflow_id=facts.workflow_id)
    parties = _parties(proposal.action_request, version, facts)
    absent = {
        each.id: each
        for each in Person.objects.filter(id__in=[s.absent_id for s in seats.stand_ins])
    }
    voted = _voted(version)
    rows = Person.objects.filter(id__in=ids, is_active=True).order_by("name", "id")
    return tuple(
        _candidate(person, seats, absent, parties, away=away, voted=voted)
        for person in rows[:CANDIDATES_MAX]
    )


def _candidate(
    person: Person,
    seats: Seats,
    absent: dict[UUID, Person],
    parties: Parties,
    *,
    away: Collection[UUID],
    voted: frozenset[UUID],
) -> Candidate:
    lent = seats.absent_of(person.id)
    why = _why_not(person, parties)
    if not why and lent and all(_why_not(absent[e.absent_id], parties) for e in lent):
        why = f"would decide it for {lent[0].absent}, who may not approve it"
    return Candidate(
        id=person.id,
        name=person.name,
        acting_for=lent[0].absent if lent else "",
        why_not=_prevented(person.id, away=away, voted=voted) or why,
    )


def _prevented(
    person_id: UUID, *, away: Collection[UUID], voted: frozenset[UUID]
) -> str:
    if person_id in voted:
        return "approved it already"
    return "is away now" if person_id in away else ""


def _voted(version: ProposalVersion) -> frozenset[UUID]:
    approvals = Decision.objects.filter(
        version=version, verdict__in=(Decision.Verdict.APPROVE, Decision.Verdict.EDIT)
    )
    return frozenset(approvals.values_list("person_id", flat=True))


def _why_not(person: Person, parties: Parties) -> str:
    found = objection_to(
        person_id=person.id,
        person_names=frozenset({person.email, str(person.id)}),
        parties=parties,
    )
    return _WHY_NOT.get(found, "may not approve it") if found else ""


def _parties(
    request: ActionRequest, version: ProposalVersion, facts: RulebookInForce
) -> Parties:
    behind = (request.operator_id, request.key_owner_id, facts.operator_id)
    editors = editors_of(version)
    ruling = version.authority_record
    return Parties(
        requester_names=frozenset({request.on_behalf_of_id} - {""}),
        operator_ids=frozenset(one for one in behind if one),
        editor_ids=editors.everybody,
        widener_ids=editors.wideners,
        risk=Risk(ruling.risk),
        reversibility=Reversibility(ruling.reversibility),
    )
