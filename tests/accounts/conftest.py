"""The cast, and a client signed in as one of them."""

import pytest
from django.test import Client

from tests.people import live_workflow, make_company


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def signed_in(company):
    """Give a client signed in as the named person."""

    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(
            company.people[name],
            backend="django.contrib.auth.backends.ModelBackend",
        )
        return client

    return sign_in
