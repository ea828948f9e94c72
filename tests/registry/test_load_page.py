"""Loading a file into a draft in the browser: each problem in its line, nothing half done."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from registry.models import OperatingModelVersion
from tests.people import draft_workflow, make_company

pytestmark = pytest.mark.django_db
ADDRESS = "/workflows/refund-management/draft/load/"


@pytest.fixture
def maya():
    people = make_company()
    draft_workflow(people)
    client = Client()
    client.force_login(people.maya, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _load(client, raw):
    file = SimpleUploadedFile("page.toml", raw)
    return client.post(ADDRESS, {"revision": "1", "file": file, "text": ""})


def _page(client) -> str:
    address = "/workflows/refund-management/versions/1/page.toml"
    return client.get(address).content.decode()


def test_the_download_with_windows_line_ends_loads_back_the_same(maya):
    before = OperatingModelVersion.objects.get().document
    text = _page(maya).replace("\n", "\r\n")

    assert _load(maya, text.encode("utf-8-sig")).status_code == 302

    after = OperatingModelVersion.objects.get().document
    assert after["allowances"] == before["allowances"]
    assert after["answers"] == before["answers"]


def test_several_problems_are_shown_each_with_its_line_and_the_draft_stays(maya):
    text = _page(maya).replace('risk = "medium"', 'risk = "some"', 1)
    text = text.replace('effect = "hold"', 'effect = "smile"')
    lines = text.splitlines()
    wrong = [lines.index(each) + 1 for each in ('risk = "some"', 'effect = "smile"')]

    answer = _load(maya, text.encode())

    assert answer.status_code == 422
    page = answer.content.decode()
    for line in wrong:
        assert f"<b>Line {line}, " in page
    assert OperatingModelVersion.objects.get().revision == 1


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ('name = "Sp\u00e4t"'.encode("latin-1"), "not UTF-8"),
        (b"x" * (2 * 1024 * 1024 + 1), "larger than 2 MiB"),
        (b"a = = 1", "This is not TOML"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(maya, raw, told):
    answer = _load(maya, raw)

    assert answer.status_code == 422
    assert told in answer.content.decode()
