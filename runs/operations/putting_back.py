"""A change that puts an earlier one back has the run of that one counted again."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection

from portal.audit.operation import step
from runs.queries.put_back import LATER, PUT_BACK_WITHIN

_MARK = (
    "INSERT INTO runs_rundue (id, run_id, due_at)"  # noqa: S608 - our own words only
    " SELECT gen_random_uuid(), again.run_id, %s FROM (SELECT DISTINCT c.run_id"
    " FROM runs_reportedchange AS l JOIN registry_workflow AS w"
    " ON l.workflow_id = w.id OR l.workflow_id IS NULL"
    f" JOIN runs_reportedchange AS c ON c.workflow_id = w.id AND {LATER}"
    " JOIN runs_runfact AS f ON f.run_id = c.run_id"
    f" AND l.at <= f.ended_at + interval '{PUT_BACK_WITHIN}'"
    " AND NOT f.measures ? 'run.put_back'"
    " WHERE l.id = ANY(%s)) AS again"
)


@step
def mark_put_back(*, change_ids: Collection[UUID], now: datetime) -> None:
    """Note the counted runs whose change one of these puts back. One query.

    A run that is not counted yet will see it when it is.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [now, list(change_ids)])
