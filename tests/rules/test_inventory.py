"""Bytes to rows: encodings, delimiters, quoted newlines, headers, and what columns mean."""

import pytest

from registry.rules.inventory import CELL_LENGTH_MAX, InventoryError, key_of, shortened
from registry.rules.inventory_columns import Known, risk_of, suggest
from registry.rules.inventory_table import table_of
from registry.rules.inventory_text import decode, delimiter_of, rows_of_text

WORDS = "Café “quoted” – don’t worry; naïve résumé, Straße…\n"


@pytest.mark.parametrize(
    ("codec", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", "utf-16"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
        ("mac_roman", "mac_roman"),
    ],
)
def test_an_encoding_is_found_and_said(codec, told):
    found = decode((WORDS * 3).encode(codec))

    assert (found.text, found.encoding) == (WORDS * 3, told)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("don’t", "cp1252"),
        ("don’t", "mac_roman"),
        ("café", "cp1252"),
        ("café", "mac_roman"),
        ("Größe und Straße", "cp1252"),
        ("Größe und Straße", "mac_roman"),
        ("wait – then go", "cp1252"),
        ("wait – then go", "mac_roman"),
    ],
)
def test_one_letter_beyond_ascii_tells_windows_from_mac(text, codec):
    assert decode(text.encode(codec)).text == text


def test_a_chosen_encoding_wins_or_is_refused_with_words():
    assert decode("é".encode("cp1252"), encoding="mac_roman").text == "È"
    with pytest.raises(InventoryError, match="not UTF-8 throughout"):
        decode("é".encode("cp1252"), encoding="utf-8")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_delimiter_is_found_though_cells_hold_the_others(delimiter):
    row = delimiter.join(['"a, b; c|d\te"', '"2,5"', '"x\ny"'])
    text = f"Name{delimiter}Number{delimiter}Note\n" + f"{row}\n" * 5

    assert delimiter_of(text) == delimiter
    rows, _ = rows_of_text(text, delimiter)
    assert rows[1].cells == ("a, b; c|d\te", "2,5", "x\ny")


def test_a_row_is_named_by_the_line_it_begins_at():
    rows, _ = rows_of_text('Name,What\r\nA,"one\r\ntwo\r\nthree"\r\n\r\nB,x\r\n', ",")

    assert [row.line for row in rows] == [1, 2, 6]


def test_a_quote_that_is_never_closed_is_told_by_its_line():
    with pytest.raises(InventoryError, match="line 2 or after"):
        rows_of_text('Name,What\nA,"one\ntwo\n', ",")


def test_a_quote_inside_a_cell_is_kept_and_said():
    rows, notes = rows_of_text('Name,What\n"A"b,5" pipe\n', ",")

    assert rows[1].cells == ("Ab", '5" pipe')
    assert "quotes" in notes[0]


def test_a_cell_is_as_long_as_it_may_be_and_not_one_more():
    rows_of_text(f"Name\n{'x' * CELL_LENGTH_MAX}\n", ",")
    with pytest.raises(InventoryError, match="line 2"):
        rows_of_text(f"Name\n{'x' * (CELL_LENGTH_MAX + 1)}\n", ",")


def test_titles_above_the_columns_names_are_not_taken_for_them():
    text = "AI inventory 2024,,\n,,\nTitle,Agency,Stage\nA,X,New\nB,Y,Old\n"
    rows, _ = rows_of_text(text, ",")

    table = table_of(rows)

    assert table.columns == ("Title", "Agency", "Stage")
    assert table.header_line == 3
    assert "not imported" in table.notes[0]
    assert table_of(rows, header_line=4).columns == ("A", "X", "New")


def test_columns_without_a_name_or_with_the_same_one_get_their_own():
    rows, _ = rows_of_text("Name,,Name\na,b,c\n", ",")

    assert table_of(rows).columns == ("Name", "Column 2", "Name (2)")


def test_other_years_columns_are_suggested_by_name_and_by_value():
    header = (
        "Use Case Name|Agency|Is the AI use case rights-impacting, safety-impacting,"
        " both, or neither?|What problem is the AI intended to solve?|"
        "Stage of Development|POC Email|Vendor"
    )
    row = "Case {0}|Energy|Both|It takes long to find {0}.|Pilot|a{0}@x.example|Acme"
    text = header + "\n" + "\n".join(row.format(number) for number in range(9))
    rows, _ = rows_of_text(text, "|")

    assert list(suggest(table_of(rows), Known()).values()) == [
        *("name", "department", "risk", "purpose", "stage", "business_owner", "note")
    ]


def test_a_column_of_known_people_is_taken_for_the_owner():
    rows, _ = rows_of_text(
        "Thing,Who\n" + "Alpha one,Maya Adler\nBeta two,Tom Okafor\n", ","
    )
    known = Known(people=frozenset({key_of("Maya Adler"), key_of("Tom Okafor")}))

    assert suggest(table_of(rows), known) == {0: "name", 1: "business_owner"}


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("HIGH", "high"),
        ("Rights-Impacting", "high"),
        ("b) Presumed", None),
        ("moderate", "medium"),
        ("Low ", "low"),
        ("", None),
    ],
)
def test_a_word_for_risk_is_one_of_three_or_nothing(word, level):
    assert risk_of(word) == level


def test_a_long_name_is_cut_at_a_word():
    assert shortened("one two three four", 14) == "one two three…"
    assert shortened("short", 14) == "short"
    assert len(shortened("x" * 300, 120)) == 120
