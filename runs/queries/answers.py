"""What was answered about the runs of a week: who may know it, and what counts.

Whoever reads a run second reads it blind. So the answers about a run that is read twice are
shown to nobody but their author, and count nowhere, until both have answered, the second
reading was given up, or the week is signed; what was shown once stays so when the week is
opened again, and nobody reads it second any more. It is one rule for everybody, so that no number
differs with who looks. Everything that shows or counts answers asks here, and no table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.core.once import once
from runs.models import (
    ReleasedReading,
    Review,
    ReviewWeek,
    SampledRun,
    SeededRun,
    Settlement,
)
from runs.rules.questions import KEYS, Given, differing, given_from


@dataclass(frozen=True)
class Reading:
    """One assessor's answers about one run, as they were given."""

    assessor_id: UUID
    assessor: str
    given: Given
    at: datetime

    @property
    def answers(self) -> Mapping[str, str]:
        return self.given.answers


@dataclass(frozen=True)
class Settled:
    """What two readings were settled to, or are proposed to be."""

    answers: Mapping[str, str]
    note: str
    proposed_by_id: UUID
    proposed_by: str
    proposed_at: datetime
    agreed_by: str
    is_third: bool
    at: datetime | None


@dataclass(frozen=True)
class Readings:
    """Everything that was answered about one run of a sample."""

    sampled_id: UUID
    run_id: UUID
    stratum: str
    is_doubled: bool
    is_open: bool
    first: Reading | None
    second: Reading | None
    settlement: Settled | None
    released: str
    # A known case counts nowhere; while one of a week is unread, none of its answers counts.
    is_known: bool = False
    is_veiled: bool = False

    @property
    def differs(self) -> tuple[str, ...]:
        """Give the questions that both answered, and differently."""
        if not self.is_doubled or self.first is None or self.second is None:
            return ()
        return differing(self.first.answers, self.second.answers)

    @property
    def is_unsettled(self) -> bool:
        is_settled = self.settlement is not None and self.settlement.at is not None
        return bool(self.differs) and not is_settled

    @property
    def counted(self) -> Mapping[str, str]:
        """Give the answers that count; nothing while they are hidden or not settled."""
        if self.is_known or self.is_veiled:
            return {}
        if not self.is_open or self.is_unsettled or self.first is None:
            return {}
        if self.differs and self.settlement is not None:
            return self.settlement.answers
        return self.first.answers


@dataclass(frozen=True)
class Pair:
    """The two raw answers to one run, from which agreement is worked out."""

    sampled_id: UUID
    stratum: str
    first: Mapping[str, str]
    second: Mapping[str, str]
    first_by: str
    second_by: str


def open_reviews(rows: QuerySet[Review] | None = None) -> QuerySet[Review]:
    """Narrow reviews to those that others than their author may know. Not run yet."""
    found = Review.objects.all() if rows is None else rows
    others = Review.objects.filter(sampled=OuterRef("sampled")).exclude(
        id=OuterRef("pk")
    )
    released = ReleasedReading.objects.filter(sampled=OuterRef("sampled"))
    return found.filter(
        Q(sampled__is_doubled=False)
        | Q(sampled__week__state=ReviewWeek.State.SIGNED)
        | Q(sampled__week__version__gt=1)
        | Exists(others)
        | Exists(released)
    )


def shown() -> Q:
    """Narrow what is to be read to what lists show: known cases until the week is signed."""
    return Q(seeded=None) | Q(week__state=ReviewWeek.State.OPEN, week__version=1)


def veiled() -> Q:
    """Narrow weeks to those in which somebody has still to read a known case."""
    return Q(Exists(_unread_known(OuterRef("pk"))))


def _unread_known(week: OuterRef) -> QuerySet[SeededRun]:
    told = Review.objects.filter(sampled=OuterRef("pk"))
    return SeededRun.objects.filter(~Exists(told), sampled__week=week)


def left_in(seat: str) -> Q:
    """Narrow sampled runs to those that whoever sits in a seat has still to read.

    The seats are "assigned_to" and "second_to". Every count of what is left, of one person
    or of all, in the rail, the lists and the pages, is made of this.
    """
    any_review = Review.objects.filter(sampled=OuterRef("pk"))
    released = ReleasedReading.objects.filter(sampled=OuterRef("pk"))
    own = any_review.filter(assessor=OuterRef(f"{seat}_id"))
    return Q(~Exists(any_review), is_doubled=False) | Q(
        ~Exists(own), ~Exists(released), is_doubled=True, week__version=1
    )


def left_to(person_id: UUID) -> Q:
    """Narrow sampled runs to those that this person has still to read, first or second."""
    return Q(left_in("assigned_to"), assigned_to=person_id) | Q(
        left_in("second_to"), second_to=person_id
    )


@once
def readings_of(
    week_ids: Iterable[UUID], *, run_id: UUID | None = None, is_closing: bool = False
) -> dict[UUID, Readings]:
    """Give what was answered, by sampled run, in the order of the sample. Two queries.

    For the portal's own use: what is not open (`is_open`) must not be shown. A week that
    is being signed (`is_closing`) hides nothing any more.
    """
    rows = (
        SampledRun.to_read.filter(week__in=list(week_ids))
        .annotate(is_veiled=Exists(_unread_known(OuterRef("week"))))
        .order_by("week_id", "position")
    )
    if run_id is not None:
        rows = rows.filter(run=run_id)
    facts = rows.values_list(
        "id",
        "run_id",
        "stratum",
        "is_doubled",
        "released__reason",
        "week__state",
        "week__version",
        "seeded",
        "is_veiled",
    )
    reviews: dict[UUID, list[Review]] = {}
    asked = Review.objects.filter(sampled__in=rows.values("id")).select_related(
        "assessor"
    )
    for review in asked.order_by("created_at", "id"):
        reviews.setdefault(review.sampled_id, []).append(review)
    settled = _settlements(reviews) if any(len(x) > 1 for x in reviews.values()) else {}
    return {
        sampled_id: _readings(
            (sampled_id, run, stratum, is_doubled, released or ""),
            reviews.get(sampled_id, []),
            settled.get(sampled_id),
            is_shown=is_closing or version > 1 or state == ReviewWeek.State.SIGNED,
            is_known=seeded is not None,
            is_veiled=is_veiled,
        )
        for sampled_id, run, stratum, is_doubled, released, state, version, seeded, is_veiled in facts
    }


def counted_answers(
    week_ids: Iterable[UUID], *, is_closing: bool = False
) -> dict[UUID, Mapping[str, str]]:
    """Give the answers that count, by sampled run. Two queries, three with second readings."""
    found = readings_of(list(week_ids), is_closing=is_closing)
    return {key: each.counted for key, each in found.items() if each.counted}


def reading_pairs(week_ids: Iterable[UUID]) -> list[Pair]:
    """Give the raw answers of runs that were read twice, for agreement."""
    return [
        Pair(
            each.sampled_id,
            each.stratum,
            each.first.answers,
            each.second.answers,
            each.first.assessor,
            each.second.assessor,
        )
        for each in readings_of(list(week_ids)).values()
        if each.is_doubled and each.first and each.second
    ]


def what_is_left(week_id: UUID) -> tuple[str, ...]:
    """Say what must be read or settled before a week can be signed; nothing when it can."""
    found = readings_of([week_id]).values()
    unread = sum(each.first is None for each in found)
    unsettled = sum(each.is_unsettled for each in found)
    said = []
    if unread:
        said.append(f"{_count(unread, 'run is', 'runs are')} not read yet.")
    if unsettled:
        said.append(
            f"{_count(unsettled, 'difference', 'differences')} between two readers"
            f" {'is' if unsettled == 1 else 'are'} not settled."
        )
    return tuple(said)


def second_readings_waiting(week_id: UUID) -> int:
    """Count the runs that were read once of two times, and not given up. Two queries."""
    found = readings_of([week_id]).values()
    return sum(not each.is_open and each.first is not None for each in found)


def _count(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def settled_documents(week_id: UUID) -> list[dict[str, object]]:
    """Give the third records and the readings given up, as a signed week keeps them."""
    found: list[dict[str, object]] = []
    for each in readings_of([week_id]).values():
        if each.settlement is not None and each.settlement.at is not None:
            found.append(
                {
                    "sampled": str(each.sampled_id),
                    "answers": dict(each.settlement.answers),
                    "note": each.settlement.note,
                    "proposed_by": each.settlement.proposed_by,
                    "agreed_by": each.settlement.agreed_by,
                    "is_third": each.settlement.is_third,
                }
            )
        elif each.released:
            found.append({"sampled": str(each.sampled_id), "released": each.released})
    return found


def _settlements(sampled_ids: Iterable[UUID]) -> dict[UUID, Settled]:
    rows = Settlement.objects.filter(sampled__in=list(sampled_ids)).select_related(
        "proposed_by", "agreed_by"
    )
    return {
        row.sampled_id: Settled(
            answers={key: getattr(row, key) for key in KEYS},
            note=row.note,
            proposed_by_id=row.proposed_by_id,
            proposed_by=row.proposed_by.name,
            proposed_at=row.proposed_at,
            agreed_by=row.agreed_by.name if row.agreed_by else "",
            is_third=row.is_third,
            at=row.settled_at,
        )
        for row in rows
    }


def _readings(
    facts: tuple[UUID, UUID, str, bool, str],
    reviews: list[Review],
    settled: Settled | None,
    *,
    is_shown: bool,
    is_known: bool,
    is_veiled: bool,
) -> Readings:
    sampled_id, run_id, stratum, is_doubled, released = facts
    told = [_reading(review) for review in reviews[:2]]
    return Readings(
        sampled_id=sampled_id,
        run_id=run_id,
        stratum=stratum,
        is_doubled=is_doubled,
        is_open=not is_doubled or is_shown or bool(released) or len(reviews) > 1,
        first=told[0] if told else None,
        second=told[1] if len(told) > 1 else None,
        settlement=settled,
        released=released,
        is_known=is_known,
        is_veiled=is_veiled,
    )


def _reading(review: Review) -> Reading:
    answers = {key: getattr(review, key) for key in KEYS}
    given = given_from(answers, review.reasons, review.note)
    return Reading(review.assessor_id, review.assessor.name, given, review.created_at)
