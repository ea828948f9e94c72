"""Notices: who is told what, once, without arguments, and that opening one decides nothing."""

import json
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import Decision, Proposal
from portal.accounts import notice_mail as mailing
from portal.accounts.actors import actor_for
from portal.accounts.models import Absence, Notice, NoticePost, Person, ToldNews
from portal.accounts.notice_kinds import KINDS
from portal.accounts.notice_settings import wishes_of
from portal.accounts.operations import telling
from portal.accounts.operations.notices import add_hook
from portal.accounts.tasks import send_notices, tidy_notices
from portal.core import outbox
from portal.core.clock import wall_clock
from portal.core.models import OutboxMessage
from registry.models import LaunchPacket, WorkCalendar
from registry.operations.packets import new_version, sign_packet, submit_version
from registry.operations.pausing import pause_workflow

pytestmark = pytest.mark.django_db


def relay() -> None:
    """Spread every piece of news that waits, and nothing else."""
    for message in OutboxMessage.objects.filter(
        topic__startswith="news.", delivered_at=None
    ).order_by("available_at", "id"):
        outbox._HANDLERS[message.topic](message.payload)
        OutboxMessage.objects.filter(id=message.id).update(delivered_at=wall_clock())


def told(portal, name: str) -> list[Notice]:
    person = portal.people.people[name]
    return list(Notice.objects.filter(person=person.id).order_by("told_at", "id"))


def kinds(portal, name: str) -> list[str]:
    return [notice.kind for notice in told(portal, name)]


@pytest.fixture
def quiet(portal):
    """The live workflow, with what its making told out of the way."""
    OutboxMessage.objects.all().delete()
    return portal


def test_whoever_may_decide_is_told_of_a_new_proposal_and_a_bystander_is_not(quiet):
    quiet.ask()
    relay()
    assert kinds(quiet, "dana") == kinds(quiet, "tom") == ["needs_you"]
    assert told(quiet, "olga") == [] == told(quiet, "maya")
    assert told(quiet, "dana")[0].workflow == quiet.workflow.name


def test_a_decision_closes_what_the_others_were_told_and_says_who_decided(quiet):
    asked = quiet.ask()
    relay()
    quiet.decide("tom", asked, "reject", reason_code="wrong_amount", message="No.")
    relay()
    notice = told(quiet, "dana")[0]
    assert Proposal.objects.get().state == "REJECTED"
    assert notice.closed_at is not None
    assert notice.closed_words == "Tom Okafor rejected this."


def test_what_is_decided_before_it_is_told_is_not_told(quiet):
    asked = quiet.ask()
    quiet.decide("tom", asked, "reject", reason_code="wrong_amount", message="No.")
    relay()
    assert "needs_you" not in kinds(quiet, "dana")


def test_a_flood_becomes_one_line_with_a_number(quiet):
    for number in range(9):
        quiet.ask(run=f"case-{number}")
    relay()
    lines = told(quiet, "dana")
    assert len(lines) == KINDS["needs_you"].alone_max + 1
    assert sorted(line.count for line in lines)[-1] == 4


def test_the_line_for_many_closes_when_nothing_of_it_waits(quiet):
    asked = [quiet.ask(run=f"case-{number}") for number in range(7)]
    relay()
    for one in asked:
        assert not Notice.objects.filter(subject="", closed_at__isnull=False).exists()
        quiet.decide("tom", one, "reject", reason_code="wrong_amount", message="No.")
        relay()
    assert quiet.signed_in("dana").get("/notices/count/").content == b""
    many = Notice.objects.get(subject="", person__name="Dana Reyes")
    assert many.closed_words == "All of them are over."


def test_news_that_is_spread_twice_is_told_once(quiet):
    quiet.ask()
    message = OutboxMessage.objects.get(topic=telling.NEWS)
    telling.spread(message.payload)
    telling.spread(message.payload)
    assert len(told(quiet, "dana")) == 1
    assert ToldNews.objects.count() == 1


def test_a_number_does_not_count_the_same_news_twice(quiet):
    for number in range(7):
        quiet.ask(run=f"case-{number}")
    messages = list(OutboxMessage.objects.filter(topic=telling.NEWS))
    for message in [*messages, *messages]:
        telling.spread(message.payload)
    assert max(line.count for line in told(quiet, "dana")) == 2


def test_a_mention_and_an_assignment_tell_the_person_they_name(quiet):
    asked = quiet.ask()
    relay()
    tom = quiet.people.people["tom"]
    quiet.signed_in("dana").post(
        f"/inbox/{asked['proposal']['id']}/assign/",
        {"person": str(tom.id), "reason": "You know her"},
    )
    relay()
    assert kinds(quiet, "tom") == ["needs_you", "assigned"]
    assert told(quiet, "tom")[1].by == "Dana Reyes"
    assert kinds(quiet, "dana") == ["needs_you"]


def test_a_pause_tells_the_people_of_the_workflow_but_not_whoever_paused(quiet):
    actor = actor_for(Person.objects.get(id=quiet.people.people["maya"].id))
    pause_workflow(
        actor=actor,
        workflow_id=quiet.workflow.id,
        reason="Wrong sums",
        now=wall_clock(),
    )
    relay()
    assert kinds(quiet, "dana") == kinds(quiet, "erik") == ["paused"]
    assert "paused" not in kinds(quiet, "maya")


def test_a_deactivated_person_is_told_nothing(quiet):
    Person.objects.filter(id=quiet.people.people["dana"].id).update(is_active=False)
    quiet.ask()
    relay()
    assert told(quiet, "dana") == []


SECRETS = {
    "amount": "84.20",
    "currency": "EUR",
    "note": "Zanzibar-7741",
    "nested": {"deep": ["quicksilver", {"iban": "DE02120300000000202051"}]},
}


def leaves(value) -> list[str]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [str(value)]


def ask_with_secrets(portal):
    body = portal.body("84.20")
    body["action"]["args"] = SECRETS
    body["title"] = "Refund EUR 84.20 to Zanzibar-7741"
    response = portal.post("/actions", body)
    assert response.status_code == 201, response.content
    return response.json()


def everything_told() -> str:
    rows = list(Notice.objects.values()) + list(NoticePost.objects.values())
    mails = [mail.body + str(mail.alternatives) + mail.subject for mail in mailbox()]
    news = OutboxMessage.objects.filter(topic__startswith="news.").values("payload")
    return json.dumps([rows, mails, list(news)], default=str)


def mailbox() -> list:
    from django.core import mail

    return mail.outbox


def make_all_due() -> None:
    Notice.objects.filter(mail_due_at__isnull=False).update(
        mail_due_at=wall_clock() - timedelta(seconds=1)
    )


def test_no_argument_of_an_action_occurs_in_any_notice_mail_or_post(quiet):
    ada = quiet.people.actor("ada")
    add_hook(
        actor=ada,
        name="Chat",
        url="https://chat.example.com/in",
        kinds=list(KINDS),
        department=None,
        now=wall_clock(),
    )
    asked = ask_with_secrets(quiet)
    proposal = asked["proposal"]["id"]
    dana = quiet.signed_in("dana")
    dana.post(f"/inbox/{proposal}/comment/", {"message": "Zanzibar-7741? @Tom Okafor"})
    dana.post(f"/inbox/{proposal}/escalate/", {"message": "Who is quicksilver?"})
    relay()
    make_all_due()
    send_notices()
    quiet.decide("erik", asked, "reject", reason_code="wrong_amount", message="84.20")
    relay()
    told_all = everything_told()
    assert Notice.objects.exists()
    assert NoticePost.objects.exists()
    assert mailbox()
    for leaf in leaves(SECRETS):
        if leaf != "EUR":
            assert leaf not in told_all, leaf


def test_opening_what_a_link_leads_to_decides_and_marks_nothing(quiet):
    asked = quiet.ask()
    relay()
    before = list(Notice.objects.order_by("id").values())
    client = quiet.signed_in("dana")
    pages = ["/notices/", "/notices/?show=all", "/notices/count/", "/notices/live/"]
    for href in [told(quiet, "dana")[0].href, *pages]:
        for headers in ({}, {"Purpose": "prefetch", "Sec-Purpose": "prefetch"}):
            assert client.get(href, headers=headers).status_code == 200
            client.head(href, headers=headers)
    assert list(Notice.objects.order_by("id").values()) == before
    assert Decision.objects.count() == 0
    assert Proposal.objects.get(id=asked["proposal"]["id"]).state == "OPEN"


def test_the_bell_counts_until_it_is_read_and_nobody_reads_anothers(quiet):
    quiet.ask()
    relay()
    dana, tom = quiet.signed_in("dana"), quiet.signed_in("tom")
    assert dana.get("/notices/count/").content == b"1"
    notice = told(quiet, "dana")[0]
    tom.post("/notices/read/", {"id": str(notice.id)})
    assert dana.get("/notices/count/").content == b"1"
    dana.post("/notices/read/", {"id": str(notice.id)})
    assert dana.get("/notices/count/").content == b""
    assert tom.get("/notices/count/").content == b"1"


def test_what_one_may_no_longer_see_is_neither_listed_nor_counted_nor_mailed(quiet):
    quiet.ask()
    relay()
    make_all_due()
    dana = quiet.signed_in("dana")
    assert b"needs your decision" in dana.get("/notices/").content
    with mock.patch("portal.accounts.notices_shown.visible") as unseen:
        unseen.side_effect = lambda rows, **_more: rows.none()
        assert b"needs your decision" not in dana.get("/notices/?show=all").content
        assert dana.get("/notices/count/").content == b""
        send_notices()
    assert mailbox() == []


def test_a_mail_is_sent_once_and_not_for_what_is_decided(quiet):
    asked = quiet.ask()
    relay()
    make_all_due()
    send_notices()
    send_notices()
    assert sorted(mail.to[0] for mail in mailbox()) == sorted(
        Person.objects.filter(notices__isnull=False).values_list("email", flat=True)
    )
    mailbox().clear()
    quiet.ask(run="case-2")
    relay()
    quiet.decide("tom", asked, "reject", reason_code="wrong_amount", message="No.")
    Notice.objects.update(mailed_at=None)
    make_all_due()
    Proposal.objects.filter(state="OPEN").update(
        state="EXPIRED", resolved_at=wall_clock()
    )
    send_notices()
    assert mailbox() == []


def test_a_worker_killed_before_the_mark_costs_one_more_mail_and_never_a_third(quiet):
    quiet.ask()
    relay()
    Notice.objects.exclude(person__name="Dana Reyes").delete()
    for _ in range(4):
        make_all_due()
        mail = mailing.claim_mail()
        if mail is not None and mail.lines:
            mailing.send(mail)
    assert len(mailbox()) == mailing.SILENT_TRIES_MAX == 2


def test_a_mail_server_that_is_away_is_tried_again(quiet):
    quiet.ask()
    relay()
    Notice.objects.exclude(person__name="Dana Reyes").delete()
    with mock.patch.object(mailing, "send", side_effect=OSError("away")):
        for _ in range(3):
            make_all_due()
            send_notices()
    make_all_due()
    send_notices()
    assert len(mailbox()) == 1


def test_whoever_stands_in_is_told_in_the_place_of_the_absent(quiet):
    dana, olga = quiet.people.people["dana"], quiet.people.people["olga"]
    now = wall_clock()
    Absence.objects.create(
        person_id=dana.id,
        stand_in_id=olga.id,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=1),
        reason="Holiday",
        created_at=now,
        accepted_at=now,
    )
    quiet.ask()
    relay()
    assert told(quiet, "dana") == []
    assert told(quiet, "olga")[0].instead_of == "Dana Reyes"


def test_choices_are_kept_and_what_must_be_shown_stays(quiet):
    client = quiet.signed_in("dana")
    form = {f"way_{key}": "portal" for key in KINDS} | {
        "digest": "hourly",
        "digest_at": "09:30",
        "quiet_from": "20:00",
        "quiet_until": "07:00",
    }
    assert client.post("/me/notices/", form).status_code == 302
    quiet.ask()
    relay()
    assert told(quiet, "dana")[0].mail_due_at is None
    assert (
        client.post("/me/notices/", form | {"way_needs_you": "off"}).status_code == 422
    )
    assert client.post("/me/notices/", form | {"time_zone": "Moon"}).status_code == 422


def test_the_bell_and_the_page_cost_few_queries_whatever_their_number(quiet):
    client = quiet.signed_in("dana")
    for number in range(8):
        quiet.ask(run=f"case-{number}")
    relay()
    with CaptureQueriesContext(connection) as bell:
        client.get("/notices/count/")
    with CaptureQueriesContext(connection) as page:
        client.get("/notices/")
    assert len(bell) <= 7
    assert len(page) <= 14
    said = [query["sql"] for query in (*bell, *page)]
    assert sum("accounts_notice" in sql for sql in said) <= 4


def submit_new_version(portal) -> None:
    actor, now = portal.people.actor("maya"), wall_clock()
    draft = new_version(actor=actor, workflow_id=portal.workflow.id, now=now)
    OutboxMessage.objects.all().delete()
    submit_version(
        actor=actor,
        workflow_id=portal.workflow.id,
        revision=draft.revision,
        reason="A new season",
        now=now,
    )


def test_a_packet_asks_those_who_sign_and_closes_for_whoever_signed(quiet):
    submit_new_version(quiet)
    relay()
    for name in ("maya", "ilan", "rosa"):
        assert kinds(quiet, name) == ["packet_to_sign"]
    packet = LaunchPacket.objects.order_by("-created_at")[0]
    sign_packet(
        actor=quiet.people.actor("maya"),
        workflow_id=quiet.workflow.id,
        role="business_owner",
        digest=packet.digest,
        now=wall_clock(),
    )
    assert told(quiet, "maya")[0].closed_words == "You did this."
    assert told(quiet, "rosa")[0].closed_at is None


def test_news_of_a_month_ago_is_forgotten_and_notices_stay(quiet):
    quiet.ask()
    relay()
    ToldNews.objects.update(told_at=wall_clock() - timedelta(days=31))
    tidy_notices()
    assert not ToldNews.objects.exists()
    assert Notice.objects.exists()


def test_the_digest_waits_for_the_next_working_day_of_the_departments_calendar(quiet):
    monday = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    dana = Person.objects.get(id=quiet.people.people["dana"].id)
    WorkCalendar.objects.create(
        scope=f"department:{dana.department_id}",
        department_id=dana.department_id,
        time_zone="Europe/Berlin",
        week=[[[540, 1020]]] * 3 + [[]] * 4,
        closed_days=[{"day": "2026-11-24", "name": "Stocktaking"}],
        changed_at=monday,
    )
    wishes = wishes_of({dana.id})[dana.id]
    # Tuesday is closed; Wednesday at eight o'clock in Berlin.
    assert wishes.next_digest(monday) == datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
