"""On which days people acted: what their own entries do not say, and counting anew."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from portal.accounts.actors import Actor
from portal.audit.acts import ACTS, PROPOSE
from portal.audit.operation import operation, record, step

_DAYS_OF_JOURNAL = """
SELECT DISTINCT e.actor_id, (e.at AT TIME ZONE %(zone)s)::date, act.kind
FROM audit_entry AS e
JOIN unnest(%(names)s::text[], %(kinds)s::text[]) AS act (name, kind)
    ON act.name = e.name
WHERE e.actor_kind = 'person'
"""


@step
def note_asked_in_name_of(*, identity: str, now: datetime) -> None:
    """Note that an agent asks in somebody's name today, if it is one of our people.

    Known by e-mail address or by id. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO audit_actedday (actor_id, "on", kind)'
            " SELECT id, (%s AT TIME ZONE %s)::date, %s"
            " FROM accounts_person WHERE email = lower(%s) OR id = %s"
            " ON CONFLICT DO NOTHING",
            [now, settings.TIME_ZONE, PROPOSE, identity, _as_id(identity)],
        )


@operation(leaves="person.days_recounted")
def recount_days(*, actor: Actor) -> int:
    """Read from the journal again who acted on which day; says how many were wrong.

    Reads the whole journal once. What was asked in people's names is counted by
    `approvals.operations.ending.recount_asked_days`.
    """
    wanted: dict[str, Any] = {
        "zone": settings.TIME_ZONE,
        "names": list(ACTS),
        "kinds": list(ACTS.values()),
        "propose": PROPOSE,
    }
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE audit_actedday IN EXCLUSIVE MODE")
        kept = "SELECT * FROM audit_actedday WHERE kind <> %(propose)s"
        cursor.execute(
            "SELECT count(*) FROM"  # noqa: S608 - our names
            f" (({_DAYS_OF_JOURNAL} EXCEPT {kept}) UNION ALL"
            f" ({kept} EXCEPT {_DAYS_OF_JOURNAL})) AS odd",
            wanted,
        )
        wrong = cursor.fetchone()[0]
        cursor.execute("DELETE FROM audit_actedday WHERE kind <> %(propose)s", wanted)
        cursor.execute(
            f'INSERT INTO audit_actedday (actor_id, "on", kind) {_DAYS_OF_JOURNAL}'
            " ON CONFLICT DO NOTHING",
            wanted,
        )
        count = cursor.rowcount
    record(
        "person.days_recounted",
        actor=actor,
        count=count,
        wrong=wrong,
    )
    return wrong


def _as_id(identity: str) -> str | None:
    """Give an id that is written as ids are written here; the recount compares texts."""
    try:
        written = str(UUID(identity))
    except ValueError:
        return None
    return written if written == identity.lower() else None
