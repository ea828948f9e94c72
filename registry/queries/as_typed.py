"""Rules as somebody typed them, for those who try them out before they are saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.accounts.actors import Actor
from portal.core.errors import Invalid, NotFound
from registry.queries.drafts import draft_of
from registry.queries.expressions import problem_in
from registry.queries.workflows import WorkflowHead, workflow_head
from registry.rules.document import rulebook_of
from registry.rules.rulebook import Guardrail, Rulebook, StopKind, StopRule
from registry.rules.typed import (
    guardrail_of,
    guardrail_row,
    stop_rule_of,
    stop_rule_row,
)


@dataclass(frozen=True)
class TypedRule:
    """A stop rule that is not saved, and the draft it would stand in."""

    head: WorkflowHead
    rulebook: Rulebook
    rule: StopRule


def stop_rule_as_typed(
    *, actor: Actor, slug: str, kind: str, key: str, said: Mapping[str, Any]
) -> TypedRule:
    """Read a stop rule as typed. Raises NotFound, or Invalid with what is wrong by field."""
    head = workflow_head(actor=actor, slug=slug)
    if kind not in tuple(StopKind):
        raise NotFound("There is no such kind of stop rule.")
    rule, wrong = stop_rule_of(stop_rule_row(kind, key, said))
    if rule is not None and kind == StopKind.EXPRESSION:
        complaint = problem_in(str(rule.params.get("source", "")))
        wrong = {"source": complaint} if complaint else {}
    if rule is None or wrong:
        raise Invalid(wrong)
    draft = draft_of(workflow_id=head.id)
    return TypedRule(head, rulebook_of(draft.document), rule)


def guardrail_as_typed(said: Mapping[str, Any]) -> Guardrail:
    """Read a guardrail as typed. Raises Invalid with what is wrong by field. No query."""
    guardrail, wrong = guardrail_of(guardrail_row(said))
    if guardrail is None:
        raise Invalid(wrong)
    return guardrail
