"""Signing in and out, and what a person changes about their own account."""

from datetime import datetime

from portal.accounts.actors import Actor, actor_for
from portal.accounts.models import Person
from portal.audit.operation import operation, record


@operation(leaves="person.signed_in")
def sign_in(*, person: Person, now: datetime) -> None:
    """Record that a person signed in; the session itself is made by the view."""
    Person.objects.filter(id=person.id).update(last_login=now)
    record(
        "person.signed_in",
        actor=actor_for(person),
        subject=("person", person.id),
        stream="security",
    )


@operation(leaves="person.signed_out")
def sign_out(*, actor: Actor) -> None:
    """Record that a person signed out."""
    record(
        "person.signed_out",
        actor=actor,
        subject=("person", actor.id),
        stream="security",
    )


@operation(leaves="person.confirmed")
def confirm_self(*, actor: Actor, method: str) -> None:
    """Record that a person said again who they are; the view marks the session."""
    record(
        "person.confirmed",
        actor=actor,
        subject=("person", actor.id),
        stream="security",
        method=method,
    )


@operation(leaves="person.changed")
def change_password(*, actor: Actor, person: Person, password: str) -> None:
    """Set a new password; every other session of this person ends by it.

    A session carries a hash of the password it was opened with. Strength is checked
    by the form.
    """
    person.set_password(password)
    Person.objects.filter(id=person.id).update(password=person.password)
    record(
        "person.changed",
        actor=actor,
        subject=("person", person.id),
        stream="security",
        person=person.name,
        what="a new password",
    )


@operation(leaves="person.changed")
def set_single_keys(*, actor: Actor, person: Person, is_on: bool) -> None:
    """Switch a person's single-key shortcuts on or off."""
    Person.objects.filter(id=person.id).update(single_keys_on=is_on)
    record(
        "person.changed",
        actor=actor,
        subject=("person", person.id),
        person=person.name,
        what=f"single-key shortcuts {'on' if is_on else 'off'}",
    )
