"""What stands against an approval, in words: which level says so, and what can be done.

Codes of rulings and of what closes a workflow; one that is not here is the rulebook's own.
"""

from collections.abc import Collection, Mapping
from decimal import ROUND_UP, Decimal
from types import MappingProxyType

WORKFLOW = "Workflow"
_CENT, _AMOUNT_MAX = Decimal("0.01"), Decimal(10) ** 16
LEVELS: Mapping[str, str] = MappingProxyType(
    {
        "ceiling.enterprise": "Enterprise",
        "ceiling.department": "Department",
        "ceiling.team": "Team",
        "ceiling.phase": "Phase",
        "agent.inactive": "Portal",
        "system.unknown": "Portal",
        "system.not_approved": "Portal",
        "model.not_approved": "Portal",
        "tool.not_approved": "Portal",
        "inspection.impossible": "Portal",
    }
)
_SHORT: Mapping[str, str] = MappingProxyType(
    {
        "ceiling.enterprise": "a limit of the company",
        "ceiling.department": "a limit of the department",
        "ceiling.team": "a limit of the team",
        "ceiling.phase": "the phase of its workflow",
        "system.not_approved": "its system is not approved",
        "model.not_approved": "its AI model is not approved",
        "tool.not_approved": "its tool was retired",
        "training.lapsed": "training lapsed",
        "owner.vacant": "a role is vacant",
        "workflow.paused": "its workflow is paused",
        "workflow.not_live": "its workflow is not live",
        "run.on_hold": "its run is on hold",
        "agent.inactive": "its agent is switched off",
        "agent.removed": "its agent no longer serves it",
        "check.missing": "a check is missing",
        "authority.escalated": "it needs a higher approver",
        "inspection.impossible": "it cannot be inspected",
    }
)
# What the team can ask for, by the kind of a request for more.
_MORE: Mapping[str, str] = MappingProxyType(
    {
        "ceiling.enterprise": "waiver",
        "ceiling.department": "waiver",
        "ceiling.team": "waiver",
        "system.not_approved": "system",
        "model.not_approved": "model",
        "tool.not_approved": "tool",
    }
)
_NO_EDIT_HELPS = frozenset(
    {
        "agent.inactive",
        "agent.removed",
        "workflow.not_live",
        "workflow.paused",
        "verb.unknown",
        "system.unknown",
        "system.not_approved",
        "model.not_approved",
        "tool.not_approved",
        "run.on_hold",
        "owner.vacant",
        "training.lapsed",
        "no_allowance",
        "never",
        "ceiling.phase",
        "check.failed",
        "check.missing",
    }
)
_HIGHER = frozenset({"authority.escalated", "inspection.impossible"})


def level_of(code: str) -> str:
    """Name the level that says so."""
    return LEVELS.get(code, WORKFLOW)


def short_of(code: str) -> str:
    """Say in a few words what stands against it, for a line of a list."""
    return _SHORT.get(code, "the rulebook")


def more_of(code: str) -> str:
    """Name the kind of request that asks the right level for more; "" where none does."""
    return _MORE.get(code, "")


def more_given(
    code: str,
    *,
    rule: str,
    system: str,
    verb: str,
    ai_model: str,
    tool: str,
    amount: Decimal | None,
    currency: str,
) -> dict[str, str]:
    """Give what the form that asks for more is filled in with; empty where none helps."""
    kind = more_of(code)
    if kind == "waiver":
        cell = {"kind": kind, "ceiling": rule, "system": system, "verb": verb}
        if amount is None or not amount.is_finite() or amount >= _AMOUNT_MAX:
            return cell
        most = amount.quantize(_CENT, ROUND_UP)
        return cell | {"amount_max": str(most), "currency": currency}
    if kind == "model":
        return {"kind": kind, "ai_model": ai_model}
    if kind == "tool":
        return {"kind": kind, "tool": tool}
    return {"kind": kind, "system": system} if kind else {}


def edit_may_help(codes: Collection[str]) -> bool:
    """Return whether other arguments could be allowed."""
    return not _NO_EDIT_HELPS & set(codes)


def needs_higher(code: str) -> bool:
    """Return whether handing it up is what lets it go on."""
    return code in _HIGHER
