"""How much and how many: counted from the arguments, and what they leave out is said."""

from decimal import Decimal

import pytest

from approvals.rules.totals import totals_of

FLIGHTS = [{"flight_number": "HAT235"}, {"flight_number": "HAT298"}]
RECORD = {
    "flights": [{"price": 122}, {"price": 127}],
    "passengers": [{"name": "A"}, {"name": "B"}, {"name": "C"}],
    "cabin": "economy",
}
NOT_TOLD = ("How much", "Not told: the request names no amount or price.")


def totals(args, before=None, **more):
    return totals_of(
        args, before, **({"has_amount": False, "moves_money": False} | more)
    )


def test_a_rebooking_says_how_many_flights_and_passengers_and_that_no_price_was_told():
    found = totals({"flights": FLIGHTS, "payment_id": "card_1"}, RECORD)

    assert found == (
        ("How many", "flights 2"),
        NOT_TOLD,
        ("The record has", "passengers 3, as the agent reports it"),
    )


@pytest.mark.parametrize(
    ("args", "more", "is_said"),
    [
        ({"payment_id": "card_1"}, {}, True),
        ({"payment_id": "card_1"}, {"has_amount": True}, False),
        ({"reservation_id": "YAX4DR"}, {}, False),
        ({"reservation_id": "YAX4DR"}, {"moves_money": True}, True),
        ({"payment_methods": [{"amount": 50}, {"amount": Decimal("5.50")}]}, {}, False),
    ],
)
def test_that_money_is_not_told_is_said_where_the_action_is_about_money(
    args, more, is_said
):
    assert (NOT_TOLD in totals(args, **more)) is is_said


def test_amounts_of_a_list_are_added_up_only_where_every_row_has_one():
    both = totals({"payment_methods": [{"amount": 50}, {"amount": Decimal("5.50")}]})
    one = totals({"payment_methods": [{"amount": 50}, {"amount": True}]})

    assert both == (("How many", "payment methods 2 (amount 55.50 in all)"),)
    assert one[0] == ("How many", "payment methods 2")


def test_what_is_no_object_is_about_nothing():
    assert totals(None, RECORD) == totals("x", 7) == ()
