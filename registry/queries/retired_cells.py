"""The cells of live pages that a retired tool stands for: each request there is refused."""

from uuid import UUID

from django.db import connection

_ANY = """
SELECT EXISTS (SELECT FROM registry_toolchange c
                WHERE NOT c.is_approved AND NOT EXISTS (
                      SELECT FROM registry_toolchange n
                       WHERE n.tool_id = c.tool_id AND n.number > c.number))
"""
# A page is opened only where it names a retired tool, so that few of many are.
_CELLS = """
SELECT DISTINCT r.id
  FROM registry_toolchange c
  JOIN registry_workflow w ON true
  JOIN registry_operatingmodelversion v ON v.id = w.live_version_id
   AND v.document->'tools' @> jsonb_build_array(
       jsonb_build_object('name', c.name, 'system', c.system))
 CROSS JOIN LATERAL jsonb_array_elements(v.document->'tools') AS t
  JOIN registry_allowancerow r ON r.version_id = v.id
   AND r.system = c.system AND r.verb = t->>'verb'
 WHERE NOT c.is_approved AND t->>'name' = c.name AND t->>'system' = c.system
   AND NOT EXISTS (SELECT FROM registry_toolchange n
                    WHERE n.tool_id = c.tool_id AND n.number > c.number)
"""


def retired_cells() -> frozenset[UUID]:
    """Give the rows of live pages that a retired tool stands for. One query, or two."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY)
        if not cursor.fetchone()[0]:
            return frozenset()
        cursor.execute(_CELLS)
        return frozenset(row[0] for row in cursor.fetchall())
