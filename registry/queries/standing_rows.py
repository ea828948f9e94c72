"""The one statement that reads what a ruling stands on.

Fixed text with parameters: building the same query from models cost seven milliseconds
of every ruling. Level 1 is the enterprise and level 2 a department, as in
`portal.core.locks`.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

_NOBODY = UUID(int=0)
_DOCUMENTS = ("ceilings", "holders", "retired_tools")
# The ceilings over the workflow `w`, each with what is waived of it there.
_CEILINGS = """(SELECT json_agg(json_build_object(
                   'level', c.level, 'name', c.name, 'systems', c.systems,
                   'verbs', c.verbs, 'tiers', c.tiers, 'authority', c.authority,
                   'amount_max', c.amount_max::text, 'currency', c.currency,
                   'sentence', c.sentence, 'ai_models', c.ai_models,
                   'data_classes', c.data_classes,
                   'waivers', (SELECT json_agg(json_build_object(
                           'system', x.system, 'verb', x.verb,
                           'amount_max', x.amount_max::text, 'currency', x.currency,
                           'under_review', x.under_review) ORDER BY x.id)
                      FROM registry_ceilingwaiver x
                     WHERE x.workflow_id = w.id AND x.ceiling_id = c.id
                       AND x.ended_at IS NULL AND x.until_at > clock_timestamp())
               ) ORDER BY c.created_at, c.id)::text
          FROM registry_ceiling c
         WHERE c.is_active
           AND (c.level = 'enterprise'
                OR (c.level = 'department' AND c.department_id = w.department_id)
                OR c.team_id = w.team_id)
       )"""
_FACTS = """
SELECT w.id, w.slug, w.name, w.department_id, w.lock_number, w.live_version_id,
       w.phase, w.paused_at, w.pause_reason, w.pause_epoch, w.assigns_least_loaded,
       d.lock_number AS department_lock, v.number AS version_number,
       a.is_active AS agent_is_active, a.operator_id,
       a.model_name AS agent_model,
       (SELECT number FROM registry_levelepoch
         WHERE class_id = 1 AND identity = 0) AS enterprise_epoch,
       (SELECT number FROM registry_levelepoch
         WHERE class_id = 2 AND identity = d.lock_number) AS department_epoch,
       EXISTS (SELECT FROM registry_agentassignment s
                WHERE s.workflow_id = w.id AND s.agent_id = %(agent)s) AS is_assigned,
       ARRAY(SELECT slug FROM registry_system) AS known_systems,
       ARRAY(SELECT slug FROM registry_system WHERE is_approved) AS approved_systems,
       ARRAY(SELECT slug FROM registry_aimodel WHERE is_approved) AS approved_models,
       EXISTS (SELECT FROM registry_aimodel) AS keeps_models,
       (SELECT json_agg(json_build_array(t.system, t.name))::text
          FROM registry_toolchange t
         WHERE NOT t.is_approved AND NOT EXISTS (
               SELECT FROM registry_toolchange n
                WHERE n.tool_id = t.tool_id AND n.number > t.number)) AS retired_tools,
       (SELECT json_object_agg(slug, data_classes)::text FROM registry_system
         WHERE data_classes <> '{}') AS system_data,
       @ceilings AS ceilings,
       (SELECT max(x.until_at) FROM registry_ceilingwaiver x
         WHERE x.workflow_id = w.id AND x.ended_at IS NULL
           AND x.until_at <= clock_timestamp()) AS waived_until,
       (SELECT json_agg(json_build_object(
                   'role', h.role, 'id', p.id, 'name', p.name, 'email', p.email,
                   'is_trained', registry_is_trained(p.id, h.role)))::text
          FROM registry_roleholding h JOIN accounts_person p ON p.id = h.person_id
         WHERE h.workflow_id = w.id AND p.is_active) AS holders,
       (SELECT json_build_object('tiers', t.tiers, 'verbs', t.verbs)::text
          FROM registry_resumestage t
         WHERE t.workflow_id = w.id AND t.ended_at IS NULL
           AND (t.until_at IS NULL OR t.until_at > clock_timestamp())) AS stage,
       ARRAY(SELECT r.person_id FROM registry_standing_reviewer r
              WHERE r.workflow_id = w.id
              GROUP BY r.person_id
              ORDER BY min(r.since), r.person_id) AS reviewer_ids
  FROM registry_workflow w
  JOIN accounts_department d ON d.id = w.department_id
  LEFT JOIN registry_operatingmodelversion v ON v.id = w.live_version_id
  LEFT JOIN accounts_agent a ON a.id = %(agent)s
 WHERE w."""
_FACTS = _FACTS.replace("@ceilings", _CEILINGS)
# The same for many pairs of workflow and agent at once: a list asks it, no ruling does.
_MANY = (
    _FACTS.replace("%(agent)s", "asked.agent_id")
    .replace("SELECT w.id,", "SELECT asked.agent_id AS asked_agent_id, w.id,", 1)
    .replace(
        "  FROM registry_workflow w\n",
        "  FROM unnest(%s::uuid[], %s::uuid[]) AS asked (workflow_id, agent_id)\n"
        "  JOIN registry_workflow w ON w.id = asked.workflow_id\n",
        1,
    )
    .removesuffix(" WHERE w.")
)
_BY_ID, _BY_SLUG = _FACTS + "id = %(workflow)s", _FACTS + "slug = %(workflow)s"
_OVER = "SELECT @ceilings FROM registry_workflow w WHERE w.id = %s".replace(
    "@ceilings", _CEILINGS
)
_OVER_IDS = (
    "SELECT c.id FROM registry_ceiling c, registry_workflow w"
    " WHERE w.id = %s AND c.is_active AND (c.level = 'enterprise'"
    " OR (c.level = 'department' AND c.department_id = w.department_id)"
    " OR c.team_id = w.team_id)"
)
_LOCKS = (
    "SELECT w.id, w.lock_number, d.lock_number FROM registry_workflow w"
    " JOIN accounts_department d ON d.id = w.department_id WHERE w.slug = %s"
)


def standing_row(
    workflow: UUID | str, *, agent_id: UUID | None
) -> dict[str, Any] | None:
    """Read the row of one workflow by id or slug, or None. One query."""
    statement = _BY_ID if isinstance(workflow, UUID) else _BY_SLUG
    with connection.cursor() as cursor:
        cursor.execute(statement, {"workflow": workflow, "agent": agent_id or _NOBODY})
        found = cursor.fetchone()
        names = [column.name for column in cursor.description]
    if found is None:
        return None
    return _read(names, found)


def standing_rows(pairs: Collection[tuple[UUID, UUID]]) -> list[dict[str, Any]]:
    """Read the rows of many workflows, each with one of its agents. One query."""
    columns = [[pair[at] for pair in pairs] for at in (0, 1)]
    with connection.cursor() as cursor:
        cursor.execute(_MANY, columns)
        names = [column.name for column in cursor.description]
        return [_read(names, found) for found in cursor.fetchall()]


def _read(names: Sequence[str], found: Sequence[Any]) -> dict[str, Any]:
    row = dict(zip(names, found, strict=True))
    for name in _DOCUMENTS:
        row[name] = json.loads(row[name] or "[]")
    row["system_data"] = json.loads(row["system_data"] or "{}")
    row["stage"] = json.loads(row["stage"]) if row["stage"] else None
    return row


def lock_row(slug: str) -> tuple[UUID, int, int] | None:
    """Read a workflow's id and the numbers of its two locks, or None. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCKS, [slug])
        return cursor.fetchone()


def ceiling_rows(workflow_id: UUID) -> list[dict[str, Any]]:
    """Read the ceilings in force over one workflow. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_OVER, [workflow_id])
        found = cursor.fetchone()
    return json.loads((found and found[0]) or "[]")


def ceiling_ids(workflow_id: UUID) -> list[UUID]:
    """Give the ids of the ceilings in force over one workflow. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_OVER_IDS, [workflow_id])
        return [row[0] for row in cursor]
