"""`manage.py rebuild_tallies`: count everything again, from what it is counted from.

Exit 1 if a number was wrong; it is right then. Rulings go on meanwhile. Wanted after the
organisation's time zone was changed, and whenever somebody doubts a number.
"""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from approvals.operations.ending import recount_ends
from portal.accounts.actors import SYSTEM
from portal.accounts.operations.acting import recount_days
from portal.core.clock import wall_clock
from runs.operations.drift import rebuild_drift
from runs.operations.rebuilding import rebuild_tallies

PARTS: tuple[tuple[str, Callable[[], int]], ...] = (
    ("of runs", lambda: rebuild_tallies(actor=SYSTEM, now=wall_clock())),
    ("of proposals", lambda: recount_ends(actor=SYSTEM)),
    ("of weeks of overrides", lambda: rebuild_drift(actor=SYSTEM, now=wall_clock())),
    ("of people", lambda: recount_days(actor=SYSTEM)),
)


class Command(BaseCommand):
    help = "Counts every number anew from the records, and says how many were wrong."

    def handle(self, *_args: Any, **_options: Any) -> None:
        found = [(what, count()) for what, count in PARTS]
        wrong = [f"{number:,} {what}" for what, number in found if number]
        if wrong:
            raise CommandError(
                f"Numbers were wrong: {', '.join(wrong)}. They are right now."
            )
        self.stdout.write("Every number was right.")
