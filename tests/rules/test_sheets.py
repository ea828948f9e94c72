"""Reading a spreadsheet's cells: every word, every limit, and what is not guessed."""

import pytest

from registry.rules.answers import Authority
from registry.rules.sheets import (
    COLUMNS_MAX,
    ROWS_MAX,
    Frame,
    Setting,
    read_sheet,
    setting_of,
)

FRAME = Frame(
    systems={"billing": "Billing", "orders": "Orders", "crm": "Customer records"},
    rows=("billing", "orders"),
    columns=("read", "refund", "credit"),
    at=("billing", "refund"),
)
ALLOWED, REVIEW, NEVER = Authority.ALLOWED, Authority.REVIEW, Authority.NEVER


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("allowed", Setting(ALLOWED)),
        ("Allowed", Setting(ALLOWED)),
        (" YES ", Setting(ALLOWED)),
        ("review", Setting(REVIEW)),
        ("never", Setting(NEVER)),
        ("No", Setting(NEVER)),
        ("", Setting(None)),
        ("-", Setting(None)),
        ("≤ 25", Setting(ALLOWED, "25")),
        ("<= 25.50", Setting(ALLOWED, "25.50")),
        ("<=25,50", Setting(ALLOWED, "25.50")),
        ("allowed up to EUR 25", Setting(ALLOWED, "25", "EUR")),
        ("Allowed ≤ 25 usd", Setting(ALLOWED, "25", "USD")),
        ("yes, max. € 25", Setting(ALLOWED, "25", "EUR")),
        (
            "allowed ≤ EUR 25 20 a day 2 people",
            Setting(ALLOWED, "25", "EUR", 20, 2),
        ),
        ("allowed · 5/day", Setting(ALLOWED, count_per_day=5)),
        ("review 2 people", Setting(REVIEW, quorum=2)),
    ],
)
def test_words_and_limits_are_read_whatever_their_case(text, setting):
    assert setting_of(text) == setting


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("maybe", "none of allowed, review"),
        ("allowd", "none of allowed, review"),
        ("25", "a number without a word"),
        ("1", "a number without a word"),
        ("20 a day", "a number without a word"),
        ("≤ 1,000", "two ways"),
        ("≤ 1.000,50", "two ways"),
        ("≤ 1'000", "two ways"),
        ("never ≤ 25", "never has no limit"),
        ("review ≤ 25", "belongs to allowed"),
        ("≤ EUR 25 USD", "two currencies"),
        ("allowed ≤ 25 ≤ 30", "none of allowed, review"),
        ("x" * 500, "…"),
    ],
)
def test_what_cannot_be_read_is_said_and_not_guessed(text, why):
    told = setting_of(text)

    assert isinstance(told, str)
    assert why in told
    assert len(told) < 200


def test_a_block_with_names_is_read_by_its_names_in_tabs_commas_and_turned_round():
    by_tabs = read_sheet(
        "\tRefund\tcreate task\nBilling\tyes\t\ncrm\tno\treview", FRAME
    )
    by_commas = read_sheet(
        'System,REFUND,Create_Task\r\nbilling,yes,\r\n"Customer records",no,review\r\n',
        FRAME,
    )
    turned = read_sheet(
        "x\tBilling\tcrm\nrefund\tyes\tno\nCreate task\t\treview", FRAME
    )

    assert by_tabs.problems == by_commas.problems == turned.problems == ()
    assert sorted(by_tabs.cells, key=str) == sorted(by_commas.cells, key=str)
    assert sorted(by_tabs.cells, key=str) == sorted(turned.cells, key=str)
    assert ("crm", "create_task", Setting(REVIEW)) in by_tabs.cells


def test_a_block_without_names_is_laid_down_from_the_selected_cell():
    laid = read_sheet("yes\tno\n≤ 5\t", FRAME)
    outside = read_sheet("yes\tno\tyes", FRAME)
    nowhere = read_sheet("yes\tno", Frame(systems=FRAME.systems))

    assert laid.cells == (
        ("billing", "refund", Setting(ALLOWED)),
        ("billing", "credit", Setting(NEVER)),
        ("orders", "refund", Setting(ALLOWED, "5")),
        ("orders", "credit", Setting(None)),
    )
    assert "falls outside of the matrix" in outside.problems[0].text
    assert "with a cell of the matrix selected" in nowhere.problems[0].text


def test_each_problem_names_its_place():
    sheet = read_sheet("\trefund\tfly\nbilling\tmaybe\tyes\nsap\tyes\tyes", FRAME)

    assert [(each.place, each.text.partition(" ")[0]) for each in sheet.problems] == [
        ("Row 1, column 3", "“fly”"),
        ("Row 2, column 2 (refund, billing)", "“maybe”"),
        ("Row 3, column 1", "“sap”"),
    ]


def test_twice_unclosed_and_too_much_are_problems_at_the_limit():
    twice = read_sheet("\trefund\tRefund\nbilling\tyes\tno", FRAME)
    unclosed = read_sheet('\trefund\nbilling\t"yes', FRAME)
    at_limit = "\trefund\nbilling\tyes" + "\n\t" * (ROWS_MAX + 5)
    tall = "\trefund" + "\nbilling\tyes" * ROWS_MAX
    wide = "\t".join(["yes"] * (COLUMNS_MAX + 1))

    assert "twice" in twice.problems[0].text
    assert "do not close" in unclosed.problems[0].text
    assert read_sheet(at_limit, FRAME).problems == ()
    assert "At most" in read_sheet(tall, FRAME).problems[0].text
    assert "At most" in read_sheet(wide, FRAME).problems[0].text
    assert "no cell" in read_sheet("  \n", FRAME).problems[0].text
