"""Whether two readers understand a question alike, and what follows when they do not."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runs.rules.questions import ANSWERS, QUESTIONS
from runs.rules.stats import SHOWN_FROM
from runs.rules.stats.agreement import (
    cohens_kappa,
    gwet_ac1,
    krippendorff_alpha,
    pabak,
    raw_agreement,
)

AGREED_FROM = 0.6
# From this share of one and the same answer on, alpha and kappa say more about the
# answers than about the readers.
ONE_SIDED_FROM = 0.9


@dataclass(frozen=True)
class Agreement:
    """How far two readers agreed on one question, over the runs that both read."""

    key: str
    short: str
    pairs: int
    alike: int
    raw: float | None
    kappa: float | None
    alpha: float | None
    ac1: float | None
    pabak: float | None
    judged_by: str
    is_calibrated: bool | None
    said: str


def agreements(
    pairs: Iterable[tuple[Mapping[str, str], Mapping[str, str]]],
) -> tuple[Agreement, ...]:
    """Say, question by question, how far the first and the second reading agree."""
    rows = tuple(pairs)
    return tuple(
        _agreement(
            question.key,
            question.short,
            [
                (first[question.key], second[question.key])
                for first, second in rows
                if question.key in first and question.key in second
            ],
        )
        for question in QUESTIONS
    )


def _agreement(key: str, short: str, answers: list[tuple[str, str]]) -> Agreement:
    alike = sum(one == two for one, two in answers)
    alpha = krippendorff_alpha(answers)
    ac1 = gwet_ac1(answers, answers=len(ANSWERS))
    judged_by, value = _judged(answers, alpha, ac1)
    is_calibrated = None if value is None else value >= AGREED_FROM
    return Agreement(
        key=key,
        short=short,
        pairs=len(answers),
        alike=alike,
        raw=raw_agreement(answers),
        kappa=cohens_kappa(answers),
        alpha=alpha,
        ac1=ac1,
        pabak=pabak(answers, answers=len(ANSWERS)),
        judged_by=judged_by,
        is_calibrated=is_calibrated,
        said=_said(len(answers), judged_by, value),
    )


def _judged(
    answers: list[tuple[str, str]], alpha: float | None, ac1: float | None
) -> tuple[str, float | None]:
    """Choose what agreement is judged by: alpha, or AC1 where nearly all say the same."""
    if len(answers) < SHOWN_FROM:
        return "", None
    counts = Counter(answer for pair in answers for answer in pair)
    is_one_sided = max(counts.values()) >= ONE_SIDED_FROM * 2 * len(answers)
    return ("AC1", ac1) if is_one_sided or alpha is None else ("alpha", alpha)


def _said(pairs: int, judged_by: str, value: float | None) -> str:
    if value is None:
        more = SHOWN_FROM - pairs
        noun = "run" if more == 1 else "runs"
        return f"Too few to judge: {more} more {noun} read by two people are needed."
    if value >= AGREED_FROM:
        return f"The readers agree ({judged_by} {value:.2f})."
    return (
        f"The readers agree too little ({judged_by} {value:.2f}, {AGREED_FROM} is "
        "needed): calibrate the questions before publishing."
    )
