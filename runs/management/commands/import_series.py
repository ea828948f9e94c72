"""`import_series FILE --series SLUG`: what each row would come to; `--apply` takes them in.

A dry run writes nothing. One line a row; the exit code is 0 when every row is or would be
taken in, 3 when some are not, 1 when nothing could be done.
"""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.actors import SYSTEM
from portal.core.clock import wall_clock
from portal.core.errors import Invalid, Problem
from registry.queries.inventory_files import too_large
from registry.rules.inventory import FILE_BYTES_MAX
from runs.operations.series import discard_import, take_points, upload_points
from runs.queries.series_import import WORDS, import_page
from runs.rules.series import ORDERS

SOME_LEFT = 3


class Command(BaseCommand):
    help = "Show what the rows of a file of points come to; --apply takes them in."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, help="CSV, XLSX, XLS or ODS")
        parser.add_argument("--series", required=True, help="the slug of the series")
        parser.add_argument("--order", default="", choices=list(ORDERS))
        parser.add_argument("--apply", action="store_true", help="take the rows in")

    def handle(self, *args, **options) -> None:
        try:
            left = self._run(options)
        except Problem as problem:
            said = problem.fields.values() if isinstance(problem, Invalid) else ()
            raise CommandError("\n".join(said) or problem.detail) from problem
        if left:
            sys.exit(SOME_LEFT)

    def _run(self, options: dict) -> int:
        now, path, slug = wall_clock(), options["file"], options["series"]
        try:
            if path.stat().st_size > FILE_BYTES_MAX:
                raise CommandError(too_large(path.stat().st_size))
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        import_id = upload_points(
            actor=SYSTEM,
            slug=slug,
            file_name=path.name,
            data=data,
            how="command",
            now=now,
        )
        first = import_page(actor=SYSTEM, slug=slug, import_id=import_id, now=now)
        wanted = {"mapping": first.mapping, "order": options["order"]}
        page = import_page(
            actor=SYSTEM, slug=slug, import_id=import_id, wanted=wanted, now=now
        )
        for problem in page.problems.values():
            self.stdout.write(problem)
        for row in sorted(page.report, key=lambda each: each.line):
            why = f" ({row.why})" if row.why else ""
            self.stdout.write(f"line {row.line}: {WORDS[row.status]}: {row.what}{why}")
        if options["apply"] and page.ready:
            brought = take_points(
                actor=SYSTEM,
                slug=slug,
                import_id=import_id,
                mapping=page.mapping,
                order=page.order,
                now=now,
            )
            self.stdout.write(f"{brought.added} added, {brought.corrected} corrected.")
        else:
            discard_import(actor=SYSTEM, slug=slug, import_id=import_id)
            self.stdout.write(
                f"{page.ready} would be taken in. Nothing was; --apply takes them in."
            )
        return page.counts.get("WRONG", 0) + len(page.problems)
