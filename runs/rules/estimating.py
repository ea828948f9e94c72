"""What a week's answers come to: one line per question, with its interval or its counts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runs.rules.questions import ANSWERS, QUESTIONS
from runs.rules.sampling import Layer
from runs.rules.stats import (
    SHOWN_FROM,
    Interval,
    Stratum,
    stratified_interval,
    upper_bound,
    wilson,
)


@dataclass(frozen=True)
class Answered:
    """One run's answers and the layer that it was drawn from."""

    layer: str
    answers: Mapping[str, str]


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
    bound_of_no: float | None
    shown: str
    note: str


def results_of(
    answered: Iterable[Answered], *, populations: Mapping[str, int]
) -> tuple[Result, ...]:
    """Add up a week's answers, question by question."""
    rows = tuple(answered)
    total = sum(populations.values())
    return tuple(_result(question, rows, populations, total) for question in QUESTIONS)


def _result(question, rows, populations, total: int) -> Result:
    counts = Counter(row.answers.get(question.key, "") for row in rows)
    judged = counts["yes"] + counts["no"]
    layers = [_layer(question.key, layer, rows, populations) for layer in Layer]
    weighted = stratified_interval(layers)
    interval = weighted or wilson(counts["yes"], judged)
    if judged < SHOWN_FROM:
        interval = None
    return Result(
        key=question.key,
        text=question.text,
        short=question.short,
        counts={answer: counts[answer] for answer in ANSWERS},
        judged=judged,
        interval=interval,
        is_weighted=weighted is not None,
        bound_of_no=upper_bound(counts["no"], judged),
        shown=_shown(counts["yes"], judged, interval, len(rows), total),
        note=_note(counts["no"], judged, interval, weighted is not None),
    )


def _layer(key: str, layer: Layer, rows, populations) -> Stratum:
    answers = [row.answers.get(key) for row in rows if row.layer == layer.value]
    having, lacking = answers.count("yes"), answers.count("no")
    return Stratum(populations.get(layer.value, 0), having + lacking, having)


def _shown(
    yes: int, judged: int, interval: Interval | None, read: int, total: int
) -> str:
    """Say a share with its interval and its ground; with few judged, the counts alone."""
    noun = "run" if total == 1 else "runs"
    ground = f"{read:,} of {total:,} {noun} reviewed"
    if judged == 0:
        return f"No data yet, {ground}"
    if interval is None:
        return f"{yes} of {judged} yes, {ground}"
    low, high = round(interval.low * 100), round(interval.high * 100)
    return f"{round(interval.share * 100)} % ({low}–{high}), {ground}"


def _note(no: int, judged: int, interval: Interval | None, is_weighted: bool) -> str:
    if judged == 0:
        return ""
    if interval is None:
        return f"Too few for a share: {SHOWN_FROM} judged runs are needed."
    if no == 0:
        bound = upper_bound(0, judged)
        return f"No “no” seen: at 95 %, fewer than {(bound or 1) * 100:.1f} % of runs."
    if not is_weighted:
        return "Not weighted: a layer with runs has none judged yet."
    return ""
