"""`manage.py check_invariants`: does everything that must always hold, hold now?

Exit 0, or 1 with the first thing wrong. It reads only.
"""

from collections.abc import Callable, Iterator

from django.core.management.base import BaseCommand, CommandError

from approvals.queries import invariants as approvals
from portal.core.invariants import first_wrong
from registry.queries import invariants as registry
from runs.queries import invariants as runs

SELECTS = registry.CHECKS + runs.CHECKS + approvals.CHECKS
WALKS: tuple[tuple[str, Callable[[], Iterator[str]]], ...] = (
    ("5 What was signed is what rules", registry.wrong_versions),
    ("5 What was signed is what rules", registry.wrong_packets),
    ("5 What was approved is what runs", approvals.wrong_digests),
    ("Redaction", runs.readable_cards),
    ("12 Budgets", approvals.passed_caps),
    ("18 Never means never", approvals.never_granted),
)


class Command(BaseCommand):
    help = (
        "Check every promise that can be checked at rest; name the first thing wrong."
    )

    def handle(self, *args: object, **options: object) -> None:
        for check in SELECTS:
            wrong = first_wrong(check)
            if wrong:
                raise CommandError(f"{check.promise}: {wrong}.", returncode=1)
        for promise, walk in WALKS:
            wrong = next(walk(), None)
            if wrong:
                raise CommandError(f"{promise}: {wrong}.", returncode=1)
        count = len(SELECTS) + len(WALKS)
        self.stdout.write(f"Everything that must hold, holds: {count} checks.")
