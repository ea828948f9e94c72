"""Which workflows' proposals wait for a person by their own right, as plain ids.

Plain ids, because the inbox looks through many open proposals: an index can follow them.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import connection

from registry.rules.rulebook import DecidedBy

Turns = Mapping[str, frozenset[UUID]]
_STANDS_FOR_VACANT = (
    DecidedBy.RISK_OWNER.value,
    DecidedBy.ESCALATION_OWNER.value,
)
# For a vacant role the business owner stands in; untrained is as good as vacant.
_TURNS = """
WITH held AS (
    SELECT h.person_id, h.role, h.workflow_id
      FROM registry_roleholding h JOIN accounts_person p ON p.id = h.person_id
     WHERE h.person_id = ANY(%(people)s) AND p.is_active
       AND registry_is_trained(h.person_id, h.role)
)
SELECT person_id, 'reviewers', workflow_id
  FROM registry_standing_reviewer WHERE person_id = ANY(%(people)s)
 UNION
SELECT person_id, role, workflow_id FROM held
 UNION
SELECT held.person_id, vacant.role, held.workflow_id
  FROM held CROSS JOIN unnest(%(vacant)s::text[]) AS vacant(role)
 WHERE held.role = 'business_owner'
   AND NOT EXISTS (
        SELECT FROM registry_roleholding o JOIN accounts_person p ON p.id = o.person_id
         WHERE o.workflow_id = held.workflow_id AND o.role = vacant.role
           AND p.is_active AND registry_is_trained(p.id, o.role))
"""
_TRAINED = "SELECT id FROM unnest(%s::uuid[]) id WHERE registry_is_trained(id, %s)"


def turns_of(person_ids: Collection[UUID]) -> Mapping[UUID, Turns]:
    """Give, for each person, the workflows that wait for them by audience. One query."""
    found: dict[UUID, dict[str, set[UUID]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _TURNS, {"people": list(person_ids), "vacant": list(_STANDS_FOR_VACANT)}
        )
        for person_id, audience, workflow_id in cursor.fetchall():
            by_audience = found.setdefault(person_id, {})
            by_audience.setdefault(audience, set()).add(workflow_id)
    return {
        person: {audience: frozenset(ids) for audience, ids in each.items()}
        for person, each in found.items()
    }


def trained_for(*, person_ids: Collection[UUID], audience: str) -> frozenset[UUID]:
    """Keep those who are trained today for what an audience decides. One query."""
    duty = "reviewer" if audience == DecidedBy.REVIEWERS else audience
    with connection.cursor() as cursor:
        cursor.execute(_TRAINED, [list(person_ids), duty])
        return frozenset(found for (found,) in cursor.fetchall())
