"""Costly pages are rationed for each person, and for nobody else."""

import pytest
from django.test import Client

from portal.accounts import costly
from tests.people import live_workflow, make_company

pytestmark = pytest.mark.django_db

SLUG = "refund-management"
PREVIEW = f"/rulings/of/{SLUG}/guardrail/"


@pytest.fixture
def company(monkeypatch):
    monkeypatch.setattr(costly.ASKED, "burst", 3)
    monkeypatch.setattr(costly.ASKED, "per_second", 0.001)
    people = make_company()
    live_workflow(people)
    return people


def client_of(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_whoever_asks_for_too_many_costly_pages_is_told_to_wait(company):
    maya = client_of(company.maya)
    answers = [maya.get(PREVIEW).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert int(maya.get(PREVIEW)["Retry-After"]) >= 1
    assert "Too many requests" in maya.get(PREVIEW).content.decode()


def test_one_persons_haste_costs_nobody_else_anything(company):
    maya = client_of(company.maya)
    for _ in range(5):
        maya.get(PREVIEW)
    assert client_of(company.ilan).get(PREVIEW).status_code == 200
    assert maya.get(f"/workflows/{SLUG}/").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        f"/workflows/{SLUG}/page.pdf",
        f"/workflows/{SLUG}/versions/1/packet.pdf",
        "/workflows/import/",
        "/numbers/",
        "/numbers/table.csv",
        "/numbers/table.json",
        "/numbers/override/",
        "/numbers/override/rows.csv?side=under",
        "/portfolio/",
        "/portfolio/table.csv",
    ],
)
def test_files_pdfs_and_what_adds_every_workflow_up_are_rationed_too(company, address):
    maya = client_of(company.maya)
    answers = [maya.get(address).status_code for _ in range(4)]
    assert answers[-1] == 429
    assert answers[0] == 200
