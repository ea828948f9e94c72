"""Pages of runs in a real browser: nothing that axe can find, nothing too wide, by keys alone."""

import os

import pytest
from django.test import Client
from django.urls import reverse

from tests.axe import violations
from tests.people import live_workflow, make_company
from tests.runs.helpers import (
    confirmed,
    moment,
    refund_story,
    start_run,
    store,
    told,
)

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PICTURES = os.environ.get("COUNTERSIGN_PICTURES")

pytestmark = pytest.mark.browser


@pytest.fixture
def signed_in(page, portal_server):
    """A browser in which Erik is signed in, and a few runs to look at."""
    people = make_company()
    workflow = live_workflow(people)
    good = start_run(workflow, people.agent, "case-7741")
    store(good, refund_story())
    odd = start_run(workflow, people.agent, "case-7742")
    store(
        odd,
        [
            told("run.started", 1, trigger="a call from a customer"),
            told(
                "tool.called",
                4,
                tool="refund_order",
                args={},
                status="ok",
                result="done",
            ),
            confirmed(
                "change.made", 3700, system="billing", resource="order 13", after="9"
            ),
            moment("held", 3800, sentence="A change came without a grant.", rule="x"),
        ],
    )
    for number in range(12):
        store(
            start_run(workflow, people.agent, f"case-{number}"),
            [
                told(
                    "run.started",
                    number,
                    trigger="an e-mail about a parcel that is late",
                )
            ],
        )
    client = Client()
    client.force_login(people.erik, backend="django.contrib.auth.backends.ModelBackend")
    page.context.add_cookies(
        [
            {"name": name, "value": morsel.value, "url": portal_server.url}
            for name, morsel in client.cookies.items()
        ]
    )
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.addresses = {
        "runs": portal_server.url + reverse("runs"),
        "run": portal_server.url + reverse("run", args=[good]),
        "odd": portal_server.url + reverse("run", args=[odd]),
        "recent": portal_server.url + reverse("runs_recent", args=[workflow.slug]),
    }
    yield page
    assert complaints == []


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (1440, "dark"), (320, "light")]
)
def test_pages_are_accessible_and_fit(signed_in, width, scheme):
    # So tall that nothing lies under the bar at the foot of a phone.
    signed_in.set_viewport_size(
        {"width": width, "height": 900 if width > 400 else 4000}
    )
    signed_in.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for name, address in signed_in.addresses.items():
        signed_in.goto(address)
        # Bands of other rooms have come.
        signed_in.locator(".htmx-request").first.wait_for(state="detached")

        told_of = violations(signed_in, runOnly=RULES)
        overflow = signed_in.evaluate(
            "document.documentElement.scrollWidth - innerWidth"
        )
        if PICTURES:
            path = f"{PICTURES}/{name}-{width}-{scheme}.png"
            signed_in.screenshot(path=path, full_page=True)

        assert (name, told_of) == (name, [])
        assert (name, overflow <= 0) == (name, True)


def test_rows_of_the_list_are_one_line(signed_in):
    signed_in.set_viewport_size({"width": 1440, "height": 900})
    signed_in.goto(signed_in.addresses["runs"])

    heights = signed_in.evaluate(
        "[...document.querySelectorAll('tbody tr')].map(row => row.getBoundingClientRect().height)"
    )

    assert len(heights) == 14
    assert max(heights) <= 37


def test_keys_walk_the_lines_open_a_record_and_let_it_go(signed_in):
    signed_in.goto(signed_in.addresses["run"])
    focused = "document.activeElement.getAttribute('href')"

    signed_in.keyboard.press("j")
    first = signed_in.evaluate(focused)
    signed_in.keyboard.press("j")
    second = signed_in.evaluate(focused)
    signed_in.keyboard.press("Enter")
    signed_in.wait_for_selector("#step-dialog .step-value")
    inside = signed_in.evaluate("document.activeElement.closest('dialog')?.id")
    signed_in.keyboard.press("Escape")

    assert "/steps/" in first
    assert second != first
    assert inside == "step-dialog"
    assert signed_in.evaluate(focused) == second
    signed_in.keyboard.press("k")
    assert signed_in.evaluate(focused) == first
