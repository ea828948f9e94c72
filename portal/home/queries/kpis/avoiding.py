"""Escalations avoided, against the baselines that were frozen in launch packets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portal.accounts.actors import Actor
from portal.home.queries.kpis.answers import (
    ground_over,
    no_data,
    not_measurable,
    span_of,
)
from portal.home.queries.kpis.figure import Answer, Detail, Figure, Scope, Unit
from registry.queries.across import workflow_ids_seen_by
from registry.queries.measures import Baseline, frozen_baselines
from runs.queries.kpi_sums import Span, columns_of, sums_by_workflow, sums_over
from runs.rules.avoided import Avoided, KindOfCase, avoided_in
from runs.rules.counting.measures import PREFIX, kind_measure

_RATE = "escalation-rate"
NO_BASELINE = (
    "No workflow here has an escalation rate of before in its launch packet. An owner can"
    " state one on the one page; three people then sign it with the page."
)


def avoided_over(
    *, actor: Actor, scopes: Sequence[Scope], now: datetime
) -> tuple[Figure, ...]:
    """Compare the cases of each span with what the baselines say. Five queries."""
    seen = workflow_ids_seen_by(actor)
    spans = [span_of(scope) for scope in scopes]
    baselines = {
        workflow_id: known[_RATE]
        for workflow_id, known in frozen_baselines(actor=actor, keys=(_RATE,)).items()
    }
    known = frozenset(baselines) & seen
    columns = columns_of(
        [
            Span(
                span.first,
                span.last,
                known if span.workflows is None else span.workflows & known,
            )
            for span in spans
        ],
        seen=known,
    )
    sums = sums_by_workflow(
        columns=columns, measures=_measures(baselines), count=len(spans)
    )
    totals, _ = ground_over(actor=actor, scopes=scopes)
    # Without a case in its days a workflow says nothing, with its baseline or without.
    kinds: dict[int, list[KindOfCase]] = {number: [] for number in columns.numbers}
    for number, by_workflow in enumerate(sums):
        for workflow_id, found in by_workflow.items():
            kinds[number].extend(_kinds(baselines[workflow_id], found))
    return tuple(
        _figure(kinds.get(number), totals[number].get(f"{PREFIX}cases"), now)
        for number in range(len(spans))
    )


def escalated_cases(*, actor: Actor, span: Span) -> tuple[int, int]:
    """Say how many cases escalated, and of how many: what a baseline of it is taken from."""
    names = (f"{PREFIX}cases_escalated", f"{PREFIX}cases")
    (sums,) = sums_over(actor=actor, spans=[span], measures=names)
    escalated, cases = (int(sums.get(name, 0)) for name in names)
    return escalated, cases


def _measures(baselines: Mapping[UUID, Baseline]) -> set[str]:
    found = {f"{PREFIX}cases", f"{PREFIX}cases_escalated"}
    for baseline in baselines.values():
        for case in baseline.cases:
            found |= {_named(case.kind), _named(case.kind, "escalated")}
    return found


def _named(kind: str, what: str = "cases") -> str:
    return f"{PREFIX}{kind_measure(kind, what)}"


def _kinds(baseline: Baseline, sums: Mapping[str, Decimal]) -> list[KindOfCase]:
    """Give the strata of one workflow: its kinds of case, or all cases as one."""
    if not baseline.cases:
        return [
            KindOfCase(
                int(sums.get(f"{PREFIX}cases", 0)),
                int(sums.get(f"{PREFIX}cases_escalated", 0)),
                baseline.value,
                baseline.n,
            )
        ]
    return [
        KindOfCase(
            int(sums.get(_named(case.kind), 0)),
            int(sums.get(_named(case.kind, "escalated"), 0)),
            case.value,
            case.n,
        )
        for case in baseline.cases
    ]


def _figure(
    kinds: list[KindOfCase] | None, total: Decimal | None, now: datetime
) -> Figure:
    if kinds is None:
        return not_measurable(NO_BASELINE, now=now)
    found = avoided_in(kinds)
    all_cases = int(total or 0)
    if found is None:
        return no_data(
            "No case of a kind that the baseline knows ended in these days.",
            now=now,
            excluded=(("Cases that no baseline speaks of", all_cases),),
        )
    return _measured(found, all_cases, now)


def _measured(found: Avoided, all_cases: int, now: datetime) -> Figure:
    return Figure(
        Answer.MEASURED,
        now,
        value=found.value,
        over=Decimal(str(round(found.value, 6))),
        under=Decimal(found.cases),
        low=found.low,
        high=found.high,
        covered=Decimal(found.cases),
        coverable=Decimal(max(all_cases, found.cases)),
        excluded=(("Cases that no baseline speaks of", all_cases - found.cases),),
        details=(
            Detail(
                "Escalations the baseline would have had", found.expected, Unit.COUNT
            ),
            Detail("Cases that escalated", found.escalated, Unit.COUNT),
        ),
    )
