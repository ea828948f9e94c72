"""The journal as one person may read it.

Who holds the right to see every workflow reads everything; anybody else reads the
streams of the workflows they may see. Nothing of the portal's or security's streams
is shown to them, and what they may not see is absent, not counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.queries import actors_named
from portal.audit import queries as audit
from portal.audit.verifying import Verdict, verify_journal
from portal.core.errors import Forbidden, Invalid
from portal.core.pagination import Page
from registry.queries.across import WorkflowName, workflow_name, workflow_names

PAGE_SIZE = 50
EXPORT_MAX = 20_000
VERIFY_ENTRIES_MAX = 100_000
TEXT_LENGTH_MAX = 100
# An address may name several kinds of entry, with commas between them.
NAMES_LENGTH_MAX = 600


@dataclass(frozen=True)
class Asked:
    """The filter as it was typed, to be shown and carried along."""

    workflow: str = ""
    name: str = ""
    who: str = ""
    actor: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""
    text: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Give the kinds of entry where an address names several."""
        return tuple(self.name.split(",")) if "," in self.name else ()

    @property
    def is_empty(self) -> bool:
        return not any(self.pairs().values())

    def pairs(self) -> dict[str, str]:
        """Give what was asked as the fields of an address or form, empty ones left out."""
        every = {
            "workflow": self.workflow,
            "name": self.name,
            "who": self.who,
            "actor": self.actor,
            "subject": self.subject,
            "from": self.since,
            "until": self.until,
            "q": self.text,
        }
        return {key: value for key, value in every.items() if value}


@dataclass(frozen=True)
class NameGroup:
    """Names of one subject in the closed list, with words for the page."""

    label: str
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class JournalPage:
    lines: Page[audit.Line]
    workflow_names: Mapping[UUID, WorkflowName]
    workflows: tuple[WorkflowName, ...]
    groups: tuple[NameGroup, ...]
    seal: audit.Seal | None
    sees_everything: bool


@dataclass(frozen=True)
class EntryShown:
    entry: audit.EntryPage
    workflow: WorkflowName | None
    sees_everything: bool


@dataclass(frozen=True)
class VerifyPage:
    """The seal, and the verdict over every entry; None where the journal is too long."""

    seal: audit.Seal
    verdict: Verdict | None


def asked_in(values: Mapping[str, str]) -> Asked:
    """Read a filter from an address or a form; every text is cut at its limit."""

    def text(key: str, most: int = TEXT_LENGTH_MAX) -> str:
        return values.get(key, "").replace("\x00", "").strip()[:most]

    return Asked(
        workflow=text("workflow"),
        name=text("name", NAMES_LENGTH_MAX),
        who=text("who"),
        actor=text("actor"),
        subject=text("subject"),
        since=text("from"),
        until=text("until"),
        text=text("q"),
    )


def journal_for(
    *, actor: Actor, asked: Asked, cursor: str | None, now: datetime
) -> JournalPage:
    """Give one page of the journal, newest first. At most eight queries.

    Raises Invalid with the field for a date that is none.
    """
    sees_everything = access.holds_everywhere(actor, access.VIEW)
    names = workflow_names(actor=actor)
    wanted = _filter_of(asked, names)
    lines = audit.lines_of(
        within=journal_of(actor, sees_everything),
        wanted=wanted,
        now=now,
        cursor=cursor,
        size=PAGE_SIZE,
    )
    return JournalPage(
        lines=lines,
        workflow_names={each.id: each for each in names},
        workflows=names,
        groups=_groups(),
        seal=audit.seal() if sees_everything else None,
        sees_everything=sees_everything,
    )


def entry_for(*, actor: Actor, entry_id: UUID) -> EntryShown:
    """Give one entry with its proof. Raises NotFound. At most seven queries."""
    sees_everything = access.holds_everywhere(actor, access.VIEW)
    entry = audit.entry_of(within=journal_of(actor, sees_everything), entry_id=entry_id)
    workflow_id = entry.line.workflow_id
    workflow = workflow_name(workflow_id=workflow_id) if workflow_id else None
    return EntryShown(entry, workflow, sees_everything)


def verify_for(*, actor: Actor) -> VerifyPage:
    """Read the whole journal and say what is wrong with it. Raises Forbidden.

    Not done on a page past a length that would keep a web server busy.
    """
    if not access.holds_everywhere(actor, access.VIEW):
        raise Forbidden(
            "Only who may see every workflow can verify the whole journal: "
            "the risk team and the auditors can help.",
            code="journal.verify",
        )
    seal = audit.seal()
    is_short = seal.total <= VERIFY_ENTRIES_MAX
    return VerifyPage(seal, verify_journal() if is_short else None)


def entries_to_export(
    *, actor: Actor, asked: Asked, now: datetime
) -> tuple[audit.Exported, ...]:
    """Give what an export holds, oldest first. Raises Invalid when it is too much."""
    sees_everything = access.holds_everywhere(actor, access.VIEW)
    entries = audit.exported_entries(
        within=journal_of(actor, sees_everything),
        wanted=_filter_of(asked, workflow_names(actor=actor)),
        now=now,
        at_most=EXPORT_MAX + 1,
    )
    if len(entries) > EXPORT_MAX:
        raise Invalid(
            {"from": f"This is more than {EXPORT_MAX:,} entries: narrow the dates."}
        )
    return entries


def journal_of(actor: Actor, sees_everything: bool) -> audit.Within:
    """Give what narrows entries to those that a person may read; None for all of them."""
    if sees_everything:
        return None

    def narrow(rows: QuerySet) -> QuerySet:
        return access.visible(rows, actor=actor, workflow_path="workflow_id")

    return narrow


def _filter_of(
    asked: Asked, workflows: tuple[WorkflowName, ...]
) -> audit.JournalFilter:
    problems: dict[str, str] = {}
    since = _day(asked.since, "from", problems)
    until = _day(asked.until, "until", problems)
    if since and until and since > until:
        problems["until"] = "The last day is before the first."
    if problems:
        raise Invalid(problems)
    return audit.JournalFilter(
        workflow_id=_workflow_id(asked.workflow, workflows),
        names=_names(asked.name),
        actor_ids=_actor_ids(asked),
        subject=_subject(asked.subject),
        from_at=midnight(since) if since else None,
        until_at=midnight(until + timedelta(days=1)) if until else None,
        text=asked.text,
    )


def _workflow_id(slug: str, workflows: tuple[WorkflowName, ...]) -> UUID | None:
    if not slug:
        return None
    found = next((each.id for each in workflows if each.slug == slug), None)
    # An unknown workflow has no entries; it must not read as "every workflow".
    return found or UUID(int=0)


def _names(chosen: str) -> tuple[str, ...]:
    if not chosen:
        return ()
    every = audit.entry_names()
    of_subject = tuple(name for name in every if name.split(".")[0] == chosen)
    return of_subject or tuple(chosen.split(","))


def _actor_ids(asked: Asked) -> tuple[UUID, ...] | None:
    if asked.actor:
        try:
            return (UUID(asked.actor),)
        except ValueError:
            return ()
    return actors_named(asked.who) if asked.who else None


def _subject(text: str) -> tuple[str, str] | None:
    kind, _, identity = text.partition(":")
    return (kind, identity) if kind and identity else None


def _day(text: str, field: str, problems: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems[field] = "Write the day as year-month-day, such as 2026-11-21."
        return None


def midnight(day: date) -> datetime:
    """Give when a day of the journal begins, in UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def _groups() -> tuple[NameGroup, ...]:
    grouped: dict[str, list[tuple[str, str]]] = {}
    for name in audit.entry_names():
        subject, _, what = name.partition(".")
        grouped.setdefault(subject, []).append((name, what.replace("_", " ")))
    return tuple(
        NameGroup(subject.replace("_", " ").capitalize(), tuple(names))
        for subject, names in grouped.items()
    )
