"""The inbox in a Chromium: by keyboard alone, and with JavaScript off."""

import pytest

from approvals.models import Proposal
from tests.approvals.asking import make_portal

TEN = 10
WIDE = {"width": 1280, "height": 900}


@pytest.fixture
def browser_portal(portal_server):
    return make_portal()


def sign_in(context, portal, server, who="dana"):
    cookie = portal.signed_in(who).cookies["countersign_session"].value
    context.add_cookies(
        [{"name": "countersign_session", "value": cookie, "url": server.url}]
    )


def approved():
    return Proposal.objects.filter(state="APPROVED").count()


def test_ten_like_proposals_are_approved_by_keyboard_alone(
    browser_portal, portal_server, context
):
    for number in range(TEN):
        browser_portal.ask("26.00", run=f"case-{number}")
    sign_in(context, browser_portal, portal_server)
    page = context.new_page()
    page.set_viewport_size(WIDE)
    page.goto(f"{portal_server.url}/inbox/")

    page.keyboard.press("j")
    page.locator("#approve-form").wait_for()
    for left in range(TEN - 1, -1, -1):
        with page.expect_navigation():
            page.keyboard.press("a")
        assert page.locator("[data-list-item]").count() == left

    assert page.get_by_text("Nothing needs you").is_visible()
    assert approved() == TEN


def test_ten_like_proposals_are_decided_together_without_a_mouse(
    browser_portal, portal_server, context
):
    for number in range(TEN):
        browser_portal.ask("26.00", run=f"case-{number}")
    sign_in(context, browser_portal, portal_server)
    page = context.new_page()
    page.set_viewport_size(WIDE)
    page.goto(f"{portal_server.url}/inbox/")

    page.keyboard.press("j")
    page.locator("#approve-form").wait_for()
    page.keyboard.press("x")
    assert page.get_by_text("1 selected").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_text("1 selected").is_visible()
    with page.expect_navigation():
        page.keyboard.press("l")
    assert page.get_by_role("heading", name="Decide 10 proposals together").is_visible()
    with page.expect_navigation():
        page.keyboard.press("a")

    assert page.get_by_text("10 of 10 approved").is_visible()
    assert approved() == TEN
    with page.expect_navigation():
        page.keyboard.press("u")
    assert page.get_by_text("10 taken back").is_visible()
    assert approved() == TEN
    assert Proposal.objects.filter(state="OPEN").count() == TEN


def test_words_typed_into_a_dialog_never_decide(browser_portal, portal_server, context):
    asked = browser_portal.ask("26.00", run="a")
    sign_in(context, browser_portal, portal_server)
    page = context.new_page()
    page.set_viewport_size(WIDE)
    page.goto(f"{portal_server.url}/inbox/{asked['proposal']['id']}/")

    page.keyboard.press("c")
    page.keyboard.type("I look at all that")
    assert (
        page.locator("#comment-dialog textarea").input_value() == "I look at all that"
    )

    # A blank on the button that closes it, and whoever types does not look.
    page.locator("#comment-dialog [aria-label=Close]").focus()
    page.keyboard.type(" at a rate", delay=40)
    page.wait_for_timeout(300)
    assert page.locator("#comment-dialog[open]").count() == 0
    assert page.locator("#approve-form").count() == 1
    assert Proposal.objects.filter(state="OPEN").count() == 1


def test_a_reader_is_told_who_was_faster_and_keeps_what_was_typed(
    browser_portal, portal_server, context
):
    asked = [browser_portal.ask("26.00", run=run) for run in ("a", "b")]
    sign_in(context, browser_portal, portal_server)
    page = context.new_page()
    page.set_viewport_size(WIDE)
    page.goto(f"{portal_server.url}/inbox/{asked[0]['proposal']['id']}/")
    page.keyboard.press("r")
    words = page.locator("#reject-dialog textarea")
    words.fill("The order was never late.")

    browser_portal.decide("tom", asked[0])
    browser_portal.ask("27.00", run="c")
    page.evaluate(
        "document.querySelector('[data-inbox-live]').dispatchEvent(new CustomEvent('ask'))"
    )

    told = page.locator("#reject-dialog").get_by_text("Tom Okafor ended this first")
    told.wait_for()
    assert words.input_value() == "The order was never late."
    assert page.locator("#inbox-live").get_by_text("1 new").count() == 1
    assert page.locator("[data-list-item]").count() == 2


def test_a_proposal_is_approved_and_one_rejected_with_javascript_off(
    browser_portal, portal_server, browser
):
    browser_portal.ask("84.20", run="a")
    browser_portal.ask("84.20", run="b")
    context = browser.new_context(java_script_enabled=False, viewport=WIDE)
    try:
        sign_in(context, browser_portal, portal_server)
        page = context.new_page()
        page.goto(f"{portal_server.url}/inbox/")
        page.locator("[data-list-item]").first.click()
        page.get_by_role("button", name="Order 1182").click()
        assert page.get_by_text("Paid.").is_visible()
        page.get_by_role("button", name="Approve refund of EUR 84.20").click()
        page.get_by_role("link", name="Reject").click()
        page.get_by_label("Against policy").check()
        page.get_by_role("button", name="Reject refund of EUR 84.20").click()
        assert page.get_by_text("Nothing needs you").is_visible()
    finally:
        context.close()
    assert sorted(Proposal.objects.values_list("state", flat=True)) == [
        "APPROVED",
        "REJECTED",
    ]
