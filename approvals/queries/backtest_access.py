"""Who may run and who may read a backtest, asked at the moment of use.

Running one is for whoever edits the workflow or signs for it. Reading one is too, until
it is attached: then it is part of the packet, and whoever may read that may read it.
"""

from uuid import UUID

from approvals.models import Backtest
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import Forbidden
from registry.queries.people import SIGNING_ROLES
from registry.queries.rulebooks import standing_facts
from registry.queries.workflows import WorkflowHead, workflow_head


def workflow_to_backtest(*, actor: Actor, slug: str) -> WorkflowHead:
    """Give the head of a workflow to whoever may run a backtest on it. Eight queries.

    Raises NotFound for an outsider, Forbidden with who can help for an insider.
    """
    head = workflow_head(actor=actor, slug=slug)
    if not (head.may_edit or _signs(actor, head.id)):
        raise _denied(head.name, head.owner.name if head.owner else "")
    return head


def may_run(actor: Actor, workflow_id: UUID) -> bool:
    """Say whether somebody who sees a workflow edits it or signs for it. Three queries."""
    return access.may(actor, access.EDIT, workflow_id) or _signs(actor, workflow_id)


def backtest_seen_by(*, actor: Actor, backtest_id: UUID) -> Backtest:
    """Give a backtest to whoever may read it, or raise NotFound or Forbidden."""
    found = _visible(actor, backtest_id)
    if found.attached_as is None and not may_run(actor, found.workflow_id):
        raise _denied(found.workflow.name, _owner_of(found.workflow_id))
    return found


def backtest_to_change(*, actor: Actor, backtest_id: UUID) -> Backtest:
    """Give a backtest to whoever may stop or attach it, or raise NotFound or Forbidden."""
    found = _visible(actor, backtest_id)
    if not may_run(actor, found.workflow_id):
        raise _denied(found.workflow.name, _owner_of(found.workflow_id))
    return found


def _visible(actor: Actor, backtest_id: UUID) -> Backtest:
    rows = access.visible(
        Backtest.objects.select_related("workflow", "asked_by", "attached_by"),
        actor=actor,
        workflow_path="workflow_id",
    )
    return access.visible_or_404(rows, id=backtest_id)


def _signs(actor: Actor, workflow_id: UUID) -> bool:
    holders = standing_facts(workflow_id, agent_id=None).role_holders
    return actor.is_person and actor.id in {
        holders[role].id for role in SIGNING_ROLES if role in holders
    }


def _owner_of(workflow_id: UUID) -> str:
    holder = standing_facts(workflow_id, agent_id=None).role_holders.get(
        SIGNING_ROLES[0]
    )
    return holder.name if holder else ""


def _denied(workflow: str, owner: str) -> Forbidden:
    return Forbidden(
        f"You may read {workflow}, but backtests of it are for those who edit it or"
        " sign for it. One that is attached to a launch packet is for all its readers.",
        who_can_help=f"{owner or 'An administrator'} can show you what came of it.",
    )
