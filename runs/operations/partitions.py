"""Partitions of the event table, made ahead of time."""

from django.db import connection


def make_partitions(*, months: int) -> int:
    """Make the partitions of this month and so many ahead; says how many were made.

    The function runs with its owner's rights: the application's role owns no table.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT runs_make_partitions(%s)", [months])
        return cursor.fetchone()[0]
