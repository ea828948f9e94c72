"""The rulebook asked again about what waits: one question, whoever asks it.

Whoever decides asks it behind the locks and keeps the answer; a preview, the card and the
list ask it beforehand. Nothing here writes or locks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from approvals.models import ActionRequest, Proposal, ProposalVersion
from approvals.queries.blocking import Blocked, blocked_by
from approvals.queries.envelope import parsed, request_of, with_mapped_amount
from approvals.queries.standing import Counted, standing_for
from approvals.rules.inspection import with_inspection
from portal.core import strict_json
from registry.queries.rulebooks import RulebookInForce
from registry.rules.answers import Ruling
from registry.rules.authority import rule
from registry.rules.rulebook import Request
from runs.queries.holds import HoldRow, hold_of_run


@dataclass(frozen=True)
class Waits:
    """A proposal as it waits, with what a ruling on it stands on."""

    proposal: Proposal
    facts: RulebookInForce
    action: Mapping[str, object]


@dataclass(frozen=True)
class Found:
    """What keeps an approval from counting now, with the question and the answer behind it."""

    blocked: Blocked
    request: Request
    ruling: Ruling


@dataclass(frozen=True)
class Known:
    """What a list has read of a run already, for all its lines at once."""

    hold: HoldRow | None
    counted: Counted


def ask_again(
    facts: RulebookInForce,
    request: Request,
    *,
    run_id: UUID,
    run_is_on_hold: bool,
    hold_reason: str | None,
    counted: Counted | None = None,
) -> Ruling:
    """Gather the standing of this moment and rule. As many queries as `standing_for`."""
    standing = standing_for(
        facts,
        request,
        run_id=run_id,
        run_is_on_hold=run_is_on_hold,
        hold_reason=hold_reason,
        counted=counted,
    )
    return with_inspection(rule(request, standing), request.args)


def request_again(
    facts: RulebookInForce,
    body: Mapping[str, object],
    action: Mapping[str, object],
    *,
    is_edited: bool,
) -> Request:
    """Read what was asked as the rulebook in force reads it now. No query."""
    request = request_of(body, action, is_edited=is_edited)
    return with_mapped_amount(request, facts.rulebook) if is_edited else request


def blocked_now(
    *,
    proposal: Proposal,
    version: ProposalVersion,
    asked: ActionRequest,
    facts: RulebookInForce,
    known: Known | None = None,
) -> Found | None:
    """Say what would keep an approval from counting if it were given now. Four queries.

    None with `known`, which a list reads for all its lines.
    """
    action = parsed(version.action)
    request = request_again(
        facts,
        strict_json.parse_object(bytes(asked.received)),
        action,
        is_edited=version.digest != asked.digest,
    )
    hold = known.hold if known else hold_of_run(run_id=proposal.run_id)
    ruling = ask_again(
        facts,
        request,
        run_id=proposal.run_id,
        run_is_on_hold=hold is not None,
        hold_reason=hold.sentence if hold else None,
        counted=known.counted if known else None,
    )
    found = blocked_by(ruling, Waits(proposal, facts, action))
    return Found(found, request, ruling) if found else None
