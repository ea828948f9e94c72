"""What each tool of the recorded agent stands for, read from the rulebook in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.rules.verbs import Tier, tier_of

HANDING_OVER = "hand_over"


class Deed(StrEnum):
    """What playing a tool call does."""

    TELL = "tell"
    ASK = "ask"
    HAND_OVER = "hand_over"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class MappedTool:
    name: str
    system: str
    verb: str
    deed: Deed

    @property
    def is_reading(self) -> bool:
        return self.deed is Deed.TELL and tier_of(self.verb) == Tier.READ


@dataclass(frozen=True)
class ToolMap:
    """The tools of one rulebook. What it does not name is unknown, and never asked."""

    tools: Mapping[str, MappedTool]

    def of(self, name: str) -> MappedTool:
        return self.tools.get(name) or MappedTool(name, "", "", Deed.UNKNOWN)


def tool_map(rulebook: Mapping[str, Any]) -> ToolMap:
    """Read the answer of GET /api/v1/workflows/{slug}."""
    inside = rulebook.get("rulebook")
    source = inside if isinstance(inside, Mapping) and "tools" in inside else rulebook
    tools = {}
    for row in source.get("tools") or ():
        tool = MappedTool(row["name"], row["system"], row["verb"], _deed(row["verb"]))
        tools[tool.name] = tool
    return ToolMap(tools)


def _deed(verb: str) -> Deed:
    if verb == HANDING_OVER:
        return Deed.HAND_OVER
    if tier_of(verb) in (Tier.READ, Tier.PREPARE):
        return Deed.TELL
    return Deed.ASK
