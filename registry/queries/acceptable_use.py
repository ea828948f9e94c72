"""Whether somebody acknowledged how AI may be used here, and the page about it.

Nobody decides or signs before they acknowledged the statement in force. While none was
published, nothing is asked.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.core.errors import Conflict, NotFound
from registry.models import UseAcknowledgement, UseStatement
from registry.queries.rights import holders_of, holds
from registry.rules.rulebook import Level

NOT_ACKNOWLEDGED = "use.not_acknowledged"
TEXT_LENGTH_MAX = 20_000
CHANGE_LENGTH_MAX = 300
PEOPLE_SHOWN_MAX = 200
VERSIONS_SHOWN_MAX = 100
_RIGHT = "set_statement"
# What was acknowledged counts from the newest version that asked everybody.
_WAITS = """
SELECT (SELECT max(number) FROM registry_usestatement)
  FROM (SELECT max(number) AS number FROM registry_usestatement WHERE asks_anew) asked
 WHERE asked.number IS NOT NULL AND NOT EXISTS (
    SELECT FROM registry_useacknowledgement given
      JOIN registry_usestatement said ON said.id = given.statement_id
     WHERE given.person_id = %s AND said.number >= asked.number)
"""


@dataclass(frozen=True)
class Statement:
    """One version as it is read."""

    number: int
    text: str
    change: str
    asks_anew: bool
    published_at: datetime
    published_by: str
    is_in_force: bool


@dataclass(frozen=True)
class PersonLine:
    name: str
    email: str
    version: int | None
    acknowledged_at: datetime | None


@dataclass(frozen=True)
class UsePage:
    """The statement that is shown, its history, and who has acknowledged it."""

    shown: Statement | None
    history: tuple[Statement, ...]
    waits: bool
    mine: Statement | None
    mine_at: datetime | None
    people: int
    acknowledged: int
    missing: tuple[PersonLine, ...]
    given: tuple[PersonLine, ...]
    sees_names: bool
    may_publish: bool
    who_publishes: str

    @property
    def current(self) -> Statement | None:
        """Give the version in force."""
        return self.history[0] if self.history else None


def use_waits(*, person_id: UUID | None) -> int:
    """Give the version that this person must acknowledge before deciding; 0 for none.

    One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WAITS, [person_id])
        found = cursor.fetchone()
    return found[0] if found else 0


def must_have_acknowledged(actor: Actor) -> None:
    """Raise Conflict for somebody who has not acknowledged the statement in force.

    Ask it behind the shared lock of the enterprise: publishing waits for that. One query.
    """
    if not actor.is_person:
        return
    number = use_waits(person_id=actor.id)
    if number:
        raise Conflict(
            NOT_ACKNOWLEDGED,
            f"Version {number} of the acceptable-use statement is in force, and you have"
            " not acknowledged it. Everybody does before their first decision. Read it,"
            " acknowledge it and come back.",
            title="Acknowledge how AI may be used first",
            version=number,
        )


def use_page(*, actor: Actor, number: int | None = None) -> UsePage:
    """Give the page about the statement, showing one version. About ten queries.

    Raises NotFound for a version that there never was.
    """
    rows = UseStatement.objects.select_related("published_by").order_by("-number")
    history = tuple(
        _statement(row, i == 0) for i, row in enumerate(rows[:VERSIONS_SHOWN_MAX])
    )
    shown = history[0] if history else None
    if number is not None:
        shown = next((each for each in history if each.number == number), None)
        if shown is None:
            raise NotFound("There is no such version of the statement.")
    may_publish = holds(actor, _RIGHT, Level.ENTERPRISE)
    sees_names = may_publish or access.holds_everywhere(actor, access.EDIT)
    people, done = _everybody(), _everybody().filter(_has_acknowledged())
    mine = (
        UseAcknowledgement.objects.filter(person_id=actor.id)
        .select_related("statement__published_by")
        .order_by("-statement__number")
        .first()
    )
    return UsePage(
        shown=shown,
        history=history,
        waits=bool(use_waits(person_id=actor.id)),
        mine=_statement(mine.statement, False) if mine else None,
        mine_at=mine.acknowledged_at if mine else None,
        people=people.count(),
        acknowledged=done.count() if history else 0,
        missing=_lines(people.exclude(id__in=done.values("id")))
        if sees_names and history
        else (),
        given=_lines(done) if sees_names and history else (),
        sees_names=sees_names,
        may_publish=may_publish,
        who_publishes=holders_of(_RIGHT, Level.ENTERPRISE).words,
    )


def _everybody() -> QuerySet[Person]:
    return Person.objects.filter(is_active=True)


def _has_acknowledged() -> Exists:
    asked = UseStatement.objects.filter(asks_anew=True).order_by("-number")
    return Exists(
        UseAcknowledgement.objects.filter(
            person=OuterRef("pk"),
            statement__number__gte=Subquery(asked.values("number")[:1]),
        )
    )


def _lines(people: QuerySet[Person]) -> tuple[PersonLine, ...]:
    newest = UseAcknowledgement.objects.filter(person=OuterRef("pk")).order_by(
        "-statement__number"
    )
    rows = people.annotate(
        version=Subquery(newest.values("statement__number")[:1]),
        acknowledged_at=Subquery(newest.values("acknowledged_at")[:1]),
    ).order_by("name", "id")
    found = rows.values_list("name", "email", "version", "acknowledged_at")
    return tuple(PersonLine(*each) for each in found[:PEOPLE_SHOWN_MAX])


def _statement(row: UseStatement, is_in_force: bool) -> Statement:
    return Statement(
        number=row.number,
        text=row.text,
        change=row.change,
        asks_anew=row.asks_anew,
        published_at=row.published_at,
        published_by=row.published_by.name if row.published_by else "Countersign",
        is_in_force=is_in_force,
    )
