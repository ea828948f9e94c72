"""Retiring a tool of agents company-wide with a reason, and approving it again.

No page is changed: what a page maps the tool to is refused from this moment, and grants
that were given before are stale. Those who answer for what uses it are told.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, NotFound
from portal.core.locks import ENTERPRISE
from registry.models import ToolChange
from registry.operations.catalogue import must_administer, raise_epoch
from registry.operations.enterprise import lock_enterprise_after, lock_enterprise_for
from registry.operations.guards import person_id
from registry.operations.refused_use import Owners, owners_of, tell_owners
from registry.operations.retiring import reason_checked
from registry.queries.tools import ToolLine, tool_anywhere, tool_id_of

NAME_MAX = 120


@operation(leaves="catalogue.tool_retired")
def retire_tool(*, actor: Actor, tool_id: UUID, reason: str, now: datetime) -> ToolLine:
    """Retire a tool. Raises AlreadyDone when it is, Invalid without a reason."""
    must_administer(actor, "approve_tool")
    reason = reason_checked(reason)
    # Reading every page takes long with many workflows: no ruling waits for it.
    tool, owners = lock_enterprise_after(
        actor, "approve_tool", partial(_tool_and_owners, tool_id)
    )
    if not _is_approved(tool_id):
        raise AlreadyDone("catalogue.retired", f"{tool.name} is retired already.")
    _change(actor, tool.system, tool.name, is_approved=False, reason=reason, now=now)
    record(
        "catalogue.tool_retired",
        actor=actor,
        subject=("tool", tool.id),
        tool=tool.name,
        system=tool.system,
        reason=reason,
    )
    tell_owners(owners, f"The tool {tool.name}"[:NAME_MAX], actor=actor, now=now)
    return tool


@operation(leaves="catalogue.tool_approved")
def approve_tool(*, actor: Actor, tool_id: UUID, now: datetime) -> ToolLine:
    """Approve a retired tool again. Raises AlreadyDone when it is not retired."""
    must_administer(actor, "approve_tool")
    tool = _tool(tool_id)
    lock_enterprise_for(actor, "approve_tool")
    approve_again(actor, tool.system, tool.name, now=now)
    return tool


@step
def approve_again(actor: Actor, system: str, name: str, *, now: datetime) -> None:
    """Approve a tool behind the lock of the enterprise. Raises AlreadyDone as above."""
    tool_id = tool_id_of(system, name)
    if _is_approved(tool_id):
        raise AlreadyDone("tool.unchanged", f"{name} is not retired.")
    _change(actor, system, name, is_approved=True, reason="", now=now)
    record(
        "catalogue.tool_approved",
        actor=actor,
        subject=("tool", tool_id),
        tool=name,
        system=system,
    )


def _tool(tool_id: UUID) -> ToolLine:
    tool = tool_anywhere(tool_id)
    if tool is None:
        raise NotFound("There is no such tool.")
    return tool


def _tool_and_owners(tool_id: UUID) -> tuple[ToolLine, Owners]:
    tool = _tool(tool_id)
    return tool, owners_of([each.workflow_id for each in tool.live])


def _is_approved(tool_id: UUID) -> bool:
    last = ToolChange.objects.filter(tool_id=tool_id).order_by("-number").first()
    return last is None or last.is_approved


def _change(
    actor: Actor,
    system: str,
    name: str,
    *,
    is_approved: bool,
    reason: str,
    now: datetime,
) -> None:
    tool_id = tool_id_of(system, name)
    ToolChange.objects.create(
        tool_id=tool_id,
        system=system,
        name=name,
        number=ToolChange.objects.filter(tool_id=tool_id).count() + 1,
        is_approved=is_approved,
        reason=reason,
        changed_at=now,
        changed_by_id=person_id(actor),
    )
    raise_epoch(ENTERPRISE)
