"""Publishing the acceptable-use statement, and acknowledging it.

A new version takes the enterprise's exclusive lock: decisions in flight, which hold the
shared one, end first, and each later one finds the new version.
"""

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.clock import database_now
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.locks import ENTERPRISE, lock_shared
from registry.models import UseAcknowledgement, UseStatement
from registry.operations.enterprise import lock_enterprise_for
from registry.operations.guards import person_id
from registry.queries.acceptable_use import (
    CHANGE_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    use_waits,
)
from registry.queries.rights import must_hold
from registry.rules.rulebook import Level


@operation(leaves="use.published")
def publish_statement(
    *, actor: Actor, text: str, change: str, asks_anew: bool, after: int
) -> UseStatement:
    """Put a new version in force; `after` is the number of the version it was written on.

    Without `asks_anew` it is only a correction, and what was acknowledged counts on.
    Raises Conflict when another version came in between.
    """
    must_hold(actor, "set_statement", Level.ENTERPRISE)
    text = text.replace("\r\n", "\n").strip()
    change = " ".join(change.split())
    _check(text, change)
    lock_enterprise_for(actor, "set_statement")
    before = UseStatement.objects.order_by("-number").first()
    if after != (before.number if before else 0):
        raise Conflict(
            "use.changed",
            "Another version was published since you opened this page. Read it first.",
            at=before.published_at if before else None,
        )
    if before and text == before.text:
        raise AlreadyDone("use.same", "That is the text in force already.")
    if before is None and not asks_anew:
        raise Invalid({"asks_anew": "The first version is acknowledged by everybody."})
    # Behind the lock: later than every decision that did not have to know of it.
    made = UseStatement.objects.create(
        number=after + 1,
        text=text,
        change=change,
        asks_anew=asks_anew,
        published_at=database_now(),
        published_by_id=person_id(actor),
    )
    record(
        "use.published",
        actor=actor,
        subject=("use_statement", made.id),
        version=made.number,
        change=change,
        asks="acknowledged anew" if asks_anew else "only a correction",
    )
    return made


@operation(leaves="use.acknowledged")
def acknowledge_statement(*, actor: Actor, number: int) -> UseAcknowledgement:
    """Say that one read the version in force and keeps to it. Nobody does it for others.

    Raises Conflict for a version that is not in force any more, AlreadyDone when nothing
    was left to acknowledge.
    """
    if not actor.is_person:
        raise Forbidden("Only a person acknowledges the statement.")
    lock_shared(ENTERPRISE)
    current = UseStatement.objects.order_by("-number").first()
    if current is None or current.number != number:
        raise Conflict(
            "use.changed",
            "Another version is in force by now. Read it, and acknowledge that one.",
            at=current.published_at if current else None,
        )
    if not use_waits(person_id=actor.id):
        raise AlreadyDone("use.acknowledged", "You acknowledged the statement before.")
    given, is_new = UseAcknowledgement.objects.get_or_create(
        person_id=actor.id,
        statement=current,
        defaults={"acknowledged_at": database_now()},
    )
    if not is_new:
        raise AlreadyDone("use.acknowledged", "You acknowledged the statement before.")
    record(
        "use.acknowledged",
        actor=actor,
        subject=("use_statement", current.id),
        version=number,
    )
    return given


def _check(text: str, change: str) -> None:
    wrong: dict[str, str] = {}
    if not 40 <= len(text) <= TEXT_LENGTH_MAX:
        wrong["text"] = f"Write between 40 and {TEXT_LENGTH_MAX:,} characters."
    elif "\x00" in text:
        wrong["text"] = "This holds a character that cannot be stored."
    if not change or len(change) > CHANGE_LENGTH_MAX or "\x00" in change:
        wrong["change"] = f"Say what is new in at most {CHANGE_LENGTH_MAX} characters."
    if wrong:
        raise Invalid(wrong)
