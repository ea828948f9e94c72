"""Whether a change that a system of record reports is covered by a redeemed grant.

By the grant's id when the system knows it; otherwise by where, what, when and to which
value. A grant is used once, so one thing is changed once under it. What is not covered
comes with the reason, as the end of a sentence: nobody is told "no" without why.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from runs.rules.phrases import rough
from runs.rules.values import decimal_of, short

# Two clocks are never the same; more than this before its grant is before its grant.
CLOCKS_DIFFER = timedelta(minutes=2)
COVERED_FOR = timedelta(hours=24)
# Longer numbers are compared as they are written.
DIGITS_MAX = 30


@dataclass(frozen=True)
class Change:
    """One change as a system of record told it, with what of it is known here."""

    id: UUID
    at: datetime
    system: str
    resource: str
    field: str = ""
    verb: str = ""
    before: Any = None
    after: Any = None
    named_grant: str = ""
    named_run: str = ""
    named_workflow: str = ""
    workflow_id: UUID | None = None
    run_id: UUID | None = None


@dataclass(frozen=True)
class GrantSeen:
    """A grant as matching sees it. `state` is issued, redeemed, revoked or expired.

    `values` is what its action names; `told` what its outcome says of each field.
    """

    id: UUID
    workflow_id: UUID
    run_id: UUID
    system: str
    verb: str
    resource_type: str
    resource_id: str
    headline: str
    state: str
    redeemed_at: datetime | None = None
    ended_at: datetime | None = None
    values: frozenset[str] = frozenset()
    told: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Judged:
    """What one change comes to: its grant, or why there is none."""

    change_id: UUID
    grant: GrantSeen | None
    code: str
    why: str = ""

    @property
    def is_matched(self) -> bool:
        return self.grant is not None


type Used = tuple[UUID, str, str]


def judge_all(
    changes: Iterable[Change], grants: Iterable[GrantSeen], used: Collection[Used]
) -> list[Judged]:
    """Judge changes in the order of their times; each that matches uses up its grant."""
    by_id: dict[str, GrantSeen] = {}
    by_thing: dict[str, list[GrantSeen]] = {}
    for grant in grants:
        by_id[str(grant.id)] = grant
        for name in {_folded(grant.resource_id), _folded(_thing(grant))}:
            by_thing.setdefault(name, []).append(grant)
    taken = set(used)
    judged = []
    for change in sorted(changes, key=lambda each: (each.at, each.id)):
        named = by_id.get(change.named_grant.lower())
        there = [*by_thing.get(_folded(change.resource), ()), *by_thing.get("", ())]
        found = judge(change, [named] if named else there, taken)
        if found.grant is not None:
            taken.add(use_of(change, found.grant))
        judged.append(found)
    return judged


def use_of(change: Change, grant: GrantSeen) -> Used:
    """Name what a change uses of a grant: one field of one thing."""
    return (grant.id, change.resource, change.field)


def judge(
    change: Change, grants: Collection[GrantSeen], used: Collection[Used]
) -> Judged:
    """Say which grant covers a change, or why none does."""
    if change.named_grant:
        named = next(
            (each for each in grants if str(each.id) == change.named_grant.lower()),
            None,
        )
        return _by_name(change, named, used)
    return _by_value(change, grants, used)


def _by_name(change: Change, grant: GrantSeen | None, used: Collection[Used]) -> Judged:
    if grant is None:
        return _no(change, "grant.unknown", "the grant that it names does not exist")
    for code, why in _objections(change, grant, used):
        return _no(change, code, why)
    return Judged(change.id, grant, "grant")


def _objections(
    change: Change, grant: GrantSeen, used: Collection[Used]
) -> Iterable[tuple[str, str]]:
    """Yield what keeps a named grant from covering a change, the plainest first."""
    if change.workflow_id not in (None, grant.workflow_id):
        yield (
            "grant.other_workflow",
            "the grant that it names belongs to another workflow",
        )
    if change.run_id not in (None, grant.run_id):
        yield "grant.other_run", "the grant that it names belongs to another run"
    if not _is_same(change.system, grant.system):
        yield "grant.other_system", f"the grant that it names is for {grant.system}"
    if change.verb and not _is_same(change.verb, grant.verb):
        yield (
            "grant.other_verb",
            f"the grant that it names is to {_words(grant.verb)}, not to {_words(change.verb)}",
        )
    if not _is_of(change, grant):
        yield (
            "grant.other_resource",
            f"the grant that it names is for {_thing(grant)}",
        )
    yield from _in_time(change, grant)
    told = _told_value(change, grant)
    if told is not None and not _is_equal(told, change.after):
        yield (
            "grant.other_value",
            f"under its grant the value was to be {short(told, 60)}",
        )
    if use_of(change, grant) in used:
        yield (
            "grant.used",
            "the grant that it names was used for this once already, and a grant is used once",
        )


def _in_time(change: Change, grant: GrantSeen) -> Iterable[tuple[str, str]]:
    if grant.redeemed_at is None:
        yield {
            "revoked": ("grant.revoked", "the grant that it names was taken back"),
            "expired": ("grant.expired", "the grant that it names had run out unused"),
        }.get(
            grant.state, ("grant.unused", "the grant that it names was never redeemed")
        )
        return
    if change.at < grant.redeemed_at - CLOCKS_DIFFER:
        early = (grant.redeemed_at - change.at).total_seconds()
        yield (
            "grant.before",
            f"it was made {rough(early)} before its grant was redeemed",
        )
    if change.at > grant.redeemed_at + COVERED_FOR:
        late = (change.at - grant.redeemed_at).total_seconds()
        yield "grant.after", f"it was made {rough(late)} after its grant was redeemed"


def _by_value(
    change: Change, grants: Collection[GrantSeen], used: Collection[Used]
) -> Judged:
    """Find the grant by place, time and value; the one redeemed nearest wins."""
    there = [each for each in grants if _is_there(change, each)]
    if not there:
        return _no(change, *_nothing_there(change))
    in_time = [each for each in there if not any(_in_time(change, each))]
    if not in_time:
        return _no(
            change,
            "none.in_time",
            f"no grant for {_said(change)} was redeemed in the {_hours()} before it",
        )
    fitting = [each for each in in_time if _has_value(change, each)]
    if not fitting:
        nearest = min(in_time, key=lambda each: _distance(change, each))
        return _no(
            change,
            "value.other",
            f"a grant was redeemed for it, and for something else: {short(nearest.headline, 160)}",
        )
    free = [each for each in fitting if use_of(change, each) not in used]
    if not free:
        return _no(
            change,
            "grant.used",
            "the only grant for it was used for this once already, and a grant is used once",
        )
    if change.named_run and change.run_id is None:
        return _no(
            change,
            "run.unknown",
            f"no run here is called {short(change.named_run, 60)}",
        )
    found = min(free, key=lambda each: (_distance(change, each), each.id))
    return Judged(change.id, found, "value")


def _nothing_there(change: Change) -> tuple[str, str]:
    if change.named_workflow and change.workflow_id is None:
        return (
            "workflow.unknown",
            f"no workflow here is called {short(change.named_workflow, 60)}",
        )
    if change.named_run and change.run_id is None:
        return "run.unknown", f"no run here is called {short(change.named_run, 60)}"
    where = " in this run" if change.run_id else ""
    return "none", f"nothing was granted for {_said(change)}{where}"


def _is_there(change: Change, grant: GrantSeen) -> bool:
    return (
        grant.redeemed_at is not None
        and change.workflow_id in (None, grant.workflow_id)
        and change.run_id in (None, grant.run_id)
        and _is_same(change.system, grant.system)
        and (not change.verb or _is_same(change.verb, grant.verb))
        and _is_of(change, grant)
    )


def _has_value(change: Change, grant: GrantSeen) -> bool:
    """Say whether the value is one that the grant speaks of; without one, nothing is."""
    told = _told_value(change, grant)
    if told is not None:
        return _is_equal(told, change.after)
    values = [_plain(change.after)]
    before, after = decimal_of(change.before), decimal_of(change.after)
    if before is not None and after is not None:
        values.append(_plain(str(after - before)))
    return any(value and value in grant.values for value in values)


def values_of(args: object) -> frozenset[str]:
    """Give every value that stands in an action's arguments, as texts that compare."""
    if isinstance(args, Mapping):
        return frozenset().union(*(values_of(each) for each in args.values()))
    if isinstance(args, list | tuple):
        return frozenset().union(*(values_of(each) for each in args))
    text = _plain(args)
    return frozenset({text}) if text else frozenset()


def told_by(changes: Iterable[object]) -> dict[str, str]:
    """Give what an outcome says of each field that it names, last said last."""
    return {
        _folded(each["field"]): _plain(each.get("after"))
        for each in changes
        if isinstance(each, Mapping) and each.get("field") and "after" in each
    }


def _told_value(change: Change, grant: GrantSeen) -> str | None:
    if not grant.told or not change.field or change.after is None:
        return None
    return grant.told.get(_folded(change.field))


def _is_of(change: Change, grant: GrantSeen) -> bool:
    """Compare things by type and id, or by the id alone where the system knows no type."""
    told = _folded(change.resource)
    if not grant.resource_id:
        return not grant.resource_type or told == _folded(grant.resource_type)
    return told in {_folded(grant.resource_id), _folded(_thing(grant))}


def _thing(grant: GrantSeen) -> str:
    return f"{grant.resource_type} {grant.resource_id}".strip() or "something else"


def _said(change: Change) -> str:
    return f"{short(change.resource, 80)} in {short(change.system, 60)}"


def _distance(change: Change, grant: GrantSeen) -> float:
    if grant.redeemed_at is None:
        raise AssertionError("only redeemed grants are near or far")
    return abs((change.at - grant.redeemed_at).total_seconds())


def _no(change: Change, code: str, why: str) -> Judged:
    return Judged(change.id, None, code, f"{why[:1].upper()}{why[1:]}.")


def _is_equal(told: str, value: object) -> bool:
    return told == _plain(value)


def _plain(value: object) -> str:
    """Write a value as it is compared: numbers by size, texts without case and spaces."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    number = (
        decimal_of(value) if isinstance(value, str | int | float | Decimal) else None
    )
    if number is not None and abs(number.adjusted()) <= DIGITS_MAX:
        return _number(number)
    return _folded(str(value))


def _number(number: Decimal) -> str:
    return f"{number.normalize() + 0:f}"


def _is_same(one: str, other: str) -> bool:
    return _folded(one) == _folded(other)


def _folded(text: object) -> str:
    return " ".join(str(text).replace("_", " ").casefold().split())


def _words(verb: str) -> str:
    return verb.replace("_", " ")


def _hours() -> str:
    return f"{int(COVERED_FOR.total_seconds() // 3600)} hours"
