"""`manage.py rebuild_tallies`: count every event again; exit 1 if a tally was wrong."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.actors import SYSTEM
from runs.operations.rebuilding import rebuild_tallies


class Command(BaseCommand):
    help = "Counts the tallies anew from the events, and says how many were wrong."

    def handle(self, *_args: Any, **_options: Any) -> None:
        wrong = rebuild_tallies(actor=SYSTEM)
        if wrong:
            raise CommandError(f"{wrong} tallies were wrong; they are right now.")
        self.stdout.write("Every tally was right.")
