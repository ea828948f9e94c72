"""What would have happened to the last hundred actions under other guardrails.

Both answers come from the rulebook's own `rule`: as it is in force, and with the guardrail
as typed. Everything else is the same in both, so that what differs is the guardrail's doing.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from approvals.queries.past import (
    PastAction,
    facts_of_runs,
    past_actions,
    standing_then,
)
from portal.accounts.actors import Actor
from registry.queries.as_typed import guardrail_as_typed
from registry.queries.rulebooks import standing_facts
from registry.queries.workflows import WorkflowHead, workflow_head
from registry.rules.amounts import confidence_of
from registry.rules.answers import Answer, Ruling
from registry.rules.authority import rule
from registry.rules.rail_picture import SCALE_MIN, x_of, y_of
from registry.rules.verbs import CONSEQUENCE, tier_of

SCALE_MAX = 10**9


@dataclass(frozen=True)
class Dot:
    """One action in the picture, at its amount and confidence, by the answer it would get."""

    risk: str
    x: float
    y: float
    answer: str
    is_changed: bool


@dataclass(frozen=True)
class ChangedLine:
    """One action that would be answered otherwise."""

    headline: str
    run_id: UUID
    asked_at: datetime
    now: str
    then: str
    why: str


@dataclass(frozen=True)
class AnswerCount:
    answer: str
    now: int
    then: int


@dataclass(frozen=True)
class Rehearsal:
    """The last hundred actions as they are answered now, and as they would be."""

    head: WorkflowHead
    total: int
    bound: int
    counts: tuple[AnswerCount, ...]
    changed: tuple[ChangedLine, ...]
    dots: tuple[Dot, ...]
    version_number: int | None


def rehearse_guardrail(
    *, actor: Actor, slug: str, said: Mapping[str, Any], scale: str = ""
) -> Rehearsal:
    """Rule on the last hundred actions twice. About nine queries, and no write.

    Raises NotFound, or Invalid with what is wrong by field.
    """
    head = workflow_head(actor=actor, slug=slug)
    guardrail = guardrail_as_typed(said)
    facts = standing_facts(head.id, agent_id=None)
    if facts.rulebook is None:
        return Rehearsal(head, 0, 0, (), (), (), None)
    book = facts.rulebook
    typed = replace(book, guardrail=guardrail)
    actions = past_actions(actor=actor, workflow_id=head.id)
    told = facts_of_runs(actions)

    twice = []
    for action in actions:
        standing = standing_then(action, book, run_facts=told[action.id], facts=facts)
        now = rule(action.request, standing)
        then = rule(action.request, replace(standing, rulebook=typed))
        twice.append((action, now, then))

    money, end = guardrail.currency or book.currency, _scale(scale)
    return Rehearsal(
        head=head,
        total=len(twice),
        bound=sum(1 for action, _, _ in twice if _is_bound(action)),
        counts=_counts(twice),
        changed=tuple(
            _changed(*each) for each in twice if each[1].answer != each[2].answer
        ),
        dots=tuple(_dot(*each, money, end) for each in twice if _is_bound(each[0])),
        version_number=facts.version_number,
    )


def _is_bound(action: PastAction) -> bool:
    """Say whether guardrails are about an action: they bind what stages or changes."""
    return tier_of(action.request.verb) in CONSEQUENCE


def _counts(
    twice: list[tuple[PastAction, Ruling, Ruling]],
) -> tuple[AnswerCount, ...]:
    now = Counter(each[1].answer for each in twice)
    then = Counter(each[2].answer for each in twice)
    return tuple(
        AnswerCount(answer.value, now[answer], then[answer]) for answer in Answer
    )


def _changed(action: PastAction, now: Ruling, then: Ruling) -> ChangedLine:
    stricter = then if then.reasons[0].answer == then.answer else now
    return ChangedLine(
        headline=action.headline,
        run_id=action.run_id,
        asked_at=action.asked_at,
        now=now.answer.value,
        then=then.answer.value,
        why=stricter.reasons[0].text,
    )


def _dot(
    action: PastAction, now: Ruling, then: Ruling, currency: str, scale: int
) -> Dot:
    amount = then.amount
    value = amount.value if amount is not None and amount.currency == currency else 0
    return Dot(
        risk=then.risk.value,
        x=x_of(value, scale),
        y=y_of(confidence_of(action.request)),
        answer=then.answer.value,
        is_changed=now.answer != then.answer,
    )


def _scale(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(SCALE_MAX)):
        return SCALE_MIN
    return min(SCALE_MAX, max(1, int(text)))
