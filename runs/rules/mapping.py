"""What the rulebook says an agent's tool is: a verb in a system, of a tier, or unknown."""

from collections.abc import Iterable

from registry.rules.rulebook import Tool
from registry.rules.verbs import tier_of


def mapped_tool(name: str, tools: Iterable[Tool]) -> dict[str, object]:
    """Map a tool's name. What no row maps is unknown, and a task for the owner."""
    tool = next((tool for tool in tools if tool.name == name), None)
    if tool is None:
        return {"is_unknown": True}
    return {"verb": tool.verb, "system": tool.system, "tier": str(tier_of(tool.verb))}
