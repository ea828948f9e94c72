"""`load_demo`: the demo company, once. `--show` prints its people and their password."""

from django.core.management.base import BaseCommand, CommandError

from approvals.queries.inbox import waiting_count
from portal.core.clock import wall_clock
from portal.home.demo.company import CAST, COMPANY, PASSWORD, known_company
from portal.home.demo.loading import (
    has_other_people,
    is_half_loaded,
    is_loaded,
    load_demo,
    refill_inbox,
)

WAITING_MIN = 3


class Command(BaseCommand):
    help = "Load the demo company into an empty portal; again, it changes nothing."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--show", action="store_true", help="print the demo's people and password"
        )

    def handle(self, *args, **options) -> None:
        if options["show"]:
            self._show()
        elif is_loaded(now=wall_clock()):
            self._refill()
        elif is_half_loaded():
            raise CommandError(
                "The demo was begun here and not finished; start with an empty data folder."
            )
        elif has_other_people():
            self.stdout.write(
                "This portal has people of its own; the demo goes only into an empty one."
            )
        else:
            count = load_demo(now=wall_clock())
            self.stdout.write(f"{COMPANY}: {len(CAST)} people, {count} runs.")

    def _refill(self) -> None:
        dana = known_company().actor("dana")
        if waiting_count(dana) >= WAITING_MIN:
            return
        count = refill_inbox(now=wall_clock())
        self.stdout.write(f"{COMPANY}: {count} new requests for the inbox.")

    def _show(self) -> None:
        if not is_loaded(now=wall_clock()):
            return
        width = max(len(role.email) for role in CAST)
        self.stdout.write(
            f"{COMPANY}, a demo company. Everybody's password: {PASSWORD}"
        )
        for role in CAST:
            self.stdout.write(
                f"  {role.email:<{width}}  {role.name}, {role.job_title}: {role.sees}"
            )
