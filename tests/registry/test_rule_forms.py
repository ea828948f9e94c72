"""Writing stop rules and guardrails in forms: real fields, plain complaints, a sentence by itself."""

from html import unescape

import pytest

from registry.models import OperatingModelVersion
from registry.queries.expressions import expression_results, problem_in
from registry.rules.document import rulebook_of
from registry.rules.rail_picture import picture_of, scale_for, x_of, y_of
from registry.rules.rulebook import Guardrail, Request, Rulebook, StopKind, StopRule
from tests.approvals.asking import Portal
from tests.people import draft_workflow, make_company

pytestmark = pytest.mark.django_db

SLUG = "refund-management"
RULES = f"/workflows/{SLUG}/draft/stop-rules"
RAILS = f"/workflows/{SLUG}/draft/guardrails/"


@pytest.fixture
def maya(db):
    people = make_company()
    workflow = draft_workflow(people)
    return Portal(people=people, workflow=workflow, key="").signed_in("maya")


def _draft():
    return OperatingModelVersion.objects.get(state="DRAFT")


def _write(client, kind, key="", **form):
    address = f"{RULES}/{key}/" if key else f"{RULES}/new/{kind}/"
    form = {"revision": _draft().revision, "seen": "", "effect": "hold"} | form
    return client.post(address, form)


def _rule(key):
    rules = rulebook_of(_draft().document).stop_rules
    return next(rule for rule in rules if rule.key == key)


@pytest.mark.parametrize(
    ("kind", "form", "params", "sentence"),
    [
        ("missing_data", {"fields_missing": "args.reason\nevidence"},
         {"fields": ("args.reason", "evidence")}, "Reason or evidence is missing."),
        ("conflicting_records", {"signals": "conflict", "pairs": "args.amount = before.total"},
         {"signals": ("conflict",), "pairs": (("args.amount", "before.total"),)},
         "The agent signals conflict or amount does not agree with total before."),
        ("sensitive_topic", {"words": "police, court", "amount_above": "50", "currency": "EUR"},
         {"words": ("police", "court"), "amount_above": "50", "currency": "EUR"},
         "Somebody speaks of “police” or “court” or the amount is above EUR 50."),
        ("low_confidence", {"below": "0,7"}, {"below": "0.7"},
         "The agent's confidence is below 0.7."),
        ("outside_category", {"categories": "late\ndamaged"},
         {"categories": ("late", "damaged")}, "The case is outside the approved categories."),
        ("tool_failure", {"failures": "2", "within_steps": "5"},
         {"failures": 2, "within_steps": 5},
         "2 of the last 5 tool calls failed in the middle of the work, and no later call made it good."),
        ("expression", {"source": "amount > 50.0"}, {"source": "amount > 50.0"},
         "It is true that amount > 50.0."),
    ],
)  # fmt: skip
def test_each_kind_is_written_by_its_fields_and_gets_a_sentence(
    maya, kind, form, params, sentence
):
    before = {rule["key"] for rule in _draft().document["stop_rules"]}

    answer = _write(maya, kind, applies_to=["refund"], **form)

    assert answer.status_code == 302, answer.content
    keys = {rule["key"] for rule in _draft().document["stop_rules"]} - before
    rule = _rule(keys.pop())
    assert (rule.kind, rule.effect, rule.applies_to) == (kind, "hold", ("refund",))
    assert dict(rule.params) == params
    assert rule.sentence == sentence


def test_a_written_sentence_follows_the_parameters_and_ones_own_stays(maya):
    _write(maya, "low_confidence", below="0.7")
    key = _draft().document["stop_rules"][-1]["key"]
    page = maya.get(f"{RULES}/{key}/").content.decode()
    assert 'placeholder="The agent&#39;s confidence is below 0.7."' in page
    assert 'name="sentence" id="id_sentence" value=' not in page

    _write(maya, "low_confidence", key, below="0.8")
    assert _rule(key).sentence == "The agent's confidence is below 0.8."
    _write(maya, "low_confidence", key, below="0.6", sentence="Too unsure.")
    assert _rule(key).sentence == "Too unsure."


@pytest.mark.parametrize(
    ("kind", "form", "said"),
    [
        ("missing_data", {"fields_missing": "nonsense"}, "“nonsense” is not a field"),
        ("missing_data", {}, "Is missing."),
        ("conflicting_records", {"pairs": "args.amount"}, "Must be pairs of fields"),
        ("sensitive_topic", {}, "Needs topics, words or amount_above."),
        ("low_confidence", {"below": ""}, "Is missing."),
        ("tool_failure", {"failures": "0"}, "greater than or equal to 1"),
        ("expression", {"source": "amout > 1.0"}, "Did you mean “amount”?"),
        ("expression", {"source": "amount"}, "It gives a number with decimals"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(maya, kind, form, said):
    before = _draft().document

    answer = _write(maya, kind, sentence="Kept while I mend it.", **form)

    assert answer.status_code == 422
    text = unescape(answer.content.decode())
    assert said in text
    assert "Kept while I mend it." in text
    assert _draft().document == before


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("amount >", "Character 9: it ends too early"),
        ("amount > 1", "Write whole numbers with a point"),
        ("verb = 'x'", "Character 6: write == to compare"),
        ("title.contain('x')", "there is no function “contain”"),
        ("amount > 1.0 amount", "“amount” is too much here"),
        ("amount > 1.0 &&\n  foo == 2", "Line 2, character 3"),
        ("size(signals)", "It gives a whole number"),
    ],
)
def test_an_expression_is_complained_about_in_words_with_its_place(source, said):
    assert said in (problem_in(source) or "")


def test_an_expression_that_loops_too_long_is_stopped_and_has_no_answer():
    source = "args.x.all(a, args.x.all(b, args.x.all(c, args.x.all(d, a + b + c + d >= 0.0))))"
    assert problem_in(source) is None
    rule = StopRule("slow", StopKind.EXPRESSION, "refuse", "S.", {"source": source})
    book = Rulebook("w", 1, 4, "low", "EUR", stop_rules=(rule,))
    request = Request(verb="refund", system="billing", args={"x": [1.0] * 2000})

    assert expression_results(rulebook=book, request=request) == {"slow": None}


def test_guardrails_are_drawn_as_typed_without_saving(maya):
    form = {"revision": 1, "seen": "", "confidence_min": "0.8", "amount_review": "40"}
    before = _draft().document

    page = maya.post(RAILS, form | {"preview": "1"})

    assert page.status_code == 200
    text = page.content.decode()
    assert "Nothing is saved yet." in text
    assert f"translate(0 {y_of('0.8')})" in text
    assert f"translate({x_of(40, 1000)} 0)" in text
    assert "confidence_min=0.8" in text
    assert _draft().document == before
    assert maya.post(RAILS, form).status_code == 302
    assert _draft().document["guardrail"]["amount_review"] == "40"


def test_the_picture_says_what_the_risk_alone_brings_about():
    drawn = picture_of(
        Guardrail(risk_review="medium", risk_escalate="high"), currency="EUR"
    )
    assert [panel.answer for panel in drawn.panels] == ["allow", "review", "escalate"]
    assert all(block.width == 0 or block.height == 0 for block in drawn.blocks)


@pytest.mark.parametrize(
    ("amounts", "end"),
    [((), 1000), ((25, 500), 1000), ((501,), 2000), ((99_999,), 200_000)],
)
def test_the_scale_ends_at_a_round_number_with_room(amounts, end):
    assert scale_for(amounts) == end
