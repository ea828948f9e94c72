"""An inventory in a Chromium: uploaded, matched, looked at, registered, taken back."""

import pytest
from django.test import Client

from registry.models import InventoryImport, Workflow
from registry.tasks import apply_imports
from tests.people import make_company
from tests.registry.test_importing import as_csv, cases


@pytest.fixture
def people(portal_server):
    return make_company()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_an_inventory_is_imported_and_taken_back(
    people, portal_server, browser, has_scripts
):
    client = Client()
    client.force_login(people.maya, backend="django.contrib.auth.backends.ModelBackend")
    cookie = client.cookies["countersign_session"].value
    context = browser.new_context(java_script_enabled=has_scripts)
    context.add_cookies(
        [{"name": "countersign_session", "value": cookie, "url": portal_server.url}]
    )
    try:
        page = context.new_page()
        page.goto(f"{portal_server.url}/workflows/import/")
        data = as_csv([*cases(2), ("U-3", "Third", "", "Elsewhere", "", "low", "")])
        page.set_input_files(
            "#id_file", {"name": "list.csv", "mimeType": "text/csv", "buffer": data}
        )
        page.get_by_role("button", name="Upload file").click()
        page.get_by_text("2 rows would be registered, 1 would not.").wait_for()

        page.select_option("#id_department_1", label="Customer care")
        if not has_scripts:
            page.get_by_role("button", name="Show it again").click()
        page.get_by_text("3 rows would be registered, 0 would not.").wait_for()
        page.get_by_role("button", name="Look at every row").click()
        page.get_by_role("button", name="Register 3 workflows").click()
        page.get_by_text("They appear together").wait_for()
        apply_imports()
        if not has_scripts:
            page.get_by_role("link", name="Look again").click()
        page.get_by_text("3 workflows were registered as drafts").wait_for()
        assert Workflow.objects.count() == 3

        page.goto(f"{page.url.partition('?')[0]}undo/")
        page.get_by_role("button", name="Take back 3 workflows").click()
        page.get_by_text("3 workflows were taken back.").first.wait_for()
        assert not Workflow.objects.exists()
        assert InventoryImport.objects.get().state == "UNDONE"
    finally:
        context.close()
