"""`manage.py seal_audit`: make a signed checkpoint now."""

from django.core.management.base import BaseCommand

from portal.audit.sealing import anchor_file, public_key_text, seal_journal


class Command(BaseCommand):
    help = "Make a signed checkpoint of the journal and append it to the anchor file."

    def handle(self, *args: object, **options: object) -> None:
        report = seal_journal()
        if report is None:
            self.stdout.write("Another process is sealing the journal.")
            return
        state = "Sealed" if report.is_new else "Nothing new since"
        self.stdout.write(
            f"{state} checkpoint {report.number}: {report.size} entries,"
            f" root {report.root_hex}, in {anchor_file()}."
        )
        self.stdout.write(f"Public key: {public_key_text()}")
