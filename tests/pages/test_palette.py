"""The command palette, by keyboard alone."""

import pytest

pytestmark = pytest.mark.browser


def test_ctrl_k_finds_and_opens_a_workflow(look):
    page, _, said = look("/", "owner")

    page.keyboard.press("Control+k")
    page.keyboard.type("refund man")
    page.locator("#palette-results [data-list-item]").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/workflows/refund-management/")

    assert "Refund management" in page.inner_text("h1")
    assert said == []


def test_escape_closes_the_palette_and_gives_the_focus_back(look):
    page, _, _ = look("/", "owner")

    page.keyboard.press("Control+k")
    assert page.locator("dialog#palette[open]").count() == 1
    page.keyboard.press("Escape")

    assert page.locator("dialog#palette[open]").count() == 0
