"""The pages of an import: as a browser without scripts walks them."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from portal.config import bodies
from registry.models import InventoryImport, InventoryRow, Workflow
from registry.tasks import apply_imports
from tests.people import make_company
from tests.registry.test_importing import as_csv, cases

pytestmark = pytest.mark.django_db


def signed_in(client, person):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def upload(client, data, name="list.csv"):
    return client.post("/workflows/import/", {"file": SimpleUploadedFile(name, data)})


def test_a_list_is_uploaded_matched_checked_registered_and_taken_back(client):
    people = make_company()
    signed_in(client, people.maya)
    rows = [*cases(3), ("U-9", "=cmd()", "", "Nowhere", "", "low", "")]

    columns = upload(client, as_csv(rows))
    address = columns["Location"]
    shown = client.get(address).content.decode()
    assert "Case 1" in shown
    assert "3 rows would be registered, 1 would not." in shown
    answer = client.post(address, {**sent_by(shown), "do": "check"})
    page = answer["Location"]
    assert (
        "3\u00a0rows would be registered as drafts."
        in client.get(page).content.decode()
    )
    report = client.get(f"{page}report/")
    lines = list(csv.reader(io.StringIO(b"".join(report).decode())))
    assert lines[4][2] == "'=cmd()"
    assert "is no department here" in lines[4][4]
    client.post(f"{page}apply/")
    assert "0 of 3" in client.get(page).content.decode().replace("\u00a0", " ")
    apply_imports()

    assert "3\u00a0workflows were registered" in client.get(page).content.decode()
    workflow = client.get("/workflows/case-1/").content.decode()
    assert "line 2 of list.csv" in workflow
    assert "Acme" in workflow
    client.post(f"{page}undo/")
    assert client.get("/workflows/case-1/").status_code == 404
    assert "3\u00a0workflows were taken back." in client.get(page).content.decode()
    assert not Workflow.objects.exists()


def sent_by(html: str) -> dict[str, str]:
    """Give what a browser would send of the form on the page."""
    from html.parser import HTMLParser

    class Form(HTMLParser):
        def __init__(self):
            super().__init__()
            self.sent: dict[str, str] = {}
            self.select = ""

        def handle_starttag(self, tag, attributes):
            said = dict(attributes)
            if tag == "input" and said.get("type") == "hidden" and said.get("name"):
                self.sent[said["name"]] = said.get("value") or ""
            if tag == "select":
                self.select = said.get("name", "")
            is_first = self.select not in self.sent
            if tag == "option" and self.select and ("selected" in said or is_first):
                self.sent[self.select] = said.get("value") or ""

    form = Form()
    form.feed(html)
    return form.sent


def test_a_changed_column_is_previewed_without_being_kept(client):
    people = make_company()
    signed_in(client, people.maya)
    address = upload(client, as_csv(cases(2)))["Location"]
    sent = sent_by(client.get(address).content.decode())

    shown = client.post(
        address,
        {**sent, "column_6": "name", "column_1": "note"},
        headers={"HX-Request": "true"},
    ).content.decode()

    assert "<html" not in shown
    assert "same name and department" in shown
    assert InventoryImport.objects.get().mapping["1"] == "name"


def test_two_columns_for_the_name_are_refused_with_words(client):
    people = make_company()
    signed_in(client, people.maya)
    address = upload(client, as_csv(cases(2)))["Location"]
    sent = sent_by(client.get(address).content.decode())

    answer = client.post(address, {**sent, "column_2": "name", "do": "check"})

    assert answer.status_code == 422
    assert "Two columns are taken for “Name”" in answer.content.decode()
    assert not InventoryRow.objects.exists()


def test_somebody_else_finds_nothing_at_an_imports_addresses(client):
    people = make_company()
    signed_in(client, people.maya)
    page = upload(client, as_csv(cases(2)))["Location"].removesuffix("columns/")
    signed_in(client, people.tom)

    gets = [
        client.get(f"{page}{part}").status_code
        for part in ("", "columns/", "report/", "undo/")
    ]
    posts = [
        client.post(f"{page}{part}").status_code
        for part in ("columns/", "apply/", "undo/", "discard/")
    ]

    assert {*gets, *posts} == {404}
    assert "list.csv" not in client.get("/workflows/import/").content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"Name\n", "only one line"),
        (b"\x89PNG\x00\x00\x01" * 50, "not a text file"),
        (b"PK\x03\x04 broken", "cannot be read here"),
        (b'Name,What\n"never closed,1\n', "never closed"),
        (b"Name\n" + b"x\n" * 5_001, "more than 5,000 rows"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_with_what_now(client, data, said):
    people = make_company()
    signed_in(client, people.maya)

    answer = upload(client, data)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not InventoryImport.objects.exists()


def test_a_file_that_is_too_large_is_refused_with_words(client):
    people = make_company()
    signed_in(client, people.maya)

    answer = upload(client, b"Name\n" + b"x" * (20 * 1024 * 1024))

    assert answer.status_code == 422
    assert "at most 20 are read" in answer.content.decode()


def test_a_hundred_megabytes_are_refused_by_their_length_before_being_read(
    client, monkeypatch
):
    # The client of the tests has no more bytes than it says.
    monkeypatch.setattr(bodies, "THROWN_AWAY_BYTES_MAX", 0)
    people = make_company()
    signed_in(client, people.maya)

    answer = client.post(
        "/workflows/import/",
        b"--x\r\n",
        content_type="multipart/form-data; boundary=x",
        headers={"Content-Length": str(100 * 1024 * 1024)},
    )

    assert answer.status_code == 413
    assert "at most 20 are read" in answer.content.decode()
    assert not InventoryImport.objects.exists()


def test_a_discarded_file_is_gone_with_its_bytes(client):
    people = make_company()
    signed_in(client, people.maya)
    page = upload(client, as_csv(cases(2)))["Location"].removesuffix("columns/")

    client.post(f"{page}discard/")

    assert client.get(page).status_code == 404
    assert not InventoryImport.objects.exists()
