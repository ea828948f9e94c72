"""What a week's answers come to: one line per question, with its interval or its counts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runs.rules.questions import ANSWERS, QUESTIONS, Question
from runs.rules.stats import (
    SHOWN_FROM,
    Interval,
    Stratified,
    Stratum,
    clean_needed,
    stratified,
    upper_bound,
    wilson,
)

# Raised when a formula below changes, so that two numbers can be told apart.
FORMULA_VERSION = 2
GOALS = (0.05, 0.01)


@dataclass(frozen=True)
class Answered:
    """One run's answers, the layer that it was drawn from, and how likely that was.

    A layer is any name that `populations` has: of one week, or of many workflows.
    """

    layer: str
    answers: Mapping[str, str]
    probability: float = 1.0


@dataclass(frozen=True)
class Result:
    """What one question came to over a week."""

    key: str
    text: str
    short: str
    counts: Mapping[str, int]
    judged: int
    interval: Interval | None
    is_weighted: bool
    size_effective: float
    bound_of_no: float | None
    clean_needed: tuple[tuple[float, int], ...]
    judged_by_layer: Mapping[str, int]
    shown: str
    note: str


def results_of(
    answered: Iterable[Answered], *, populations: Mapping[str, int]
) -> tuple[Result, ...]:
    """Add up a week's answers, question by question."""
    rows = tuple(answered)
    return tuple(_result(question, rows, populations) for question in QUESTIONS)


def estimate_of(
    key: str, rows: Iterable[Answered], *, populations: Mapping[str, int]
) -> tuple[Interval | None, Stratified | None]:
    """Estimate the share of "yes" among "yes" and "no" over layers.

    The estimate is weighted by layer; where a layer with runs has none judged it cannot
    be, and the plain share of those judged stands in: then the second part is None.
    """
    found = tuple(rows)
    layers = [
        _layer(key, name, size, found) for name, size in sorted(populations.items())
    ]
    weighted = stratified(layers)
    if weighted is not None:
        having = weighted.share * weighted.size_effective
        return wilson(having, weighted.size_effective), weighted
    answers = Counter(row.answers.get(key) for row in found)
    return wilson(answers["yes"], answers["yes"] + answers["no"]), None


def _result(
    question: Question, rows: tuple[Answered, ...], populations: Mapping[str, int]
) -> Result:
    key = question.key
    counts = Counter(row.answers.get(key, "") for row in rows)
    judged = counts["yes"] + counts["no"]
    interval, weighted = estimate_of(key, rows, populations=populations)
    if judged < SHOWN_FROM:
        interval = None
    size = weighted.size_effective if weighted is not None else float(judged)
    bound = _bound_of_no(counts["no"], judged, size)
    needed = _clean_needed(counts["no"], judged, size)
    return Result(
        key=key,
        text=question.text,
        short=question.short,
        counts={answer: counts[answer] for answer in ANSWERS},
        judged=judged,
        interval=interval,
        is_weighted=weighted is not None,
        size_effective=size,
        bound_of_no=bound,
        clean_needed=needed,
        judged_by_layer=_judged_by_layer(key, rows),
        shown=_shown(counts["yes"], judged, interval, len(rows), populations),
        note=_note(counts["no"], judged, bound, needed, weighted is not None),
    )


def _layer(key: str, name: str, population: int, rows: tuple[Answered, ...]) -> Stratum:
    judged = [
        (row.probability, row.answers[key] == "yes")
        for row in rows
        if row.layer == name and row.answers.get(key) in ("yes", "no")
    ]
    return Stratum.of(population, judged)


def _judged_by_layer(key: str, rows: tuple[Answered, ...]) -> dict[str, int]:
    return dict(
        Counter(row.layer for row in rows if row.answers.get(key) in ("yes", "no"))
    )


def _bound_of_no(no: int, judged: int, size: float) -> float | None:
    """Bound the share of "no": exact, and where none was seen on the effective size.

    A sample that was drawn mostly from one layer says less than its number of runs.
    """
    if no == 0 and judged:
        return upper_bound(0, max(1, min(judged, int(size))))
    return upper_bound(no, judged)


def _clean_needed(no: int, judged: int, size: float) -> tuple[tuple[float, int], ...]:
    """Say how many more runs without a "no" would bound it by each goal."""
    if no or not judged:
        return ()
    seen = min(judged, int(size))
    return tuple(
        (goal, clean_needed(goal) - seen) for goal in GOALS if clean_needed(goal) > seen
    )


def _shown(
    yes: int,
    judged: int,
    interval: Interval | None,
    read: int,
    populations: Mapping[str, int],
) -> str:
    """Say a share with its interval and its ground; with few judged, the counts alone."""
    total = sum(populations.values())
    noun = "run" if total == 1 else "runs"
    ground = f"{read:,} of {total:,} {noun} reviewed"
    if judged == 0:
        return f"No data yet, {ground}"
    if interval is None:
        return f"{yes} of {judged} yes, {ground}"
    low, high = round(interval.low * 100), round(interval.high * 100)
    return f"{round(interval.share * 100)} % ({low}–{high}), {ground}"


def _note(
    no: int,
    judged: int,
    bound: float | None,
    needed: tuple[tuple[float, int], ...],
    is_weighted: bool,
) -> str:
    parts = []
    if judged == 0:
        return ""
    if judged < SHOWN_FROM:
        parts.append(f"Too few for a share: {SHOWN_FROM} judged runs are needed.")
    if no == 0:
        share = (bound or 1) * 100
        parts.append(f"No “no” seen: at 95 %, fewer than {share:.1f} % of runs.")
        if needed:
            more = " and ".join(
                f"{count:,} more clean ones for fewer than {goal * 100:.0f} %"
                for goal, count in needed
            )
            parts.append(f"{more[0].upper()}{more[1:]}.")
    if not is_weighted and judged >= SHOWN_FROM:
        parts.append("Not weighted: a layer with runs has none judged yet.")
    return " ".join(parts)
