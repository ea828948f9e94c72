"""Whom a comment may name: active people who may see the workflow, and nobody else."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from approvals.rules.mentions import Nameable, mentioned
from portal.accounts import access
from portal.accounts.models import Person

PEOPLE_MAX = 2_000


def mentioned_in(text: str, *, workflow_id: UUID) -> tuple[Nameable, ...]:
    """Give those whom a text names and who may see the workflow. At most one query."""
    if "@" not in text:
        return ()
    people = access.people_with(workflow_id, access.VIEW).values_list(
        "id", "name", "email"
    )
    return mentioned(text, (Nameable(*row) for row in people[:PEOPLE_MAX]))


def names_of(ids: Iterable[str]) -> Mapping[str, str]:
    """Give the names of people by their ids. At most one query."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = Person.objects.filter(id__in=wanted).values_list("id", "name")
    return {str(identity): name for identity, name in rows}
