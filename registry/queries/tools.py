"""The tools that pages map to verbs: where each is used, and which are retired."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.models import ToolChange, Workflow
from registry.queries.rights import holds
from registry.queries.thing_names import Names, names_of
from registry.rules.document import Gap
from registry.rules.rulebook import Level
from registry.rules.verbs import name_of, tier_of

TOOLS_SHOWN_MAX = 500
_NAMESPACE = UUID("8a0c5c0e-3a51-5d0b-9a53-6f0f7f2f5f11")
# What the live page and the next one of each workflow map, a row for each mapping.
_MAPPED = """
SELECT DISTINCT t->>'system', t->>'name', t->>'verb', w.id, w.slug, w.name,
       v.id = w.live_version_id IS TRUE
  FROM registry_workflow w
  JOIN registry_operatingmodelversion v ON v.workflow_id = w.id
   AND (v.id = w.live_version_id OR v.state IN ('DRAFT', 'SUBMITTED'))
 CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(v.document->'tools')
       WHEN 'array' THEN v.document->'tools' ELSE '[]'::jsonb END) AS t
 WHERE t->>'name' <> '' AND t->>'system' <> '' AND (%(everywhere)s OR w.id = ANY(%(seen)s))
 ORDER BY 2, 1, 6, 4
"""
_RETIRED = """
SELECT t.tool_id, t.system, t.name, t.reason, t.changed_at FROM registry_toolchange t
 WHERE NOT t.is_approved AND NOT EXISTS (
       SELECT FROM registry_toolchange n
        WHERE n.tool_id = t.tool_id AND n.number > t.number)
 ORDER BY t.name, t.system
"""


@dataclass(frozen=True)
class ToolUse:
    """One workflow whose page maps a tool: in force, in what is being written, or both."""

    workflow_id: UUID
    slug: str
    name: str
    is_live: bool
    is_next: bool
    # Whether the reader may see the workflow; another one is counted and not named.
    is_seen: bool = True


@dataclass(frozen=True)
class ToolLine:
    id: UUID
    system: str
    system_name: str
    name: str
    # Each verb that it stands for, with the tier of that verb.
    verbs: tuple[tuple[str, str], ...]
    uses: tuple[ToolUse, ...]
    retired_at: datetime | None = None
    retired_reason: str = ""

    @property
    def live(self) -> tuple[ToolUse, ...]:
        return tuple(each for each in self.uses if each.is_live)

    @property
    def drafted(self) -> tuple[ToolUse, ...]:
        return tuple(each for each in self.uses if each.is_next)


@dataclass(frozen=True)
class ToolsPage:
    tools: tuple[ToolLine, ...]
    total: int
    may_approve: bool


def tool_id_of(system: str, name: str) -> UUID:
    """Give the id of a tool: the same for the same name in the same system."""
    return uuid.uuid5(_NAMESPACE, f"{system}\n{name}")


def tools_page(*, actor: Actor) -> ToolsPage:
    """Give the tools by name, of the workflows that the reader may see, retired ones first.

    Whoever approves tools sees them all. At most six queries.
    """
    may_approve = holds(actor, "approve_tool", Level.ENTERPRISE)
    lines = _lines(None if may_approve else _seen(actor))
    shown = sorted(lines, key=lambda each: each.retired_at is None)[:TOOLS_SHOWN_MAX]
    return ToolsPage(tuple(shown), len(lines), may_approve)


def tool_seen(*, actor: Actor, tool_id: UUID) -> ToolLine | None:
    """Give one tool as its reader may see it, or None. At most eight queries.

    Whoever approves tools is told how many workflows use it, and names only of those
    that they may see.
    """
    seen = _seen(actor)
    if not holds(actor, "approve_tool", Level.ENTERPRISE):
        return next((each for each in _lines(seen) if each.id == tool_id), None)
    line = tool_anywhere(tool_id)
    return line and replace(
        line,
        uses=tuple(
            replace(each, is_seen=each.workflow_id in seen) for each in line.uses
        ),
    )


def tool_anywhere(tool_id: UUID) -> ToolLine | None:
    """Give one tool wherever a page maps it, or once it was retired. Three queries."""
    return next((each for each in _lines(None) if each.id == tool_id), None)


def retired_tools() -> tuple[tuple[UUID, str, str], ...]:
    """Give id, system and name of each tool that is retired, by name. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_RETIRED)
        return tuple((row[0], row[1], row[2]) for row in cursor.fetchall())


def is_retired(system: str, name: str) -> bool:
    """Say whether a tool is retired now. One query."""
    changes = ToolChange.objects.filter(tool_id=tool_id_of(system, name))
    last = changes.order_by("-number").first()
    return last is not None and not last.is_approved


def retired_tool_gaps(document: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Say which tools of a page are retired, as gaps of it. One query, or none."""
    ids = {
        tool_id_of(str(row.get("system")), str(row.get("name"))): row
        for row in document.get("tools") or ()
    }
    if not ids:
        return ()
    last: dict[UUID, ToolChange] = {}
    for change in ToolChange.objects.filter(tool_id__in=ids).order_by("number"):
        last[change.tool_id] = change
    return tuple(
        Gap(
            f"tools.{each.name}",
            f"Tool {each.name}",
            f"It was retired (“{each.reason}”): what it stands for is refused. Take it off the page.",
            "checks",
        )
        for each in last.values()
        if not each.is_approved
    )


def _seen(actor: Actor) -> list[UUID]:
    rows = access.visible(Workflow.objects.all(), actor=actor)
    return list(rows.values_list("id", flat=True))


def _lines(seen: Sequence[UUID] | None) -> list[ToolLine]:
    with connection.cursor() as cursor:
        cursor.execute(_MAPPED, {"everywhere": seen is None, "seen": list(seen or ())})
        mapped: dict[tuple[str, str], list[Sequence[Any]]] = {}
        for system, name, *rest in cursor.fetchall():
            mapped.setdefault((system, name), []).append(rest)
        cursor.execute(_RETIRED)
        retired = {tuple(row[1:3]): row for row in cursor.fetchall()}
    for gone in retired:
        mapped.setdefault((str(gone[0]), str(gone[1])), [])
    names = names_of(systems=[system for system, _ in mapped])
    return [
        _line(names, system, name, rows, retired.get((system, name)))
        for (system, name), rows in mapped.items()
    ]


def _line(
    names: Names,
    system: str,
    name: str,
    rows: Sequence[Sequence[Any]],
    retired: Sequence[Any] | None,
) -> ToolLine:
    uses: dict[UUID, ToolUse] = {}
    for _, workflow_id, slug, called, is_live in rows:
        known = uses.get(workflow_id)
        uses[workflow_id] = ToolUse(
            workflow_id,
            slug,
            called,
            is_live or (known is not None and known.is_live),
            not is_live or (known is not None and known.is_next),
        )
    verbs = sorted({row[0] or "" for row in rows})
    return ToolLine(
        id=tool_id_of(system, name),
        system=system,
        system_name=names.system(system),
        name=name,
        verbs=tuple((name_of(verb), tier_of(verb).value) for verb in verbs),
        uses=tuple(uses.values()),
        retired_at=retired[4] if retired else None,
        retired_reason=retired[3] if retired else "",
    )
