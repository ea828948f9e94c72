"""The card in a Chromium: edited, rejected, asked and approved by keyboard; small on a phone."""

import pytest

from approvals.models import Proposal
from tests.approvals.asking import make_portal
from tests.approvals.test_inbox_in_browser import WIDE, sign_in

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def browser_portal(portal_server):
    return make_portal()


def one(state):
    return Proposal.objects.get(state=state).id


def states():
    return sorted(Proposal.objects.values_list("state", flat=True))


def test_a_reviewer_edits_rejects_asks_and_approves_by_keyboard(
    browser_portal, portal_server, context
):
    for number in range(4):
        browser_portal.ask("84.20", run=f"case-{number}")
    sign_in(context, browser_portal, portal_server)
    page = context.new_page()
    page.set_viewport_size(WIDE)
    page.goto(f"{portal_server.url}/inbox/")
    page.keyboard.press("j")

    edit(page)
    assert states() == ["EDITED", "OPEN", "OPEN", "OPEN"]
    reject(page)
    assert states() == ["EDITED", "OPEN", "OPEN", "REJECTED"]
    ask(page)
    assert states() == ["ASKED", "EDITED", "OPEN", "REJECTED"]

    page.goto(f"{portal_server.url}/inbox/{one('OPEN')}/")
    page.locator("#approve-form").wait_for()
    with page.expect_navigation():
        page.keyboard.press("a")
    assert states() == ["APPROVED", "ASKED", "EDITED", "REJECTED"]

    page.clock.install()
    page.goto(f"{portal_server.url}/inbox/{one('APPROVED')}/")
    page.locator("[data-until]").wait_for()
    page.clock.fast_forward("00:15")
    page.locator("[data-until]").wait_for(state="detached")


def edit(page):
    page.locator("#approve-form").wait_for()
    with page.expect_navigation():
        page.keyboard.press("e")
    page.get_by_label("amount").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("48.20")
    page.get_by_text("Saving it is your approval").wait_for()
    assert page.locator("#edit-preview").get_by_text("48.20").first.is_visible()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def reject(page):
    page.locator("#approve-form").wait_for()
    page.keyboard.press("r")
    dialog = page.locator("#reject-dialog")
    dialog.get_by_label("Against policy").focus()
    page.keyboard.press("Space")
    dialog.get_by_role("button", name="Reject refund").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def ask(page):
    page.locator("#approve-form").wait_for()
    page.keyboard.press("q")
    dialog = page.locator("#ask-dialog")
    dialog.locator("textarea").focus()
    page.keyboard.type("Which lamp was it?")
    dialog.get_by_role("button", name="Send the question").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_the_decision_bar_fits_a_phone_and_more_opens_the_rest(
    browser_portal, portal_server, context
):
    asked = browser_portal.ask("84.20")
    sign_in(context, browser_portal, portal_server)
    page = context.new_page()
    page.set_viewport_size(PHONE)
    page.goto(f"{portal_server.url}/inbox/{asked['proposal']['id']}/")

    bar = page.locator("#decision-bar")
    assert bar.get_by_role("button", name="Approve refund").is_visible()
    assert bar.get_by_role("link", name="Reject").is_visible()
    assert bar.get_by_role("link", name="Ask").is_hidden()
    assert bar.evaluate("bar => bar.scrollWidth <= bar.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    bar.get_by_text("More", exact=True).click()
    assert bar.get_by_role("link", name="Ask").is_visible()
    assert bar.evaluate("bar => bar.scrollWidth <= bar.clientWidth")
