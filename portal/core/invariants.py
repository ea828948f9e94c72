"""What must always hold, asked of the rows at rest.

A check is one SELECT that gives the offending rows and nothing when all is well. Each
room lists the checks of its own tables; `manage.py check_invariants` asks them all.
"""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class Check:
    """One promise, the sentence for a row that breaks it, and the SELECT that finds it.

    `%s` in `says` takes the row's columns, in order.
    """

    promise: str
    says: str
    sql: str


def first_wrong(check: Check) -> str | None:
    """Name the first row that breaks a promise, or None. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"{check.sql} LIMIT 1")
        row = cursor.fetchone()
    return None if row is None else check.says % tuple(map(str, row))
