"""The facts that one ruling reads, gathered after the locks."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from registry.queries.expressions import expression_results
from registry.queries.rulebooks import RulebookInForce
from registry.rules.rulebook import Request, RunFacts, Standing
from runs.queries.facts import run_facts
from runs.queries.spend import day_counts, used_by_cap


@dataclass(frozen=True)
class Counted:
    """What is counted of a workflow and its run: what caps and daily counts have used."""

    used: Mapping[str, Decimal]
    day_counts: Mapping[tuple[str, str], int]
    run_facts: RunFacts


type Used = tuple[Mapping[str, Decimal], Mapping[tuple[str, str], int]]


def used_and_counted(facts: RulebookInForce) -> Used:
    """Count what a workflow has used of its caps, and its grants of a day. Two queries."""
    book = facts.rulebook
    if book is None:
        return {}, {}
    used = (
        used_by_cap(facts.workflow_id, book.caps, currency=book.currency)
        if book.caps
        else {}
    )
    return used, day_counts(facts.workflow_id)


def standing_for(
    facts: RulebookInForce,
    request: Request,
    *,
    run_id: UUID,
    run_is_on_hold: bool,
    hold_reason: str | None,
    counted: Counted | None = None,
) -> Standing:
    """Gather the standing. At most three queries; one of a workflow without a rulebook.

    None with `counted`, which a list reads for many at once.
    """
    book = facts.rulebook
    counted = counted or Counted(*used_and_counted(facts), run_facts(run_id))
    return Standing(
        rulebook=book,
        is_live=facts.is_live,
        is_paused=facts.is_paused,
        pause_reason=facts.pause_reason,
        agent_is_active=facts.agent_is_active,
        agent_model=facts.agent_model,
        approved_systems=facts.approved_systems,
        known_systems=facts.known_systems,
        approved_models=facts.approved_models,
        retired_tools=facts.retired_tools,
        ceilings=facts.ceilings,
        system_data=facts.system_data,
        run_is_on_hold=run_is_on_hold,
        hold_reason=hold_reason,
        vacant_roles=facts.vacant_roles,
        lapsed_training=facts.lapsed_training,
        stage=facts.stage,
        phase=facts.phase,
        used=counted.used,
        day_counts=counted.day_counts,
        expressions=expression_results(rulebook=book, request=request) if book else {},
        run_facts=counted.run_facts,
    )
