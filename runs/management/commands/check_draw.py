"""Draw a signed week again from its key and its sealed population, and say whether it is the same."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.core.errors import NotFound
from runs.queries.draws import draw_again

SHOWN_MAX = 20


class Command(BaseCommand):
    help = "Draw a signed week again, and say whether its sample is what the key draws."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("week_id", type=UUID)

    def handle(self, *, week_id: UUID, **_options: Any) -> None:
        """Print what was drawn; end with an error when it is not the sample."""
        try:
            page = draw_again(week_id)
        except NotFound as refused:
            raise CommandError(refused.detail) from None
        found = page.checked
        if found is None:
            raise CommandError(page.why_not)
        self.stdout.write(
            f"{page.workflow}, week of {page.starts_on}: {found.drawn:,} of"
            f" {found.population:,} runs are drawn by the key {page.secret}."
        )
        if found.is_same:
            self.stdout.write(
                "The sample is the same. The population is the sealed one."
            )
            return
        if not found.is_digest_right:
            self.stdout.write("The population is not the one that was sealed.")
        for word, runs in (
            ("drawn and not in the sample", found.missing),
            ("in the sample and not drawn", found.beyond),
            ("kept with another layer, chance or second reading", found.differing),
        ):
            for run in runs[:SHOWN_MAX]:
                self.stdout.write(f"{run}: {word}")
        raise CommandError("The sample of this week is not what its key draws.")
