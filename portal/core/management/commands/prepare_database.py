"""Brings the database to this release: migrate as the owner, then grant."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from portal.core import database, migrating


class Command(BaseCommand):
    """Safe to run again and again, and by several machines at once."""

    # Tables need no pages: a mistake in a URL must not keep data from moving on.
    requires_system_checks: list[str] = []  # noqa: RUF012
    help = "Migrate as the tables' owner, then give the application its rights."

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = options["verbosity"]
        with database.as_owner(), database.one_at_a_time():
            with migrating.rendering_little():
                call_command("migrate", interactive=False, verbosity=verbosity)
            has_two_roles = database.grant_application_role()
        if not has_two_roles:
            self.stderr.write(
                "DATABASE_OWNER_URL names no other role than DATABASE_URL: the "
                "application owns its tables, and only triggers guard the journal."
            )
