"""The style page, in a real browser: every component in every state, with nothing that axe can find."""

import re

import pytest

from tests.axe import violations

WIDTHS = (1440, 360, 320)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = pytest.mark.browser


@pytest.fixture
def portal_server(request):
    """The server without a fresh database behind it: the style page reads and changes nothing there."""
    return request.getfixturevalue("_server_process")


@pytest.fixture
def style_page(page, portal_server):
    """The style page, which also fails the test when the browser complains about anything."""
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{portal_server.url}/style/")
    yield page
    assert complaints == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_component_is_accessible(style_page, width: int, scheme: str) -> None:
    style_page.set_viewport_size({"width": width, "height": 900})
    style_page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    style_page.reload()

    told = violations(style_page, runOnly=RULES)
    overflow = style_page.evaluate("document.documentElement.scrollWidth - innerWidth")

    assert told == []
    assert overflow <= 0


def test_everything_that_can_be_pressed_is_large_enough(style_page) -> None:
    small = style_page.evaluate(
        """[...document.querySelectorAll('a, button, summary, input:not([type=hidden]), select')]
        .filter(e => e.checkVisibility() && !e.closest('p, .spoken, .skip, label, .timeline-steps, dd, li:not(.tabs-list li)'))
        .map(e => [e.getBoundingClientRect(), e.outerHTML.slice(0, 120)])
        .filter(([box]) => box.width > 1 && (box.height < 24 || box.width < 24)).map(([, html]) => html)"""
    )

    assert small == []


def test_the_page_holds_nothing_that_the_policy_forbids(client) -> None:
    response = client.get("/style/")
    text = response.content.decode()
    policy = response["Content-Security-Policy"]

    assert " style=" not in text
    assert not re.search(r"\son[a-z]+=", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "unsafe" not in policy
    assert all("nonce=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_keys_open_the_sheet_but_never_while_writing(style_page) -> None:
    style_page.keyboard.press("?")
    sheet = style_page.locator("#keys-dialog")
    assert sheet.evaluate("dialog => dialog.open")
    style_page.keyboard.press("Escape")

    field = style_page.get_by_label("Name of the workflow")
    field.focus()
    style_page.keyboard.type("?")

    assert not sheet.evaluate("dialog => dialog.open")
    assert "?" in field.input_value()


def test_single_keys_can_be_switched_off(style_page, portal_server) -> None:
    style_page.keyboard.press("?")
    style_page.get_by_role("button", name="Switch single keys off").click()
    style_page.wait_for_load_state()
    style_page.keyboard.press("?")

    assert not style_page.locator("#keys-dialog").evaluate("dialog => dialog.open")


def test_the_theme_is_kept_and_there_from_the_first_byte(style_page) -> None:
    style_page.locator("summary[aria-label^='Theme']").click()
    with style_page.expect_response("**/theme/"):
        style_page.get_by_role("button", name="Dark").click()

    first_bytes = style_page.request.get(style_page.url).text()[:200]

    assert style_page.locator("html").get_attribute("data-theme") == "dark"
    assert 'data-theme="dark"' in first_bytes


def test_the_matrix_is_walked_by_arrow_keys_and_read_aloud(style_page) -> None:
    style_page.locator("#sample-matrix [data-sentence]").first.focus()
    for key in ("ArrowDown", "End", "ArrowLeft", "ArrowLeft"):
        style_page.keyboard.press(key)

    sentence = style_page.locator("#sample-matrix-sentence")

    assert sentence.get_attribute("role") == "status"
    assert "May refund in Billing up to EUR 25" in sentence.text_content()


def test_a_dialog_opens_in_place_and_gives_focus_back(style_page) -> None:
    opener = style_page.get_by_role("link", name="Pause…")
    opener.click()
    style_page.get_by_role("button", name="Keep as it is").click()

    assert not style_page.locator("#sample-dialog").evaluate("dialog => dialog.open")
    assert opener.evaluate("link => link === document.activeElement")


def test_without_script_the_theme_still_changes(browser, portal_server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{portal_server.url}/style/")

    page.locator("summary[aria-label^='Theme']").click()
    page.get_by_role("button", name="Dark").click()

    assert page.url.endswith("/style/")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    context.close()
