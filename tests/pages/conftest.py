"""The same world as behind the doors, in a transaction or committed for a browser."""

import pytest

from tests.doors.conftest import open_database as open_database
from tests.doors.world import World, make_world, rolled_back

# What a console says that somebody has to look at.
TOLD = ("error", "warning")


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> World:
    """A world that ends with its module: the one of the browser waits for its locks."""
    with django_db_blocker.unblock(), rolled_back():
        yield make_world()


@pytest.fixture(scope="module")
def committed_world(
    _server_process, django_db_setup, django_db_blocker, database_of_process, request
) -> World:
    """A world that the web server's process sees; the database is made anew after it."""
    from django.db import connections

    with django_db_blocker.unblock():
        try:
            yield make_world()
        finally:
            connections.close_all()
            database_of_process.make_anew()


SIZE = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def visits(browser, browser_context_args):
    """One profile and one tab for every visit: styles, scripts and axe are read once."""
    context = browser.new_context(**{**browser_context_args, "viewport": SIZE})
    context.new_page()
    yield context
    context.close()


@pytest.fixture
def look(committed_world, _server_process, visits, django_db_blocker):
    """Open a page as somebody; gives the browser's page and what its console said."""
    page = visits.pages[0]
    said: list[str] = []

    def hear(line) -> None:
        if line.type in TOLD:
            said.append(line.text)

    def hear_error(error) -> None:
        said.append(str(error))

    page.on("console", hear)
    page.on("pageerror", hear_error)

    def begin(response) -> None:
        """Forget what the page before this one said while it still stood."""
        if response.request.is_navigation_request():
            said.clear()
            page.remove_listener("response", begin)

    page.on("response", begin)

    def open_page(path: str, who: str):
        visits.clear_cookies()
        if who != "anonymous":
            with django_db_blocker.unblock():
                client = committed_world.client_of(who)
            cookie = client.cookies["countersign_session"].value
            visits.add_cookies(
                [
                    {
                        "name": "countersign_session",
                        "value": cookie,
                        "url": _server_process.url,
                    }
                ]
            )
        response = page.goto(f"{_server_process.url}{path}", wait_until="load")
        page.locator(".htmx-request").first.wait_for(state="detached")
        return page, response, said

    yield open_page
    page.remove_listener("console", hear)
    page.remove_listener("pageerror", hear_error)
    # The next visitor finds the tab as the first one did. The page stays until they come:
    # what leads from page to page keeps the process, and with it axe as it was compiled.
    page.evaluate("sessionStorage.clear()")
    page.set_viewport_size(SIZE)
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
