"""The indicators that come from what agents asked and how people decided, as one source."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from approvals.queries.kpi_auto import taken_back_over
from approvals.queries.kpi_ends import (
    Percentiles,
    ages_at,
    decision_times_over,
    ends_over,
    reopened_over,
)
from approvals.rules.ended import Decided, decided_in
from portal.accounts.actors import Actor
from portal.home.queries.kpis import decision_kpis as named
from portal.home.queries.kpis.answers import (
    ANSWERS,
    FOLLOW_UP,
    count_of,
    ground_over,
    no_data,
    part_of,
    share_of,
    span_of,
)
from portal.home.queries.kpis.decision_rows import (
    ONE,
    end_of,
    reopened_in,
    rows_behind,
)
from portal.home.queries.kpis.figure import (
    Answer,
    Detail,
    Figure,
    Kpi,
    Rows,
    Scope,
    Side,
    Unit,
)
from runs.queries.kpi_sums import Span, Sums

_OF_CASES = ("run.cases", "run.cases_escalated")
_CASES = ("run.closed_named", "run.closed")
NOTHING_ASKED = "No agent asked for anything in these days."
NOTHING_DECIDED = "Nobody decided a proposal in these days."
NOTHING_WAITED = "Nothing waited for a person."


class FromDecisions:
    """Every indicator that is counted from requests and decisions."""

    kpis: tuple[Kpi, ...] = named.ALL

    def figures(
        self,
        *,
        actor: Actor,
        keys: Sequence[str],
        scopes: Sequence[Scope],
        now: datetime,
    ) -> Mapping[str, tuple[Figure, ...]]:
        """Give each indicator once per scope. At most twenty queries, whatever the scopes."""
        wanted = frozenset(keys)
        spans = [span_of(scope) for scope in scopes]
        earlier = [span_of(scope, earlier=FOLLOW_UP) for scope in scopes]
        sums, sums_earlier = ground_over(actor=actor, scopes=scopes)
        found: dict[str, tuple[Figure, ...]] = {}
        for kpi in named.ASKING:
            if kpi.key in wanted:
                found[kpi.key] = tuple(_asked(kpi, each, now) for each in sums)
        if wanted & {kpi.key for kpi in named.ENDING}:
            ends = [decided_in(each) for each in ends_over(actor=actor, spans=spans)]
            for kpi in named.ENDING:
                if kpi.key in wanted:
                    found[kpi.key] = tuple(
                        _ENDINGS[kpi.key](each, asked, now)
                        for each, asked in zip(ends, sums, strict=True)
                    )
        if named.OVERRIDE.key in wanted:
            found[named.OVERRIDE.key] = _with_autos(
                found[named.OVERRIDE.key], actor, earlier, sums_earlier
            )
        if named.DECIDING_TIME.key in wanted:
            times = decision_times_over(actor=actor, spans=spans)
            ends = [decided_in(each) for each in ends_over(actor=actor, spans=spans)]
            found[named.DECIDING_TIME.key] = tuple(
                _time(*each, now) for each in zip(times, ends, strict=True)
            )
        if named.QUEUE_AGE.key in wanted:
            moments = [end_of(scope, now) for scope in scopes]
            ages = ages_at(actor=actor, moments=moments, spans=spans)
            found[named.QUEUE_AGE.key] = tuple(_age(each, now) for each in ages)
        if named.REWORK.key in wanted:
            found[named.REWORK.key] = _rework(actor, earlier, sums_earlier, now)
        return found

    def rows(
        self, *, actor: Actor, key: str, scope: Scope, side: Side, cursor: str | None
    ) -> Rows:
        """Give the requests or proposals behind one side of an indicator, newest first."""
        return rows_behind(actor=actor, key=key, scope=scope, side=side, cursor=cursor)


def _asked(kpi: Kpi, sums: Sums, now: datetime) -> Figure:
    counts = {answer: sums.get(f"ruled.{answer}", Decimal(0)) for answer in ANSWERS}
    total = sum(counts.values(), Decimal(0))
    if kpi is named.ASKED:
        return count_of(
            total,
            now=now,
            details=tuple(
                part_of(label, float(counts[answer]), float(total))
                for answer, label in (
                    ("allow", "Allowed"),
                    ("review", "Reviewed"),
                    ("escalate", "Escalated"),
                    ("refuse", "Refused"),
                )
            ),
        )
    details: tuple[Detail, ...] = ()
    if kpi is named.ESCALATED:
        cases, escalated = (sums.get(name, Decimal(0)) for name in _OF_CASES)
        details = (part_of("Cases that escalated", float(escalated), float(cases)),)
    return share_of(
        counts[ONE[kpi.key]], total, now=now, why=NOTHING_ASKED, details=details
    )


def _left_out(found: Decided, asked: Sums) -> tuple[tuple[str, int], ...]:
    return (
        ("Expired undecided", found.expired),
        ("Withdrawn by the agent", found.withdrawn),
        ("Taken back", found.superseded),
        ("Allowed without a person", int(asked.get("ruled.allow", 0))),
    )


def _acceptance(found: Decided, asked: Sums, now: datetime) -> Figure:
    return share_of(
        found.as_is + found.edited,
        found.decided,
        now=now,
        why=NOTHING_DECIDED,
        excluded=_left_out(found, asked),
        details=(
            part_of("Approved as they are", found.as_is, found.decided),
            part_of("Approved after an edit", found.edited, found.decided),
        ),
    )


def _override(found: Decided, asked: Sums, now: datetime) -> Figure:
    changed = found.edited - found.cosmetic
    return share_of(
        found.overridden,
        found.decided,
        now=now,
        why=NOTHING_DECIDED,
        excluded=_left_out(found, asked),
        details=(
            part_of("Rejected", found.rejected, found.decided),
            part_of("Answered instead", found.responded, found.decided),
            part_of("Edited in what matters", changed, found.decided),
            part_of("Edited in wording only", found.cosmetic, found.decided),
        ),
    )


def _with_autos(
    figures: Sequence[Figure],
    actor: Actor,
    spans: Sequence[Span],
    allowed: Sequence[Sums],
) -> tuple[Figure, ...]:
    """Set beside each what was allowed without a person, and a person took back.

    Of the days 14 days earlier: never part of the number, which is about decisions.
    """
    back = taken_back_over(actor=actor, spans=spans)
    return tuple(
        replace(
            figure,
            details=(
                *figure.details,
                part_of(
                    "Allowed without a person, and taken back by one",
                    count,
                    float(sums.get("ruled.allow", 0)),
                ),
            ),
        )
        for figure, sums, count in zip(figures, allowed, back, strict=True)
    )


def _in_time(found: Decided, asked: Sums, now: datetime) -> Figure:
    del asked
    return share_of(
        found.in_time,
        found.decided + found.expired,
        now=now,
        why=NOTHING_DECIDED,
        excluded=_withdrawn(found),
        details=(
            part_of(
                "Decided, but late",
                found.decided - found.in_time,
                found.decided + found.expired,
            ),
            part_of("Expired", found.expired, found.decided + found.expired),
        ),
    )


def _expired(found: Decided, asked: Sums, now: datetime) -> Figure:
    del asked
    return share_of(
        found.expired,
        found.decided + found.expired,
        now=now,
        why="No proposal ended in these days.",
        excluded=_withdrawn(found),
    )


def _withdrawn(found: Decided) -> tuple[tuple[str, int], ...]:
    return (
        ("Withdrawn by the agent", found.withdrawn),
        ("Taken back", found.superseded),
    )


_ENDINGS = {
    named.ACCEPTANCE.key: _acceptance,
    named.OVERRIDE.key: _override,
    named.IN_TIME.key: _in_time,
    named.EXPIRED.key: _expired,
}


def _time(found: Percentiles, ends: Decided, now: datetime) -> Figure:
    excluded = (("Expired undecided", ends.expired), *_withdrawn(ends))
    if found.p50 is None:
        return no_data(NOTHING_DECIDED, now=now, excluded=excluded)
    return Figure(
        Answer.MEASURED,
        now,
        value=found.p50,
        over=Decimal(found.count),
        excluded=excluded,
        details=(
            Detail("Nine of ten took no longer than", found.p90, Unit.SECONDS, "p90"),
        ),
    )


def _age(found: Percentiles, now: datetime) -> Figure:
    if found.p90 is None:
        return no_data(NOTHING_WAITED, now=now)
    return Figure(
        Answer.MEASURED,
        now,
        value=found.p90,
        over=Decimal(found.count),
        details=(Detail("Half waited no longer than", found.p50, Unit.SECONDS, "p50"),),
    )


def _rework(
    actor: Actor, spans: Sequence[Span], cases: Sequence[Sums], now: datetime
) -> tuple[Figure, ...]:
    ends = [decided_in(each) for each in ends_over(actor=actor, spans=spans)]
    again = reopened_over(actor=actor, spans=spans, reopened=reopened_in(actor, spans))
    return tuple(
        _reworked(*each, now=now) for each in zip(ends, again, cases, strict=True)
    )


def _reworked(found: Decided, again: int, cases: Sums, *, now: datetime) -> Figure:
    total = found.decided + found.superseded
    return share_of(
        found.superseded + again,
        total,
        now=now,
        why="Nobody decided a proposal in the days 14 days earlier.",
        covered=cases.get(_CASES[0], Decimal(0)),
        coverable=cases.get(_CASES[1], Decimal(0)),
        excluded=(
            ("Expired undecided", found.expired),
            ("Withdrawn by the agent", found.withdrawn),
        ),
        details=(
            part_of("Taken back", found.superseded, total),
            part_of("Case opened again", again, total),
        ),
    )
