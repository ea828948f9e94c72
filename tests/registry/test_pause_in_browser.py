"""Pausing in a Chromium: from the start page, resumed in stages, by keyboard."""

import pytest

from registry.models import ResumeStage, Workflow
from tests.approvals.asking import make_portal


@pytest.fixture
def browser_portal(portal_server):
    return make_portal()


def test_a_workflow_is_paused_from_the_start_page_and_resumed_in_stages(
    browser_portal, portal_server, context
):
    browser_portal.ask("12.00")
    cookie = browser_portal.signed_in("maya").cookies["countersign_session"].value
    context.add_cookies(
        [{"name": "countersign_session", "value": cookie, "url": portal_server.url}]
    )
    page = context.new_page()
    page.goto(f"{portal_server.url}/")

    page.get_by_role("link", name="Pause Refund management…").click()
    page.get_by_text("a pause would stop it").wait_for()
    page.get_by_label("Why").fill("Odd refunds.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Paused Refund management.").wait_for()
    assert page.url == f"{portal_server.url}/"
    assert Workflow.objects.get().pause_reason == "Odd refunds."

    page.goto(f"{portal_server.url}/workflows/refund-management/resume/")
    page.get_by_text("it can no longer run").wait_for()
    page.get_by_label("What was checked").fill("They were right.")
    page.get_by_text("People decide everything first").click()
    page.get_by_role("button", name="Resume Refund management").last.click()
    page.get_by_role("button", name="Let reading run alone").click()
    page.get_by_role("button", name="Let everything run").click()
    page.get_by_text("runs by its rulebook alone again").wait_for()
    assert ResumeStage.objects.count() == 2
    assert not ResumeStage.objects.filter(ended_at=None).exists()
