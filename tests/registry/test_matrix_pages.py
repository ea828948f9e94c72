"""The matrix editor's pages: one edit's answer, budgets, pasting, and two editors."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from registry.models import System
from registry.operations.catalogue import add_system, set_system_approved
from registry.operations.ceilings import set_ceiling
from registry.queries.drafts import draft_of
from registry.queries.trail import trail_of
from registry.rules.verbs import VERBS
from tests.people import NOW, draft_workflow, make_company, refunds_document

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
SIDE = 30
QUERY_BUDGET = 26
EDIT_QUERY_BUDGET = 48


@pytest.fixture
def people():
    return make_company()


def _client(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _cell(workflow, system="billing", verb="refund"):
    rows = draft_of(workflow_id=workflow.id).document["allowances"]
    return next((r for r in rows if (r["system"], r["verb"]) == (system, verb)), None)


def _seen(workflow, place="billing.refund"):
    return draft_of(workflow_id=workflow.id).seen(f"allowances.{place}")


def _found(pattern, text):
    found = re.search(pattern, text, re.DOTALL)
    assert found
    return found[1]


def _big_document():
    verbs = list(VERBS)[:SIDE]
    rows = [
        {"system": f"system-{number}", "verb": verb, "authority": "review"}
        for number in range(SIDE)
        for verb in verbs
    ]
    return refunds_document(allowances=rows, tools=[])


def test_a_key_press_brings_back_its_own_cell_and_the_undo_button_and_no_grid(people):
    workflow = draft_workflow(people, document=_big_document())
    client = _client(people.maya)
    place = f"system-3.{list(VERBS)[7]}"

    answer = client.post(
        reverse("draft_cells", args=[workflow.slug]),
        {"authority": "never", "cell": f"{place}:{_seen(workflow, place)}"},
        headers=HTMX,
    )

    text = answer.content.decode()
    assert answer.status_code == 200
    assert re.findall(r'data-cell="([^"]+)"', text) == [place]
    assert "matrix-never" in text
    assert "Undo: " in text
    assert "<html" not in text
    assert len(text) < 8_000


def test_thirty_systems_by_thirty_verbs_cost_no_more_queries_than_a_small_matrix(
    people, django_assert_max_num_queries
):
    for number in range(SIDE):
        add_system(
            actor=people.actor("ada"), slug=f"system-{number}", name=f"System {number}",
            is_approved=True, now=NOW,
        )  # fmt: skip
    workflow = draft_workflow(people, document=_big_document())
    client = _client(people.maya)
    address = reverse("draft_matrix", args=[workflow.slug])
    client.get(address)

    with django_assert_max_num_queries(QUERY_BUDGET):
        page = client.get(address)
    with django_assert_max_num_queries(EDIT_QUERY_BUDGET):
        edited = client.post(
            reverse("draft_cells", args=[workflow.slug]),
            {"authority": "never", "cell": [f"system-{n}.read" for n in range(SIDE)]},
            headers=HTMX,
        )

    assert page.content.count(b"data-cell=") == SIDE * SIDE
    assert edited.content.count(b"data-cell=") == SIDE
    assert _cell(workflow, "system-29", "read")["authority"] == "never"


def test_the_second_of_two_editors_is_told_and_shown_the_cell_as_it_is(people):
    workflow = draft_workflow(people)
    address = reverse("draft_cells", args=[workflow.slug])
    cell = f"billing.refund:{_seen(workflow)}"

    first = _client(people.ada).post(
        address, {"authority": "never", "cell": cell}, headers=HTMX
    )
    by_script = _client(people.maya).post(
        address, {"authority": "review", "cell": cell}, headers=HTMX
    )
    by_form = _client(people.maya).post(address, {"authority": "review", "cell": cell})

    assert first.status_code == 200
    assert by_script.status_code == by_form.status_code == 409
    for answer in (by_script, by_form):
        assert "Ada Berg set refund in Billing meanwhile" in answer.content.decode()
    assert "matrix-never" in by_script.content.decode()
    assert "<html" in by_form.content.decode()
    assert _cell(workflow)["authority"] == "never"


def test_what_others_set_since_the_page_was_opened_comes_along(people):
    workflow = draft_workflow(people)
    address = reverse("draft_cells", args=[workflow.slug])
    _client(people.ada).post(address, {"authority": "never", "cell": "orders.read"})

    answer = _client(people.maya).post(
        address,
        {"authority": "review", "cell": "billing.credit", "revision": "1"},
        headers=HTMX,
    )

    shown = re.findall(r'data-cell="([^"]+)"', answer.content.decode())
    assert sorted(shown) == ["billing.credit", "orders.read"]


def test_undo_and_redo_work_by_forms_alone_and_by_script(people):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    undo = reverse("draft_matrix_undo", args=[workflow.slug])
    redo = reverse("draft_matrix_redo", args=[workflow.slug])
    nothing = client.post(undo)
    client.post(
        reverse("draft_cells", args=[workflow.slug]),
        {"authority": "never", "cell": ["billing.refund", "billing.credit"]},
    )

    by_form = client.post(undo)
    taken_back = _cell(workflow)["authority"]
    by_script = client.post(redo, {"revision": "3"}, headers=HTMX)
    version_id = draft_of(workflow_id=workflow.id).version_id
    edit = trail_of(version_id=version_id, person_id=people.maya.id).edits[0]
    _client(people.ada).post(undo, {"edit": edit.id})
    stale = client.post(undo, {"edit": edit.id}, headers=HTMX)

    assert nothing.status_code == 409
    assert "no edit of yours" in nothing.content.decode()
    assert by_form.status_code == 302
    assert taken_back == "allowed"
    assert by_script.content.decode().count("data-cell=") == 2
    assert _cell(workflow)["authority"] == "allowed"
    assert stale.status_code == 409


def test_a_cell_says_which_level_decides_it_and_why(people):
    set_ceiling(
        actor=people.actor("rosa"), level="enterprise", department=None, name="money",
        systems=[], verbs=["refund"], tiers=[], authority="review",
        amount_max=Decimal(10), currency="EUR", sentence="Two people see every refund of some size.",
        now=NOW,
    )  # fmt: skip
    workflow = draft_workflow(people)
    client = _client(people.maya)

    grid = client.get(reverse("draft_matrix", args=[workflow.slug])).content.decode()
    cell = client.get(
        reverse("draft_cell", args=[workflow.slug, "billing", "refund"])
    ).content.decode()
    other = client.get(
        reverse("draft_cell", args=[workflow.slug, "orders", "read"])
    ).content.decode()

    why = (
        "Enterprise says review for every refund above EUR 10.00:"
        " Two people see every refund of some size."
    )
    assert "Enterprise decides the limit: it is stricter than this workflow." in cell
    assert why in cell
    assert why in grid
    assert "≤ EUR 10<" in grid
    assert "This workflow decides" in other


def test_a_row_of_an_unapproved_and_of_a_missing_system_is_marked(people):
    row = {"system": "gone", "verb": "read", "authority": "allowed"}
    document = refunds_document()
    document["allowances"] = [*document["allowances"], row]
    workflow = draft_workflow(people, document=document)
    set_system_approved(
        actor=people.actor("ada"), system_id=System.objects.get(slug="billing").id,
        is_approved=False, now=NOW,
    )  # fmt: skip

    page = _client(people.maya).get(reverse("draft_matrix", args=[workflow.slug]))
    cell = _client(people.maya).get(
        reverse("draft_cell", args=[workflow.slug, "billing", "refund"])
    )

    text = page.content.decode()
    assert text.count('class="is-off"') == 2
    assert "Billing is not approved: every request is refused until it is." in text
    assert "Gone is not in the catalogue of systems" in text
    assert "every request is refused until it is." in cell.content.decode()


def test_a_tool_is_mapped_and_a_second_verb_for_it_is_refused_in_words(people):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    credit = reverse("draft_tools", args=[workflow.slug, "billing", "credit"])

    refused = client.post(credit, {"tool": "refund_order"})
    moved = client.post(credit, {"tool": "refund_order", "may_move": "on"})
    tools = draft_of(workflow_id=workflow.id).document["tools"]
    removed = client.post(credit, {"remove": "refund_order"}, headers=HTMX)

    assert refused.status_code == 422
    assert "already stands for refund in Billing" in refused.content.decode()
    assert moved.status_code == 302
    assert tools[0]["verb"] == "credit"
    assert "No tool is mapped to this cell." in removed.content.decode()


def test_a_paste_is_shown_first_and_then_written_whole_as_one_edit(people):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    address = reverse("draft_matrix_paste", args=[workflow.slug])
    text = "\trefund\tcharge\nBilling\tallowed ≤ EUR 40\treview\nCRM\tno\t"

    preview = client.post(address, {"text": text})
    untouched = draft_of(workflow_id=workflow.id).revision
    stamp = _found(r'name="stamp" value="([^"]+)"', preview.content.decode())
    applied = client.post(address, {"text": text, "stamp": stamp, "apply": "1"})
    again = client.post(address, {"text": text, "stamp": stamp, "apply": "1"})

    assert "allowed ≤ EUR 40" in preview.content.decode()
    assert "4 cells read, 3 would change, 1 stay" in preview.content.decode()
    assert untouched == 1
    assert applied.status_code == 302
    assert _cell(workflow)["amount_max"] == "40"
    assert _cell(workflow)["amount_field"] == "amount"
    assert _cell(workflow, "crm")["authority"] == "never"
    assert "says all of this already" in again.content.decode()
    client.post(reverse("draft_matrix_undo", args=[workflow.slug]))
    assert _cell(workflow)["amount_max"] == "25.00"
    assert _cell(workflow, "crm") is None


def test_a_paste_with_one_bad_cell_writes_nothing_and_says_which(people):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    address = reverse("draft_matrix_paste", args=[workflow.slug])
    text = "\trefund\tcharge\nBilling\tnever\tmaybe"

    answer = client.post(address, {"text": text, "apply": "1"})
    nothing = client.post(address, {"text": ""})

    assert answer.status_code == nothing.status_code == 422
    assert "Row 2, column 3 (charge, Billing)" in answer.content.decode()
    assert "“maybe” is none of allowed, review" in answer.content.decode()
    assert _cell(workflow)["authority"] == "allowed"


def test_a_paste_over_cells_that_somebody_changed_since_the_preview_is_shown_again(
    people,
):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    address = reverse("draft_matrix_paste", args=[workflow.slug])
    text = "\trefund\nBilling\tnever"
    preview = client.post(address, {"text": text}).content.decode()
    stamp = _found(r'name="stamp" value="([^"]+)"', preview)
    _client(people.ada).post(
        reverse("draft_cells", args=[workflow.slug]),
        {"authority": "review", "cell": "billing.refund"},
    )

    answer = client.post(address, {"text": text, "stamp": stamp, "apply": "1"})

    assert answer.status_code == 409
    assert "Somebody changed cells of this preview" in answer.content.decode()
    assert _cell(workflow)["authority"] == "review"


def test_what_is_copied_out_is_read_back_the_same(people):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    address = reverse("draft_matrix_paste", args=[workflow.slug])
    shown = client.get(address).content.decode()
    text = _found(r"<textarea[^>]*>\n?(.*?)</textarea>", shown)

    answer = client.post(address, {"text": text})

    assert "allowed ≤ EUR 25" in text
    assert "The matrix says all of this already." in answer.content.decode()


def test_a_row_is_a_list_that_sets_many_cells_and_can_be_removed_whole(people):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    matrix = reverse("draft_matrix", args=[workflow.slug])

    row = client.get(f"{matrix}?row=billing").content.decode()
    column = client.get(f"{matrix}?column=delete").content.decode()
    cells = re.findall(r'type="hidden" name="cell" value="([^"]+)"', row)
    client.post(
        reverse("draft_cells", args=[workflow.slug]), {"authority": "", "cell": cells}
    )

    assert "Remove the row Billing" in row
    assert "Remove the column Delete" in column
    assert len(cells) == 3
    systems = {
        r["system"] for r in draft_of(workflow_id=workflow.id).document["allowances"]
    }
    assert systems == {"orders"}
    assert client.get(f"{matrix}?row=none").status_code == 404


def test_a_cell_form_says_in_plain_words_what_is_wrong(people):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    address = reverse("draft_cell", args=[workflow.slug, "billing", "refund"])
    form = {"revision": "1", "seen": _seen(workflow), "authority": "allowed"}

    for field, value, words in (
        ("amount_max", "1,000", "can be read in two ways. Write 1000 or 1.00"),
        ("amount_max", "-5", "at least zero"),
        ("currency", "euro", "Three capital letters"),
        ("amount_field", "payment amount", "Write the path to the field"),
        ("count_per_day", "many", "Write a whole number"),
        ("quorum", "0", "greater than or equal to 1"),
    ):
        answer = client.post(address, form | {field: value})
        assert answer.status_code == 422
        assert words in answer.content.decode(), field
    assert client.post(address, form | {"amount_max": "7,50"}).status_code == 302
    assert _cell(workflow)["amount_max"] == "7.50"


def test_a_cell_says_who_decides_after_whom_and_keeps_it(people):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    address = reverse("draft_cell", args=[workflow.slug, "billing", "refund"])
    form = {"revision": "1", "seen": _seen(workflow), "authority": "review"}
    stages = {"then_1": "risk_owner", "then_2": "business_owner", "then_2_quorum": "2"}

    twice = client.post(address, form | {"then_1": "reviewers"})
    saved = client.post(address, form | stages)
    shown = client.get(address).content.decode()
    matrix = client.get(reverse("draft_matrix", args=[workflow.slug])).content.decode()
    quick = {"seen": _seen(workflow), "authority": "never", "quick": "1"}
    client.post(address, {"revision": "2", **quick})

    assert twice.status_code == 422
    assert "decide in an earlier stage already" in twice.content.decode()
    assert saved.status_code == 302
    assert "3 stages" in matrix
    assert 'value="risk_owner" selected' in shown
    assert _cell(workflow)["then"] == [
        {"decided_by": "risk_owner"},
        {"decided_by": "business_owner", "quorum": 2},
    ]
