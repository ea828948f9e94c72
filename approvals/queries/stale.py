"""Assignments that should move: to somebody who left, is away, or no longer decides it."""

from uuid import UUID

from django.db import connection

STALE_MAX = 500
# By the database's clock; being a stand-in for one who reviews counts as reviewing.
_STALE = """
SELECT p.id
  FROM approvals_proposal p
  JOIN accounts_person who ON who.id = p.assigned_to_id
 WHERE p.state IN ('OPEN', 'ASKED')
   AND (%(only)s::uuid IS NULL OR p.id = %(only)s)
   AND (
        NOT who.is_active
        OR EXISTS (
            SELECT FROM accounts_absence a
             WHERE a.person_id = who.id AND a.ended_at IS NULL
               AND a.starts_at <= statement_timestamp()
               AND a.ends_at > statement_timestamp()
               AND (a.workflow_ids = '{}' OR p.workflow_id = ANY(a.workflow_ids)))
        OR (p.audience = 'reviewers'
            AND NOT EXISTS (
                SELECT FROM registry_standing_reviewer r
                 WHERE r.workflow_id = p.workflow_id AND r.person_id = who.id)
            AND NOT EXISTS (
                SELECT FROM accounts_absence a
                  JOIN registry_standing_reviewer r
                    ON r.person_id = a.person_id AND r.workflow_id = p.workflow_id
                 WHERE a.stand_in_id = who.id AND a.ended_at IS NULL
                   AND a.accepted_at IS NOT NULL
                   AND a.starts_at <= statement_timestamp()
               AND a.ends_at > statement_timestamp()
                   AND (a.workflow_ids = '{}' OR p.workflow_id = ANY(a.workflow_ids))))
   )
 ORDER BY p.due_at, p.id
 LIMIT %(most)s
"""


def stale_assignments(*, limit: int = STALE_MAX) -> list[UUID]:
    """Name the open proposals whose assignment should move. One query."""
    return _read(None, limit)


def is_stale(proposal_id: UUID) -> bool:
    """Ask it of one proposal, again, behind its lock. One query."""
    return bool(_read(proposal_id, 1))


def _read(only: UUID | None, most: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_STALE, {"only": only, "most": most})
        return [found for (found,) in cursor.fetchall()]
