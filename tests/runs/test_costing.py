"""What models cost: told or priced, never both; and what has no price says so."""

from decimal import Decimal

from runs.operations.pricing import LIST, priced
from runs.rules import folding
from runs.rules.costing import basis_of, words_of
from runs.rules.story import cost_of, figures_of
from runs.rules.tallying import measures_of
from tests.runs.helpers import START, told

TOKENS = {"input_tokens": 1_000_000, "output_tokens": 100_000}


def call(offset=1, **facts):
    return told("model.called", offset, **priced(facts, at=START))


def state(*events):
    return folding.fold({}, events)


def test_a_call_without_a_cost_is_priced_from_its_tokens_by_a_named_list():
    event = call(model="gpt-4o", **TOKENS)

    assert event.facts["priced"]["list"] == LIST
    assert event.facts["priced"]["currency"] == "USD"
    assert Decimal(event.facts["priced"]["value"]) > 0
    assert measures_of(event)["priced.USD"] > 0
    assert "cost.USD" not in measures_of(event)
    assert basis_of(state(event)) == "1 call priced from tokens"
    assert (
        priced({"model": "openai/gpt-4o", **TOKENS}, at=START)["priced"]["value"]
        == (event.facts["priced"]["value"])
    )


def test_what_the_agent_tells_of_a_call_is_never_priced_as_well():
    event = call(model="gpt-4o", cost={"value": "0.14", "currency": "EUR"}, **TOKENS)

    assert "priced" not in event.facts
    assert words_of(state(event)) == "EUR 0.14"
    assert basis_of(state(event)) == "told by the agent"


def test_a_total_that_the_agent_tells_leaves_prices_out_in_any_order():
    event = call(model="gpt-4o", **TOKENS)
    total = told("cost", 2, cost_kind="model", value="0.30", currency="EUR")
    tool = told("cost", 3, cost_kind="search tool", value="0.10", currency="EUR")

    for events in ((event, total), (total, event)):
        assert words_of(state(*events)) == "EUR 0.30"
    assert words_of(state(event, tool)).startswith("EUR 0.10 and USD")
    assert cost_of(state(event))[1] == "USD"


def test_a_model_that_no_list_knows_and_a_call_without_tokens_say_so():
    unknown = call(model="house-made-7b", **TOKENS)
    bare = call(2, model="gpt-4o")

    found = {figure.key: figure for figure in figures_of(state(unknown))}
    assert found["cost"].value == "not known"
    assert found["cost"].label == "cost, no price is known for house-made-7b"
    assert basis_of(state(bare)) == "its model calls came without tokens"
    assert basis_of(state()) == ""


def test_absurd_tokens_and_names_cost_nothing_and_break_nothing():
    for facts in (
        {"model": "gpt-4o", "input_tokens": 10**12},
        {"model": "/", "input_tokens": 5},
        {"model": "a/" * 90, "input_tokens": 5},
        {"input_tokens": 5},
    ):
        assert "priced" not in priced(facts, at=START)
