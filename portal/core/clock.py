"""The clocks. Expiry and order inside the database use the database's own."""

from datetime import UTC, datetime

from django.db import connection


def wall_clock() -> datetime:
    """Give the web server's time in UTC; only views, api, tasks and commands call it."""
    return datetime.now(tz=UTC)


def database_now() -> datetime:
    """Give `clock_timestamp()`, which moves inside a transaction. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
