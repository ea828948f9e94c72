"""A page whole, or one named part of it; the view chooses, never the client."""

import pytest
from django.test import RequestFactory

from portal.core.htmx import render
from portal.home.views.preferences import set_theme


def _request(**headers: str):
    request = RequestFactory().get("/style/", headers=headers)
    request.user = type("Nobody", (), {"is_authenticated": False})()
    return request


def test_a_part_is_given_only_to_htmx_and_only_when_the_view_names_one() -> None:
    asked = _request(hx_request="true")

    part = render(asked, "home/shortcuts.html", fragment="main")
    whole_for_browser = render(_request(), "home/shortcuts.html", fragment="main")
    whole_for_htmx = render(asked, "home/shortcuts.html")

    assert part.content.startswith(b"<header")
    assert b"<html" not in part.content
    assert b"<html" in whole_for_browser.content
    assert b"<html" in whole_for_htmx.content
    assert part["Vary"] == whole_for_browser["Vary"] == "HX-Request"


def test_a_restored_history_entry_gets_the_whole_page() -> None:
    restored = _request(hx_request="true", hx_history_restore_request="true")

    assert b"<html" in render(restored, "home/shortcuts.html", fragment="main").content


def test_a_part_that_does_not_exist_is_a_programming_error() -> None:
    with pytest.raises(LookupError, match="no block called 'absent'"):
        render(_request(hx_request="true"), "home/shortcuts.html", fragment="absent")


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "javascript:x", ""]
)
def test_a_choice_never_leads_off_the_site(wanted: str) -> None:
    response = set_theme(
        RequestFactory().post("/theme/", {"theme": "dark", "next": wanted})
    )

    assert response["Location"] == "/"
    assert response.cookies["theme"]["httponly"]


def test_a_choice_that_does_not_exist_is_refused() -> None:
    assert (
        set_theme(RequestFactory().post("/theme/", {"theme": "neon"})).status_code
        == 400
    )


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_every_error_says_what_why_and_what_now(status: int) -> None:
    text = render(_request(), f"errors/{status}.html", status=status).content.decode()

    assert "<h1" in text
    assert "successfully" not in text
