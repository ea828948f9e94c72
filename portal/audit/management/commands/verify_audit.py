"""`manage.py verify_audit`: exit 0 when the journal is whole, else 1 and what is wrong."""

from django.core.management.base import BaseCommand, CommandError

from portal.audit.verifying import verify_journal


class Command(BaseCommand):
    help = "Check every chain, every checkpoint and the anchor file."

    def handle(self, *args: object, **options: object) -> None:
        verdict = verify_journal()
        for problem in verdict.problems:
            self.stderr.write(problem)
        if not verdict.is_whole:
            raise CommandError("The journal is not whole.", returncode=1)
        self.stdout.write(
            f"The journal is whole: {verdict.entries} entries in {verdict.streams}"
            f" streams, {verdict.checkpoints} checkpoints."
        )
