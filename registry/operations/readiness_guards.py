"""Whose department it is: who may read and who may lead its assessment."""

from portal.accounts.actors import Actor
from portal.accounts.models import Department
from portal.core.errors import Forbidden, NotFound
from registry.operations.teams import who_looks_after
from registry.queries.readiness import departments_read_by, may_lead


def seen_department(actor: Actor, slug: str) -> Department:
    """Give the department to somebody who may read how ready it is. Raises NotFound."""
    rows = Department.objects.select_related("head")
    seen = rows if actor.is_system else departments_read_by(actor)
    department = seen.filter(slug=slug).first()
    if department is None:
        raise NotFound("There is nothing here, or you may not see it.")
    return department


def led_department(actor: Actor, slug: str) -> Department:
    """Give it to its head or an administrator. Raises NotFound or Forbidden."""
    department = seen_department(actor, slug)
    if not may_lead(actor, department):
        raise Forbidden(
            f"Only the head of {department.name} and administrators do this.",
            who_can_help=who_looks_after(department),
        )
    return department
