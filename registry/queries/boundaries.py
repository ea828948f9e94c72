"""The rulebook in force as an agent reads it: what it may do, and where it stops."""

from typing import Any

from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.rulebook import Allowance, Ceiling, Rulebook
from registry.rules.sentences import (
    allowance_sentence,
    cap_sentence,
    check_sentence,
    guardrail_sentences,
    stop_rule_sentence,
)


def boundaries_for(*, actor: Actor, slug: str) -> dict[str, Any]:
    """Say what an agent may do in a workflow it serves. At most two queries.

    Raises NotFound for a workflow that is not there or that the agent does not serve:
    the answer is the same.
    """
    facts = standing_facts(slug, agent_id=actor.id)
    if not actor.is_agent or not facts.agent_is_assigned:
        raise NotFound("There is no such workflow.")
    return {
        "workflow": facts.slug,
        "name": facts.name,
        "operating_model_version": facts.version_number,
        "phase_in_force": facts.phase,
        "is_live": facts.is_live,
        "is_paused": facts.is_paused,
        "pause_reason": facts.pause_reason,
        **_rules(facts.rulebook, facts),
        "ceilings": [_ceiling(each) for each in facts.ceilings],
        "vacant_roles": list(facts.vacant_roles),
    }


def _rules(rulebook: Rulebook | None, facts: RulebookInForce) -> dict[str, Any]:
    if rulebook is None:
        empty = (
            "allowances",
            "guardrail",
            "stop_rules",
            "caps",
            "checks",
            "tools",
            "categories",
            "action_groups",
        )
        return {"phase": None, "risk": None, "currency": None} | {
            name: [] for name in empty
        }
    rows = sorted(rulebook.allowances.items())
    return {
        "phase": rulebook.phase,
        "risk": rulebook.risk.value,
        "currency": rulebook.currency,
        "allowances": [_row(row, rulebook) for _, row in rows],
        "guardrail": list(
            guardrail_sentences(rulebook.guardrail, currency=rulebook.currency)
        ),
        "stop_rules": [
            {
                "key": rule.key,
                "kind": rule.kind.value,
                "effect": rule.effect.value,
                "sentence": rule.sentence,
                "condition": stop_rule_sentence(rule),
                "applies_to": list(rule.applies_to),
            }
            for rule in rulebook.stop_rules
        ],
        "caps": [
            {
                "key": cap.key,
                "kind": cap.kind.value,
                "limit": str(cap.limit),
                "currency": cap.currency,
                "window_hours": cap.window_hours,
                "verbs": list(cap.verbs),
                "sentence": cap_sentence(cap, currency=rulebook.currency),
            }
            for cap in rulebook.caps
        ],
        "checks": [
            {
                "name": check.name,
                "required_for": list(check.required_for),
                "sentence": check_sentence(check),
            }
            for check in rulebook.checks
        ],
        "tools": [
            {
                "name": tool.name,
                "system": tool.system,
                "verb": tool.verb,
                "is_retired": (tool.system, tool.name) in facts.retired_tools,
            }
            for tool in rulebook.tools
        ],
        "categories": list(rulebook.categories),
        "action_groups": [
            {
                "name": group.name,
                "actions": sorted(
                    f"{verb} in {system}" for system, verb in group.actions
                ),
            }
            for group in rulebook.action_groups
        ],
    }


def _row(row: Allowance, rulebook: Rulebook) -> dict[str, Any]:
    return {
        "system": row.system,
        "verb": row.verb,
        "authority": row.authority.value,
        "sentence": allowance_sentence(
            row, rulebook.guardrail, currency=rulebook.currency
        ),
        "amount_max": None if row.amount_max is None else str(row.amount_max),
        "currency": row.currency,
        "count_per_day": row.count_per_day,
        "quorum": row.quorum,
        "decided_by": row.decided_by,
        "then": [
            {"decided_by": turn.decided_by, "quorum": turn.quorum} for turn in row.then
        ],
        "reversibility": row.reversibility.value if row.reversibility else None,
        "risk": row.risk.value if row.risk else None,
        "data_classes": list(row.data_classes),
        "amount_field": row.amount_field,
        "currency_field": row.currency_field,
    }


def _ceiling(ceiling: Ceiling) -> dict[str, Any]:
    return {
        "level": ceiling.level.value,
        "name": ceiling.name,
        "authority": ceiling.authority.value,
        "systems": list(ceiling.systems),
        "verbs": list(ceiling.verbs),
        "tiers": list(ceiling.tiers),
        "amount_max": None if ceiling.amount_max is None else str(ceiling.amount_max),
        "currency": ceiling.currency,
        "sentence": ceiling.sentence,
        "ai_models": list(ceiling.ai_models),
        "data_classes": list(ceiling.data_classes),
        "waived": [
            {
                "system": waiver.system,
                "verb": waiver.verb,
                "amount_max": None
                if waiver.amount_max is None
                else str(waiver.amount_max),
                "currency": waiver.currency,
                "under_review": waiver.under_review,
            }
            for waiver in ceiling.waivers
        ],
    }
