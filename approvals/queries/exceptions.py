"""The queue of exceptions: open holds and escalated proposals, alike together.

Each kind is read by its own index and the two are laid into one order, oldest first; a
group is counted by the columns that make its signature. Nothing here reads JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Min, Q, QuerySet

from approvals.models import Proposal
from approvals.models.proposing import IS_UNDECIDED, Audience
from approvals.queries.access import proposals_seen_by
from approvals.queries.endpoints import WORKFLOWS
from approvals.queries.seats import waits_for
from approvals.rules.consistency import hold_signature
from approvals.rules.due import CLAIM_TIME
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.away import stands_in_of
from portal.accounts.models import Person
from portal.core.pagination import keyset_of_many
from registry.queries.deciding import trained_for, turns_of
from registry.rules.codes import CODES
from runs.queries.holds import waiting_holds

HOLD, ESCALATION = "hold", "escalation"
GROUPS_MAX = 40
COUNT_MAX = 1000
_ORDER = ("opened", "id")
_NAMED = ("id", "slug", "name")
_OWNER = Audience.ESCALATION_OWNER.value


@dataclass(frozen=True)
class ExceptionsAsked:
    """What a person narrowed the queue to."""

    tab: str = ""
    workflow: str = ""
    like: str = ""
    owner: UUID | None = None

    def pairs(self, **other: str) -> dict[str, str]:
        """Give what stands in an address for this, with some of it changed."""
        said = {
            "tab": self.tab,
            "workflow": self.workflow,
            "like": self.like,
            "owner": str(self.owner or ""),
        }
        return {name: text for name, text in (said | other).items() if text}


@dataclass(frozen=True)
class Alike:
    """Exceptions of one signature that wait."""

    signature: str
    kind: str
    sentence: str
    workflow: str
    owner: str | None
    count: int
    oldest: datetime
    next_due: datetime | None


@dataclass(frozen=True)
class ExceptionRow:
    """One exception that waits: what, whose, since when, until when."""

    id: UUID
    kind: str
    headline: str
    sentence: str
    signature: str
    workflow: str
    owner: str | None
    is_taken: bool
    opened: datetime
    due_at: datetime | None
    alike: int


@dataclass(frozen=True)
class Queue:
    asked: ExceptionsAsked
    groups: tuple[Alike, ...]
    rows: tuple[ExceptionRow, ...]
    total: int
    next_cursor: str | None
    previous_cursor: str | None
    workflows: tuple[tuple[str, str], ...]
    owners: tuple[tuple[str, str], ...]


def queue_for(
    actor: Actor, asked: ExceptionsAsked, *, cursor: str | None, now: datetime
) -> Queue:
    """Give one page of the queue and what is alike in it. About twelve queries."""
    mine = settles_in(actor)
    tab = asked.tab or ("mine" if mine else "all")
    asked = ExceptionsAsked(tab, asked.workflow, asked.like, asked.owner)
    holds, proposals = waiting_holds(actor), escalated(actor)
    seen = access.visible(WORKFLOWS.all(), actor=actor).order_by("name", "id")
    names = {id_: (slug, name) for id_, slug, name in seen.values_list(*_NAMED)}
    owners = owners_of(names)
    if tab == "mine":
        holds, proposals = _mine(actor, mine, holds, proposals)
    if asked.workflow:
        ids = [id_ for id_, (slug, _) in names.items() if slug == asked.workflow]
        holds = holds.filter(workflow_id__in=ids)
        proposals = proposals.filter(workflow_id__in=ids)
    if asked.owner:
        holds, proposals = _of_owner(asked.owner, owners, holds, proposals, now)
    groups = _groups(holds, proposals, names, owners)
    if asked.like:
        holds, proposals = _alike(asked.like, holds, proposals)
    page = keyset_of_many(
        (_hold_rows(holds), _proposal_rows(proposals)), order=_ORDER, cursor=cursor
    )
    alike = {group.signature: group.count for group in groups}
    return Queue(
        asked=asked,
        groups=groups[:GROUPS_MAX],
        rows=tuple(_row(row, names, owners, alike, now) for row in page.items),
        total=sum(
            group.count for group in groups if asked.like in ("", group.signature)
        ),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
        workflows=tuple(names.values()),
        owners=tuple(sorted({(str(i), n) for i, n in owners.values()})),
    )


def exceptions_waiting(actor: Actor) -> int:
    """Count what waits for a person to settle, up to a thousand. Six queries or fewer."""
    mine = settles_in(actor)
    holds, proposals = _mine(actor, mine, waiting_holds(actor), escalated(actor))
    most = COUNT_MAX + 1
    found = holds.order_by().values("id")[:most].count()
    return found + proposals.order_by().values("id")[:most].count()


def holds_waiting(actor: Actor) -> int:
    """Count the held runs that wait for a person, up to a thousand. Two to five queries.

    Escalated proposals stand among those that they are to decide.
    """
    mine = settles_in(actor)
    if not mine:
        return 0
    is_mine = Q(taken_by=actor.id) | Q(taken_by=None, workflow_id__in=sorted(mine))
    found = waiting_holds(actor).filter(is_mine)
    return found.order_by().values("id")[: COUNT_MAX + 1].count()


def settles_in(actor: Actor) -> frozenset[UUID]:
    """Give the workflows whose holds wait for a person, by own right or as a stand-in."""
    absent = stands_in_of(person_id=actor.id)
    turns = turns_of([actor.id, *(each.absent_id for each in absent)])
    found = set(turns.get(actor.id, {}).get(_OWNER, ()))
    if absent and trained_for(person_ids=[actor.id], audience=_OWNER):
        for each in absent:
            lent = turns.get(each.absent_id, {}).get(_OWNER, frozenset())
            found |= {one for one in lent if each.covers(one)}
    return frozenset(found)


def escalated(actor: Actor) -> QuerySet[Proposal]:
    """Give the escalated proposals that wait, of workflows a person may see."""
    return proposals_seen_by(actor).filter(IS_UNDECIDED, escalated_at__isnull=False)


def owners_of(workflow_ids: Iterable[UUID]) -> Mapping[UUID, tuple[UUID, str]]:
    """Give who is the escalation owner of each workflow. One query."""
    rows = Person.objects.filter(
        is_active=True, holds__role=_OWNER, holds__workflow__in=list(workflow_ids)
    ).values_list("holds__workflow_id", "id", "name")
    return {workflow_id: (id_, name) for workflow_id, id_, name in rows}


def signature_of_proposal(row: Mapping[str, object]) -> str:
    """Name what an escalation has in common with others: four columns of its row."""
    kind = f"{row['system']}.{row['verb']}"
    return f"escalation:{row['workflow_id']}:{row['cause']}:{kind}"


def _mine(actor, mine, holds, proposals):  # type: ignore[no-untyped-def]
    is_mine = Q(taken_by=actor.id) | Q(taken_by=None, workflow_id__in=sorted(mine))
    assigned = Q(assigned_to=actor.id)
    return holds.filter(is_mine), proposals.filter(waits_for(actor) | assigned)


def _of_owner(owner, owners, holds, proposals, now):  # type: ignore[no-untyped-def]
    held = sorted(each for each, (who, _) in owners.items() if who == owner)
    claimed = Q(claimed_by=owner, claimed_at__gt=now - CLAIM_TIME)
    nobody = Q(assigned_to=None) & (
        Q(claimed_by=None) | Q(claimed_at__lte=now - CLAIM_TIME)
    )
    return (
        holds.filter(Q(taken_by=owner) | Q(taken_by=None, workflow_id__in=held)),
        proposals.filter(
            Q(assigned_to=owner) | claimed | nobody & Q(workflow_id__in=held)
        ),
    )


def _alike(like: str, holds: QuerySet, proposals: QuerySet):  # type: ignore[no-untyped-def]
    """Keep one signature; one that was not made here keeps nothing."""
    kind, _, rest = like.partition(":")
    workflow, _, rest = rest.partition(":")
    try:
        workflow_id = UUID(workflow)
    except ValueError:
        return holds.none(), proposals.none()
    if kind == HOLD:
        found = holds.filter(workflow_id=workflow_id, rule_key=rest)
        return found, proposals.none()
    cause, _, deed = rest.partition(":")
    system, _, verb = deed.partition(".")
    return holds.none(), proposals.filter(
        workflow_id=workflow_id, cause=cause, system=system, verb=verb
    )


def _name_in(names, row) -> str:  # type: ignore[no-untyped-def]
    return names.get(row["workflow_id"], ("", ""))[1]


def _groups(holds: QuerySet, proposals: QuerySet, names, owners) -> tuple[Alike, ...]:  # type: ignore[no-untyped-def]
    found = [
        Alike(
            hold_signature(row["workflow_id"], row["rule_key"]),
            HOLD,
            row["said"],
            _name_in(names, row),
            owners.get(row["workflow_id"], (None, None))[1],
            row["count"],
            row["oldest"],
            None,
        )
        for row in holds.order_by()
        .values("workflow_id", "rule_key")
        .annotate(count=Count("id"), oldest=Min("placed_at"), said=Min("sentence"))
    ]
    columns = ("workflow_id", "cause", "system", "verb")
    found += [
        Alike(
            signature_of_proposal(row),
            ESCALATION,
            cause_words(row["cause"], row["verb"], row["system"]),
            _name_in(names, row),
            owners.get(row["workflow_id"], (None, None))[1],
            row["count"],
            row["oldest"],
            row["next_due"],
        )
        for row in proposals.order_by()
        .values(*columns)
        .annotate(count=Count("id"), oldest=Min("escalated_at"), next_due=Min("due_at"))
    ]
    return tuple(sorted(found, key=lambda each: (-each.count, each.oldest)))


def cause_words(cause: str, verb: str, system: str) -> str:
    """Say why an escalation is one, and what it would do where."""
    code = CODES.get(cause)
    deed = f"{verb.replace('_', ' ').capitalize()} in {system}"
    return f"{deed}: {code.sentence[:1].lower()}{code.sentence[1:]}" if code else deed


def _hold_rows(holds: QuerySet) -> QuerySet:
    return holds.annotate(opened=F("placed_at")).values(
        *("id", "opened", "workflow_id", "rule_key", "sentence"),
        *("run__title", "taken_by__name"),
    )


def _proposal_rows(proposals: QuerySet) -> QuerySet:
    return proposals.annotate(opened=F("escalated_at")).values(
        *("id", "opened", "workflow_id", "cause", "system", "verb"),
        *("headline", "due_at", "claimed_by__name", "claimed_at", "assigned_to__name"),
    )


def _row(row, names, owners, alike, now: datetime) -> ExceptionRow:  # type: ignore[no-untyped-def]
    is_hold = "rule_key" in row
    if is_hold:
        signature = hold_signature(row["workflow_id"], row["rule_key"])
        taken = row["taken_by__name"]
    else:
        signature = signature_of_proposal(row)
        is_claimed = row["claimed_at"] and row["claimed_at"] > now - CLAIM_TIME
        taken = row["assigned_to__name"] or (is_claimed and row["claimed_by__name"])
    return ExceptionRow(
        id=row["id"],
        kind=HOLD if is_hold else ESCALATION,
        headline=row["run__title"] if is_hold else row["headline"],
        sentence=row["sentence"]
        if is_hold
        else cause_words(row["cause"], row["verb"], row["system"]),
        signature=signature,
        workflow=_name_in(names, row),
        owner=taken or owners.get(row["workflow_id"], (None, None))[1],
        is_taken=bool(taken),
        opened=row["opened"],
        due_at=None if is_hold else row["due_at"],
        alike=alike.get(signature, 1),
    )
