"""`import_changes FILE --system NAME`: what a change log would become; `--apply` takes it in.

A dry run reads and compares and writes nothing. One line a row; the exit code is 0 when
every row is or would be taken in, 3 when some are not, 1 when nothing could be done.
"""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.actors import SYSTEM
from portal.core.clock import wall_clock
from portal.core.errors import Invalid, Problem
from registry.queries.inventory_files import Reading, read_inventory, too_large
from registry.rules.inventory import FILE_BYTES_MAX, key_of
from registry.rules.inventory_text import ENCODINGS
from runs.operations.change_logs import check_log, discard_log, send_log, take_in_log
from runs.queries.change_log_columns import ZONES
from runs.queries.change_logs import (
    STATUSES,
    called_by_grants,
    system_of_record,
    whole_report,
)
from runs.rules.change_log import LEFT_OUT, MEANINGS, ORDERS, problems_of, suggest

SOME_LEFT = 3


class Command(BaseCommand):
    help = "Show what the rows of a change log would become; --apply takes them in."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, help="CSV, XLSX, XLS or ODS")
        parser.add_argument("--system", required=True, help="the system of record")
        parser.add_argument("--apply", action="store_true", help="take the rows in")
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=MEANING"
        )
        parser.add_argument(
            "--called", default="", help="the system, as grants name it"
        )
        parser.add_argument("--zone", default="UTC", choices=ZONES)
        parser.add_argument("--order", default="", choices=list(ORDERS))
        parser.add_argument("--encoding", default="", choices=["", *ENCODINGS])

    def handle(self, *args, **options) -> None:
        try:
            self._run(options)
        except Problem as problem:
            said = problem.fields.values() if isinstance(problem, Invalid) else ()
            raise CommandError("\n".join(said) or problem.detail) from problem

    def _run(self, options: dict) -> None:
        now = wall_clock()
        path = options["file"]
        try:
            if path.stat().st_size > FILE_BYTES_MAX:
                raise CommandError(too_large(path.stat().st_size))
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        source = system_of_record(None, name=options["system"])
        reading = Reading(encoding=options["encoding"])
        columns = read_inventory(data, reading).table.columns
        mapping = self._mapping(columns, options["map"])
        import_id = take_in_log(
            actor=SYSTEM, source_id=source.id, file_name=path.name, data=data, now=now
        )
        counts = check_log(
            actor=SYSTEM,
            import_id=import_id,
            reading=reading,
            mapping=mapping,
            choices={
                "system": options["called"] or called_by_grants(source),
                "zone": options["zone"],
                "order": options["order"],
            },
            now=now,
        )
        for line in whole_report(actor=SYSTEM, import_id=import_id):
            why = f" ({line.reason})" if line.reason else ""
            self.stdout.write(
                f"line {line.line}: {line.status_word.lower()}: {line.what}{why}"
            )
        ready = counts["READY"]
        if options["apply"] and ready:
            send_log(actor=SYSTEM, import_id=import_id, now=now)
            self.stdout.write(
                f"{ready:,} taken in and being matched; /changes/import/{import_id}/"
            )
        else:
            discard_log(actor=SYSTEM, import_id=import_id)
            self.stdout.write(
                f"{ready:,} would be taken in. Nothing was; --apply takes them in."
                if ready
                else "No row is ready, so nothing was taken in."
            )
        if sum(counts.values()) > ready:
            self.stdout.write(
                ", ".join(
                    f"{number:,} {STATUSES[status].lower()}"
                    for status, number in sorted(counts.items())
                    if status != "READY"
                )
            )
            sys.exit(SOME_LEFT)

    def _mapping(self, columns, said: list[str]) -> dict[int, str]:  # type: ignore[no-untyped-def]
        mapping = suggest(columns)
        for each in said:
            heading, _, meaning = each.rpartition("=")
            index = next(
                (
                    at
                    for at, name in enumerate(columns)
                    if key_of(name) == key_of(heading)
                ),
                None,
            )
            if index is None or meaning not in MEANINGS:
                raise CommandError(
                    f"“{each}” names no column, or no meaning: {', '.join(MEANINGS)}."
                )
            for other, given in mapping.items():
                if given == meaning:
                    mapping[other] = LEFT_OUT
            mapping[index] = meaning
        problems = problems_of(mapping, len(columns))
        if problems:
            raise CommandError("\n".join(problems.values()))
        for index, meaning in mapping.items():
            self.stdout.write(f"  {columns[index]} = {MEANINGS[meaning]}")
        return mapping
