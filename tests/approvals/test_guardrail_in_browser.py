"""The guardrails in a Chromium: lines moved by keys and by dragging, and what would have happened."""

import pytest

from registry.models import OperatingModelVersion
from registry.operations.packets import new_version
from tests.approvals.asking import make_portal
from tests.people import NOW

WIDE = {"width": 1440, "height": 1000}
SLUG = "refund-management"


@pytest.fixture
def asked(portal_server):
    portal = make_portal()
    for amount, confidence in (("5.00", 0.92), ("10.00", 0.95), ("20.00", 0.99)):
        portal.ask(amount, run=amount, confidence=confidence)
    new_version(
        actor=portal.people.actor("maya"), workflow_id=portal.workflow.id, now=NOW
    )
    return portal


def sign_in(context, portal, server):
    cookie = portal.signed_in("maya").cookies["countersign_session"].value
    context.add_cookies(
        [{"name": "countersign_session", "value": cookie, "url": server.url}]
    )


def counted(page, answer, number):
    page.locator(f"[data-then='{answer}']", has_text=str(number)).wait_for()


def test_a_guardrail_is_moved_by_keys_and_dragged_and_the_counts_follow(
    asked, portal_server, context
):
    sign_in(context, asked, portal_server)
    page = context.new_page()
    page.set_viewport_size(WIDE)
    page.goto(f"{portal_server.url}/workflows/{SLUG}/draft/guardrails/")
    counted(page, "allow", 3)
    assert page.locator("#rail-dots-medium .rail-dot").count() == 3

    handle = page.get_by_role(
        "slider", name="Confidence below which a reviewer decides"
    )
    handle.focus()
    for _ in range(4):
        page.keyboard.press("ArrowUp")
    assert handle.get_attribute("aria-valuetext") == "0.94"
    assert page.locator("#id_confidence_min").input_value() == "0.94"
    counted(page, "allow", 2)
    counted(page, "review", 1)
    assert page.locator("#rail-dots-medium .is-changed").count() == 1

    line = page.locator("[data-rail-panel='medium'] [data-rail-line='amount_review']")
    start = line.locator(".rail-knob").bounding_box()
    plot = page.locator("[data-rail-panel='medium'] .rail-frame").bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.4, plot["y"] + 20, steps=4)
    page.mouse.up()
    amount = float(page.locator("#id_amount_review").input_value())
    assert 10 < amount < 20
    counted(page, "review", 2)

    page.locator("#id_amount_review").fill("4")
    counted(page, "review", 3)
    slider = page.get_by_role("slider", name="Amount above which a reviewer decides")
    assert slider.get_attribute("aria-valuenow") == "4"
    slider.focus()
    page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "off"
    assert page.locator("#id_amount_review").input_value() == ""
    counted(page, "allow", 2)

    page.get_by_role("button", name="Save guardrails and go on").click()
    page.wait_for_url("**/stop-rules/")
    draft = OperatingModelVersion.objects.get(state="DRAFT")
    assert draft.document["guardrail"]["confidence_min"] == "0.94"


def test_a_stop_rule_is_tried_before_it_is_saved(asked, portal_server, context):
    sign_in(context, asked, portal_server)
    page = context.new_page()
    page.set_viewport_size(WIDE)
    base = f"{portal_server.url}/workflows/{SLUG}/draft/stop-rules"
    page.goto(f"{base}/new/expression/")
    page.get_by_text("All of the last 3 actions").wait_for(state="attached")
    page.get_by_role("textbox", name="Expression").fill("amuont > 8.0")
    page.get_by_role("button", name="Try the stop rule").click()
    page.get_by_text("Did you mean “amount”?").wait_for()
    page.get_by_role("textbox", name="Expression").fill("amount > 8.0")
    page.get_by_role("button", name="Try the stop rule").click()
    page.get_by_text("It fires on 2 of the last 3 actions.").wait_for()
    assert OperatingModelVersion.objects.get(state="DRAFT").revision == 1

    page.get_by_role("button", name="Save stop rule").click()
    page.wait_for_url("**/stop-rules/")
    assert page.get_by_text("It is true that amount > 8.0.").is_visible()
    page.get_by_text("Did not fire in 30 days").nth(2).wait_for()
