"""Who may decide a proposal now, by own right or in an absent person's place.

A seat is one person's right to decide. It is filled by its holder, or while they are away
by whoever stands in for them; however many rights reach a person, they fill one seat.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from approvals.models import Decision
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.away import StandIn, standing_in_for, stands_in_of
from registry.queries.deciding import Turns, trained_for, turns_of


@dataclass(frozen=True)
class Seats:
    """The seats of one audience of one workflow at this moment."""

    own: frozenset[UUID]
    stand_ins: tuple[StandIn, ...] = ()

    @property
    def people(self) -> frozenset[UUID]:
        """Everybody who may decide, by whatever right."""
        return self.own | {each.person_id for each in self.stand_ins}

    def absent_of(self, person_id: UUID) -> tuple[StandIn, ...]:
        """Give in whose place a person may decide; for one with their own seat, none."""
        if person_id in self.own:
            return ()
        return tuple(each for each in self.stand_ins if each.person_id == person_id)

    def seat_of(self, person_id: UUID, acting_for_id: UUID | None) -> UUID | None:
        """Say which seat a vote that was cast fills now, if it still fills one."""
        if acting_for_id is None:
            return person_id if person_id in self.own else None
        still_stands = any(
            each.person_id == person_id and each.absent_id == acting_for_id
            for each in self.stand_ins
        )
        return acting_for_id if still_stands and acting_for_id in self.own else None


def seats_of(*, own: Iterable[UUID], audience: str, workflow_id: UUID) -> Seats:
    """Read who stands in for whom. One query, and two more when somebody does.

    A stand-in must see the workflow and be trained for it themselves.
    """
    holders = frozenset(own)
    found = standing_in_for(absent_ids=holders, workflow_id=workflow_id)
    if not found:
        return Seats(own=holders)
    ids = {each.person_id for each in found}
    able = trained_for(person_ids=ids, audience=audience) & frozenset(
        access.people_with(workflow_id, access.VIEW)
        .filter(id__in=ids)
        .values_list("id", flat=True)
    )
    return Seats(holders, tuple(each for each in found if each.person_id in able))


def waits_for(actor: Actor) -> Q:
    """Keep proposals that this person may decide now. Two queries.

    By ids that were looked up first: what is then read follows an index.
    """
    absent = stands_in_of(person_id=actor.id)
    turns = turns_of([actor.id, *(each.absent_id for each in absent)])
    waiting = _waiting(turns.get(actor.id, {}))
    for each in absent:
        lent = {
            audience: _lent(each, actor, audience, ids)
            for audience, ids in turns.get(each.absent_id, {}).items()
        }
        waiting |= _waiting(lent) & ~Q(_seat_is_filled(each.absent_id))
    return waiting


def _lent(
    each: StandIn, actor: Actor, audience: str, ids: frozenset[UUID]
) -> frozenset[UUID]:
    if not trained_for(person_ids=[actor.id], audience=audience):
        return frozenset()
    return frozenset(one for one in ids if each.covers(one))


def _waiting(turns: Turns) -> Q:
    # An empty list keeps nothing; Q() alone would keep everything.
    waiting = Q(pk__in=[])
    for audience, ids in sorted(turns.items()):
        if ids:
            waiting |= Q(audience=audience, workflow_id__in=sorted(ids))
    return waiting


def _seat_is_filled(absent_id: UUID) -> Exists:
    """Say whether the absent person, or somebody for them, decided on what is current."""
    return Exists(
        Decision.objects.filter(
            Q(person=absent_id, acting_for=None) | Q(acting_for=absent_id),
            version__proposal=OuterRef("pk"),
            version__number=OuterRef("version_number"),
        )
    )
