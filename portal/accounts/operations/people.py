"""Departments and people: adding, changing, deactivating."""

from datetime import datetime

from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db.models import Max
from django.utils.text import slugify

from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.locks import ENTERPRISE, lock_exclusive

ADMINISTRATORS = "Administrators"
RISK_TEAM = "Risk team"
AUDITORS = "Auditors"


def department_group(slug: str) -> str:
    """Name the group of a department's people; guardian's rights hang on it."""
    return f"department:{slug}"


@operation(leaves="department.created")
def add_department(
    *, actor: Actor, name: str, now: datetime, slug: str = ""
) -> Department:
    """Add a department with its group. Raises Conflict when the name is taken."""
    slug = slug or slugify(name)[:60]
    if not slug:
        raise Invalid({"name": "Give the department a name."})
    lock_exclusive(ENTERPRISE)
    if Department.objects.filter(slug=slug).exists():
        raise Conflict("department.exists", f"There is a department {name} already.")
    highest = Department.objects.aggregate(highest=Max("lock_number"))["highest"] or 0
    department = Department.objects.create(
        slug=slug, name=name, lock_number=highest + 1, created_at=now
    )
    Group.objects.get_or_create(name=department_group(slug))
    record(
        "department.created",
        actor=actor,
        subject=("department", department.id),
        department=name,
    )
    return department


@operation(leaves="person.created")
def add_person(
    *,
    actor: Actor,
    email: str,
    name: str,
    department: Department | None,
    password: str | None,
    groups: tuple[str, ...] = (),
    job_title: str = "",
    is_administrator: bool = False,
) -> Person:
    """Add a person to a department and to groups. Raises Conflict for a known address."""
    if Person.objects.filter(email__iexact=email).exists():
        raise Conflict("person.exists", f"{email} is registered already.")
    person = Person.objects.create_user(
        email,
        name,
        password,
        department=department,
        job_title=job_title,
        is_staff=is_administrator,
        is_superuser=False,
    )
    names = list(groups)
    if department is not None:
        names.append(department_group(department.slug))
    if is_administrator:
        names.append(ADMINISTRATORS)
    person.groups.set(Group.objects.get_or_create(name=each)[0] for each in names)
    record("person.created", actor=actor, subject=("person", person.id), person=name)
    return person


@operation(leaves="person.deactivated")
def deactivate_person(*, actor: Actor, person: Person) -> None:
    """Take away a person's access at once; what they did stays theirs."""
    changed = Person.objects.filter(id=person.id, is_active=True).update(
        is_active=False
    )
    if not changed:
        raise AlreadyDone("person.inactive", f"{person.name} is not active.")
    for session in Session.objects.all().iterator():
        if session.get_decoded().get("_auth_user_id") == str(person.id):
            session.delete()
    record(
        "person.deactivated",
        actor=actor,
        subject=("person", person.id),
        stream="security",
        person=person.name,
    )
