"""The programme: its sponsor, living ticks, the focus on few workflows, signed quarters."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Notice
from portal.accounts.operations.people import add_person, deactivate_person
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.home.models import QuarterReview
from portal.home.operations.rollout import call_proven, keep_quarter, sign_quarter
from portal.home.queries.quarters import (
    ends_of,
    label_of,
    plan_now,
    quarter_of,
    quarter_page,
)
from registry.models import CeilingWaiver, OperatingModelVersion, Proof, Sponsor
from registry.operations.acceptable_use import acknowledge_statement, publish_statement
from registry.operations.asking_more import Wanted, ask_for_more
from registry.operations.ceilings import change_ceiling, set_ceiling
from registry.operations.deciding_more import approve_request, end_waiver
from registry.operations.launching import launch_version
from registry.operations.packets import submit_version
from registry.operations.phases import take_phase_back
from registry.operations.rollout import go_over_focus, name_sponsor, record_proof
from registry.operations.teams import name_head
from registry.queries.ceiling_reach import CeilingSaid
from registry.queries.rollout import sponsor_now
from registry.rules.rollout import ProofFacts, is_proven_by, proof_lines
from tests.approvals.test_notices import relay
from tests.people import NOW, draft_workflow, live_workflow, make_company, sign_all
from tests.registry.assessing import assess

pytestmark = pytest.mark.django_db

KEY, FORMER = "2026-q4", "2026-q3"
ENDED = datetime(2027, 1, 4, 9, tzinfo=UTC)


@pytest.fixture
def people():
    company = make_company()
    name_head(actor=SYSTEM, department=company.departments["care"], person=company.maya)
    return company


def name_olga(people):
    name_sponsor(
        actor=people.actor("ada"),
        person=people.olga,
        reason="The board asked her.",
        now=NOW,
    )


def item(people, text, *, now=NOW):
    plan = plan_now(actor=people.actor("dana"), since=NOW - timedelta(days=40), now=now)
    found = [each for stage in plan.stages for each in stage.items]
    return next(each for each in found if each.text.startswith(text))


def test_the_sponsor_is_named_by_an_administrator_and_vacancy_is_shown(people):
    assert not item(people, "An executive sponsor").is_true
    with pytest.raises(Forbidden):
        name_sponsor(
            actor=people.actor("maya"), person=people.olga, reason="So.", now=NOW
        )
    with pytest.raises(Forbidden):
        name_sponsor(actor=people.actor("ada"), person=people.ada, reason="I.", now=NOW)
    with pytest.raises(Invalid):
        name_sponsor(actor=people.actor("ada"), person=people.olga, reason="", now=NOW)

    name_olga(people)

    assert item(people, "An executive sponsor").shown == "Olga Petrova"
    with pytest.raises(AlreadyDone):
        name_olga(people)
    deactivate_person(actor=people.actor("ada"), person=people.olga)
    assert sponsor_now().person_id is None
    client = Client()
    client.force_login(people.dana)
    assert "The post is vacant" in client.get(reverse("programme")).text


def test_whoever_is_named_sponsor_is_told_and_whoever_was_before(people):
    name_sponsor(
        actor=people.actor("ada"), person=people.olga, reason="So.", now=wall_clock()
    )
    name_sponsor(
        actor=people.actor("ada"), person=people.maya, reason="Anew.", now=wall_clock()
    )
    relay()

    told = Notice.objects.filter(kind__startswith="sponsor_").order_by("told_at", "id")
    assert {(each.person, each.kind) for each in told} == {
        (people.olga, "sponsor_named"),
        (people.maya, "sponsor_named"),
        (people.olga, "sponsor_left"),
    }
    assert {(each.by, each.href) for each in told} == {
        ("Ada Berg", reverse("programme"))
    }


def test_items_are_ticked_by_what_is_so_and_say_their_count(people):
    assert (item(people, "Systems").is_true, item(people, "Systems").shown) == (
        True,
        "3 systems",
    )
    assert item(people, "At least 3 workflows").shown == "0 live"
    assert not item(people, "No finding is late").is_true

    live_workflow(people)
    assess(people, {"maya": 3, "dana": 3}, now=NOW)

    assert item(people, "At least 3 workflows").shown == "1 live"
    assert item(people, "No finding is late").is_true
    assert item(people, "A department has assessed").shown == "1 department"
    assert item(people, "Each department with live workflows is ready").is_true
    assert item(people, "Every live workflow has").shown == "0 of 1"


def test_proven_is_what_every_count_says():
    good = ProofFacts(live_days=28, signed_weeks=4, findings_late=0, incidents_open=0)
    assert is_proven_by(good)
    for bad in ((27, 4, 0, 0), (28, 3, 0, 0), (28, 4, 1, 0), (28, 4, 0, 1)):
        assert not is_proven_by(ProofFacts(*bad))
        assert [line.holds for line in proof_lines(ProofFacts(*bad))].count(False) == 1


def test_nobody_calls_proven_what_the_counts_do_not_show(people):
    workflow = live_workflow(people)
    more = {"workflow_id": workflow.id, "reason": "It feels so.", "now": NOW}
    with pytest.raises(Conflict, match="0 of the last 8 weeks signed"):
        call_proven(actor=people.actor("maya"), **more)
    with pytest.raises(Forbidden):
        call_proven(actor=people.actor("dana"), **more)
    with pytest.raises(NotFound):
        call_proven(actor=people.actor("olga"), **more)
    assert not Proof.objects.exists()


def sixth_workflow(people):
    """Give a sixth workflow, signed and ready to go live beside five that are not proven."""
    for number in range(5):
        live_workflow(people, slug=f"refunds-{number}", reviewers=())
    sixth = draft_workflow(people, slug="refunds-more", reviewers=())
    packet = submit_version(
        actor=people.actor("maya"),
        workflow_id=sixth.id,
        revision=1,
        reason="It may begin here.",
        now=NOW,
    )
    sign_all(people, sixth, digest=packet.digest)
    return sixth


def test_the_sixth_unproven_workflow_waits_for_a_reason_on_record(people):
    sixth = sixth_workflow(people)
    over = {"workflow_id": sixth.id, "reason": "It replaces another.", "now": NOW}
    with pytest.raises(Conflict):
        go_over_focus(actor=people.actor("maya"), **over)
    name_olga(people)
    go = {"actor": people.actor("maya"), "workflow_id": sixth.id, "now": NOW}

    with pytest.raises(Conflict, match="has 5 live workflows that are not proven"):
        launch_version(**go)
    with pytest.raises(Forbidden):
        go_over_focus(actor=people.actor("rosa"), **over)
    client = Client()
    client.force_login(people.maya)
    page = reverse("workflow_packet", args=[sixth.slug])
    assert "has enough to prove first" in client.get(page).text

    # Either one of them is proven …
    first = OperatingModelVersion.objects.filter(workflow__slug="refunds-0").get()
    record_proof(
        actor=people.actor("maya"),
        workflow_id=first.workflow_id,
        is_proven=True,
        evidence=("live for 30 of 28 days",),
        reason="Four weeks.",
        now=NOW,
    )
    client.post(reverse("focus_pass", args=[sixth.slug]), {"reason": "Not needed."})
    assert "has enough to prove first" not in client.get(page).text
    record_proof(
        actor=people.actor("maya"),
        workflow_id=first.workflow_id,
        is_proven=False,
        evidence=(),
        reason="It slipped.",
        now=NOW + timedelta(minutes=1),
    )
    # … or the head says why.
    kept = go_over_focus(actor=people.actor("maya"), **over)

    assert kept.unproven == 5
    assert launch_version(**go).number == 1
    plan = plan_now(actor=people.actor("dana"), since=NOW - timedelta(1), now=NOW)
    assert [each.reason for each in plan.exceptions] == ["It replaces another."]
    assert plan.focus[0].is_over
    assert len(plan.focus[0].workflows) == 6
    # Who sees none of them reads how many there are, and neither names nor reasons.
    people.people["otto"] = add_person(
        actor=SYSTEM,
        email="otto@example.com",
        name="Otto Berg",
        department=people.departments["sales"],
        password=None,
    )
    write = {"key": KEY, "notes": "", "decisions": "It stays.", "now": NOW}
    keep_quarter(actor=people.actor("olga"), **write)
    sign_quarter(actor=people.actor("olga"), key=KEY, now=ENDED)
    for key, is_told in (("dana", True), ("olga", True), ("otto", False)):
        client.force_login(people.people[key])
        texts = [client.get(reverse("programme")).text]
        texts.append(client.get(reverse("quarter", args=[KEY])).text)
        assert all(("It replaces another." in text) == is_told for text in texts)
        assert ("Which ones they are is told" in texts[0]) != is_told
    outside = plan_now(actor=people.actor("otto"), since=NOW - timedelta(1), now=NOW)
    assert (outside.focus[0].unproven, outside.focus[0].workflows) == (6, ())
    assert outside.exceptions == ()


def test_only_the_sponsor_signs_a_quarter_and_it_stays_as_it_was(people):
    name_olga(people)
    write = {"key": KEY, "notes": "Short.", "now": NOW}
    with pytest.raises(Forbidden):
        keep_quarter(actor=people.actor("maya"), decisions="", **write)
    keep_quarter(actor=people.actor("ada"), decisions="", **write)
    with pytest.raises(Forbidden):
        sign_quarter(actor=people.actor("ada"), key=KEY, now=ENDED)
    olga = people.actor("olga")
    with pytest.raises(Conflict, match="Nothing is decided yet"):
        sign_quarter(actor=olga, key=KEY, now=ENDED)
    keep_quarter(actor=olga, decisions="Begin with refunds.", **write)
    before = quarter_page(actor=olga, key=KEY, now=ENDED).agenda
    assert any("workflows are live" in each.text for each in before)

    sign_quarter(actor=olga, key=KEY, now=ENDED)

    live_workflow(people)
    page = quarter_page(actor=people.actor("dana"), key=KEY, now=NOW)
    assert (page.agenda, page.signed_by) == (before, "Olga Petrova")
    with pytest.raises(AlreadyDone):
        keep_quarter(actor=olga, decisions="Other.", **write)
    with pytest.raises(IntegrityError), transaction.atomic():
        QuarterReview.objects.update(decisions="Other.")
    assert not item(people, "The last quarter's").is_true
    assert item(people, "The last quarter's", now=ENDED).is_true


def test_a_quarter_is_signed_once_it_has_ended_and_the_page_says_when(people):
    name_olga(people)
    olga = people.actor("olga")
    keep_quarter(actor=olga, key=KEY, notes="", decisions="Go on.", now=NOW)
    almost = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    for now in (NOW, almost):
        assert not quarter_page(actor=olga, key=KEY, now=now).may_sign
        with pytest.raises(Conflict, match="from 1 January 2027 on") as refused:
            sign_quarter(actor=olga, key=KEY, now=now)
        assert refused.value.code == "quarter.running"
    client = Client()
    client.force_login(people.olga)
    running = quarter_of(wall_clock().date())
    text = client.get(reverse("quarter", args=[running])).text
    assert "The quarter is still running" in text
    assert "Save and sign this review" not in text

    page = quarter_page(actor=olga, key=KEY, now=ends_of(KEY))
    assert page.may_sign
    sign_quarter(actor=olga, key=KEY, now=ends_of(KEY))


def test_the_agenda_tells_what_changed_in_that_quarter_and_each_line_opens_it(people):
    name_olga(people)
    workflow = live_workflow(people)
    ceiling = {
        "level": "enterprise",
        "name": "Money",
        "sentence": "A person decides on money.",
        "authority": "review",
        "verbs": ("refund",),
    }
    set_ceiling(
        actor=SYSTEM, now=NOW - timedelta(days=90), **ceiling | {"name": "Before"}
    )
    made = set_ceiling(actor=people.actor("ada"), now=NOW, **ceiling)
    said = CeilingSaid(**ceiling | {"sentence": "Now more."})
    changed = change_ceiling(
        actor=people.actor("ada"),
        ceiling_id=made.id,
        wanted=said,
        because="It was too wide.",
        now=NOW,
    )
    take_phase_back(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        to_phase=3,
        reason="Too many mistakes.",
        now=NOW,
    )
    asked = ask_for_more(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        wanted=Wanted(
            kind="waiver",
            ceiling_id=changed.id,
            system="billing",
            verb="refund",
            days=10,
            why="A fair.",
        ),
        now=NOW,
    )
    approve_request(
        actor=people.actor("ada"), request_id=asked.id, answer="For the fair.", now=NOW
    )
    given = CeilingWaiver.objects.get()
    end_waiver(
        actor=people.actor("ada"), waiver_id=given.id, because="It is over.", now=NOW
    )

    def lines(key, name="olga", now=ENDED):
        page = quarter_page(actor=people.actor(name), key=key, now=now)
        names = ("Ceilings", "Waivers", "Phases")
        return [
            (each.text.split(":")[0], each.href)
            for each in page.agenda
            if each.heading in names
        ]

    phase = f"/workflows/{workflow.slug}/phase/"
    request = f"/requests/{asked.id}/"
    expected = [
        ("“Money” was set for the whole company by Ada Berg", f"/ceilings/{made.id}/"),
        (
            "“Money” for the whole company was changed by Ada Berg",
            f"/ceilings/{changed.id}/",
        ),
        (f"Ada Berg let {workflow.name} pass “Money”", request),
        (f"The waiver of “Money” for {workflow.name} ended by Ada Berg", request),
        (f"{workflow.name} began in phase 4 by Maya Adler", f"{phase}#move-1"),
        (
            f"{workflow.name} was taken back from phase 4 to phase 3 by Maya Adler",
            f"{phase}#move-2",
        ),
    ]
    assert lines(KEY, "ada") == expected
    # Who signs reads all of it, and opens what they may see.
    assert lines(KEY) == [
        (text, "" if "#" in href or "requests" in href else href)
        for text, href in expected
    ]
    assert [text for text, _ in lines(FORMER, "ada")] == [
        "“Before” was set for the whole company"
    ]
    keep_quarter(
        actor=people.actor("olga"), key=KEY, notes="", decisions="So.", now=NOW
    )
    sign_quarter(actor=people.actor("olga"), key=KEY, now=ENDED)
    assert lines(KEY, "ada") == expected
    client = Client()
    client.force_login(people.maya)
    for _, href in expected:
        assert client.get(href).status_code == 200
    assert 'id="move-2"' in client.get(phase).text


def test_quarters_are_named_and_the_future_has_none(people):
    assert quarter_of(NOW.date()) == KEY
    assert label_of("2026-q1") == "First quarter of 2026"
    for wrong in ("2026-q5", "1999-q1", "soon", "2027-q1"):
        with pytest.raises(NotFound):
            quarter_page(actor=people.actor("olga"), key=wrong, now=NOW)


def test_the_sponsor_writes_and_signs_on_the_page(people):
    name_olga(people)
    client = Client()
    client.force_login(people.olga)
    now_key = reverse("quarters")
    listed = client.get(now_key).text
    assert "Quarterly reviews" in listed
    here = reverse("quarter", args=[FORMER])

    answer = client.post(here, {"notes": "Hm.", "decisions": "", "do": "sign"})
    assert answer.status_code == 409
    assert "Nothing is decided yet" in answer.text
    mark = quarter_page(actor=people.actor("olga"), key=FORMER, now=NOW).mark
    said = {"notes": "Hm.", "decisions": "Go on.", "do": "sign", "after": mark}
    client.post(here, said)

    assert "Signed by Olga Petrova" in client.get(here).text


def test_two_who_write_at_once_lose_no_words_unseen_and_the_sponsor_signs_what_was_read(
    people,
):
    name_olga(people)
    olga, ada = Client(), Client()
    olga.force_login(people.olga)
    ada.force_login(people.ada)
    here = reverse("quarter", args=[FORMER])
    first = quarter_page(actor=people.actor("olga"), key=FORMER, now=NOW).mark
    ada.post(here, {"notes": "Ada was there.", "decisions": "Wait.", "after": first})

    late = {"notes": "", "decisions": "Go on.", "do": "sign", "after": first}
    answer = olga.post(here, late)

    assert answer.status_code == 409
    assert "Ada Berg wrote here since" in answer.text
    assert "Ada was there." in answer.text
    assert "Go on." in answer.text
    row = QuarterReview.objects.get()
    assert (row.decisions, row.signed_at) == ("Wait.", None)
    mark = quarter_page(actor=people.actor("olga"), key=FORMER, now=NOW).mark
    assert f'name="after" value="{mark}"' in answer.text
    assert olga.post(here, late | {"after": mark}).status_code == 302
    assert QuarterReview.objects.get().decisions == "Go on."


def test_a_sponsor_replaced_while_waiting_for_the_lock_signs_nothing(
    people, monkeypatch
):
    name_olga(people)
    olga = people.actor("olga")
    keep_quarter(actor=olga, key=KEY, notes="", decisions="Go on.", now=NOW)

    def others_first(*_scopes):
        Sponsor.objects.create(person=None, reason="He left.", named_at=NOW)

    monkeypatch.setattr("portal.home.operations.rollout.lock_shared", others_first)
    with pytest.raises(Forbidden):
        sign_quarter(actor=olga, key=KEY, now=ENDED)


def test_a_sponsor_who_has_not_acknowledged_the_statement_signs_nothing(people):
    name_olga(people)
    olga = people.actor("olga")
    keep_quarter(actor=olga, key=KEY, notes="", decisions="Go on.", now=NOW)
    publish_statement(
        actor=SYSTEM,
        text="Check what AI writes. " * 10,
        change="First.",
        asks_anew=True,
        after=0,
    )
    with pytest.raises(Conflict, match="acceptable-use statement"):
        sign_quarter(actor=olga, key=KEY, now=ENDED)

    acknowledge_statement(actor=olga, number=1)

    assert sign_quarter(actor=olga, key=KEY, now=ENDED).signed_by_id == olga.id
