"""The indicators that come from what assessors answered, as one source.

Every share is weighted by the chance that each run had to be drawn. Fewer than ten judged
runs give counts and no share.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.urls import reverse

from approvals.queries.kpi_ends import ends_over
from approvals.rules.ended import decided_in
from portal.accounts.actors import Actor
from portal.core.errors import Malformed
from portal.home.queries.kpis import review_kpis as named
from portal.home.queries.kpis.answers import no_data, part_of, span_of
from portal.home.queries.kpis.figure import (
    Answer,
    Detail,
    Figure,
    Kpi,
    Row,
    Rows,
    Scope,
    Side,
    Unit,
)
from runs.queries.kpi_reviews import ReadRun, Reviewed, reviewed_over
from runs.rules.estimating import estimate_of
from runs.rules.questions import ANSWERS
from runs.rules.stats import SHOWN_FROM, upper_bound

PAGE = 50
type Answers = Mapping[str, str]
_YES, _NO = "yes", "no"


class FromReviews:
    """Every indicator that is estimated from the weekly review."""

    kpis: tuple[Kpi, ...] = named.ALL

    def figures(
        self,
        *,
        actor: Actor,
        keys: Sequence[str],
        scopes: Sequence[Scope],
        now: datetime,
    ) -> Mapping[str, tuple[Figure, ...]]:
        """Estimate each indicator once per scope. At most ten queries."""
        spans = [span_of(scope) for scope in scopes]
        reviewed = reviewed_over(actor=actor, spans=spans)
        found = {
            key: tuple(_estimate(key, each, now) for each in reviewed)
            for key in JUDGED
            if key in keys
        }
        if named.CONTEXT.key in found:
            ends = [decided_in(each) for each in ends_over(actor=actor, spans=spans)]
            found[named.CONTEXT.key] = tuple(
                replace(
                    figure,
                    details=(
                        *figure.details,
                        part_of("Agent asked for more", each.asked_more, each.decided),
                    ),
                )
                for figure, each in zip(found[named.CONTEXT.key], ends, strict=True)
            )
        return found

    def rows(
        self, *, actor: Actor, key: str, scope: Scope, side: Side, cursor: str | None
    ) -> Rows:
        """Give the sampled runs behind one side, those of the newest week first."""
        (reviewed,) = reviewed_over(actor=actor, spans=[span_of(scope)])
        judge = JUDGED[key]
        wanted = [run for run in reviewed.runs if _is_on(side, judge, run)]
        start = _place_after(wanted, cursor)
        page = wanted[start : start + PAGE]
        has_more = start + PAGE < len(wanted)
        return Rows(
            tuple(
                Row(
                    run.title,
                    reverse("run", args=(run.run_id,)),
                    None,
                    shown=_said(key, run.answers),
                    note=f"week that ended on {run.ended_on:%d %B %Y}",
                )
                for run in page
            ),
            str(page[-1].sampled_id) if has_more else None,
        )


def missed(answers: Answers) -> str | None:
    """Say whether an escalation was missed; None where it cannot be said."""
    return {_NO: _YES, _YES: _NO}.get(answers.get("escalated_in_time", ""))


def adhered(answers: Answers) -> str | None:
    """Say whether a run kept to the rulebook, by the two questions that ask it."""
    said = [answers.get(key) for key in ("restricted_avoided", "escalated_in_time")]
    if _NO in said:
        return _NO
    if "cannot_judge" in said or _YES not in said:
        return None
    return _YES


def had_context(answers: Answers) -> str | None:
    said = answers.get("reviewer_had_context")
    return said if said in (_YES, _NO) else None


JUDGED: Mapping[str, Callable[[Answers], str | None]] = {
    named.MISSED.key: missed,
    named.ADHERENCE.key: adhered,
    named.CONTEXT.key: had_context,
}
_QUESTIONS = {
    named.MISSED.key: ("escalated_in_time",),
    named.ADHERENCE.key: ("restricted_avoided", "escalated_in_time"),
    named.CONTEXT.key: ("reviewer_had_context",),
}


def _estimate(key: str, reviewed: Reviewed, now: datetime) -> Figure:
    rows = reviewed.answered(key, JUDGED[key])
    having = sum(row.answers[key] == _YES for row in rows)
    judged = len(rows)
    read = sum(bool(run.answers) for run in reviewed.runs)
    ground = {
        "covered": Decimal(read),
        "coverable": Decimal(reviewed.population),
        "over": Decimal(having),
        "under": Decimal(judged),
        "excluded": (
            ("Read, and not judged", read - judged),
            ("Drawn, and not counted yet", len(reviewed.runs) - read),
        ),
    }
    if not judged:
        return no_data(
            "No run of a week that ended in these days was read.", now=now, **ground
        )
    if judged < SHOWN_FROM:
        return no_data(
            f"{having} of {judged} judged runs; a share needs {SHOWN_FROM}.",
            now=now,
            **ground,
        )
    return _weighted(key, reviewed, rows, ground, now)


def _weighted(key, reviewed, rows, ground, now) -> Figure:  # type: ignore[no-untyped-def]
    interval, weighted = estimate_of(key, rows, populations=reviewed.populations)
    if interval is None:
        return no_data("No run was judged.", now=now, **ground)
    low: float | None = interval.low
    high: float | None = interval.high
    size = weighted.size_effective if weighted is not None else float(len(rows))
    if not ground["over"]:
        low, high = None, upper_bound(0, max(1, min(len(rows), int(size))))
    note = "" if weighted else "not weighted: a layer with runs has none judged yet"
    return Figure(
        Answer.MEASURED,
        now,
        value=interval.share,
        low=low,
        high=high,
        details=(Detail("Judged runs, as a plain sample", size, Unit.COUNT, note),),
        **ground,
    )


def _is_on(side: Side, judge: Callable[[Answers], str | None], run: ReadRun) -> bool:
    said = judge(run.answers) if run.answers else None
    if side == Side.OVER:
        return said == _YES
    return (said is not None) == (side == Side.UNDER)


def _place_after(runs: Sequence[ReadRun], cursor: str | None) -> int:
    if cursor is None:
        return 0
    for place, run in enumerate(runs):
        if str(run.sampled_id) == cursor:
            return place + 1
    raise Malformed("This page address was not made here.")


def _said(key: str, answers: Answers) -> str:
    if not answers:
        return "not counted yet"
    words = [ANSWERS.get(answers.get(each, ""), ("",))[0] for each in _QUESTIONS[key]]
    return ", ".join(word.lower() for word in words if word)
