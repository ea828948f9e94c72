"""The page of a week begins with one screen: what each section says, and what needs doing."""

import re

import pytest
from django.urls import reverse

from runs.operations.reviewing import save_review
from runs.operations.signing import sign_week
from tests.people import live_workflow, make_company
from tests.runs.test_weeks import LATER, YES, make_runs, opened, sign_in


@pytest.fixture(autouse=True)
def _nothing_is_doubled(monkeypatch):
    monkeypatch.setattr("runs.rules.sampling.DOUBLED", 0)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


def test_the_week_begins_with_a_screen_that_opens_each_section_and_says_what_to_do(
    client, company, workflow
):
    make_runs(workflow, company.agent, 3)
    week = opened(workflow)
    rosa = sign_in(client, company.rosa)
    address = reverse("week", args=[week.id])

    before = rosa.get(address).content.decode()
    for run_id in week.sample.values_list("run", flat=True):
        save_review(
            actor=company.actor("rosa"),
            week_id=week.id,
            run_id=run_id,
            given=YES,
            now=LATER,
        )
    read = rosa.get(address).content.decode()
    sign_week(actor=company.actor("rosa"), week_id=week.id, summary="Well.", now=LATER)
    signed = rosa.get(address).content.decode()

    head = before[before.index('id="summary"') : before.index('id="looked-at"')]
    linked = set(re.findall(r'href="#([a-z-]+)"', head))
    assert linked == {
        *("looked-at", "found", "agreement", "drift", "observed", "findings")
    }
    assert all(f'id="{name}"' in before for name in linked)
    assert "0 of 3 runs read, of 3" in head
    assert "3 runs not read by anybody" in head
    assert f"{address}?show=unread#rows" in head
    assert "Sign the week" in read
    assert "Nothing: the week is signed." in signed
