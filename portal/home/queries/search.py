"""One search over workflows, runs, proposals, agents, people and the journal.

Every group asks by the same rights as its own page: what a person may not see is not
found, and is not counted either.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from approvals.queries.access import proposals_seen_by
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.accounts.queries import is_administrator
from portal.home.queries.journal import Asked, journal_for
from portal.home.shell import PLACES
from registry.queries.across import workflows_matching
from registry.queries.agents import agents_seen_by
from registry.queries.who_may import question_of, who_may_sentence
from runs.queries.across import runs_matching

TEXT_LENGTH_MAX = 100
TEXT_LENGTH_MIN = 2
EACH_MAX = 6
JOURNAL_REACHES_BACK = timedelta(days=7)


@dataclass(frozen=True)
class Found:
    """One thing found: the name of its address and that address's arguments."""

    title: str
    note: str
    place: str
    arguments: tuple[object, ...] = ()
    asked: str = ""


@dataclass(frozen=True)
class Group:
    label: str
    found: tuple[Found, ...]


@dataclass(frozen=True)
class SearchPage:
    text: str
    groups: tuple[Group, ...]
    is_too_short: bool

    @property
    def count(self) -> int:
        return sum(len(group.found) for group in self.groups)


def found_for(*, actor: Actor, text: str, now: datetime) -> SearchPage:
    """Find what contains the words, at most six of each kind. At most twenty queries.

    A question about authority adds seven.
    """
    text = text.replace("\x00", "").strip()[:TEXT_LENGTH_MAX]
    if len(text) < TEXT_LENGTH_MIN:
        return SearchPage(text, (), is_too_short=bool(text))
    groups = (
        Group("Answers", _answers(actor, text)),
        Group("Pages", _pages(text)),
        Group("Workflows", _workflows(actor, text)),
        Group("Proposals", _proposals(actor, text)),
        Group("Runs", _runs(actor, text)),
        Group("Agents", _agents(actor, text)),
        Group("People", _people(actor, text)),
        Group("Journal, last seven days", _journal(actor, text, now)),
    )
    return SearchPage(text, tuple(each for each in groups if each.found), False)


def _answers(actor: Actor, text: str) -> tuple[Found, ...]:
    """Answer "who may refund in billing?" in its one sentence."""
    asked = question_of(text)
    if asked is None:
        return ()
    sentence = who_may_sentence(actor=actor, asked=asked)
    place = f"verb={asked.verb}" + (f"&system={asked.system}" if asked.system else "")
    return (Found(sentence, "See which, and why", "who_may", (), place),)


def _pages(text: str) -> tuple[Found, ...]:
    """Find the places of the rail by the beginning of their name. No query."""
    return tuple(
        Found(label, "Open the page", name)
        for name, label, *_ in PLACES
        if label.casefold().startswith(text.casefold())
    )


def _workflows(actor: Actor, text: str) -> tuple[Found, ...]:
    rows = workflows_matching(actor=actor, text=text, at_most=EACH_MAX)
    return tuple(
        Found(row["name"], row["purpose"], "workflow", (row["slug"],)) for row in rows
    )


def _proposals(actor: Actor, text: str) -> tuple[Found, ...]:
    rows = proposals_seen_by(actor).filter(headline__icontains=text)
    newest = rows.select_related("workflow").order_by("-id")[:EACH_MAX]
    return tuple(
        Found(row.headline, row.workflow.name, "inbox_card", (row.id,))
        for row in newest
    )


def _runs(actor: Actor, text: str) -> tuple[Found, ...]:
    return tuple(
        Found(
            run.title or str(run.id),
            f"{run.workflow_name} · {run.state_word}",
            "run",
            (run.id,),
        )
        for run in runs_matching(actor=actor, text=text, limit=EACH_MAX)
    )


def _agents(actor: Actor, text: str) -> tuple[Found, ...]:
    rows = agents_seen_by(actor).filter(name__icontains=text).order_by("name", "id")
    return tuple(
        Found(row.name, row.get_kind_display(), "agent", (row.slug,))
        for row in rows[:EACH_MAX]
    )


def _people(actor: Actor, text: str) -> tuple[Found, ...]:
    rows = Person.objects.filter(is_active=True, name__icontains=text)
    named = rows.select_related("department").order_by("name", "id")[:EACH_MAX]
    found = tuple(Found(row.name, _work_of(row), "person", (row.id,)) for row in named)
    if is_administrator(actor):
        return found
    # A person's own page is for administrators; for others the journal tells of them.
    return tuple(
        replace(each, place="journal", arguments=(), asked=f"actor={each.arguments[0]}")
        for each in found
    )


def _work_of(person: Person) -> str:
    department = person.department.name if person.department else ""
    return " · ".join(part for part in (person.job_title, department) if part)


def _journal(actor: Actor, text: str, now: datetime) -> tuple[Found, ...]:
    since = (now - JOURNAL_REACHES_BACK).date().isoformat()
    asked = Asked(text=text, since=since)
    page = journal_for(actor=actor, asked=asked, cursor=None, now=now)
    return tuple(
        Found(
            line.sentence, f"{line.at:%-d %b, %H:%M} UTC", "journal_entry", (line.id,)
        )
        for line in page.lines.items[:EACH_MAX]
    )
