"""The facts that one ruling reads, gathered after the locks."""

from uuid import UUID

from portal.core.clock import database_now
from registry.queries.expressions import expression_results
from registry.queries.rulebooks import RulebookInForce
from registry.rules.rulebook import Request, Standing
from runs.queries.facts import run_facts
from runs.queries.spend import day_counts, used_by_cap


def standing_for(
    facts: RulebookInForce,
    request: Request,
    *,
    run_id: UUID,
    run_is_on_hold: bool,
    hold_reason: str | None,
) -> Standing:
    """Gather the standing. At most four queries; one of a workflow without a rulebook."""
    book = facts.rulebook
    now = database_now() if book else None
    return Standing(
        rulebook=book,
        is_live=facts.is_live,
        is_paused=facts.is_paused,
        pause_reason=facts.pause_reason,
        agent_is_active=facts.agent_is_active,
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
        used=used_by_cap(facts.workflow_id, book.caps, now=now, currency=book.currency)
        if book and book.caps
        else {},
        day_counts=day_counts(facts.workflow_id, now=now) if book else {},
        expressions=expression_results(rulebook=book, request=request) if book else {},
        run_facts=run_facts(run_id),
    )
