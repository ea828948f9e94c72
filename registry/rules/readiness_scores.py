"""How ready a department is, from what people answered.

A question's score is the median of the levels that people gave: one loud voice moves a
mean and not a median. A pillar's score is the median of its questions' scores, and a
department is as ready as its weakest pillar. With an even number the median lies halfway
between the two in the middle. What nobody answered has no score; it is never 0.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from registry.rules.readiness import PILLARS, QUESTIONS, keys_of

# People who are this many levels apart do not see the same department.
APART = 2
PEOPLE_MIN = 2
PRIORITY_DAYS = 90
SUGGESTED_MAX = 5
GOOD_ENOUGH = Decimal(4)
FORMULA = (
    "Each question's score is the median of the levels that people gave; a pillar's is the"
    " median of its five questions; the department is as ready as its weakest pillar."
    " With an even number, the median lies halfway between the two in the middle."
)

type Said = Mapping[str, int]


@dataclass(frozen=True)
class QuestionScore:
    """One question: its median, and how far apart people are."""

    key: str
    levels: tuple[int, ...]
    score: Decimal | None

    @property
    def spread(self) -> int:
        return max(self.levels) - min(self.levels) if self.levels else 0

    @property
    def is_disputed(self) -> bool:
        return self.spread >= APART


@dataclass(frozen=True)
class Scores:
    """The scores of one assessment: by question, by pillar, and the weakest pillar."""

    questions: Mapping[str, QuestionScore]
    pillars: Mapping[str, Decimal | None]

    @property
    def weakest(self) -> str | None:
        """Name the weakest pillar, the first of equals; None while one has no score."""
        known = [(score, key) for key, score in self.pillars.items()]
        if not known or any(score is None for score, _ in known):
            return None
        least = min(score for score, _ in known if score is not None)
        return next(key for score, key in known if score == least)

    @property
    def lowest(self) -> Decimal | None:
        return self.pillars[self.weakest] if self.weakest else None


def median(values: Sequence[int | Decimal]) -> Decimal | None:
    """Give the middle value, halfway between two where there are two; None of nothing."""
    if not values:
        return None
    ordered = sorted(Decimal(value) for value in values)
    half, is_odd = divmod(len(ordered), 2)
    if is_odd:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def scores_of(said: Sequence[Said]) -> Scores:
    """Score what people said, one mapping each, by question and by pillar."""
    questions = {}
    for key in QUESTIONS:
        levels = tuple(sorted(each[key] for each in said if key in each))
        questions[key] = QuestionScore(key, levels, median(levels))
    pillars = {}
    for pillar in PILLARS:
        found = [questions[key].score for key in keys_of(pillar)]
        known = [score for score in found if score is not None]
        pillars[pillar.key] = median(known) if len(known) == len(found) else None
    return Scores(questions, pillars)


def missing_in(said: Said) -> tuple[str, ...]:
    """Give the questions that one person has not answered yet, in their order."""
    return tuple(key for key in QUESTIONS if key not in said)


def suggested(
    scores: Scores, *, taken: Sequence[str] = (), done: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Give what to do first: the lowest questions of the lowest pillars, each with its step.

    Nothing that is good enough already, that somebody has taken on, or that is so: where
    the first step is `done`, it is what helps then, and without that nothing.
    """
    order = {key: place for place, key in enumerate(scores.questions)}
    rows = [
        (scores.pillars[key.partition(".")[0]], each.score, order[key], key)
        for key, each in scores.questions.items()
        if each.score is not None
        and each.score < GOOD_ENOUGH
        and key not in taken
        and _step(key, done)
    ]
    ranked = sorted(row for row in rows if row[0] is not None)
    return tuple((key, _step(key, done)) for *_, key in ranked[:SUGGESTED_MAX])


def _step(key: str, done: Collection[str]) -> str:
    question = QUESTIONS[key]
    return question.then if key in done else question.step


def wrong_due(due_on: date, *, today: date) -> str:
    """Say what is wrong with a priority's day, or nothing."""
    if due_on <= today:
        return "Choose a day that is still to come."
    if due_on > today + timedelta(days=PRIORITY_DAYS):
        return (
            f"Priorities are for the next {PRIORITY_DAYS} days. Choose an earlier day."
        )
    return ""


def why_not_ready(
    *,
    department: str,
    closed_on: date | None,
    today: date,
    valid_days: int,
    minimum: Decimal,
    lowest: Decimal | None,
    weakest: str,
) -> str:
    """Say in words why a department does not pass, or nothing when it does."""
    if closed_on is None:
        return f"{department} has closed no readiness assessment yet."
    age = (today - closed_on).days
    if age > valid_days:
        return (
            f"The last readiness assessment of {department} was closed {age} days ago, and"
            f" it counts for {valid_days}."
        )
    if lowest is None:
        return f"The readiness assessment of {department} has a pillar without a score."
    if lowest < minimum:
        return (
            f"{department} scores {score_text(lowest)} of 5 in {weakest.lower()}, and every"
            f" pillar needs {score_text(minimum)}."
        )
    return ""


def score_text(score: Decimal | None) -> str:
    """Write a score, without a zero that says nothing."""
    if score is None:
        return "no data"
    return f"{score.normalize():f}" if score % 1 else f"{score:.0f}"
