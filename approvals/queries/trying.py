"""A stop rule as typed, tried on real actions: where it fires, where not, and why."""

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
from registry.queries.as_typed import stop_rule_as_typed
from registry.queries.workflows import WorkflowHead, workflow_head
from registry.rules.trials import FIRES, UNSURE, trial

ALL = "all"


@dataclass(frozen=True)
class PastLine:
    """A past action to choose from."""

    id: UUID
    headline: str
    asked_at: datetime
    answer: str


@dataclass(frozen=True)
class TriedLine:
    """What the rule says about one past action."""

    headline: str
    run_id: UUID
    asked_at: datetime
    answer: str
    result: str
    why: str


@dataclass(frozen=True)
class Tried:
    """What came of trying a rule; nothing is kept of it."""

    head: WorkflowHead
    sentence: str
    effect: str
    lines: tuple[TriedLine, ...]
    is_one: bool

    @property
    def fired(self) -> int:
        return sum(1 for line in self.lines if line.result == FIRES)

    @property
    def unsure(self) -> int:
        return sum(1 for line in self.lines if line.result == UNSURE)


def past_to_choose(*, actor: Actor, slug: str) -> tuple[PastLine, ...]:
    """Give the last real actions of a workflow to choose from. About five queries."""
    head = workflow_head(actor=actor, slug=slug)
    return tuple(
        PastLine(each.id, each.headline, each.asked_at, each.answer)
        for each in past_actions(actor=actor, workflow_id=head.id)
    )


def try_stop_rule(
    *,
    actor: Actor,
    slug: str,
    kind: str,
    key: str,
    said: Mapping[str, Any],
    chosen: str,
) -> Tried:
    """Try a stop rule as typed on one past action, or on the last hundred.

    About seven queries, and no write. Raises NotFound, or Invalid with what is wrong.
    """
    typed = stop_rule_as_typed(actor=actor, slug=slug, kind=kind, key=key, said=said)
    actions = past_actions(actor=actor, workflow_id=typed.head.id)
    is_one = chosen not in ("", ALL)
    if is_one:
        actions = tuple(each for each in actions if str(each.id) == chosen)
    book = replace(typed.rulebook, stop_rules=(typed.rule,))
    told = facts_of_runs(actions)

    def line(action: PastAction) -> TriedLine:
        standing = standing_then(action, book, run_facts=told[action.id])
        found = trial(typed.rule, action.request, standing)
        return TriedLine(
            action.headline,
            action.run_id,
            action.asked_at,
            action.answer,
            found.result,
            found.why,
        )

    order = (FIRES, UNSURE)
    lines = [line(action) for action in actions]
    lines.sort(key=lambda each: order.index(each.result) if each.result in order else 9)
    return Tried(
        head=typed.head,
        sentence=typed.rule.sentence,
        effect=typed.rule.effect.value,
        lines=tuple(lines),
        is_one=is_one,
    )
