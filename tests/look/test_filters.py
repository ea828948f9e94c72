"""Times, money and counts read one way everywhere, and a missing value says that it is missing."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine

from portal.config import filters

NOW = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "just now"), (70, "1 min ago"), (360, "6 min ago"), (7200, "2 h ago"), (86_400, "1 day ago"),
     (3 * 86_400, "3 days ago"), (15 * 86_400, "6 Nov 2026"), (-600, "in 10 min")],
)  # fmt: skip
def test_a_past_moment_reads_as_how_long_ago(seconds: int, words: str) -> None:
    with time_machine.travel(NOW, tick=False):
        shown = str(filters.ago(NOW - dt.timedelta(seconds=seconds))).replace(
            "\u00a0", " "
        )

    assert f">{words}</time>" in shown
    assert "title=" in shown
    assert 'datetime="2026-11-' in shown


def test_a_deadline_reads_as_time_left_and_then_as_late() -> None:
    with time_machine.travel(NOW, tick=False):
        ahead = str(filters.left(NOW + dt.timedelta(minutes=12)))
        past = str(filters.left(NOW - dt.timedelta(minutes=4)))

    assert "12\u00a0min left" in ahead
    assert "4\u00a0min late" in past


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.25, "250 ms"), (41, "41 s"), (362, "6 min 02 s"), (3600, "1 h"), (8_040, "2 h 14 min"),
     (dt.timedelta(days=3), "3\u00a0days")],
)  # fmt: skip
def test_durations_have_two_units_at_most(seconds: float, words: str) -> None:
    assert filters.duration(seconds) == words


def test_money_names_its_currency_and_keeps_its_cents() -> None:
    assert filters.money(Decimal("1284.2"), "EUR") == "EUR\u00a01,284.20"
    assert filters.money("500", "JPY") == "JPY\u00a0500"


def test_counts_and_shares() -> None:
    assert filters.plural(1, "run") == "1\u00a0run"
    assert filters.plural(0, "entry", "entries") == "0\u00a0entries"
    assert filters.percent(0.9312, 1) == "93.1\u00a0%"


@pytest.mark.parametrize(
    "show",
    [filters.ago, filters.left, filters.clock, filters.day, filters.moment, filters.duration,
     filters.money, filters.number, filters.percent],
)  # fmt: skip
def test_a_missing_value_is_never_zero(show) -> None:
    assert show(None) == filters.MISSING
