"""Which known cases may be put before whom: what nobody has been given, and who knows a run."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db.models import Q

from runs.models import KnownCase, Review, SampledRun, SeededRun, Settlement


def pools_for(
    *, workflow_id: UUID, people: Iterable[str], without: Iterable[UUID]
) -> tuple[dict[str, list[str]], dict[str, KnownCase]]:
    """Give each assessor the known cases that they know nothing of, and the cases.

    A case is given once: whoever had it knows it, in whichever week it was. Five queries.
    """
    given = SeededRun.objects.values("sampled__run")
    cases = {
        case.run_id: case
        for case in KnownCase.objects.filter(
            workflow=workflow_id, withdrawn_at=None, run__merged_into=None
        ).exclude(Q(run__in=list(without)) | Q(run__in=given))
    }
    knows: dict[UUID, set[UUID]] = {
        run_id: {case.marked_by_id} for run_id, case in cases.items()
    }
    if cases:
        held = SampledRun.to_read.filter(run__in=cases).exclude(assigned_to=None)
        for run_id, person in (*_seen(cases), *held.values_list("run", "assigned_to")):
            knows[run_id].add(person)
    pools = {
        person: [
            str(case.id)
            for run_id, case in cases.items()
            if UUID(person) not in knows[run_id]
        ]
        for person in people
    }
    return pools, {str(case.id): case for case in cases.values()}


def who_knows(sampled_ids: Iterable[UUID]) -> dict[UUID, set[str]]:
    """Say, of known cases, who has read, settled or kept them before. Three queries, mostly one."""
    seeds = SeededRun.objects.filter(sampled__in=list(sampled_ids))
    cases = {
        sampled_id: (run_id, marked_by_id)
        for sampled_id, run_id, marked_by_id in seeds.values_list(
            "sampled_id", "known__run_id", "known__marked_by_id"
        )
    }
    if not cases:
        return {}
    read: dict[UUID, set[str]] = {}
    runs = [run_id for run_id, _ in cases.values()]
    for run_id, person in _seen(runs):
        read.setdefault(run_id, set()).add(str(person))
    return {
        sampled_id: {str(marked_by_id), *read.get(run_id, ())}
        for sampled_id, (run_id, marked_by_id) in cases.items()
    }


def _seen(run_ids: Iterable[UUID]) -> Iterator[tuple[UUID, UUID]]:
    """Give runs with everybody who answered about them or settled what was answered."""
    runs = list(run_ids)
    read = Review.objects.filter(sampled__run__in=runs)
    yield from read.values_list("sampled__run", "assessor")
    settled = Settlement.objects.filter(sampled__run__in=runs).values_list(
        "sampled__run", "proposed_by", "agreed_by"
    )
    for run_id, *people in settled:
        yield from ((run_id, person) for person in people if person is not None)
