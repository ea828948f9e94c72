"""When e-mails are due, and how an e-mail server is named."""

from datetime import UTC, datetime, time
from pathlib import Path
from uuid import uuid4

import pytest

from portal.accounts.notice_kind import Way
from portal.accounts.notice_kinds import KINDS, ways_for
from portal.accounts.notice_mail import Mail, subject_of
from portal.accounts.notice_settings import Wishes
from portal.accounts.notice_words import sentence_of
from portal.accounts.notices_shown import NoticeLine
from portal.config.environment import EnvironmentRefused, _mailer

FRIDAY = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
DECIDED, ASKED = KINDS["mentioned"], KINDS["needs_you_high"]


def wishes(**more) -> Wishes:
    return Wishes(person_id=uuid4(), time_zone="Europe/Berlin", **more)


def test_what_is_urgent_is_mailed_at_once_and_the_rest_in_the_digest():
    mine = wishes()
    assert mine.mail_at(ASKED, told_at=FRIDAY, now=FRIDAY) == FRIDAY
    # Friday half past four in Berlin: the next working day's eight o'clock there.
    monday = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    assert mine.mail_at(DECIDED, told_at=FRIDAY, now=FRIDAY) == monday


def test_a_name_with_a_line_break_of_any_kind_keeps_no_mail_from_going():
    line = NoticeLine(
        id=uuid4(),
        kind=KINDS["use_refused"],
        subject="",
        sentence="Refunds: The tool a\rBcc: x\u2028b\n is approved no more.",
        href="/",
        instead_of="",
        told_at=FRIDAY,
        is_read=False,
        closed_at=None,
        closed_words="",
    )
    mail = Mail(
        person_id=uuid4(), to="a@b.example", name="A", lines=(line,), claimed=()
    )

    assert subject_of(mail) == "Refunds: The tool a Bcc: x b is approved no more."


def test_an_hourly_digest_stays_in_working_time():
    mine = wishes(digest="hourly")
    assert mine.next_digest(FRIDAY) == datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    late = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    assert mine.next_digest(late) == datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def test_quiet_hours_over_midnight_hold_urgent_mail_until_they_end():
    mine = wishes(quiet_from=time(20), quiet_until=time(7))
    night = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
    ends = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    assert mine.mail_at(ASKED, told_at=night, now=night) == ends


def test_what_only_the_person_can_decide_is_never_off():
    mine = wishes(ways={"needs_you_high": "off", "paused": "off"})
    assert mine.way_of(ASKED) == Way.PORTAL
    assert mine.way_of(KINDS["paused"]) == Way.OFF
    assert Way.OFF not in ways_for(ASKED)


def test_old_news_is_not_mailed():
    mine = wishes()
    old = datetime(2026, 11, 19, 15, 30, tzinfo=UTC)
    assert mine.mail_at(ASKED, told_at=old, now=FRIDAY) is None


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.key)
def test_a_sentence_is_made_of_names_alone(kind):
    said = sentence_of(
        kind, workflow="Refunds", by="Tom Okafor", outcome="APPROVED", count=1
    )
    many = sentence_of(
        kind, workflow="Refunds", by="Tom Okafor", outcome="APPROVED", count=12
    )
    assert said.endswith(".")
    assert "{" not in said + many
    assert len(kind.key) <= 24


def test_without_an_address_no_e_mail_leaves(tmp_path: Path):
    made = _mailer({}, tmp_path)
    assert made["OPTIONS"] == {"file_path": str(tmp_path / "mail")}
    made = _mailer({"EMAIL_URL": "smtp+tls://me:a%2Fb@mail.example.com"}, tmp_path)
    assert made["OPTIONS"]["port"] == 587
    assert made["OPTIONS"]["password"] == "a/b"
    with pytest.raises(EnvironmentRefused, match="EMAIL_URL"):
        _mailer({"EMAIL_URL": "mail.example.com"}, tmp_path)
