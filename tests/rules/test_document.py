"""Reading the one page: strict, all problems at once, each with its place; and its file form."""

from copy import deepcopy
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.rules import document as page
from registry.rules.answers import Turn
from registry.rules.document import (
    DocumentError,
    empty_document,
    from_toml,
    problems_of,
    rulebook_of,
    to_toml,
)
from registry.rules.gaps import QUESTIONS, ROLES, gaps_of


def full():
    document = empty_document(workflow="refunds", name="Refunds", department="Service")
    return document | {
        "phase": 4,
        "allowances": [
            {
                "system": "billing",
                "verb": "refund",
                "authority": "allowed",
                "amount_max": "25.00",
                "amount_field": "payments[].amount",
                "quorum": 2,
            }
        ],
        "stop_rules": [
            {
                "key": "no-reason",
                "kind": "missing_data",
                "effect": "review",
                "sentence": "A reason is needed.",
                "params": {"fields": ["args.reason"]},
            }
        ],
        "caps": [{"key": "day", "kind": "spend", "limit": "100", "window_hours": 24}],
        "checks": [{"name": "order exists"}],
        "tools": [{"name": "pay_back", "system": "billing", "verb": "refund"}],
        "guardrail": {"confidence_min": "0.9"},
        "categories": ["late"],
        "targets": {"minutes": 10, "errors": "0"},
    }


def spoiled(path, value):
    document = deepcopy(full())
    target = document
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return document


def test_further_stages_are_read_in_their_order_and_nobody_decides_twice():
    then = [{"decided_by": "risk_owner"}, {"decided_by": "business_owner", "quorum": 2}]
    document = spoiled((*ROW, "then"), then)

    (row,) = rulebook_of(document).allowances.values()

    assert row.then == (Turn("risk_owner", 1), Turn("business_owner", 2))
    same = spoiled((*ROW, "then"), [{"decided_by": row.decided_by}])
    assert [each.path for each in problems_of(same)] == [
        "allowances[0].then[0].decided_by"
    ]
    many = spoiled((*ROW, "then"), [*then, {"decided_by": "escalation_owner"}])
    assert [each.path for each in problems_of(many)] == ["allowances[0].then"]


def test_an_empty_document_is_readable_and_full_of_gaps():
    document = empty_document(workflow="refunds", name="Refunds", department="Service")
    assert problems_of(document) == ()
    assert {gap.key for gap in gaps_of(document, {})} >= {
        each.key for each in QUESTIONS
    } | set(ROLES)


def test_a_full_document_becomes_its_rulebook():
    book = rulebook_of(full(), version=7)
    row = book.allowances["billing", "refund"]
    assert (book.version, row.amount_max, row.quorum) == (7, Decimal("25.00"), 2)
    assert book.stop_rules[0].params["fields"] == ("args.reason",)


ROW, RULE = ("allowances", 0), ("stop_rules", 0)
SECOND_ROW = [full()["allowances"][0]] * 2
WRONG = [
    (("unknown",), 1, "unknown"),
    ((*ROW, "amont_max"), "25", "allowances[0].amont_max"),
    ((*ROW, "amount_max"), "NaN", "allowances[0].amount_max"),
    ((*ROW, "amount_max"), "Infinity", "allowances[0].amount_max"),
    ((*ROW, "amount_max"), "-1", "allowances[0].amount_max"),
    ((*ROW, "amount_max"), 25, "allowances[0].amount_max"),
    ((*ROW, "amount_max"), 25.5, "allowances[0].amount_max"),
    ((*ROW, "amount_max"), "1e3", "allowances[0].amount_max"),
    ((*ROW, "verb"), "teleport", "allowances[0].verb"),
    ((*ROW, "verb"), ["refund"], "allowances[0].verb"),
    ((*ROW, "system"), "Billing System", "allowances[0].system"),
    ((*ROW, "authority"), "maybe", "allowances[0].authority"),
    ((*ROW, "authority"), None, "allowances[0].authority"),
    ((*ROW, "quorum"), 0, "allowances[0].quorum"),
    ((*ROW, "quorum"), 21, "allowances[0].quorum"),
    ((*ROW, "quorum"), True, "allowances[0].quorum"),
    ((*ROW, "count_per_day"), -1, "allowances[0].count_per_day"),
    ((*ROW, "currency"), "eur", "allowances[0].currency"),
    ((*ROW, "amount_field"), "a..b", "allowances[0].amount_field"),
    ((*ROW, "decided_by"), "agent", "allowances[0].decided_by"),
    (("allowances",), SECOND_ROW, "allowances[1].verb"),
    (("allowances",), "none", "allowances"),
    (("allowances",), [1], "allowances[0]"),
    (("allowances",), [{}] * 1001, "allowances"),
    (("phase",), 0, "phase"),
    (("phase",), 6, "phase"),
    (("risk",), "huge", "risk"),
    (("currency",), "", "currency"),
    (("workflow",), "Not a slug", "workflow"),
    (("purpose",), "x" * 4001, "purpose"),
    (("answers", "who"), "me", "answers.who"),
    (("guardrail", "confidence_min"), "1.1", "guardrail.confidence_min"),
    (("guardrail", "confidence"), "0.9", "guardrail.confidence"),
    ((*RULE, "kind"), "mood", "stop_rules[0].kind"),
    ((*RULE, "effect"), "allow", "stop_rules[0].effect"),
    ((*RULE, "sentence"), "", "stop_rules[0].sentence"),
    ((*RULE, "applies_to"), ["teleport"], "stop_rules[0].applies_to"),
    ((*RULE, "params", "fields"), [], "stop_rules[0].params.fields"),
    ((*RULE, "params", "fields"), ["args"], "stop_rules[0].params.fields"),
    ((*RULE, "params", "fields"), ["secrets.key"], "stop_rules[0].params.fields"),
    ((*RULE, "params", "below"), "0.9", "stop_rules[0].params.below"),
    (("stop_rules",), full()["stop_rules"] * 2, "stop_rules[1].key"),
    (("caps",), full()["caps"] * 2, "caps[1].key"),
    (("caps", 0, "limit"), None, "caps[0].limit"),
    (("caps", 0, "window_hours"), 0, "caps[0].window_hours"),
    (
        ("caps", 0),
        {"key": "a", "kind": "count", "limit": "1.5", "window_hours": 1},
        "caps[0].limit",
    ),
    (("checks",), full()["checks"] * 2, "checks[1].name"),
    (("tools",), full()["tools"] * 2, "tools[1].name"),
    (("tools", 0, "verb"), "fly", "tools[0].verb"),
    (("categories",), ["late", "late"], "categories"),
    (("categories",), [""], "categories"),
    (("targets", "minutes"), [1], "targets.minutes"),
]


@pytest.mark.parametrize(("path", "value", "place"), WRONG)
def test_what_is_wrong_is_refused_at_its_place(path, value, place):
    assert problems_of(full()) == ()
    assert place in {problem.where for problem in problems_of(spoiled(path, value))}
    with pytest.raises(DocumentError):
        rulebook_of(spoiled(path, value))


PARAMS = [
    (
        "conflicting_records",
        {"pairs": [["args.a", "before.b"]]},
        {"pairs": [["args.a"]]},
    ),
    ("conflicting_records", {"signals": ["conflict"]}, {}),
    (
        "sensitive_topic",
        {"amount_above": "50.00", "currency": "EUR"},
        {"amount_above": "50.00"},
    ),
    ("sensitive_topic", {"words": ["lawyer"]}, {"words": [""]}),
    ("sensitive_topic", {"topics": ["legal"]}, {}),
    ("low_confidence", {"below": "0.7"}, {"below": "7"}),
    ("low_confidence", {"below": "0.7"}, {}),
    ("outside_category", {}, {"categories": "late"}),
    ("tool_failure", {"failures": 1, "within_steps": 5}, {"failures": 0}),
    ("expression", {"source": "amount > 5"}, {"source": ""}),
]


@pytest.mark.parametrize(("kind", "right", "wrong"), PARAMS)
def test_each_kind_of_stop_rule_has_its_own_parameters(kind, right, wrong):
    rule = {"key": "k", "kind": kind, "effect": "hold", "sentence": "So."}
    assert problems_of(spoiled(("stop_rules",), [rule | {"params": right}])) == ()
    assert problems_of(spoiled(("stop_rules",), [rule | {"params": wrong}])) != ()
    assert (
        problems_of(spoiled(("stop_rules",), [rule | {"params": right | {"odd": 1}}]))
        != ()
    )


@pytest.mark.parametrize("nothing", [None, [], "text", 3])
def test_what_is_no_table_is_no_document(nothing):
    assert problems_of(nothing)


def test_all_problems_are_told_at_once():
    document = spoiled((*ROW, "quorum"), 0) | {"phase": 9}
    assert {problem.where for problem in problems_of(document)} == {
        "allowances[0].quorum",
        "phase",
    }


def test_a_limit_without_a_field_to_read_it_from_is_a_gap():
    document = spoiled((*ROW, "amount_field"), "")
    assert "amount_field.billing.refund" in {gap.key for gap in gaps_of(document, {})}
    assert "amount_field.billing.refund" not in {gap.key for gap in gaps_of(full(), {})}


def test_problems_of_a_file_name_their_line():
    text = 'workflow = "a"\nphase = 1\nrisk = "low"\ncurrency = "EUR"\n\n[[allowances]]\nsystem = "x"\nverb = "read"\nauthority = "allowed"\n\n[[allowances]]\nsystem = "x"\nverb = "fly"\nauthority = "allowed"\namount_max = nan\n'
    with pytest.raises(DocumentError) as caught:
        from_toml(text)
    lines = {problem.where: problem.line for problem in caught.value.problems}
    assert lines == {"allowances[1].verb": 13, "allowances[1].amount_max": 15}


def test_a_file_that_is_no_toml_names_its_line():
    with pytest.raises(DocumentError) as caught:
        from_toml('workflow = "a"\nphase = = 1\n')
    assert caught.value.problems[0].line == 2


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "x" * (page.FILE_LENGTH_MAX + 1), "\x00"]
)
def test_a_hostile_file_is_refused_and_nothing_worse(text):
    with pytest.raises(DocumentError):
        from_toml(text)


def test_a_key_of_very_many_parts_is_refused_before_it_is_read():
    with pytest.raises(DocumentError) as caught:
        from_toml("# one\n" + ".".join(["a"] * 1000) + " = 1\n")

    (problem,) = caught.value.problems
    assert problem.line == 2
    assert "dots" in problem.text


def test_an_ellipsis_is_no_key_of_very_many_parts():
    document = full() | {"purpose": "Contents" + "." * 2000 + "3"}

    assert from_toml(to_toml(document))["purpose"] == document["purpose"]


def test_each_row_of_a_long_list_has_its_own_line():
    with pytest.raises(DocumentError) as caught:
        from_toml("allowances = [\n  {},\n\n  {}, {},\n]\n")

    lines = {
        each.path[: len("allowances[0]")]: each.line
        for each in caught.value.problems
        if each.path.startswith("allowances[")
    }
    assert lines == {"allowances[0]": 2, "allowances[1]": 4, "allowances[2]": 4}


def test_numbers_that_people_write_for_amounts_are_read_exactly():
    text = (
        to_toml(full())
        .replace('"25.00"', "25.10")
        .replace('limit = "100"', "limit = 100")
    )
    document = from_toml(text)
    assert document["allowances"][0]["amount_max"] == "25.10"
    assert document["caps"][0]["limit"] == "100"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
lists = st.lists(texts.filter(str.strip), unique=True, max_size=3)


@st.composite
def documents(draw):
    document = full()
    document["purpose"] = draw(texts)
    document["answers"] = {each.key: draw(texts) for each in QUESTIONS}
    document["categories"] = draw(lists)
    document["targets"] = draw(
        st.dictionaries(texts, st.integers(-9, 9) | texts, max_size=3)
    )
    document["checks"] = [{"name": name} for name in draw(lists)]
    document["stop_rules"][0]["sentence"] = draw(texts.filter(bool))
    words = draw(lists.filter(bool))
    document["stop_rules"].append(
        {
            "key": "w",
            "kind": "sensitive_topic",
            "effect": "hold",
            "sentence": "S.",
            "params": {"words": words},
        }
    )
    document["stop_rules"].append(
        {"key": "p", "kind": "conflicting_records", "effect": "hold", "sentence": "S.",
         "params": {"pairs": [["args.a", "before.b"], ["args.c", "after.d"]]}}
    )  # fmt: skip
    document["caps"] = draw(st.sampled_from([[], document["caps"]]))
    return document


@settings(max_examples=150, deadline=None)
@given(document=documents())
def test_the_file_form_gives_the_document_back_exactly(document):
    assert from_toml(to_toml(document)) == document
    assert to_toml(from_toml(to_toml(document))) == to_toml(document)
    assert rulebook_of(from_toml(to_toml(document))) == rulebook_of(document)


def test_empty_keys_are_left_out_of_the_file():
    document = spoiled((*ROW, "currency"), None)
    assert from_toml(to_toml(document)) == full()
