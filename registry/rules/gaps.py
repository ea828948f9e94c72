"""The ten questions of the one page, and what is still missing, in the reader's words.

A gap is not an error: a page with gaps is a draft. It is submitted only when there are none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.rules.answers import Authority
from registry.rules.phases import FIRST, GROUPED
from registry.rules.techniques import best_fit, is_fixed
from registry.rules.verbs import CONSEQUENCE, Tier, name_of, tier_of, verb_of

ANSWER_LENGTH_MIN = 10
ROLES: Mapping[str, str] = {
    "business_owner": "business owner",
    "it_owner": "IT owner",
    "risk_owner": "risk owner",
    "ai_product_owner": "AI product owner",
    "escalation_owner": "escalation owner",
}


@dataclass(frozen=True)
class Question:
    """One of the ten questions, why it is asked, and the part of the page that answers it."""

    key: str
    text: str
    help: str
    where: str


@dataclass(frozen=True)
class Gap:
    """Something the page does not say yet, and where to say it."""

    key: str
    question: str
    text: str
    where: str


QUESTIONS: tuple[Question, ...] = (
    Question("what_changes", "What workflow is being changed?", "Name the job, who does it today, and what the agent will do instead. One job, not a department.", "basics"),
    Question("who_owns", "Who owns the business outcome?", "A person or a role that decides what success looks like and which trade-offs are made. Never “the business”.", "people"),
    Question("reads", "What systems can the AI read?", "List the systems and what it looks for in them. What has no row in the matrix is refused.", "matrix"),
    Question("writes", "What systems can it write to?", "List the systems and the fields or objects it may change. “Nothing” is a good answer.", "matrix"),
    Question("allowed_without_approval", "Which actions are allowed without approval?", "Verbs, not categories, each with its limit: “refund up to EUR 25 at confidence 0.9”.", "matrix"),
    Question("always_reviewed", "Which actions always require review?", "What a person decides every time, and who that person is.", "matrix"),
    Question("stop_rules", "What are the stop rules?", "The conditions that make the agent stop: missing data, conflicting records, sensitive topics, low confidence, the wrong category, a failed tool.", "stop-rules"),
    Question("what_is_logged", "What gets logged for every run?", "What somebody who was not there needs, so that they can tell what happened and why.", "answers"),
    Question("how_evaluated", "How is the workflow evaluated?", "The numbers that say whether it works, the sample that is read each week, and who reads it.", "answers"),
    Question("who_can_pause", "Who can pause it or roll it back?", "Names or roles that can be reached, and what happens to work in flight.", "people"),
)  # fmt: skip


def gaps_of(document: Mapping[str, Any], roles: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Return what is missing; `roles` says who holds each role, and nobody is falsy."""
    return (*_basics(document), *_answers(document), *_parts(document), *_people(roles))


def _basics(document: Mapping[str, Any]) -> Iterator[Gap]:
    for key, question, text in (
        ("name", "What is the workflow called?", "The workflow has no name."),
        ("purpose", "What is it for?", "Nobody has said what the workflow is for."),
        (
            "units",
            "What does it count?",
            "Say what one piece of work is called, such as “refunds”.",
        ),
    ):
        if not _is_said(document.get(key), length_min=1):
            yield Gap(key, question, text, "basics")


def _answers(document: Mapping[str, Any]) -> Iterator[Gap]:
    answers = document.get("answers") or {}
    for question in QUESTIONS:
        answer = answers.get(question.key)
        if not _is_said(answer, length_min=1):
            yield Gap(
                question.key,
                question.text,
                "This question has no answer yet.",
                "answers",
            )
        elif not _is_said(answer, length_min=ANSWER_LENGTH_MIN):
            text = "The answer is too short to help somebody who was not there."
            yield Gap(question.key, question.text, text, "answers")


def _parts(document: Mapping[str, Any]) -> Iterator[Gap]:
    rows = [row for row in document.get("allowances") or () if isinstance(row, Mapping)]
    open_rows = [row for row in rows if row.get("authority") != Authority.NEVER]
    if not open_rows:
        text = "The matrix allows nothing yet, so the agent could do nothing at all."
        yield Gap("allowances", "What may the agent do?", text, "matrix")
    for row in open_rows:
        if row.get("amount_max") and not row.get("amount_field"):
            place = f"{name_of(row.get('verb', ''))} in {row.get('system')}"
            text = f"The limit for {place} cannot be checked until you say which field holds the amount."
            yield Gap(
                f"amount_field.{row.get('system')}.{row.get('verb')}",
                f"Which field holds the amount of {place}?", text, "matrix",
            )  # fmt: skip
    yield from _reasoning(document, open_rows)
    yield from _groups(document, open_rows)
    if not document.get("stop_rules"):
        text = "There is no stop rule, so nothing makes the agent stop."
        yield Gap("stop_rules.rows", "What makes the agent stop?", text, "stop-rules")
    moving = [
        row
        for row in open_rows
        if (verb := verb_of(row.get("verb", ""))) and verb.moves_money
    ]
    has_spend_cap = any(
        cap.get("kind") == "spend" for cap in document.get("caps") or ()
    )
    if moving and not has_spend_cap:
        text = f"The agent may {name_of(moving[0]['verb'])}, and no cap bounds what that adds up to."
        yield Gap("caps", "How much may it spend in all?", text, "limits")


def _reasoning(
    document: Mapping[str, Any], open_rows: list[Mapping[str, Any]]
) -> Iterator[Gap]:
    """In phase 1 what reasons only reads, so anything else on its page would be refused."""
    said = document.get("technique") or {}
    beyond = [row for row in open_rows if tier_of(row.get("verb", "")) != Tier.READ]
    if document.get("phase") != FIRST or is_fixed(said) or not beyond:
        return
    if best_fit(said) is None:
        text = "Phase 1 has no AI, and nobody has asked yet whether the workflow needs any. Until then it only reads."
        yield Gap("technique", "Which technique fits?", text, "technique")
    else:
        text = "Phase 1 has no AI, and the technique chosen here reasons, so it would only read. Choose another phase, or another technique."
        yield Gap("phase", "Which phase is it for?", text, "basics")


def _groups(
    document: Mapping[str, Any], open_rows: list[Mapping[str, Any]]
) -> Iterator[Gap]:
    """In phase 4 what writes must be in an action group, or it would be refused."""
    if document.get("phase") != GROUPED:
        return
    named = {
        action
        for group in document.get("action_groups") or ()
        for action in group.get("actions", ())
    }
    for row in open_rows:
        verb, system = row.get("verb", ""), row.get("system")
        if tier_of(verb) in CONSEQUENCE and f"{verb} in {system}" not in named:
            text = f"In phase 4 an agent acts only inside its action groups, and {name_of(verb)} in {system} is in none."
            yield Gap(
                f"action_groups.{system}.{verb}",
                f"In which action group is {name_of(verb)} in {system}?", text, "groups",
            )  # fmt: skip


def _people(roles: Mapping[str, Any]) -> Iterator[Gap]:
    for role, name in ROLES.items():
        if not roles.get(role):
            yield Gap(
                role, f"Who is the {name}?", f"Nobody is the {name} yet.", "people"
            )


def _is_said(value: Any, *, length_min: int) -> bool:
    return isinstance(value, str) and len(value.strip()) >= length_min
