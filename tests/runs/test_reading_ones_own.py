"""An assessor reads what is theirs: no run is taken unasked, every count of it is the same."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.urls import reverse

from portal.accounts.operations.telling import NEWS
from portal.core.models import OutboxMessage
from runs.models import Finding, ReviewDraft, SampledRun
from runs.operations.reviewing import reserve_run, save_review
from runs.operations.settling import release_reading
from runs.operations.sharing import share_left_runs
from runs.queries.across import my_review_share
from runs.queries.week_page.looked_at import shares_of
from runs.queries.week_page.page import week_page
from runs.queries.weeks import left_to_read, weeks_for
from runs.rules.questions import KEYS, numbered
from tests.people import live_workflow, make_company
from tests.runs.test_weeks import (
    LATER,
    YES,
    a_finding,
    make_runs,
    opened,
    sign_in,
)

ALL_YES = dict.fromkeys(KEYS, "yes")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def week(company, workflow, monkeypatch):
    """A week of three runs: one is Rosa's, two are Maya's."""
    monkeypatch.setattr("runs.rules.sampling.DOUBLED", Decimal(0))
    make_runs(workflow, company.agent, 3)
    week = opened(workflow)
    rows = SampledRun.objects.filter(week=week)
    rows.update(assigned_to=company.maya)
    rows.filter(position=rows.order_by("position")[0].position).update(
        assigned_to=company.rosa
    )
    return week


def runs_of(week, person):
    rows = SampledRun.objects.filter(week=week, assigned_to=person)
    return list(rows.order_by("position").values_list("run_id", flat=True))


def told(kind):
    rows = OutboxMessage.objects.filter(topic=NEWS)
    return [row.payload["people"] for row in rows if row.payload["kind"] == kind]


def test_next_goes_only_to_what_is_mine_and_then_says_what_others_have(
    client, company, week
):
    rosa = sign_in(client, company.rosa)
    door = reverse("week_next", args=[week.id])
    (mine,) = runs_of(week, company.rosa)

    first = rosa.post(door)
    saved = rosa.post(first.url, ALL_YES)
    page = rosa.get(saved.url).content.decode()
    again = rosa.post(door)

    assert str(mine) in first.url
    assert saved.url == again.url == reverse("week", args=[week.id])
    assert "You have read all that is yours: 1 run. 2 of others are not read." in page
    assert "Take one over" in page
    assert len(runs_of(week, company.maya)) == 2


def test_looking_at_a_run_takes_nothing_and_taking_one_over_tells_who_loses_it(
    client, company, week
):
    rosa = sign_in(client, company.rosa)
    looked = reverse("review", args=[week.id, runs_of(week, company.maya)[0]])
    rosa.get(looked)
    assert len(runs_of(week, company.maya)) == 2
    assert not SampledRun.objects.exclude(lease_until=None).exists()

    taken = rosa.post(reverse("week_next", args=[week.id]), {"of": "others"})

    assert len(runs_of(week, company.maya)) == 1
    assert told("reading_taken") == [[str(company.maya.id)]]
    assert "taken over from Maya Adler" in rosa.get(taken.url).content.decode()
    week_rows = rosa.get(reverse("week", args=[week.id])).content.decode()
    assert "taken over from Maya Adler" in week_rows


def test_whoever_may_read_no_more_is_told_that_their_runs_were_handed_on(company, week):
    type(company.maya).objects.filter(id=company.maya.id).update(is_active=False)

    share_left_runs(now=LATER)

    assert told("reading_taken") == [[str(company.maya.id)]]
    handed = SampledRun.objects.filter(handed_from=company.maya)
    assert handed.count() == 2


def test_what_is_left_for_me_is_the_same_number_everywhere_and_what_counts_is_said(
    client, company, workflow, monkeypatch
):
    monkeypatch.setattr("runs.rules.sampling.is_doubled", lambda **_: True)
    make_runs(workflow, company.agent, 6)
    week = opened(workflow)
    rosa, maya = company.actor("rosa"), company.actor("maya")
    rows = SampledRun.objects.filter(week=week)
    rows.update(assigned_to=company.maya, second_to=company.rosa)
    run_ids = list(rows.order_by("position").values_list("run_id", flat=True))
    about = {"week_id": week.id, "now": LATER}
    for run_id in run_ids[:3]:
        save_review(actor=maya, run_id=run_id, given=YES, **about)
    save_review(actor=rosa, run_id=run_ids[0], given=YES, **about)
    release_reading(actor=maya, run_id=run_ids[1], reason="No time.", **about)

    for person, left in ((rosa, 4), (maya, 3)):
        page = week_page(actor=person, week_id=week.id, now=LATER)
        (listed,) = weeks_for(actor=person).rows
        (started,) = my_review_share(actor=person)
        shared = {share.name: share.left for share in shares_of([week.id])}
        counts = {
            left_to_read(actor=person),
            page.mine_left,
            listed.mine_left,
            started.mine_left,
            shared[person.name],
        }
        assert counts == {left}
    shown = sign_in(client, company.rosa).get(reverse("week", args=[week.id]))
    said = shown.content.decode()
    assert "2 of the 3 count so far: 1 waits for a second reading." in said


def test_an_open_finding_is_shown_before_a_double_is_made_and_takes_one_more_run(
    client, company, week
):
    rosa = sign_in(client, company.rosa)
    (run_id,) = runs_of(week, company.rosa)
    a_finding(week, company.actor("rosa"), company.maya)
    finding = Finding.objects.get()
    door = reverse("review_finding", args=[week.id, run_id])
    page = reverse("review", args=[week.id, run_id])

    before = rosa.get(page).content.decode()
    added = rosa.post(door, {"again": str(finding.id)}, headers=HTMX)
    rosa.post(door, {"again": str(finding.id)})
    told_in = rosa.get(reverse("finding", args=[finding.id])).content.decode()
    hidden = rosa.post(door, {"again": str(week.id)})

    assert reverse("finding", args=[finding.id]) in before
    assert "Also seen in this run" in before
    assert "names this run" in added.content.decode()
    assert finding.moves.filter(kind="ALSO_SEEN").count() == 1
    assert reverse("run", args=[run_id]) in told_in
    assert hidden.status_code == 404
    assert 'name="due_on"' in before
    assert 'name="due_on" id="id_due_on" value=""' not in before


def test_what_is_missing_names_its_question_by_number_and_leads_to_it(
    client, company, week
):
    rosa = sign_in(client, company.rosa)
    page = reverse("review", args=[week.id, runs_of(week, company.rosa)[0]])
    wrong = rosa.post(page, ALL_YES | {"restricted_avoided": "no"}).content.decode()

    assert '<a href="#id_restricted_avoided_reason">Question 2: ' in wrong
    assert numbered({"note": "Too long."}) == {"note": "Too long."}


def test_a_draft_of_somebody_elses_run_makes_it_mine_and_is_kept(client, company, week):
    rosa = sign_in(client, company.rosa)
    run_id = runs_of(week, company.maya)[0]
    rosa.post(reverse("review", args=[week.id, run_id]), {"go": "draft", "note": "x"})

    assert ReviewDraft.objects.get().note == "x"
    assert told("reading_taken") == [[str(company.maya.id)]]
    reserve_run(actor=company.actor("rosa"), week_id=week.id, run_id=run_id, now=LATER)
    assert len(told("reading_taken")) == 1


SCREEN = """
<div id="list"></div>
<div class="review-questions"><div class="review-scroll" style="height:150px;overflow:auto">
<form class="review-form" id="review-form" data-review action="/kept" hx-post="/kept">%s
<textarea name="note"></textarea><div id="review-kept"></div></form></div></div>
<form id="other" action="/found" method="post"><button>Add the finding</button></form>
"""
QUESTION = """<fieldset class="question" data-question="%(n)d"><div class="question-answers">
<label class="question-answer"><input type="radio" name="q%(n)d" value="yes"><span>Yes</span></label>
<label class="question-answer"><input type="radio" name="q%(n)d" value="no"><span>No</span></label>
</div></fieldset>"""


@pytest.mark.browser
def test_a_click_lands_on_the_answer_it_was_aimed_at_and_words_go_before_a_finding(
    page,
):
    sent = []

    def answer(route):
        sent.append((route.request.url, route.request.post_data or ""))
        route.fulfill(body=SCREEN % "".join(QUESTION % {"n": n} for n in range(1, 6)))

    page.route("**/*", answer)
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto("http://screen.test/")
    page.add_style_tag(path=settings.BASE_DIR / "static/css/reviews.css")
    page.add_script_tag(path=settings.BASE_DIR / "static/js/reviews.js", type="module")
    page.wait_for_selector("[data-question='1'][data-current]")
    radio = page.locator("[data-question='3'] input[value=yes]")
    before = radio.bounding_box()
    words = page.locator("[data-question='4'] label").last

    page.mouse.move(before["x"] + 2, before["y"] + before["height"] / 2)
    page.mouse.down()
    during = radio.bounding_box()
    page.mouse.up()
    words.click()
    page.fill("textarea", "the last second")
    page.evaluate("document.getElementById('other').requestSubmit()")
    page.wait_for_url("**/found")

    assert during == before
    drafts = [body for url, body in sent if url.endswith("/kept")]
    assert any("the last second" in body and "draft" in body for body in drafts)
    assert any('name="q3"' in body for body in drafts)
    assert any('name="q4"' in body for body in drafts)


REASONED = """<fieldset class="question" data-question="%(n)d">
<input type="radio" name="q%(n)d" value="yes" data-answer="y"><input type="radio" name="q%(n)d" value="no" data-answer="n">
<div class="question-reason"><select name="q%(n)d_code" data-reason-code data-keys-through><option value="">Why…</option>
<optgroup data-for="no"><option value="stale">Stale</option><option value="other">Something else</option></optgroup></select>
<input type="text" name="q%(n)d_reason"></div></fieldset>"""


@pytest.mark.browser
def test_after_a_no_every_key_goes_on_working_in_the_reasons_and_enter_goes_on(page):
    body = SCREEN % "".join(REASONED % {"n": n} for n in range(1, 4))
    page.route("**/*", lambda route: route.fulfill(body=body))
    page.goto("http://screen.test/")
    for name in ("keys", "reviews"):
        path = settings.BASE_DIR / f"static/js/{name}.js"
        page.add_script_tag(path=path, type="module")
    page.wait_for_selector("[data-question='1'][data-current]")
    here = "document.activeElement.name ?? ''"

    page.keyboard.press("n")
    in_reasons = page.evaluate(here)
    page.keyboard.press("s")
    by_letter = page.input_value("[name=q1_code]")
    page.keyboard.press("ArrowDown")
    chosen = page.input_value("[name=q1_code]")
    page.keyboard.press("Enter")
    after = page.evaluate(here)
    page.keyboard.press("n")
    page.keyboard.press("3")
    page.keyboard.press("y")

    assert (in_reasons, by_letter, chosen, after) == ("q1_code", "", "stale", "q2")
    assert page.is_checked("[name=q2][value=no]")
    assert page.is_checked("[name=q3][value=yes]")
    assert page.is_checked("[name=q1][value=no]")
