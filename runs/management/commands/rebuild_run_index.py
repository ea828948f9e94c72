"""`manage.py rebuild_run_index`: work out anew what runs are found by; exit 1 if some were wrong."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.actors import SYSTEM
from runs.operations.reindexing import rebuild_run_index


class Command(BaseCommand):
    help = "Works out anew what every run is found by, and says how many were wrong."

    def handle(self, *_args: Any, **_options: Any) -> None:
        count, wrong, after = 0, 0, UUID(int=0)
        while True:
            done = rebuild_run_index(actor=SYSTEM, after=after)
            count, wrong = count + done.count, wrong + done.wrong
            if done.last is None:
                break
            after = done.last
        if wrong:
            raise CommandError(
                f"{wrong:,} of {count:,} runs were found by what is not so; they are right now."
            )
        self.stdout.write(f"All {count:,} runs are found by what is so.")
