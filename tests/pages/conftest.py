"""The same world as behind the doors, in a transaction or committed for a browser."""

import pytest

from tests.doors.conftest import open_database as open_database
from tests.doors.conftest import world as world
from tests.doors.world import World, make_world

# What a console says that somebody has to look at.
TOLD = ("error", "warning")


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


@pytest.fixture(scope="module")
def visits(browser, browser_context_args):
    """One profile for every visit, so that styles and scripts are fetched once."""
    context = browser.new_context(**browser_context_args)
    yield context
    context.close()


@pytest.fixture
def look(committed_world, _server_process, visits, django_db_blocker):
    """Open a page as somebody; gives the browser's page and what its console said."""
    page = visits.new_page()

    def open_page(path: str, who: str):
        said: list[str] = []
        page.on(
            "console",
            lambda line: said.append(line.text) if line.type in TOLD else None,
        )
        page.on("pageerror", lambda error: said.append(str(error)))
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
    page.close()
