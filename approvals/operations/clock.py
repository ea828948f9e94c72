"""The clock of a locked proposal: a window begins, it stands still, it goes on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from approvals.models import Proposal
from approvals.queries.clocks import move_due, settle_pauses, stands_since
from approvals.rules import due
from portal.audit.operation import step
from registry.queries.timing import time_plan
from registry.rules.answers import Risk

CLOCK_FIELDS = (
    "due_at",
    "clock_stopped_at",
    "window_seconds",
    "clock_zone",
    "counts_from",
    "settled_at",
    "settled_epoch",
    "remind_at",
    "reminded",
)


def window_fields(
    *,
    workflow_id: UUID,
    risk: Risk,
    is_escalated: bool,
    now: datetime,
    expires_at: datetime | None,
) -> Mapping[str, Any]:
    """Give the columns of a window that begins now. One query."""
    read = time_plan(workflow_id)
    found = due.window(
        risk=risk,
        is_escalated=is_escalated,
        now=now,
        expires_at=expires_at,
        plan=read.plan,
    )
    return {
        "due_at": found.due_at,
        "clock_stopped_at": None,
        "window_seconds": round(found.length.total_seconds()),
        "clock_zone": found.zone,
        "counts_from": found.counts_from,
        "settled_at": now,
        # A pause that lasts is not settled yet, whatever its epoch.
        "settled_epoch": read.pause_epoch - (read.paused_at is not None),
        "remind_at": found.remind_at,
        "reminded": 0,
    }


@step
def begin_window(proposal: Proposal, *, is_escalated: bool, now: datetime) -> None:
    """Give a locked proposal a new window, from now on. The caller saves."""
    fields = window_fields(
        workflow_id=proposal.workflow_id,
        risk=Risk(proposal.risk),
        is_escalated=is_escalated,
        now=now,
        expires_at=proposal.action_request.expires_at,
    )
    for name, value in fields.items():
        setattr(proposal, name, value)


@step
def stop_clock(proposal: Proposal, *, now: datetime) -> None:
    """Let the clock of a locked proposal stand still. The caller saves."""
    settle_pauses(proposal)
    proposal.clock_stopped_at = stands_since(proposal) or now


@step
def start_clock(proposal: Proposal, *, now: datetime) -> None:
    """Let the clock go on with what was left when it stopped. The caller saves."""
    read = time_plan(proposal.workflow_id)
    move_due(proposal, read, proposal.clock_stopped_at or now, now)
    proposal.clock_stopped_at = None
    proposal.settled_at = now
    proposal.settled_epoch = read.pause_epoch - (read.paused_at is not None)
