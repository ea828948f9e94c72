"""`load_workflow FILE.toml`: make a draft from the file form of the one page."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Person
from portal.core.clock import wall_clock
from portal.core.errors import Invalid, Problem
from registry.operations.loading import load_page, read_file
from registry.rules.gaps import ROLES


class Command(BaseCommand):
    help = "Make a draft of a workflow from a file of its one page."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, help="the page, as TOML")
        for role, label in ROLES.items():
            parser.add_argument(
                f"--{role.replace('_', '-')}",
                dest=role,
                metavar="EMAIL",
                help=f"who is the {label} of a new workflow",
            )

    def handle(self, *args, **options) -> None:
        try:
            document = self._read(options["file"])
            roles = {
                role: self._person(options[role]) for role in ROLES if options[role]
            }
            workflow = load_page(
                actor=SYSTEM, document=document, roles=roles, now=wall_clock()
            )
        except Problem as problem:
            fields = problem.fields if isinstance(problem, Invalid) else {}
            lines = [f"{place}: {said}" for place, said in fields.items()]
            if lines:
                lines.insert(0, f"{options['file']} was not loaded.")
            raise CommandError("\n".join(lines) or problem.detail) from problem
        self.stdout.write(
            f"Draft of {workflow.name}: /workflows/{workflow.slug}/draft/"
        )

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            with path.open("rb") as file:
                return read_file(file)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error

    def _person(self, email: str) -> Person:
        found = Person.objects.filter(email__iexact=email, is_active=True).first()
        if found is None:
            raise CommandError(f"Nobody is registered as {email}.")
        return found
