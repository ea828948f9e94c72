"""Each kind of change alone: what is not labelled widening never rules more permissively.

One field at a time, every field of every part, so that no kind of change is left to luck.
"""

from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.rules.answers import Answer, severity
from registry.rules.authority import rule
from registry.rules.changes import Label, compare, label_of
from registry.rules.rulebook import (
    Allowance,
    Cap,
    Check,
    Guardrail,
    Rulebook,
    StopRule,
    Tool,
)
from tests.rules import generators as some

TRIES = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
ROW_NAMES = {"allowances": ("system", "verb"), "checks": ("name",), "tools": ("name",)}
PARTS = {
    "allowances": (Allowance, some.allowances()),
    "stop_rules": (StopRule, some.stop_rules()),
    "caps": (Cap, some.caps()),
    "checks": (Check, some.checks),
    "tools": (
        Tool,
        st.builds(
            Tool,
            st.sampled_from(["pay", "look"]),
            st.sampled_from(some.SYSTEMS),
            st.sampled_from(some.VERBS),
        ),
    ),
}
WHOLE = [
    each.name
    for each in fields(Rulebook)
    if each.name not in ("workflow", "version", *PARTS)
]
KINDS = [
    *((name, "") for name in WHOLE),
    *(("guardrail", each.name) for each in fields(Guardrail)),
    *((part, way) for part in PARTS for way in ("+row", "-row")),
    *(
        (part, each.name)
        for part, (kind, _) in PARTS.items()
        for each in fields(kind)
        if each.name not in ROW_NAMES.get(part, ("key",))
    ),
]


def _rows(book, part):
    rows = getattr(book, part)
    return list(rows.values()) if part == "allowances" else list(rows)


def _with(book, part, rows):
    if part == "allowances":
        return replace(book, allowances={(row.system, row.verb): row for row in rows})
    return replace(book, **{part: tuple(rows)})


def _named(row, part):
    return tuple(getattr(row, name) for name in ROW_NAMES.get(part, ("key",)))


@st.composite
def changed_alone(draw, part, what):
    """Give a rulebook, the same with this one thing changed, and the row it is about."""
    book = draw(some.rulebooks())
    if not what:
        return (
            book,
            replace(book, **{part: draw(some.part_of_a_rulebook(part))}),
            None,
        )
    if part == "guardrail":
        value = getattr(draw(some.guardrails), what)
        return (
            book,
            replace(book, guardrail=replace(book.guardrail, **{what: value})),
            None,
        )
    row = draw(PARTS[part][1])
    others = [
        each for each in _rows(book, part) if _named(each, part) != _named(row, part)
    ]
    there = _with(book, part, [*others, row])
    without = _with(book, part, others)
    if what == "+row":
        return without, there, row
    if what == "-row":
        return there, without, row
    if what == "params":
        other = replace(row, params=draw(some.params(row.kind)))
    else:
        other = replace(row, **{what: getattr(draw(PARTS[part][1]), what)})
    return there, _with(book, part, [*others, other]), row


@pytest.mark.parametrize(("part", "what"), KINDS)
@TRIES
@given(data=st.data())
def test_a_change_of_one_thing_is_labelled_as_it_rules(part, what, data):
    old, new, row = data.draw(changed_alone(part, what))
    request = data.draw(some.requests())
    if isinstance(row, Allowance):
        request = replace(request, system=row.system, verb=row.verb)
    standing = data.draw(some.standings())

    before, after = (
        rule(request, replace(standing, rulebook=book)) for book in (old, new)
    )

    found = compare(old, new)
    is_wider = severity(after.answer) < severity(before.answer) or (
        after.answer != Answer.REFUSE
        and (after.quorum < before.quorum or not some.asks_everyone(before, after))
    )
    if is_wider:
        assert label_of(found) == Label.WIDENING, found
    told = (before.answer, before.quorum, before.turns)
    if told != (after.answer, after.quorum, after.turns):
        assert found, "a ruling changed and no difference was named"
