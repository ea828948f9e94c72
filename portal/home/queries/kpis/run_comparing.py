"""Cycle times beside the baselines that were signed: at the baseline's mix of cases."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db.models import Q

from portal.accounts.actors import Actor
from portal.home.queries.kpis.run_asking import Compared
from registry.queries.measures import Baseline, frozen_baselines
from runs.queries.kpi_medians import Near, times_near_median
from runs.queries.kpi_sums import Columns
from runs.rules.rates import Stratum, reduction_of

KEY = "cycle-time"


def compared_over(actor: Actor, columns: Columns, count: int) -> tuple[Compared, ...]:
    """Compare the times of each span with the signed baselines. Three queries at most."""
    flocks: dict[int, set[UUID]] = {}
    for flock, workflow_id in zip(columns.members, columns.ids, strict=True):
        flocks.setdefault(flock, set()).add(workflow_id)
    asked: list[set[UUID]] = [set() for _ in range(count)]
    for number, flock in zip(columns.numbers, columns.flocks, strict=True):
        asked[number] = flocks[flock]
    known = {
        workflow_id: mine[KEY]
        for workflow_id, mine in frozen_baselines(
            actor=actor, workflow_ids=set(columns.ids), keys=(KEY,)
        ).items()
    }
    if not known:
        return (Compared(),) * count
    kinds = [
        (workflow_id, kind)
        for workflow_id, baseline in known.items()
        for kind, _, _ in _kinds_of(baseline)
    ]
    # Every run of a workflow too, so that what is left out can be said.
    whole = [(workflow_id, "") for workflow_id in known]
    near = times_near_median(columns, sorted({*kinds, *whole}), count=count)
    return tuple(
        _compared(
            found,
            {each: said for each, said in known.items() if each in mine},
            len(mine),
        )
        for found, mine in zip(near, asked, strict=True)
    )


def compared_kinds(actor: Actor, *, key: str = KEY) -> Q:
    """Say which runs are of kinds that a signed baseline speaks of."""
    found = Q(pk__in=())
    for workflow_id, mine in frozen_baselines(actor=actor, keys=(key,)).items():
        kinds = [each.kind for each in mine[key].cases]
        here = Q(workflow_id=workflow_id)
        found |= here & Q(case_type__in=kinds) if kinds else here
    return found


def _compared(near: Near, known: Mapping[UUID, Baseline], asked: int) -> Compared:
    if not known:
        return Compared()
    strata, runs, of_workflows, absent = [], 0, 0, 0
    for workflow_id, baseline in known.items():
        for kind, weight, value in _kinds_of(baseline):
            total, values = near.get((workflow_id, kind), (0, {}))
            runs += total
            absent += not total
            if total:
                strata.append(Stratum(weight, value, total, values))
        of_workflows += near.get((workflow_id, ""), (0, {}))[0]
    return Compared(
        reduction=reduction_of(strata),
        has_baseline=True,
        runs=runs,
        of_workflows=of_workflows,
        absent=absent,
        without=asked - len(known),
        note=_words(known.values()),
    )


def _kinds_of(baseline: Baseline) -> Sequence[tuple[str, float, float]]:
    """Give kind, weight and median; one kind for all where no mix was signed."""
    cases = [(each.kind, float(each.n), each.value) for each in baseline.cases]
    return cases or [("", float(max(1, baseline.n)), baseline.value)]


def _words(baselines: Collection[Baseline]) -> str:
    if len(baselines) != 1:
        return f"{len(baselines)} baselines"
    (each,) = baselines
    return (
        f"{each.n:,} cases, {each.first:%-d %b %Y} to {each.last:%-d %b %Y}, {each.how}"
    )
