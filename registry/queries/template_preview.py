"""What a template holds, told in sentences before anybody starts from it."""

from dataclasses import dataclass

from portal.core.errors import NotFound
from registry.queries.questions import QUESTIONS, Question
from registry.queries.templates import template_document
from registry.queries.workflows import PHASE_NAMES
from registry.rules.answers import Authority
from registry.rules.document import rulebook_of
from registry.rules.rulebook import Rulebook
from registry.rules.sentences import (
    allowance_sentence,
    cap_sentence,
    check_sentence,
    guardrail_sentences,
)


@dataclass(frozen=True)
class TemplatePreview:
    """A template as somebody reads it who wonders whether it fits."""

    key: str
    name: str
    purpose: str
    phase: int
    phase_name: str
    risk: str
    units: str
    may: tuple[str, ...]
    asks: tuple[str, ...]
    never: tuple[str, ...]
    stops: tuple[str, ...]
    limits: tuple[str, ...]
    answers: tuple[tuple[Question, str], ...]


def template_preview(key: str) -> TemplatePreview:
    """Tell what a template holds. No query. Raises NotFound for another name."""
    document = template_document(key)
    if document is None:
        raise NotFound("There is no such template.")
    book = rulebook_of(document)
    answers = document["answers"]
    return TemplatePreview(
        key=key,
        name=document["name"],
        purpose=document["purpose"],
        phase=document["phase"],
        phase_name=PHASE_NAMES[document["phase"]],
        risk=document["risk"],
        units=document["units"],
        may=_sentences(book, Authority.ALLOWED),
        asks=_sentences(book, Authority.REVIEW),
        never=_sentences(book, Authority.NEVER),
        stops=tuple(rule.sentence for rule in book.stop_rules),
        limits=(
            *guardrail_sentences(book.guardrail, currency=book.currency),
            *(cap_sentence(cap, currency=book.currency) for cap in book.caps),
            *(check_sentence(check) for check in book.checks),
        ),
        answers=tuple((each, answers.get(each.key, "")) for each in QUESTIONS),
    )


def _sentences(book: Rulebook, authority: Authority) -> tuple[str, ...]:
    return tuple(
        _short(allowance_sentence(row, book.guardrail, currency=book.currency))
        for row in book.allowances.values()
        if row.authority == authority
    )


def _short(sentence: str) -> str:
    # The list's title says already that it may, asks or may never.
    for opening in ("May ask to ", "May never ", "May "):
        if sentence.startswith(opening):
            rest = sentence.removeprefix(opening)
            return rest[:1].upper() + rest[1:]
    return sentence
