"""Votes: in whose place somebody sits, who may not, and which votes still count.

Read at the moment they are counted: a vote counts while its seat is somebody's to fill,
and while nothing keeps the voter, or the absent person they voted for, from approving.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from approvals.models import Decision, ProposalVersion
from approvals.queries.seats import Seats
from approvals.rules.separation import SENTENCES, Objection, Parties, objection_to
from portal.accounts.models import Person
from portal.core.errors import Conflict


def absent_for(seats: Seats, person: Person, version: ProposalVersion) -> Person | None:
    """Say in whose place this person decides, if not in their own. At most two queries.

    Raises Conflict when everybody they stand in for has decided on this version, by
    themselves or by another.
    """
    absent = seats.absent_of(person.id)
    if not absent:
        return None
    ids = [each.absent_id for each in absent]
    cast = Decision.objects.filter(version=version).filter(
        Q(person__in=ids, acting_for=None) | Q(acting_for__in=ids)
    )
    taken = {
        acting_for_id or person_id
        for person_id, acting_for_id in cast.values_list("person_id", "acting_for_id")
    }
    free = next((each for each in absent if each.absent_id not in taken), None)
    if free is None:
        raise Conflict(
            "delegation.voted",
            f"{absent[0].absent} has a say on this once, and it was used: whoever"
            " stands in for them counts with them.",
            who=absent[0].absent,
        )
    return Person.objects.get(id=free.absent_id)


def objection_of(person: Person, parties: Parties) -> Objection | None:
    return objection_to(
        person_id=person.id,
        person_names=frozenset({person.email, str(person.id)}),
        parties=parties,
    )


def objection_to_vote(
    person: Person, acting_for: Person | None, parties: Parties
) -> tuple[Objection, str] | None:
    """Say what keeps a vote from counting: on the voter, or on whom they vote for."""
    own = objection_of(person, parties)
    if own is not None:
        return own, SENTENCES[own]
    lent = objection_of(acting_for, parties) if acting_for else None
    if lent is None or acting_for is None:
        return None
    return lent, (
        f"You would decide this for {acting_for.name}, who may not approve it"
        " themselves, so another person decides it."
    )


def seats_filled(
    decisions: Iterable[Decision], *, seats: Seats, parties: Parties
) -> frozenset[UUID]:
    """Give the seats that these approvals fill now; each counts once. No query.

    The decisions come with their person and whom they acted for.
    """
    filled = (
        seats.seat_of(each.person_id, each.acting_for_id)
        for each in decisions
        if each.person.is_active
        and objection_to_vote(each.person, each.acting_for, parties) is None
    )
    return frozenset(seat for seat in filled if seat is not None)
