"""Registering in a Chromium: by keyboard from nothing to signing, and two people at once."""

import pytest
from playwright.sync_api import expect

from registry.models import OperatingModelVersion, Workflow
from tests.people import draft_workflow, make_company
from tests.registry.test_guided import client_of

WIDE = {"width": 1280, "height": 900}
PEOPLE = ("Maya", "Ilan", "Rosa", "Priya", "Erik")
SAVED = "#saved-state svg + span"
FOCUSED = """() => {
  const here = document.activeElement;
  return here.matches("a, button") ? here.textContent : "";
}"""


@pytest.fixture
def company(portal_server):
    return make_company()


def sign_in(context, server, person):
    cookie = client_of(person).cookies["countersign_session"].value
    context.add_cookies(
        [{"name": "countersign_session", "value": cookie, "url": server.url}]
    )


def tab_to(page, name):
    """Press Tab until the control with this name has the focus."""
    for _ in range(60):
        if name in page.evaluate(FOCUSED):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} cannot be reached by keyboard")


def answer_of(key="reads"):
    return OperatingModelVersion.objects.get(state="DRAFT").document["answers"][key]


def test_a_workflow_is_registered_and_submitted_by_keyboard_alone(
    company, portal_server, context
):
    sign_in(context, portal_server, company.maya)
    page = context.new_page()
    page.set_viewport_size(WIDE)
    page.goto(f"{portal_server.url}/workflows/new/")
    page.locator("#main").focus()

    tab_to(page, "Refund management")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name of the workflow")).to_be_focused()
    page.keyboard.type("Parcel refunds")
    page.keyboard.press("Enter")
    for number in range(1, 6):
        expect(page.get_by_text(f"Question {number} of at most 5")).to_be_visible()
        tab_to(page, "No, it is not")
        page.keyboard.press("Enter")
    expect(page.get_by_text("This is a problem that needs judgement")).to_be_visible()
    tab_to(page, "Go on with an agent")
    page.keyboard.press("Enter")
    for name in PEOPLE:
        expect(page.get_by_label("Name, job or department")).to_be_focused()
        page.keyboard.type(name)
        expect(page.locator(".pick")).to_have_count(1)
        tab_to(page, name)
        page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_visible()
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.press("Control+Enter")
    for number in range(1, 11):
        expect(page.get_by_text(f"Question {number} of 10")).to_be_visible()
        page.locator("#id_text").focus()
        if number == 3:
            page.keyboard.press("Control+End")
            page.keyboard.type(" And the parcels.")
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Nothing is missing.")).to_be_visible()
    page.get_by_label("Why it may begin in phase 4").focus()
    page.keyboard.type("Three groups bound it.")
    tab_to(page, "for signature")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Version 1 for signature")).to_be_visible()
    version = Workflow.objects.get(slug="parcel-refunds").versions.get()
    assert version.state == "SUBMITTED"
    assert version.document["answers"]["reads"].endswith("And the parcels.")


def test_what_is_typed_is_kept_while_typing_and_read_on_another_device(
    company, portal_server, context, browser
):
    workflow = draft_workflow(company)
    sign_in(context, portal_server, company.maya)
    page = context.new_page()
    address = f"{portal_server.url}/workflows/{workflow.slug}/draft/answers/reads/"
    page.goto(address)

    page.locator("#id_text").fill("Orders, billing")
    expect(page.locator(SAVED)).to_contain_text("Saved")
    assert answer_of() == "Orders, billing"
    # Leaving at once, before the pause that saves.
    page.locator("#id_text").press_sequentially(" and parcels")
    page.get_by_role("link", name="Skip", exact=True).click()
    page.wait_for_url("**/answers/writes/")

    other = browser.new_context()
    try:
        sign_in(other, portal_server, company.maya)
        elsewhere = other.new_page()
        elsewhere.goto(f"{portal_server.url}/workflows/new/")
        elsewhere.get_by_role("link", name="Continue Refund management").click()
        elsewhere.goto(address)
        value = elsewhere.locator("#id_text").input_value()
        assert value == "Orders, billing and parcels"
    finally:
        other.close()


def test_the_second_of_two_editors_reads_both_texts_and_loses_nothing(
    company, portal_server, context, browser
):
    workflow = draft_workflow(company)
    address = f"{portal_server.url}/workflows/{workflow.slug}/draft/answers/reads/"
    other = browser.new_context()
    try:
        sign_in(context, portal_server, company.maya)
        sign_in(other, portal_server, company.priya)
        mine, theirs = context.new_page(), other.new_page()
        mine.goto(address)
        theirs.goto(address)

        theirs.locator("#id_text").fill("What Priya wrote.")
        expect(theirs.locator(SAVED)).to_contain_text("Saved")
        mine.locator("#id_text").fill("What Maya wrote.")
        notice = mine.get_by_text("Priya Nair changed this answer too")
        expect(notice).to_be_visible()
        mine.locator("#id_text").press_sequentially(" More.")
        expect(mine.locator(".other-text")).to_have_text("What Priya wrote.")
        assert answer_of() == "What Priya wrote."

        mine.get_by_role("button", name="Keep both").click()
        expect(notice).to_have_count(0)
    finally:
        other.close()
    assert answer_of() == "What Maya wrote. More.\n\nWhat Priya wrote."


def test_words_typed_without_a_connection_or_a_session_are_sent_afterwards(
    company, portal_server, context
):
    workflow = draft_workflow(company)
    sign_in(context, portal_server, company.maya)
    page = context.new_page()
    page.goto(f"{portal_server.url}/workflows/{workflow.slug}/draft/answers/reads/")

    context.set_offline(True)
    page.locator("#id_text").fill("Typed in a tunnel.")
    expect(page.get_by_text("the server cannot be reached")).to_be_visible()
    page.keyboard.press("Control+Enter")
    assert page.locator("#id_text").input_value() == "Typed in a tunnel."
    context.set_offline(False)
    expect(page.locator(SAVED)).to_contain_text("Saved", timeout=15_000)
    assert answer_of() == "Typed in a tunnel."

    context.clear_cookies(name="countersign_session")
    page.locator("#id_text").fill("Typed while signed out.")
    expect(page.get_by_text("you were signed out")).to_be_visible()
    sign_in(context, portal_server, company.maya)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator(SAVED)).to_contain_text("Saved", timeout=15_000)
    assert answer_of() == "Typed while signed out."
