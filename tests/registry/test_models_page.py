"""AI models and systems: approved, retired with a reason, and told where they are used."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Notice
from portal.accounts.operations.people import deactivate_person
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from registry.models import AiModel, LevelEpoch, System
from registry.operations.catalogue import set_model_approved, set_system_approved
from registry.operations.components import set_model_owner, set_system_component
from registry.operations.retiring import retire_model, retire_system
from registry.queries.catalogue import catalogue_page
from tests.approvals.asking import make_portal
from tests.approvals.test_notices import relay
from tests.people import NOW


@pytest.fixture
def portal(db):
    return make_portal()


def epoch() -> int:
    row = LevelEpoch.objects.filter(class_id=1, identity=0).first()
    return row.number if row else 0


def test_administrator_adds_approves_and_withdraws_a_model(portal):
    ada, page = portal.signed_in("ada"), reverse("models")
    form = {"change": "add", "name": "GPT-5", "slug": "gpt-5", "is_approved": "on"}

    added = ada.post(page, form)
    before = epoch()
    ada.post(page, {"change": "set", "slug": "gpt-5", "is_approved": "no"})
    wrong = ada.post(page, {**form, "slug": "two words"})

    assert (added.status_code, wrong.status_code) == (302, 422)
    assert not AiModel.objects.get().is_approved
    assert epoch() == before + 1
    assert b"Not approved: refused" in ada.get(page).content
    denied = portal.signed_in("maya").post(page, form)
    assert denied.status_code == 403


def test_retired_system_tells_its_workflows_and_makes_issued_grants_stale(portal):
    asked = portal.ask("10.00")
    billing, ada = System.objects.get(slug="billing"), portal.signed_in("ada")
    page = reverse("system_retire", args=[billing.id])

    shown = ada.get(page).content.decode()
    nothing = ada.post(page, {"reason": " "})
    done = ada.post(page, {"reason": "Billing moves to another system."})
    again = ada.post(page, {"reason": "Once more."})
    redeemed = portal.post(
        "/grants/redeem",
        {"token": asked["grant"]["token"], "action_digest": asked["action_digest"]},
    )

    assert "1\u00a0live workflow uses it" in shown
    assert "Refund management" in shown
    assert [nothing.status_code, done.status_code, again.status_code] == [422, 302, 422]
    assert redeemed.json()["code"] == "grant.stale"
    assert portal.ask("10.00", run="case-2")["status"] == "refused"
    text = (
        portal.signed_in("dana")
        .get(reverse("workflow", args=[portal.workflow.slug]))
        .content.decode()
    )
    assert "The system Billing was retired" in text
    assert "Billing moves to another system." in text
    assert Entry.objects.filter(name="catalogue.system_retired").count() == 1


def test_system_approved_again_is_retired_no_more(portal):
    billing, ada = System.objects.get(slug="billing"), portal.signed_in("ada")
    ada.post(reverse("system_retire", args=[billing.id]), {"reason": "For now."})

    ada.post(reverse("systems"), {"change": "approve", "system": str(billing.id)})

    billing.refresh_from_db()
    assert (billing.is_approved, billing.retired_at, billing.retired_reason) == (
        True,
        None,
        "",
    )
    assert portal.ask("10.00")["status"] == "allowed"


def test_retired_model_is_told_on_the_workflows_of_its_agents(portal):
    agent = portal.people.agent
    agent.model_name = "gpt-5"
    agent.save(update_fields=("model_name",))
    model = set_model_approved(actor=SYSTEM, slug="gpt-5", is_approved=True, now=NOW)
    ada, page = portal.signed_in("ada"), reverse("model_retire", args=[model.id])
    workflow = reverse("workflow_agents", args=[portal.workflow.slug])
    assert b"may do no more" not in ada.get(workflow).content

    shown = ada.get(page).content.decode()
    ada.post(page, {"reason": "Its maker ends it."})
    refused = portal.ask("10.00", model="gpt-5")

    assert "Refund management" in shown
    assert "The AI model gpt-5 was retired" in ada.get(workflow).content.decode()
    assert "not an approved AI model" in ada.get(workflow).content.decode()
    assert refused["status"] == "refused"


def test_the_first_model_of_the_list_says_whom_it_shuts_out_and_tells_them(portal):
    agent, page = portal.people.agent, reverse("models")
    agent.model_name = "gpt-5"
    agent.save(update_fields=("model_name",))
    ada = portal.signed_in("ada")
    form = {"change": "add", "is_approved": "on"}

    before = ada.get(page).text
    ada.post(page, {**form, "name": "Other", "slug": "other-1"})
    ada.post(page, {**form, "name": "One more", "slug": "other-2"})
    relay()

    assert "gpt-5</code> (1\xa0workflow)" in before
    told = Notice.objects.filter(kind="use_refused")
    assert {each.by for each in told} == {"gpt-5"}
    assert portal.people.maya in {each.person for each in told}
    assert len({each.person for each in told}) == told.count()
    assert "run on now" not in ada.get(page).text


def test_the_first_model_tells_nobody_whose_agents_run_on_it(portal):
    agent = portal.people.agent
    agent.model_name = "GPT-5"
    agent.save(update_fields=("model_name",))

    set_model_approved(actor=SYSTEM, slug="gpt-5", is_approved=True, now=wall_clock())
    relay()

    assert not Notice.objects.filter(kind="use_refused").exists()


def test_what_is_retired_is_never_approved_and_says_why_in_the_database(portal):
    for change in ({"retired_at": NOW}, {"retired_reason": "Why not."}):
        with pytest.raises(IntegrityError), transaction.atomic():
            System.objects.filter(slug="billing").update(**change)


def test_others_read_the_models_and_retire_nothing(portal):
    billing = System.objects.get(slug="billing")
    maya = portal.signed_in("maya")

    assert maya.get(reverse("models")).status_code == 200
    answer = maya.post(reverse("system_retire", args=[billing.id]), {"reason": "x"})
    assert answer.status_code == 403
    assert System.objects.get(slug="billing").is_approved


def test_the_owners_of_what_uses_a_retired_system_are_told_and_led_to_it(portal):
    billing = System.objects.get(slug="billing")
    page = reverse("system_retire", args=[billing.id])
    warned = portal.signed_in("ada").get(page).content.decode()

    retire_system(
        actor=SYSTEM, system_id=billing.id, reason="It moves.", now=wall_clock()
    )
    relay()

    told = Notice.objects.filter(kind="use_refused")
    assert "owners are told" in warned
    assert {each.person.name for each in told} == {
        "Maya Adler",
        "Ilan Torres",
        "Priya Nair",
    }
    assert {each.href for each in told} == {"/workflows/refund-management/"}
    line = portal.signed_in("maya").get("/notices/").content.decode()
    assert "Billing is approved no more" in line


def test_taking_an_approval_back_tells_them_too_and_giving_it_does_not(portal):
    billing = System.objects.get(slug="billing")
    for is_approved in (False, True):
        set_system_approved(
            actor=SYSTEM,
            system_id=billing.id,
            is_approved=is_approved,
            now=wall_clock(),
        )
    relay()

    assert Notice.objects.filter(kind="use_refused").count() == 3


def name_component(system: System, **more) -> System:
    return set_system_component(
        actor=SYSTEM, system_id=system.id, **{"owner_id": None, **more}
    )


def test_one_system_is_the_reference_for_a_purpose_and_others_can_stand_in(portal):
    billing, orders = (System.objects.get(slug=slug) for slug in ("billing", "orders"))
    maya = portal.people.people["maya"]
    before = epoch()
    name_component(billing, owner_id=maya.id, capability="Payments", is_reference=True)
    name_component(orders, capability="payments")

    page = portal.signed_in("ada").get(reverse("systems")).content.decode()
    assert "Payments: the reference component" in page
    assert "interchangeable with Billing (the reference)" in page
    assert "Maya Adler" in page

    name_component(orders, capability="payments", is_reference=True)
    assert set(System.objects.filter(is_reference=True)) == {orders}
    assert epoch() == before
    with pytest.raises(AlreadyDone):
        name_component(orders, capability="payments", is_reference=True)


def test_two_who_change_a_system_at_once_lose_nothing_unseen(portal):
    billing, ada = System.objects.get(slug="billing"), portal.signed_in("ada")
    page = reverse("systems")
    mark = {
        each.slug: each.mark
        for each in catalogue_page(actor=portal.people.actor("ada")).systems
    }
    read = {"system": billing.id, "was": mark["billing"]}
    assert f'name="was" value="{mark["billing"]}"' in ada.get(page).content.decode()

    first = ada.post(
        page, read | {"change": "data", "data_classes": ["sensitive_personal"]}
    )
    answers = [
        ada.post(page, read | {"change": "data", "data_classes": ["payment"]}),
        ada.post(page, read | {"change": "component", "capability": "payments"}),
        ada.post(page, read | {"change": "withdraw"}),
    ]

    billing.refresh_from_db()
    assert first.status_code == 302
    assert [each.status_code for each in answers] == [422] * 3
    assert b"Somebody changed Billing since you opened this page" in answers[0].content
    assert (billing.data_classes, billing.capability) == (["sensitive_personal"], "")
    assert billing.is_approved


def test_what_is_no_longer_the_reference_says_so_in_its_own_history(portal):
    for slug in ("billing", "crm"):
        set_system_component(
            actor=SYSTEM,
            system_id=System.objects.get(slug=slug).id,
            owner_id=None,
            capability="payments",
            is_reference=True,
        )

    billing = System.objects.get(slug="billing")
    last = Entry.objects.filter(subject_id=str(billing.id)).order_by("at", "id").last()
    assert b"no longer the reference component; CRM is" in bytes(last.body)


def test_what_is_retired_or_not_approved_is_the_reference_for_nothing(portal):
    billing = System.objects.get(slug="billing")
    name_component(billing, capability="Payments", is_reference=True)

    retire_system(
        actor=SYSTEM, system_id=billing.id, reason="It moves.", now=wall_clock()
    )

    billing.refresh_from_db()
    assert not billing.is_reference
    with pytest.raises(Conflict, match="not approved"):
        name_component(billing, capability="Payments", is_reference=True)
    with pytest.raises(Invalid):
        name_component(billing, is_reference=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        System.objects.filter(id=billing.id).update(is_reference=True)


def test_an_administrator_says_who_owns_a_system_by_the_page(portal):
    billing, ada = System.objects.get(slug="billing"), portal.signed_in("ada")
    form = {
        "change": "component",
        "system": str(billing.id),
        "owner": str(portal.people.people["ilan"].id),
        "capability": "Payments",
        "is_reference": "on",
    }

    assert ada.post(reverse("systems"), form).status_code == 302
    assert ada.post(reverse("systems"), form).status_code == 422
    assert portal.signed_in("maya").post(reverse("systems"), form).status_code == 403
    billing.refresh_from_db()
    assert (billing.owner.name, billing.is_reference) == ("Ilan Torres", True)


def owned_model(portal, owner):
    model = set_model_approved(
        actor=SYSTEM, slug="gpt-5", name="GPT-5", is_approved=True, now=NOW
    )
    form = {"change": "owner", "model": model.id, "owner": owner.id, "was": ""}
    said = portal.signed_in("ada").post(reverse("models"), form)
    assert said.status_code == 302
    return model, form


def test_a_model_has_an_owner_and_two_editors_are_kept_apart(portal):
    page, priya = reverse("models"), portal.people.priya
    before = epoch()
    model, form = owned_model(portal, priya)

    model.refresh_from_db()
    assert model.owner == priya
    assert epoch() == before + 1  # the approval's, and none for the owner
    shown = portal.signed_in("maya").get(page).text
    assert "Priya Nair" in shown
    assert "Say who owns it" not in shown
    late = portal.signed_in("ada").post(page, form | {"owner": portal.people.ilan.id})
    assert late.status_code == 422
    assert "Priya Nair owns GPT-5 since you opened this page" in late.text
    assert portal.signed_in("maya").post(page, form).status_code == 403
    wrong = {"actor": portal.people.actor("ada"), "owner_id": priya.id}
    with pytest.raises(NotFound):
        set_model_owner(model_id=priya.id, **wrong)
    with pytest.raises(AlreadyDone):
        set_model_owner(model_id=model.id, **wrong)
    deactivate_person(actor=SYSTEM, person=portal.people.tom)
    with pytest.raises(Invalid):
        set_model_owner(model_id=model.id, **wrong | {"owner_id": portal.people.tom.id})


def test_an_owner_is_told_when_somebody_else_takes_the_approval_back(portal):
    page, priya = reverse("models"), portal.people.priya
    model, _ = owned_model(portal, priya)
    crm = System.objects.get(slug="orders")
    System.objects.filter(id=crm.id).update(owner=portal.people.ada)
    ada = portal.people.actor("ada")

    asks = portal.signed_in("ada").get(reverse("model_retire", args=[model.id])).text
    retire_model(actor=ada, model_id=model.id, reason="Its maker ends it.", now=NOW)
    retire_system(actor=ada, system_id=crm.id, reason="It moves.", now=NOW)
    relay()

    assert "Priya Nair owns it, and is told." in asks
    told = Notice.objects.filter(kind="owned_refused")
    # Ada owns the system, and retired it herself.
    assert [(each.person, each.href) for each in told] == [(priya, page)]
    said = told.get()
    assert (said.workflow, said.by) == ("GPT-5", "Ada Berg")
