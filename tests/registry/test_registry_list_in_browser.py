"""The registry list in Chromium: narrowed while typing, by keyboard, and with JavaScript off."""

import pytest

from tests.people import draft_workflow, live_workflow, make_company
from tests.registry.test_registry_list import client_of

pytestmark = pytest.mark.browser


@pytest.fixture
def people(portal_server):
    return make_company()


def sign_in(context, people, server):
    cookie = client_of(people.dana).cookies["countersign_session"].value
    context.add_cookies(
        [{"name": "countersign_session", "value": cookie, "url": server.url}]
    )


def test_the_list_narrows_while_typing_is_walked_by_keys_and_kept_as_a_view(
    people, portal_server, context
):
    live_workflow(people)
    draft_workflow(people, slug="late-parcels")
    draft_workflow(people, slug="lost-letters")
    sign_in(context, people, portal_server)
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{portal_server.url}/workflows/")
    links = page.locator("#workflow-lines .row-link")
    assert links.count() == 3

    page.get_by_label("State", exact=True).select_option("draft")
    page.wait_for_url("**/workflows/?state=draft")
    page.locator("#id_q").press_sequentially("parcels", delay=5)
    page.wait_for_url("**/workflows/?q=parcels&state=draft")
    assert links.all_inner_texts() == ["Late parcels"]

    page.get_by_role("link", name="Words: parcels").click()
    page.wait_for_url("**/workflows/?state=draft")
    assert links.count() == 2
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.innerText") == "Lost letters"

    page.get_by_role("link", name="Save this view").click()
    page.get_by_label("Name of the view").fill("Being written")
    page.keyboard.press("Enter")
    page.wait_for_url("**/workflows/?state=draft&view=*")
    current = page.locator(".list-views-link[aria-current]")
    assert current.inner_text() == "Being written"

    page.locator("#id_q").press_sequentially("who may refund", delay=5)
    page.locator(".answer-short").wait_for()
    assert "1 workflow may refund" in page.locator(".answer-short").inner_text()
    page.get_by_role("link", name="See which, and why").click()
    page.wait_for_url("**/workflows/who-may/?verb=refund")
    assert page.locator("#answer .row-link").all_inner_texts() == ["Refund management"]
    assert said == []


def test_filters_and_the_heat_map_work_with_javascript_off(
    people, portal_server, browser
):
    live_workflow(people)
    draft_workflow(people, slug="late-parcels")
    context = browser.new_context(java_script_enabled=False)
    try:
        sign_in(context, people, portal_server)
        page = context.new_page()
        page.goto(f"{portal_server.url}/workflows/heat-map/?tier=change")
        page.locator(".heat-link").first.click()
        assert page.locator("#workflow-lines .row-link").count() == 1
        page.get_by_label("Name, purpose or people").fill("parcels")
        page.get_by_label("May", exact=True).select_option("")
        page.get_by_label("In the system").select_option("")
        page.get_by_label("How").select_option("")
        page.get_by_role("button", name="Filter").click()
        links = page.locator("#workflow-lines .row-link")
        assert links.all_inner_texts() == ["Late parcels"]
    finally:
        context.close()
