"""The newest real actions of a workflow, read again as requests.

Trying a rule out reads them and changes nothing: no ruling is kept, nothing is reserved.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from approvals.models import AuthorityRecord
from approvals.queries.envelope import parsed, request_of
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core import strict_json
from registry.queries.expressions import expression_results
from registry.queries.rulebooks import RulebookInForce
from registry.rules.rulebook import Request, Rulebook, RunFacts, Standing
from runs.queries.facts import run_facts_then

LOOKED_AT_MAX = 100


@dataclass(frozen=True)
class PastAction:
    """One action as it was asked, and what the rulebook answered then."""

    id: UUID
    run_id: UUID
    headline: str
    asked_at: datetime
    answer: str
    risk: str
    amount: Decimal | None
    currency: str
    request: Request


def past_actions(*, actor: Actor, workflow_id: UUID) -> tuple[PastAction, ...]:
    """Give the last hundred actions that a person may see, newest first. Two queries.

    Served backwards by the index approvals_ruling_window.
    """
    rows = access.visible(
        AuthorityRecord.objects.filter(
            workflow_id=workflow_id, occasion=AuthorityRecord.Occasion.ASK
        ),
        actor=actor,
        workflow_path="workflow_id",
    )
    newest = rows.select_related("action_request").order_by("-ruled_at", "-id")
    return tuple(_past(row) for row in newest[:LOOKED_AT_MAX])


def facts_of_runs(actions: Iterable[PastAction]) -> Mapping[UUID, RunFacts]:
    """Give what the run of each action had told when it asked. One query."""
    actions = tuple(actions)
    found = run_facts_then((each.run_id, each.asked_at) for each in actions)
    return {each.id: found[each.run_id, each.asked_at] for each in actions}


def standing_then(
    action: PastAction,
    rulebook: Rulebook,
    *,
    run_facts: RunFacts,
    facts: RulebookInForce | None = None,
) -> Standing:
    """Give a standing in which only the rulebook and the request decide.

    Pauses, holds, vacant roles, and what caps and days had used up are left out.
    """
    return Standing(
        rulebook=rulebook,
        is_live=True,
        is_paused=False,
        agent_is_active=True,
        approved_systems=facts.approved_systems if facts else frozenset(),
        known_systems=facts.known_systems if facts else frozenset(),
        approved_models=facts.approved_models if facts else None,
        retired_tools=facts.retired_tools if facts else frozenset(),
        ceilings=facts.ceilings if facts else (),
        system_data=facts.system_data if facts else {},
        used={cap.key: Decimal(0) for cap in rulebook.caps},
        day_counts={},
        expressions=expression_results(rulebook=rulebook, request=action.request),
        run_facts=run_facts,
    )


def _past(row: AuthorityRecord) -> PastAction:
    asked = row.action_request
    body = strict_json.parse_object(bytes(asked.received))
    return PastAction(
        id=asked.id,
        run_id=asked.run_id,
        headline=asked.headline,
        asked_at=row.ruled_at,
        answer=row.answer,
        risk=row.risk,
        amount=row.amount,
        currency=row.currency,
        request=request_of(body, parsed(asked.action)),
    )
