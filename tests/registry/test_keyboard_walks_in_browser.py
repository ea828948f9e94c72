"""Import, packet, agents and rules in a Chromium, by keyboard alone."""

import pytest
from playwright.sync_api import expect

from portal.accounts.models import Agent
from registry.models import OperatingModelVersion, Signature, Workflow
from registry.operations.packets import submit_version
from registry.tasks import apply_imports
from tests.people import NOW, draft_workflow, make_company
from tests.registry.test_guided_in_browser import SAVED, sign_in
from tests.registry.test_importing import as_csv, cases


@pytest.fixture
def company(portal_server):
    return make_company()


def reach(page, locator):
    """Press Tab until this control has the focus."""
    locator.wait_for()
    for _ in range(90):
        if locator.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("it cannot be reached by keyboard")


def control(page, name):
    """Find a button or a link of the page itself by what it says."""
    main = page.locator("#main")
    return (
        main.get_by_role("button", name=name)
        .or_(main.get_by_role("link", name=name))
        .first
    )


def test_an_inventory_is_uploaded_matched_and_registered_by_keyboard(
    company, portal_server, context
):
    sign_in(context, portal_server, company.maya)
    page = context.new_page()
    page.goto(f"{portal_server.url}/workflows/import/")
    page.locator("#main").focus()

    reach(page, page.locator("#id_file"))
    # What the key opens is the system's own window; the file is what comes out of it.
    page.set_input_files(
        "#id_file",
        {"name": "list.csv", "mimeType": "text/csv", "buffer": as_csv(cases(2))},
    )
    reach(page, control(page, "Upload file"))
    page.keyboard.press("Enter")
    page.get_by_text("2 rows would be registered").wait_for()
    reach(page, control(page, "Look at every row"))
    page.keyboard.press("Enter")
    page.get_by_text("Nothing is registered yet.").wait_for()
    reach(page, control(page, "Register 2 workflows"))
    page.keyboard.press("Enter")
    page.get_by_text("They appear together").wait_for()
    apply_imports()
    page.get_by_text("2 workflows were registered as drafts").wait_for()
    reach(page, control(page, "Take the import back"))
    page.keyboard.press("Enter")
    reach(page, control(page, "Take back 2 workflows"))
    page.keyboard.press("Enter")
    page.get_by_text("2 workflows were taken back.").first.wait_for()

    assert not Workflow.objects.exists()


def test_a_packet_is_signed_and_the_signature_withdrawn_by_keyboard(
    company, portal_server, context
):
    workflow = draft_workflow(company)
    submit_version(
        reason="It may begin here.",
        actor=company.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    sign_in(context, portal_server, company.rosa)
    page = context.new_page()
    page.goto(f"{portal_server.url}/workflows/{workflow.slug}/packet/")
    page.locator("#main").focus()

    reach(page, control(page, "Sign as risk owner"))
    page.keyboard.press("Enter")
    page.get_by_text("signed just now").wait_for()
    assert Signature.objects.filter(person=company.rosa).count() == 1
    page.locator("#main").focus()
    reach(page, control(page, "Withdraw my signature"))
    page.keyboard.press("Enter")
    reach(page, control(page, "Sign as risk owner"))


def test_an_agent_is_registered_and_taken_off_by_keyboard(
    company, portal_server, context
):
    workflow = draft_workflow(company)
    sign_in(context, portal_server, company.maya)
    page = context.new_page()
    page.goto(f"{portal_server.url}/workflows/{workflow.slug}/agents/")
    page.locator("#main").focus()

    name = page.locator("#id_agent_name")
    if not name.is_visible():
        reach(page, page.locator("#register summary, summary#register").first)
        page.keyboard.press("Enter")
    reach(page, name)
    page.keyboard.type("Parcel agent")
    reach(page, page.get_by_label("Operator"))
    page.keyboard.type("Priya")
    reach(page, control(page, "Register agent"))
    page.keyboard.press("Enter")
    page.get_by_text("Parcel agent").first.wait_for()
    assert Agent.objects.get(name="Parcel agent").operator == company.priya

    page.goto(f"{portal_server.url}/workflows/{workflow.slug}/agents/")
    page.locator("#main").focus()
    reach(page, page.get_by_role("link", name="Take Parcel agent off this workflow"))
    page.keyboard.press("Enter")
    reach(page, control(page, "Take Parcel agent off"))
    page.keyboard.press("Enter")
    page.get_by_text("Parcel agent no longer serves").first.wait_for()


def test_a_dragged_guardrail_and_a_half_typed_cap_are_kept_without_a_button(
    company, portal_server, context, browser
):
    workflow = draft_workflow(company)
    sign_in(context, portal_server, company.maya)
    page = context.new_page()
    draft = f"{portal_server.url}/workflows/{workflow.slug}/draft"
    page.goto(f"{draft}/guardrails/")
    slider = page.get_by_role("slider", name="Amount above which a reviewer decides")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    expect(page.locator(SAVED)).to_contain_text("Saved")
    kept = OperatingModelVersion.objects.get(state="DRAFT").document["guardrail"]
    assert kept["amount_review"] == page.locator("#id_amount_review").input_value()

    page.goto(f"{draft}/caps/")
    page.locator("#id_key").press_sequentially("refunds a week")
    expect(page.locator("#kept-cap")).to_contain_text("for you alone")

    other = browser.new_context()
    try:
        sign_in(other, portal_server, company.maya)
        elsewhere = other.new_page()
        elsewhere.goto(f"{draft}/")
        elsewhere.get_by_role("link", name="Go on with a cap").click()
        expect(elsewhere.locator("#id_key")).to_have_value("refunds a week")
    finally:
        other.close()
