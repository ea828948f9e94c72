"""`import_workflows FILE`: what an inventory would become; with `--apply`, register it.

A dry run reads and compares and writes nothing. One line a row; the exit code is 0 when
every row is or would be registered, 3 when some are not, 1 when nothing could be done.
"""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.actors import SYSTEM, Actor, actor_for
from portal.accounts.models import Person
from portal.core.clock import wall_clock
from portal.core.errors import Invalid, Problem
from registry.operations.importing import ask_to_apply, keep_check, upload_inventory
from registry.operations.importing_apply import run_import
from registry.queries.importing import (
    planned_rows,
    suggested_departments,
    whole_report,
)
from registry.queries.inventory_files import (
    FileRead,
    Reading,
    read_inventory,
    too_large,
)
from registry.queries.inventory_known import (
    Choices,
    all_departments,
    known_for_suggesting,
)
from registry.queries.templates import template_choices
from registry.rules.inventory import (
    FILE_BYTES_MAX,
    MEANINGS,
    Meaning,
    Planned,
    Status,
    key_of,
)
from registry.rules.inventory_columns import suggest
from registry.rules.inventory_rows import NEW_DEPARTMENT, department_values
from registry.rules.inventory_text import ENCODINGS

SOME_LEFT = 3
WORDS = {
    Status.READY: "would be registered",
    Status.REPEATED: "twice in the file",
    Status.KNOWN: "already registered",
    Status.WRONG: "wrong",
    Status.LEFT_OUT: "left out",
}


class Command(BaseCommand):
    help = "Show what the rows of an inventory would become; --apply registers them as drafts."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, help="CSV, XLSX, XLS or ODS")
        parser.add_argument(
            "--apply", action="store_true", help="register the rows that are ready"
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="COLUMN=MEANING",
            help=f"what a column means: {', '.join(MEANINGS)}",
        )
        parser.add_argument(
            "--department",
            default="",
            metavar="SLUG",
            help="where nothing else is said",
        )
        parser.add_argument(
            "--new-departments",
            action="store_true",
            help="add the departments that the file names and nobody knows",
        )
        parser.add_argument(
            "--template", default="", help="what every draft begins from"
        )
        parser.add_argument("--sheet", default="", help="of a spreadsheet")
        parser.add_argument("--header-line", type=int, default=0)
        parser.add_argument("--encoding", default="", choices=["", *ENCODINGS])
        parser.add_argument(
            "--as", dest="email", default="", metavar="EMAIL", help="who imports it"
        )

    def handle(self, *args, **options) -> None:
        try:
            self._run(options)
        except Problem as problem:
            fields = problem.fields if isinstance(problem, Invalid) else {}
            lines = [
                f"{place}: {said}" if place and place != "file" else said
                for place, said in fields.items()
            ]
            raise CommandError("\n".join(lines) or problem.detail) from problem

    def _run(self, options: dict) -> None:
        actor = self._actor(options["email"])
        data = self._bytes(options["file"])
        reading = Reading(
            encoding=options["encoding"],
            sheet=options["sheet"],
            header_line=options["header_line"],
        )
        read = read_inventory(data, reading)
        choices = self._choices(read, options)
        self._say_how(read, choices)
        planned = planned_rows(actor=actor, read=read, choices=choices)
        if not options["apply"]:
            left = self._say_planned(planned)
            self.stdout.write("Nothing was written. --apply registers them.")
        else:
            left = self._apply(
                actor, options["file"].name, data, reading, choices, planned
            )
        if left:
            sys.exit(SOME_LEFT)

    def _apply(
        self,
        actor: Actor,
        name: str,
        data: bytes,
        reading: Reading,
        choices: Choices,
        planned: tuple[Planned, ...],
    ) -> int:
        now = wall_clock()
        if not any(each.status == Status.READY for each in planned):
            left = self._say_planned(planned)
            self.stdout.write("No row is ready to be registered; nothing was written.")
            return left
        import_id = upload_inventory(
            actor=actor,
            file_name=name,
            data=data,
            mapping=choices.mapping,
            rows=len(planned),
            now=now,
        )
        keep_check(
            actor=actor,
            import_id=import_id,
            reading=reading,
            choices=choices,
            planned=planned,
            now=now,
        )
        ask_to_apply(actor=actor, import_id=import_id, is_claimed=True, now=now)
        made = run_import(import_id=import_id, now=now)
        left = 0
        for line in whole_report(actor=actor, import_id=import_id):
            left += line.status != "MADE"
            self._line(line.line, line.status_word.lower(), line.name, line.reason)
        self.stdout.write(
            f"{made:,} registered as drafts, {left:,} not; /workflows/import/{import_id}/"
        )
        return left

    def _choices(self, read: FileRead, options: dict) -> Choices:
        mapping = suggest(read.table, known_for_suggesting())
        for said in options["map"]:
            heading, _, meaning = said.rpartition("=")
            index = next(
                (
                    place
                    for place, column in enumerate(read.table.columns)
                    if key_of(column) == key_of(heading)
                ),
                None,
            )
            if index is None:
                raise CommandError(
                    f"There is no column “{heading}”; there are"
                    f" {', '.join(read.table.columns)}."
                )
            if meaning not in MEANINGS:
                raise CommandError(
                    f"“{meaning}” is no meaning; they are {', '.join(MEANINGS)}."
                )
            for other, given in mapping.items():
                if given == meaning and meaning not in ("note", "left_out"):
                    mapping[other] = Meaning.NOTE
            mapping[index] = meaning
        known = {each.value for each in all_departments()}
        if options["department"] and options["department"] not in known:
            raise CommandError(
                f"There is no department {options['department']}; there are"
                f" {', '.join(sorted(known))}."
            )
        if options["template"] not in ("", *(each.key for each in template_choices())):
            raise CommandError(f"There is no template {options['template']}.")
        departments: dict[str, str] = dict(suggested_departments(read, mapping))
        if options["new_departments"]:
            for value in department_values(read.table, mapping):
                departments.setdefault(value, f"{NEW_DEPARTMENT}{value}")
        return Choices(mapping, departments, options["department"], options["template"])

    def _say_how(self, read: FileRead, choices: Choices) -> None:
        self.stdout.write(f"{read.how}; {len(read.table.rows):,} rows.")
        for note in read.table.notes:
            self.stdout.write(note)
        for index, meaning in choices.mapping.items():
            self.stdout.write(f"  {read.table.columns[index]} = {MEANINGS[meaning]}")

    def _say_planned(self, planned: tuple[Planned, ...]) -> int:
        ready = 0
        for each in planned:
            ready += each.status == Status.READY
            reason = " ".join([each.reason, *each.remarks]).strip()
            self._line(each.line, WORDS[each.status], each.name, reason)
        self.stdout.write(
            f"{ready:,} would be registered as drafts, {len(planned) - ready:,} not."
        )
        return len(planned) - ready

    def _line(self, line: int, word: str, name: str, reason: str) -> None:
        said = " ".join(reason.split())
        self.stdout.write(f"line {line}: {word}: {name}{f' ({said})' if said else ''}")

    def _bytes(self, path: Path) -> bytes:
        try:
            size = path.stat().st_size
            if size > FILE_BYTES_MAX:
                raise CommandError(too_large(size))
            return path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error

    def _actor(self, email: str) -> Actor:
        if not email:
            return SYSTEM
        found = Person.objects.filter(email__iexact=email, is_active=True).first()
        if found is None:
            raise CommandError(f"Nobody is registered as {email}.")
        return actor_for(found)
