"""The matrix editor in a Chromium: by keyboard, by range, from a spreadsheet, and by two people."""

import pytest
from django.test import Client

from registry.queries.drafts import draft_of
from tests.people import draft_workflow, make_company, refunds_document

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
# A paste as a spreadsheet gives it: what the browser itself hands to the page.
PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.activeElement.dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
COPY = """() => {
  const data = new DataTransfer();
  document.activeElement.dispatchEvent(
    new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true }));
  return data.getData("text/plain");
}"""


@pytest.fixture
def company(portal_server):
    people = make_company()
    places = [
        f"{verb} in {system}"
        for verb in ("refund", "credit")
        for system in ("billing", "orders")
    ]
    groups = [{"name": "Pay back", "actions": places}]
    return people, draft_workflow(
        people, document=refunds_document(action_groups=groups)
    )


def _open(browser, server, person, workflow, size=WIDE, extra=""):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    cookie = client.cookies["countersign_session"].value
    context = browser.new_context(viewport=size)
    context.add_cookies(
        [{"name": "countersign_session", "value": cookie, "url": server.url}]
    )
    page = context.new_page()
    page.goto(f"{server.url}/workflows/{workflow.slug}/draft/matrix/{extra}")
    return page


def _cell(page, place):
    return page.locator(f'[data-cell="{place}"]')


def _is(page, place, answer):
    """Wait until a cell shows an answer that the server has confirmed."""
    page.locator(f'[data-cell="{place}"].matrix-{answer}:not(.is-saving)').wait_for(
        timeout=10_000
    )


def _stored(workflow):
    rows = draft_of(workflow_id=workflow.id).document["allowances"]
    return {f"{row['system']}.{row['verb']}": row["authority"] for row in rows}


def test_keys_ranges_undo_redo_and_a_paste(company, portal_server, browser):
    people, workflow = company
    page = _open(browser, portal_server, people.maya, workflow)
    said = []
    page.on("pageerror", lambda error: said.append(str(error)))

    _cell(page, "billing.refund").click()
    page.keyboard.press("3")
    _is(page, "billing.refund", "never")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("2")
    _is(page, "orders.refund", "review")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    assert page.locator(".is-selected").count() == 4
    page.keyboard.press("1")
    for place in ("billing.refund", "billing.credit", "orders.refund", "orders.credit"):
        _is(page, place, "allowed")
    assert _stored(workflow)["orders.credit"] == "allowed"

    page.keyboard.press("Control+z")
    _is(page, "orders.credit", "blank")
    _is(page, "billing.refund", "never")
    page.keyboard.press("Control+Shift+z")
    _is(page, "orders.credit", "allowed")
    page.get_by_role("button", name="Undo").first.click()
    _is(page, "orders.credit", "blank")

    _cell(page, "billing.refund").click()
    page.evaluate(PASTE, "allowed ≤ 40\nno")
    page.get_by_role("button", name="Set 2").wait_for()
    assert _stored(workflow)["billing.refund"] == "never"
    page.get_by_role("button", name="Set 2").click()
    _is(page, "billing.refund", "allowed")
    _cell(page, "billing.refund").click()
    assert page.evaluate(COPY) == "allowed ≤ EUR 40"

    assert _stored(workflow)["orders.refund"] == "never"
    assert said == []


def test_the_second_of_two_editors_sees_what_the_first_set(
    company, portal_server, browser
):
    people, workflow = company
    maya = _open(browser, portal_server, people.maya, workflow)
    ada = _open(browser, portal_server, people.ada, workflow)

    _cell(maya, "billing.refund").click()
    maya.keyboard.press("3")
    _is(maya, "billing.refund", "never")
    _cell(ada, "billing.refund").click()
    ada.keyboard.press("2")
    _is(ada, "billing.refund", "never")
    told = ada.locator("#matrix-sentence").inner_text()
    ada.keyboard.press("2")
    _is(ada, "billing.refund", "review")
    maya.keyboard.press("Control+z")
    maya.get_by_text("Ada Berg changed refund in Billing since").first.wait_for()

    assert "Maya Adler set refund in Billing meanwhile" in told
    assert _stored(workflow)["billing.refund"] == "review"


def test_a_refused_save_is_put_back_and_limits_open_beside_the_grid(
    company, portal_server, browser
):
    people, workflow = company
    page = _open(browser, portal_server, people.maya, workflow)
    page.route("**/matrix/cells/", lambda route: route.abort())

    _cell(page, "billing.refund").click()
    page.keyboard.press("3")
    page.get_by_text("Nothing was saved").first.wait_for()
    _is(page, "billing.refund", "allowed")
    page.unroute("**/matrix/cells/")
    page.keyboard.press("Enter")
    page.locator("#cell-title").wait_for()
    page.get_by_label("Up to an amount").fill("12.50")
    page.get_by_role("button", name="Save cell").click()
    page.get_by_text("≤ EUR 12.50").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("#cell-title").wait_for(state="detached")

    assert page.evaluate("document.activeElement.dataset.cell") == "billing.refund"
    row = next(
        row
        for row in draft_of(workflow_id=workflow.id).document["allowances"]
        if row["verb"] == "refund"
    )
    assert row["amount_max"] == "12.50"


def test_on_a_phone_only_the_grid_scrolls_and_a_name_opens_its_list(
    company, portal_server, browser
):
    people, workflow = company
    page = _open(browser, portal_server, people.maya, workflow, PHONE)

    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    inside = page.evaluate(
        "(e => e.scrollWidth - e.clientWidth)(document.querySelector('.matrix-wrap'))"
    )
    page.get_by_role("link", name="Billing", exact=True).click()
    page.locator('.matrix-line input[value^="billing.refund:"]').check()
    page.get_by_role("button", name="Never").last.click()
    _is(page, "billing.refund", "never")

    assert overflow <= 0
    assert inside > 0
    assert page.locator(".matrix-hint").is_visible()
