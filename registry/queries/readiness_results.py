"""One assessment as its page shows it: scores by pillar and question, who said what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from registry.models import ReadinessAnswer, ReadinessAssessment, ReadinessPart
from registry.rules.readiness import PILLARS, QUESTIONS, Pillar, keys_of
from registry.rules.readiness_scores import Scores, score_text, scores_of


@dataclass(frozen=True)
class Said:
    """What one person chose for one question."""

    name: str
    level: int
    note: str


@dataclass(frozen=True)
class QuestionResult:
    key: str
    text: str
    score: str
    words: str
    spread: str
    is_disputed: bool
    said: tuple[Said, ...]
    before: str


@dataclass(frozen=True)
class PillarResult:
    key: str
    label: str
    short: str
    about: str
    score: Decimal | None
    shown: str
    before: Decimal | None
    change: str
    is_weakest: bool
    questions: tuple[QuestionResult, ...]


@dataclass(frozen=True)
class Result:
    """What an assessment comes to, by what was submitted."""

    id: UUID
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    people: tuple[str, ...]
    left_out: tuple[str, ...]
    left_out_reason: str
    pillars: tuple[PillarResult, ...]
    lowest: str
    weakest: str
    disputed: int
    compared_with: datetime | None
    scores: Scores

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(each.short for each in self.pillars)

    @property
    def values(self) -> tuple[float | None, ...]:
        return tuple(_float(each.score) for each in self.pillars)

    @property
    def values_before(self) -> tuple[float | None, ...]:
        return tuple(_float(each.before) for each in self.pillars)


def result_of(
    whole: ReadinessAssessment, before: ReadinessAssessment | None = None
) -> Result:
    """Give what an assessment comes to, beside the one before it. At most four queries."""
    parts = _parts(whole.id)
    scores = scores_of([said for _, said, _ in parts])
    earlier = scores_of([said for _, said, _ in _parts(before.id)]) if before else None
    pillars = tuple(_pillar(each, scores, earlier, parts) for each in PILLARS)
    weakest = next((each.label for each in pillars if each.is_weakest), "")
    return Result(
        id=whole.id,
        opened_at=whole.opened_at,
        closed_at=whole.closed_at,
        closed_by=whole.closed_by.name if whole.closed_by else "Countersign",
        people=tuple(name for name, *_ in parts),
        left_out=tuple(whole.left_out),
        left_out_reason=whole.left_out_reason,
        pillars=pillars,
        lowest=score_text(scores.lowest),
        weakest=weakest,
        disputed=sum(each.is_disputed for each in scores.questions.values()),
        compared_with=before.closed_at if before else None,
        scores=scores,
    )


type _Part = tuple[str, Mapping[str, int], Mapping[str, str]]


def _parts(assessment_id: UUID) -> list[_Part]:
    """Give who submitted, by name, with their levels and words. Two queries."""
    names = dict(
        ReadinessPart.objects.filter(
            assessment=assessment_id, submitted_at__isnull=False
        )
        .order_by("person__name", "id")
        .values_list("id", "person__name")
    )
    levels: dict[UUID, dict[str, int]] = {each: {} for each in names}
    notes: dict[UUID, dict[str, str]] = {each: {} for each in names}
    rows = ReadinessAnswer.objects.filter(part__in=names)
    for part, question, level, note in rows.values_list(
        "part_id", "question", "level", "note"
    ):
        levels[part][question], notes[part][question] = level, note
    return [(name, levels[each], notes[each]) for each, name in names.items()]


def _pillar(
    pillar: Pillar, scores: Scores, earlier: Scores | None, parts: Sequence[_Part]
) -> PillarResult:
    score = scores.pillars[pillar.key]
    before = earlier.pillars[pillar.key] if earlier else None
    return PillarResult(
        key=pillar.key,
        label=pillar.label,
        short=pillar.short,
        about=pillar.about,
        score=score,
        shown=score_text(score),
        before=before,
        change=_change(score, before),
        is_weakest=scores.weakest == pillar.key,
        questions=tuple(
            _question(key, scores, earlier, parts) for key in keys_of(pillar)
        ),
    )


def _question(
    key: str, scores: Scores, earlier: Scores | None, parts: Sequence[_Part]
) -> QuestionResult:
    found, question = scores.questions[key], QUESTIONS[key]
    said = [
        Said(name, levels[key], notes.get(key, ""))
        for name, levels, notes in parts
        if key in levels
    ]
    return QuestionResult(
        key=key,
        text=question.text,
        score=score_text(found.score),
        words=_words(question.levels, found.score),
        spread=_spread(found.levels),
        is_disputed=found.is_disputed,
        said=tuple(sorted(said, key=lambda each: (each.level, each.name))),
        before=score_text(earlier.questions[key].score) if earlier else "",
    )


def _words(levels: tuple[str, ...], score: Decimal | None) -> str:
    """Say what a score looks like; halfway, what it lies between."""
    if score is None:
        return ""
    low = levels[int(score) - 1]
    return f"Between “{low}” and “{levels[int(score)]}”" if score % 1 else low


def _spread(levels: tuple[int, ...]) -> str:
    if not levels:
        return "nobody"
    low, high = levels[0], levels[-1]
    return f"all {low}" if low == high else f"{low} to {high}"


def _change(score: Decimal | None, before: Decimal | None) -> str:
    if score is None or before is None:
        return ""
    if score == before:
        return "as before"
    word = "up" if score > before else "down"
    return f"{word} from {score_text(before)}"


def _float(score: Decimal | None) -> float | None:
    return None if score is None else float(score)
