"""Which findings are hidden: those about a run that a second person still reads blind.

What a reader found tells what they answered, so it follows the rule of answers
(`runs.queries.answers`): until both have answered, the second reading was given up or the
week is signed, nobody but its author sees its words, its kind or its run, nor what was
said about it. That it exists, who looks after it and its day are no secret.
"""

from uuid import UUID

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
)

from portal.core.digest import canonical, sha256_of
from runs.models import Finding, ReleasedReading, Review, ReviewWeek

TEXT = "Shown when both readers have answered"
KIND = "About a run that is read twice"
WHY = (
    "A second person still reads the run that this finding is about, without knowing what"
    " others saw. It can be read when both have answered."
)


def marked(rows: QuerySet[Finding], reader_id: UUID | None = None) -> QuerySet[Finding]:
    """Mark findings `is_hidden`: to this person, or else to all but its author. Not run yet."""
    hidden = _blind()
    if reader_id is not None:
        hidden &= ~Q(found_by=reader_id)
    return rows.annotate(
        is_hidden=ExpressionWrapper(hidden, output_field=BooleanField())
    )


def is_blind(finding_id: UUID) -> bool:
    """Say whether a finding is hidden from all but its author. One query."""
    return Finding.objects.filter(_blind(), id=finding_id).exists()


def is_hidden(row: Finding) -> bool:
    """Say whether a marked finding is hidden."""
    return bool(row.is_hidden)  # type: ignore[attr-defined]


def words_of(row: Finding) -> str:
    """Give the text of a marked finding, or what stands in its place."""
    return TEXT if is_hidden(row) else row.text


def kind_of(row: Finding) -> str:
    """Give the kind of a marked finding in words, or what stands in its place."""
    return KIND if is_hidden(row) else Finding.Kind(row.kind).label


def sealed_words(words: str) -> str:
    """Give what the journal keeps of words that must not be read yet: their digest."""
    return f"words kept back ({sha256_of(canonical({'words': words}))})"


def _blind() -> Q:
    of_run = Review.objects.filter(sampled=OuterRef("sampled"))
    another = Review.objects.filter(sampled=OuterRef("sampled")).exclude(
        id=OuterRef("pk")
    )
    released = ReleasedReading.objects.filter(sampled=OuterRef("sampled"))
    return Q(
        ~Q(sampled__week__state=ReviewWeek.State.SIGNED),
        ~Exists(of_run.filter(Exists(another))),
        ~Exists(released),
        sampled__week__version=1,
        sampled__isnull=False,
        sampled__is_doubled=True,
    )
