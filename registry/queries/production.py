"""Which workflows are in production, in which departments, and what they may do there."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models.fields.json import KeyTransform

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.models import Workflow

_IN_USE = ("allowed", "review")


@dataclass(frozen=True)
class InDepartment:
    """One workflow: whose it is, and what it may do in production; nothing before launch."""

    workflow_id: UUID
    department_id: UUID
    is_live: bool
    verbs: frozenset[tuple[str, str]]


def work_in_departments(*, actor: Actor) -> tuple[InDepartment, ...]:
    """Give each workflow that this person may see, with its department. Two queries."""
    rows = access.visible(Workflow.objects.order_by("id"), actor=actor)
    said = rows.annotate(
        allowances=KeyTransform("allowances", "live_version__document")
    ).values_list("id", "department_id", "live_version_id", "allowances")
    return tuple(
        InDepartment(identity, department, live is not None, _verbs(allowances))
        for identity, department, live, allowances in said
    )


def _verbs(allowances: object) -> frozenset[tuple[str, str]]:
    if not isinstance(allowances, list):
        return frozenset()
    return frozenset(
        (str(row.get("system")), str(row.get("verb")))
        for row in allowances
        if isinstance(row, dict) and row.get("authority") in _IN_USE
    )
