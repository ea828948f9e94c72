"""What stands against a proposal now, said before anybody presses Approve.

The same question that deciding asks (`again.blocked_now`): on the card in full, on a line of
the list in a few words. It is asked again behind the locks, whatever was shown here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F

from approvals.models import ActionRequest, Proposal, ProposalVersion
from approvals.queries.again import Found, Known, blocked_now
from approvals.queries.blocking import Blocked
from approvals.queries.standing import Counted, Used, used_and_counted
from approvals.rules.against import (
    edit_may_help,
    level_of,
    more_given,
    needs_higher,
    short_of,
)
from portal.accounts.actors import Actor
from registry.queries.capability import may_ask
from registry.queries.rulebooks import (
    RulebookInForce,
    standing_facts,
    standing_facts_of,
)
from registry.queries.tools import tool_id_of
from registry.rules.answers import Answer, Ruling
from registry.rules.rulebook import RunFacts
from runs.queries.facts import facts_of_runs
from runs.queries.holds import holds_of_runs

NO_STEPS = RunFacts(tool_failures_open=0, steps=0)


@dataclass(frozen=True)
class AgainstLine:
    """One thing that stands against it: what, its code, and which level says so."""

    sentence: str
    code: str
    level: str


@dataclass(frozen=True)
class Against:
    """Why an approval would not count now, and what can be done instead."""

    lines: tuple[AgainstLine, ...]
    code: str
    who_can_help: str
    edit_may_help: bool
    needs_higher: bool
    more: Mapping[str, str]


def against_of(
    actor: Actor,
    proposal: Proposal,
    version: ProposalVersion,
    asked: ActionRequest,
    facts: RulebookInForce,
) -> Against | None:
    """Say in full what stands against an open proposal. Four queries; a few more if so."""
    found = blocked_now(proposal=proposal, version=version, asked=asked, facts=facts)
    if found is None:
        return None
    blocked = found.blocked
    lines = _lines(blocked, found.ruling)
    codes = [line.code for line in lines]
    more = _more(found, facts)
    may = bool(more) and may_ask(actor, proposal.workflow)
    return Against(
        lines=lines,
        code=blocked.code,
        who_can_help=blocked.who_can_help or "",
        edit_may_help=edit_may_help(codes),
        needs_higher=needs_higher(blocked.code),
        more=more if may else {},
    )


def retired_tool_of(facts: RulebookInForce, system: str, verb: str) -> str:
    """Give the id of the retired tool that the live page maps to an action, or ""."""
    for tool in facts.rulebook.tools if facts.rulebook else ():
        is_it = (tool.system, tool.verb) == (system, verb)
        if is_it and (tool.system, tool.name) in facts.retired_tools:
            return str(tool_id_of(tool.system, tool.name))
    return ""


def code_against(proposal: Proposal) -> str:
    """Name what stands against an open proposal, or "". Six queries."""
    asked = proposal.action_request
    version = ProposalVersion.objects.get(
        proposal=proposal, number=proposal.version_number
    )
    facts = standing_facts(proposal.workflow_id, agent_id=asked.agent_id)
    found = blocked_now(proposal=proposal, version=version, asked=asked, facts=facts)
    return found.blocked.code if found else ""


def against_in_short(rows: Sequence[Proposal]) -> dict[UUID, str]:
    """Say in a few words which of these proposals could not be approved now, and why.

    Two queries where nothing above them has changed since they were ruled on and nobody is
    missing; else a handful more, and two for each workflow concerned, whatever the number.
    """
    waiting = {row.id: row for row in rows if row.resolved_at is None}
    if not waiting:
        return {}
    pairs = {(row.workflow_id, row.agent_id) for row in waiting.values()}
    facts = standing_facts_of(pairs)
    ruled = _current(waiting).select_related("authority_record").defer("action")
    stale = {
        version.proposal_id: waiting[version.proposal_id]
        for version in ruled
        if _may_differ(version, facts[_pair(waiting[version.proposal_id])])
    }
    if not stale:
        return {}
    known = _known(stale.values(), facts)
    found = {}
    for version in _current(stale).select_related("proposal__action_request"):
        row = stale[version.proposal_id]
        said = blocked_now(
            proposal=row,
            version=version,
            asked=version.proposal.action_request,
            facts=facts[_pair(row)],
            known=known[row.id],
        )
        if said is not None:
            found[row.id] = short_of(said.blocked.code)
    return found


def _pair(row: Proposal) -> tuple[UUID, UUID]:
    return row.workflow_id, row.agent_id


def _current(rows: Mapping[UUID, Proposal]):
    return ProposalVersion.objects.filter(
        proposal_id__in=list(rows), number=F("proposal__version_number")
    )


def _may_differ(version: ProposalVersion, facts: RulebookInForce) -> bool:
    """Say whether what this was ruled on by may answer otherwise now.

    Every change above a workflow raises an epoch; who is missing or lapsed raises none.
    """
    ruled = version.authority_record
    then = (
        ruled.version_id,
        ruled.enterprise_epoch,
        ruled.department_epoch,
        ruled.pause_epoch,
    )
    now = (
        facts.version_id,
        facts.enterprise_epoch,
        facts.department_epoch,
        facts.pause_epoch,
    )
    has_gap = facts.vacant_roles or facts.lapsed_training
    serves = facts.agent_is_assigned and facts.agent_is_active
    return then != now or bool(has_gap) or not serves


def _known(
    rows: Iterable[Proposal], facts: Mapping[tuple[UUID, UUID], RulebookInForce]
) -> dict[UUID, Known]:
    """Read what rulings on these count, once for all. Two queries, and two a workflow."""
    listed = tuple(rows)
    runs = {row.run_id for row in listed}
    holds, of_runs = holds_of_runs(runs), facts_of_runs(runs)
    used: dict[UUID, Used] = {}
    for row in listed:
        if row.workflow_id not in used:
            used[row.workflow_id] = used_and_counted(facts[_pair(row)])
    return {
        row.id: Known(
            holds.get(row.run_id),
            Counted(*used[row.workflow_id], of_runs.get(row.run_id, NO_STEPS)),
        )
        for row in listed
    }


def _lines(blocked: Blocked, ruling: Ruling) -> tuple[AgainstLine, ...]:
    refusing = [each for each in ruling.reasons if each.answer == Answer.REFUSE]
    if refusing and refusing[0].code == blocked.code:
        # Each of them alone would be enough, so each is said.
        return tuple(
            AgainstLine(each.text, each.code, level_of(each.code)) for each in refusing
        )
    return (AgainstLine(blocked.text, blocked.code, level_of(blocked.code)),)


def _more(found: Found, facts: RulebookInForce) -> dict[str, str]:
    """Give what the form that asks for more is filled in with; empty where it cannot help."""
    request, ruling, code = found.request, found.ruling, found.blocked.code
    rule = next((each.rule for each in ruling.reasons if each.code == code), None)
    return more_given(
        code,
        rule=rule or "",
        system=request.system,
        verb=request.verb,
        ai_model=request.model or "",
        tool=retired_tool_of(facts, request.system, request.verb),
        amount=ruling.amount.value if ruling.amount else None,
        currency=(ruling.amount.currency or "") if ruling.amount else "",
    )
