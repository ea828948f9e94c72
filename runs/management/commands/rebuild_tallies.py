"""`manage.py rebuild_tallies`: count every run and event again; exit 1 if a number was wrong."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.actors import SYSTEM
from portal.core.clock import wall_clock
from runs.operations.rebuilding import rebuild_tallies


class Command(BaseCommand):
    help = (
        "Counts facts and tallies anew from the events, and says how many were wrong."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        wrong = rebuild_tallies(actor=SYSTEM, now=wall_clock())
        if wrong:
            raise CommandError(f"{wrong:,} numbers were wrong; they are right now.")
        self.stdout.write("Every number was right.")
