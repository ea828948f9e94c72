"""The names of the matrix's parts: `allowances.billing.refund`, `tools.issue_refund`."""

from collections.abc import Mapping
from typing import Any

from registry.rules.sentences import system_label
from registry.rules.verbs import name_of


def part_of_cell(system: str, verb: str) -> str:
    """Give the part that a cell is."""
    return f"allowances.{system}.{verb}"


def cell_of_part(part: str) -> tuple[str, str] | None:
    """Give the system and the verb of a cell's part; None for any other part."""
    head, _, rest = part.partition(".")
    system, _, verb = rest.partition(".")
    return (system, verb) if head == "allowances" else None


def name_of_part(part: str) -> str:
    """Name a cell or a tool inside a sentence: refund in Billing."""
    cell = cell_of_part(part)
    if cell is not None:
        return f"{name_of(cell[1])} in {system_label(cell[0])}"
    return f"the tool {part.partition('.')[2]}"


def parts_by_name(document: Mapping) -> dict[str, Any]:
    """Give every cell and tool of a page by the name of its part."""
    cells = {
        f"allowances.{row['system']}.{row['verb']}": row
        for row in document.get("allowances", ())
    }
    tools = {f"tools.{row['name']}": row for row in document.get("tools", ())}
    return cells | tools
