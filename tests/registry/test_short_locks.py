"""What is done behind the enterprise's lock, where rulings wait, does not grow."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import Notice
from portal.accounts.operations.telling import NEWS, spread
from portal.core.errors import Conflict
from portal.core.locks import lock_exclusive
from portal.core.models import OutboxMessage
from registry.models import AiModel, AllowanceRow, Ceiling, System, Workflow
from registry.operations.catalogue import set_model_approved, set_system_approved
from registry.operations.ceilings import change_ceiling, set_ceiling
from registry.operations.retiring import retire_model, retire_system
from registry.operations.tools import retire_tool
from registry.queries.ceiling_reach import CeilingSaid, ceiling_reach
from registry.queries.tools import tool_id_of
from tests.people import NOW, live_workflow, make_company

pytestmark = pytest.mark.django_db

NEVER: dict[str, Any] = {
    "level": "enterprise",
    "name": "Money",
    "sentence": "No agent moves money.",
    "authority": "never",
    "verbs": ("refund",),
}
PAGES = (
    "registry_allowancerow",
    "registry_operatingmodelversion",
    "registry_roleholding",
)


def ceiling(people):
    return set_ceiling(actor=people.actor("rosa"), **NEVER, now=NOW)


def changed_ceiling(people):
    old = Ceiling.objects.filter(is_active=True).get()
    said = CeilingSaid(**NEVER | {"name": "All money"})
    return change_ceiling(
        actor=people.actor("rosa"), ceiling_id=old.id, wanted=said, because="x", now=NOW
    )


def tool(people):
    identity = tool_id_of("billing", "refund_order")
    return retire_tool(
        actor=people.actor("ada"),
        tool_id=identity,
        reason="Its maker ends it.",
        now=NOW,
    )


def system(people):
    identity = System.objects.get(slug="billing").id
    return retire_system(
        actor=people.actor("ada"), system_id=identity, reason="It ends.", now=NOW
    )


def system_not_approved(people):
    identity = System.objects.get(slug="billing").id
    return set_system_approved(
        actor=people.actor("ada"), system_id=identity, is_approved=False, now=NOW
    )


def model(people):
    identity = AiModel.objects.get().id
    return retire_model(
        actor=people.actor("ada"), model_id=identity, reason="It ends.", now=NOW
    )


def model_not_approved(people):
    return set_model_approved(
        actor=people.actor("ada"),
        slug=AiModel.objects.get().slug,
        is_approved=False,
        now=NOW,
    )


def behind_the_lock(deed, people) -> list[str]:
    """Give the statements that ran while rulings waited."""
    with CaptureQueriesContext(connection) as captured:
        deed(people)
    said = [each["sql"] for each in captured]
    (at,) = (n for n, sql in enumerate(said) if "pg_advisory_xact_lock(1, 0)" in sql)
    return said[at + 1 :]


@pytest.mark.parametrize(
    "deed",
    [
        ceiling,
        changed_ceiling,
        tool,
        system,
        system_not_approved,
        model,
        model_not_approved,
    ],
)
def test_no_ruling_waits_until_pages_are_read_or_owners_are_told_one_by_one(deed):
    people = make_company()
    for slug in ("refund-management", "refund-desk", "refund-mail"):
        live_workflow(people, slug=slug)
    if "model" in deed.__name__:
        agent = people.agent
        AiModel.objects.create(
            slug=agent.model_name, name="M", is_approved=True, created_at=NOW
        )
    if deed is changed_ceiling:
        ceiling(people)

    waited_for = behind_the_lock(deed, people)

    assert not [sql for sql in waited_for if any(name in sql for name in PAGES)]
    told = [sql for sql in waited_for if "core_outboxmessage" in sql]
    assert len(told) == 1
    assert len(waited_for) < 25
    messages = OutboxMessage.objects.filter(topic=NEWS)
    for news in messages:
        spread(news.payload)
    kind = "ceiling_set" if "ceiling" in deed.__name__ else "use_refused"
    workflows = set(
        Notice.objects.filter(kind=kind).values_list("workflow_id", flat=True)
    )
    assert kind == "ceiling_set" or workflows == set(
        Workflow.objects.values_list("id", flat=True)
    )


def test_what_went_live_before_the_lock_was_had_is_told_all_the_same(monkeypatch):
    people = make_company()
    live_workflow(people)
    second = Workflow.objects.filter(id=live_workflow(people, slug="refund-desk").id)
    version_id = second.get().live_version_id
    second.update(live_version=None)

    def launched_first(scope):
        lock_exclusive(scope)
        second.update(live_version=version_id)

    monkeypatch.setattr("registry.operations.enterprise.lock_exclusive", launched_first)
    system(people)

    told = OutboxMessage.objects.filter(payload__kind="use_refused")
    assert told.count() == 2


def test_a_ceiling_that_came_first_counts_in_what_another_leaves(monkeypatch):
    people = make_company()
    live_workflow(people)
    rosa = people.actor("rosa")
    first = NEVER | {"name": "First"}
    verbs = set(AllowanceRow.objects.values_list("verb", flat=True)) - {"refund"}
    rest = NEVER | {"verbs": tuple(sorted(verbs))}
    assert not ceiling_reach(actor=rosa, said=CeilingSaid(**rest)).emptied

    def others_first(scope):
        lock_exclusive(scope)
        if not Ceiling.objects.exists():
            Ceiling.objects.create(
                **first | {"accepted_because": "x"},
                systems=[], tiers=[], ai_models=[], data_classes=[], created_at=NOW,
            )  # fmt: skip

    monkeypatch.setattr("registry.operations.ceilings.lock_exclusive", others_first)
    with pytest.raises(Conflict):
        set_ceiling(actor=rosa, **rest, now=NOW)
