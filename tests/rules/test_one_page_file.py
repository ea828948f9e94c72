"""The file form: an exact round trip, every problem at its line, and a schema that is true."""

import re
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.rules import document as page
from registry.rules import fields, params
from registry.rules.document import (
    DocumentError,
    empty_document,
    from_toml,
    problems_of,
    to_toml,
)
from registry.rules.file_text import FILE_BYTES_MAX, text_of_file
from registry.rules.gaps import QUESTIONS
from registry.rules.rulebook import CapKind, DecidedBy, Effect, StopKind
from registry.rules.toml_places import line_of, lines_of
from registry.rules.verbs import VERBS

SCHEMA = Path(__file__).parents[2] / "docs" / "one-page-file.md"
EXAMPLES = settings(max_examples=60, deadline=None)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=25)
lines = texts.filter(str.strip)
slugs = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6})?", fullmatch=True)
verbs = st.sampled_from(sorted(VERBS))
decimals = st.decimals(0, 99999, places=2).map(lambda value: format(value, "f"))
shares = st.sampled_from(["0", "0.5", "0.90", "1"])
currencies = st.sampled_from(["EUR", "USD", "JPY"])
risks = st.sampled_from(["low", "medium", "high"])
paths = st.sampled_from(["amount", "payment.amount", "items[].amount"])
facts = st.sampled_from(["args.reason", "before.total", "evidence", "category"])


def several(strategy, *, least=0):
    return st.lists(strategy, unique=True, min_size=least, max_size=3)


def table(**optional):
    """Any of these keys; required ones are given by the caller."""
    return st.fixed_dictionaries({}, optional=optional)


def both(required, optional):
    return st.builds(lambda one, other: one | other, required, optional)


PARAMS = {
    StopKind.MISSING_DATA: st.fixed_dictionaries({"fields": several(facts, least=1)}),
    StopKind.CONFLICTING_RECORDS: both(
        st.fixed_dictionaries({"signals": several(lines, least=1)}),
        table(pairs=st.just([["args.amount", "before.total"], ["args.a", "after.b"]])),
    ),
    StopKind.SENSITIVE_TOPIC: st.fixed_dictionaries(
        {
            "words": several(lines, least=1),
            "amount_above": decimals,
            "currency": currencies,
        }
    ),
    StopKind.LOW_CONFIDENCE: st.fixed_dictionaries({"below": shares}),
    StopKind.OUTSIDE_CATEGORY: table(categories=several(lines)),
    StopKind.TOOL_FAILURE: table(
        failures=st.integers(1, 100), within_steps=st.integers(1, 10_000)
    ),
    StopKind.EXPRESSION: st.fixed_dictionaries({"source": lines}),
}


@st.composite
def stop_rules(draw):
    kind = draw(st.sampled_from(StopKind))
    rule = {
        "key": draw(slugs),
        "kind": kind.value,
        "effect": draw(st.sampled_from(Effect)).value,
        "sentence": draw(lines),
        "params": draw(PARAMS[kind]),
    }
    return rule | draw(table(applies_to=several(verbs)))


THENS = ((), ("risk_owner",), ("risk_owner", "business_owner"))


def with_stages(row, names):
    """Give a row further stages, if it has none of them first."""
    stages = [
        {"decided_by": name, "quorum": at + 1}
        for at, name in enumerate(names)
        if name != row.get("decided_by", "reviewers")
    ]
    return row | {"then": stages} if stages else row


allowances = st.builds(
    with_stages,
    both(
        st.fixed_dictionaries(
            {
                "system": slugs,
                "verb": verbs,
                "authority": st.sampled_from(["allowed", "review", "never"]),
            }
        ),
        table(
            amount_max=decimals,
            currency=currencies,
            count_per_day=st.integers(0, 1_000_000),
            quorum=st.integers(1, 20),
            decided_by=st.sampled_from([each.value for each in DecidedBy]),
            reversibility=st.sampled_from(
                ["reversible", "compensable", "irreversible"]
            ),
            risk=risks,
            data_classes=several(lines),
            amount_field=paths,
            currency_field=paths,
            recipient_field=paths,
            resource_field=paths,
        ),
    ),
    st.sampled_from(THENS),
)


@st.composite
def caps(draw):
    kind = draw(st.sampled_from(CapKind))
    limit = str(draw(st.integers(0, 900))) if kind == CapKind.COUNT else draw(decimals)
    cap = {"key": draw(slugs), "kind": kind.value, "limit": limit}
    cap["window_hours"] = draw(st.integers(1, 8784))
    return cap | draw(table(currency=currencies, verbs=several(verbs)))


def rows(strategy, *names):
    return st.lists(
        strategy,
        max_size=3,
        unique_by=lambda row: tuple(row[name] for name in names),
    )


@st.composite
def action_groups(draw):
    actions = st.builds("{} in {}".format, verbs, slugs)
    return {"name": draw(lines), "actions": draw(several(actions, least=1))}


@st.composite
def documents(draw):
    """A whole page: every key of every table may be there."""
    document = empty_document(
        workflow=draw(slugs), name=draw(texts), department=draw(texts)
    )
    return document | {
        "purpose": draw(texts),
        "units": draw(texts),
        "template": draw(texts),
        "phase": draw(st.integers(1, 5)),
        "risk": draw(risks),
        "currency": draw(currencies),
        "categories": draw(several(lines)),
        "technique": draw(table(steps=st.sampled_from(["yes", "no"]), because=lines)),
        "action_groups": draw(rows(action_groups(), "name")),
        "answers": {each.key: draw(texts) for each in QUESTIONS},
        "guardrail": draw(
            table(
                confidence_min=shares,
                confidence_escalate=shares,
                risk_review=risks,
                risk_escalate=risks,
                amount_review=decimals,
                amount_escalate=decimals,
                currency=currencies,
            )
        ),
        "targets": draw(
            st.dictionaries(
                texts | st.just("limit"), st.integers(-9, 9) | texts, max_size=3
            )
        ),
        "allowances": draw(rows(allowances, "system", "verb")),
        "tools": draw(
            rows(
                st.fixed_dictionaries({"name": lines, "system": slugs, "verb": verbs}),
                "name",
            )
        ),
        "stop_rules": draw(rows(stop_rules(), "key")),
        "caps": draw(rows(caps(), "key")),
        "checks": draw(
            rows(
                both(
                    st.fixed_dictionaries({"name": lines}),
                    table(required_for=several(verbs)),
                ),
                "name",
            )
        ),
    }


@EXAMPLES
@given(document=documents())
def test_a_whole_page_comes_back_exactly(document):
    assert problems_of(document) == ()
    text = to_toml(document)

    assert from_toml(text) == document
    assert to_toml(from_toml(text)) == text


@EXAMPLES
@given(document=documents())
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(document):
    raw = to_toml(document).replace("\n", "\r\n").encode("utf-8-sig")

    assert from_toml(text_of_file(BytesIO(raw))) == document


def _places(value, path=""):
    """Name every value of a document as problems name it."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _places(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for at, child in enumerate(value):
            yield from _places(child, f"{path}[{at}]")
    else:
        yield path


@EXAMPLES
@given(document=documents())
def test_every_value_is_found_on_its_own_line(document):
    document["targets"] = {"minutes": 3}
    text = to_toml(document)
    places = lines_of(text)
    lines_of_text = text.split("\n")

    for path in _places(document):
        if path and (path in places or not path.startswith("guardrail")):
            key = path.rpartition(".")[2]
            line = line_of(path, places)
            assert line is not None
            assert lines_of_text[line - 1].startswith((f"{key} =", "[")), path


@EXAMPLES
@given(document=documents(), data=st.data())
def test_several_problems_are_told_each_at_its_line(document, data):
    document["targets"] = {}
    wrong = [path for path in _places(document) if path.count(".") and path[-1] != "]"]
    wrong = [path for path in wrong if not path.startswith("targets")]
    chosen = data.draw(st.lists(st.sampled_from(wrong), unique=True, max_size=4))
    for path in chosen:
        target = document
        for step in re.findall(r"[^.\[\]]+", path)[:-1]:
            target = (
                target[int(step)]
                if step.isdigit() and isinstance(target, list)
                else target[step]
            )
        target[path.rpartition(".")[2]] = True
    text = to_toml(document)

    try:
        from_toml(text)
        told = {}
    except DocumentError as error:
        told = {problem.where: problem.line for problem in error.problems}
        numbers = [problem.line for problem in error.problems]
        assert numbers == sorted(numbers)

    for path in chosen:
        assert path in told
        key = path.rpartition(".")[2]
        assert text.split("\n")[told[path] - 1] == f"{key} = true"


BY_HAND = '''
workflow = "a"  # phase = 9
currency = "EUR"
risk = "low"
categories = [
  "late",
  "[[caps]]", # ] a bracket in a comment
]
purpose = """
[answers]
phase = 77
"""
'other' = 1
tools = [
  { name = "x", system = "s", verb = "read" },
  { name = "y", system = "s", verb = "fly" },
]
guardrail.confidence_min = "2"

[[ allowances ]]
system = "s"
verb = "fly"
  [["caps"]]
  key = "k"
'''


def test_lines_are_right_in_what_people_write_by_hand_too():
    with pytest.raises(DocumentError) as caught:
        from_toml(BY_HAND)

    told = {problem.where: problem.line for problem in caught.value.problems}
    assert told == {
        "phase": 1,
        "other": 13,
        "tools[1].verb": 16,
        "guardrail.confidence_min": 18,
        "allowances[0].verb": 22,
        "allowances[0].authority": 20,
        "caps[0].kind": 23,
        "caps[0].limit": 23,
        "caps[0].window_hours": 23,
    }


def test_a_row_that_is_there_twice_is_told_at_the_second():
    text = to_toml(
        empty_document(workflow="a", name="A", department="d")
        | {"checks": [{"name": "paid"}, {"name": "exists"}, {"name": "paid"}]}
    )

    with pytest.raises(DocumentError) as caught:
        from_toml(text)

    (problem,) = caught.value.problems
    assert problem.where == "checks[2].name"
    assert text.split("\n")[problem.line - 1] == 'name = "paid"'
    assert text.count("\n", 0, text.rindex('name = "paid"')) + 1 == problem.line


class _Endless:
    """A file of 100 MB that counts what is read of it."""

    def __init__(self):
        self.taken = 0

    def read(self, size, /):
        given = min(size, 100 * 1024 * 1024 - self.taken)
        self.taken += given
        return b"x" * given


def test_a_file_of_a_hundred_megabytes_is_refused_and_not_taken_in():
    file = _Endless()

    with pytest.raises(DocumentError, match="larger than 2 MiB"):
        text_of_file(file)

    assert file.taken == FILE_BYTES_MAX + 1


@pytest.mark.parametrize(
    ("raw", "told", "line"),
    [
        ('a = "x"\nname = "Café"'.encode("latin-1"), "“é”", 2),
        ('name = "a"'.encode("utf-16"), "UTF-16", 1),
        ('name = "a"'.encode("utf-16-be"), "This is not TOML", 1),
        (b"\x89PNG\r\n\x1a\n\x00", "not UTF-8", 1),
    ],
)
def test_another_encoding_is_refused_with_its_line(raw, told, line):
    with pytest.raises(DocumentError) as caught:
        from_toml(text_of_file(BytesIO(raw)))

    (problem,) = caught.value.problems
    assert told in problem.text
    assert problem.line == line


def _known(document, path):
    """Ask the reader itself which keys it knows at a place."""
    for problem in problems_of(document):
        if problem.path == path:
            found = re.search(r"known are (.*)\.$", problem.text)
            if found:
                return set(found[1].split(", "))
    raise AssertionError(f"nothing was said about {path}")


def _documented():
    """The keys that the schema lists, by heading."""
    found, heading = {}, ""
    for line in SCHEMA.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        key = re.match(r"\| (?:\*\*)?`([a-z_]+)`(?:\*\*)? \|", line)
        if key:
            found.setdefault(heading, set()).add(key[1])
    return found


def test_the_schema_lists_every_key_and_no_other():
    odd = {"odd": 1}
    documented = _documented()

    assert documented.pop("page") == _known(odd, "odd")
    for name in ("answers", "guardrail", "technique"):
        assert documented.pop(name) == _known({name: odd}, f"{name}.odd")
    for name in (
        "allowances",
        "action_groups",
        "tools",
        "stop_rules",
        "caps",
        "checks",
    ):
        assert documented.pop(name) == _known({name: [odd]}, f"{name}[0].odd")
    row = {"allowances": [{"then": [odd]}]}
    assert documented.pop("then") == _known(row, "allowances[0].then[0].odd")
    assert documented.pop("baselines") == _known(
        {"baselines": [odd]}, "baselines[0].odd"
    )
    cases = {"baselines": [{"cases": [odd]}]}
    assert documented.pop("cases") == _known(cases, "baselines[0].cases[0].odd")
    for kind in StopKind:
        rule = {"stop_rules": [{"kind": kind.value, "params": odd}]}
        known = _known(rule, "stop_rules[0].params.odd")
        assert documented.pop(kind.value) == known
    assert documented == {}


def test_the_schema_states_the_bounds_and_its_example_loads():
    schema = SCHEMA.read_text(encoding="utf-8")
    for bound in (
        fields.TEXT_LENGTH_MAX,
        fields.LINE_LENGTH_MAX,
        fields.SLUG_LENGTH_MAX,
        fields.LIST_LENGTH_MAX,
        fields.ROWS_MAX,
        page.QUORUM_MAX,
        page.COUNT_MAX,
        page.WINDOW_HOURS_MAX,
        page.PHASE_MAX,
        params.FAILURES_MAX,
        params.STEPS_MAX,
    ):
        assert re.search(rf"\b{bound}\b", schema), bound
    assert f"{page.FILE_LENGTH_MAX:,} characters" in schema
    assert f"{FILE_BYTES_MAX // 1024 // 1024} MiB" in schema

    example = re.search(r"```toml\n(.*?)```", schema, re.DOTALL)
    document = from_toml(example[1])
    assert document["allowances"][1]["amount_max"] == "25.00"
    assert Decimal(document["caps"][0]["limit"]) == 500
