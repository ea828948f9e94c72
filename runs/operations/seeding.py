"""Which known cases a week gets as it opens, in the likeness of runs that were flagged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from runs.models import KnownCase, ReviewWeek, SampledRun
from runs.queries.known_pools import pools_for
from runs.rules.knowing import share_known
from runs.rules.must_see import FLAGGED
from runs.rules.sampling import Layer


@dataclass(frozen=True)
class Seeded:
    """A known case, and the run of a sample that it is read as."""

    known: KnownCase
    sampled: SampledRun


def known_for(
    week: ReviewWeek, rows: Sequence[SampledRun], queues: Mapping[str, int]
) -> tuple[Seeded, ...]:
    """Choose the known cases of a week by its key. Five queries at most.

    A flagged run is the one kind that a week holds although it ended earlier, so that is
    what a known case looks like.
    """
    pools, cases = pools_for(
        workflow_id=week.workflow_id,
        people=queues.keys(),
        without=[row.run_id for row in rows],
    )
    given = share_known(secret=bytes(week.seed), queues=queues, pools=pools)
    return tuple(
        Seeded(
            cases[case],
            SampledRun(
                week=week,
                run_id=cases[case].run_id,
                stratum=Layer.MUST_SEE.value,
                why=FLAGGED,
                probability=Decimal(1),
                assigned_to_id=UUID(person),
            ),
        )
        for case, person in given.items()
    )
