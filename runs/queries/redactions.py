"""What is hidden for a workflow, and who may look at an original."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import Q

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import RedactionRule
from runs.rules.redacting.paths import FieldPath, parse
from runs.rules.redacting.walking import Policy


def policies_of(workflow_ids: Collection[UUID]) -> Mapping[UUID, Policy]:
    """Give the policy of each workflow: the company's rules and its own. One query."""
    rows = (
        RedactionRule.objects.filter(
            Q(workflow=None) | Q(workflow__in=workflow_ids), removed_at=None
        )
        .order_by("made_at", "id")
        .values_list("workflow_id", "kind", "text")
    )
    rules = list(rows)
    return {
        workflow_id: _policy(
            (kind, text) for of, kind, text in rules if of in (None, workflow_id)
        )
        for workflow_id in workflow_ids
    }


def _policy(rules) -> Policy:
    rules = list(rules)
    paths = [parse(text) for kind, text in rules if kind == RedactionRule.Kind.FIELD]
    left = {text for kind, text in rules if kind == RedactionRule.Kind.READABLE}
    return Policy(
        tuple(path for path in paths if isinstance(path, FieldPath)), frozenset(left)
    )


def may_reveal(actor: Actor, workflow_id: UUID) -> bool:
    """Say whether a person may look at what was hidden in a workflow. Two queries."""
    return access.may(actor, access.REVEAL, workflow_id)
