"""Outgoing calls: signed, pinned to a checked address, and never led astray."""

import socket
from datetime import UTC, datetime

import pytest
from standardwebhooks import WebhookVerificationError

from portal.core import addresses, webhooks
from portal.core.addresses import AddressRefused, is_public, target_of
from portal.core.ids import new_id
from portal.core.webhooks import post_signed, secrets_of
from tests.core.receiver import HUGE, receiving

OWNER = new_id()


def post(url: str, *secrets: str, payload: str = '{"type":"ping"}'):
    return post_signed(
        url=url,
        secrets=secrets or secrets_of(OWNER, 1),
        message_id="msg_1",
        payload=payload,
        now=datetime.now(tz=UTC),
    )


@pytest.fixture
def loopback(settings):
    settings.WEBHOOK_PRIVATE_HOSTS = ("127.0.0.1",)


def test_a_receiver_verifies_what_was_sent_with_the_published_library(loopback):
    (secret,) = secrets_of(OWNER, 1)
    with receiving(204) as receiver:
        posted = post(receiver.url, secret, payload='{"type":"ping","word":"é"}')

        assert posted.is_delivered
        assert posted.status == 204
        assert receiver.verified(secret) == {"type": "ping", "word": "é"}
        with pytest.raises(WebhookVerificationError):
            receiver.verified(secrets_of(OWNER, 2)[0])


def test_while_a_secret_rotates_both_verify(loopback):
    (old,), (new,) = secrets_of(OWNER, 1), secrets_of(OWNER, 2)
    with receiving(200) as receiver:
        post(receiver.url, new, old)

        assert receiver.verified(old) == receiver.verified(new) == {"type": "ping"}


def test_an_earlier_key_of_the_portal_still_signs(settings):
    before = secrets_of(OWNER, 1)[0]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key that is long enough to be taken"

    now = secrets_of(OWNER, 1)

    assert now[0] != before
    assert before in now


@pytest.mark.parametrize(
    ("word", "status", "said"),
    [
        ("redirect", 302, "redirects are not followed"),
        (500, 500, "answered 500"),
        (404, 404, "answered 404"),
        (410, 410, "it is gone"),
        ("noise", None, "was not HTTP"),
    ],
)
def test_only_two_hundreds_are_success_and_nothing_else_is_called(
    loopback, word, status, said
):
    with receiving(word) as receiver:
        posted = post(receiver.url)

        assert not posted.is_delivered
        assert posted.status == status
        assert said in posted.error
        assert [path for path, _, _ in receiver.calls] == ["/hook"]


@pytest.mark.parametrize("word", ["hang", "drip"])
def test_a_slow_receiver_is_given_up(loopback, monkeypatch, word):
    monkeypatch.setattr(webhooks, "STEP_SECONDS", 0.3)
    monkeypatch.setattr(webhooks, "TOTAL_SECONDS", 0.4)
    with receiving(word) as receiver:
        posted = post(receiver.url)

    assert not posted.is_delivered
    assert posted.error == "The receiver did not answer in time."


def test_a_huge_answer_is_not_read_to_its_end(loopback):
    with receiving("huge") as receiver:
        posted = post(receiver.url)

        assert posted.is_delivered
        assert receiver.written < HUGE


def test_nobody_listening_is_a_sentence(loopback):
    with receiving(204) as receiver:
        url = receiver.url

    posted = post(url)

    assert posted.error == "The receiver could not be reached."
    assert not posted.is_refused


def test_no_proxy_of_the_environment_is_asked(loopback, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with receiving(204) as receiver:
        assert post(receiver.url).is_delivered


def test_without_being_named_the_loopback_is_refused_and_not_called():
    with receiving(204) as receiver:
        plain = post(receiver.url)
        tls = post(f"https://127.0.0.1:{receiver.port}/hook")

        assert plain.is_refused
        assert tls.is_refused
        assert receiver.calls == []


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "192.0.0.192",
        "192.88.99.1",
        "198.18.0.1",
        "203.0.113.1",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
        "5f00::1",
        "nonsense",
        "",
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_refused(text):
    assert not is_public(text)


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700::1111"])
def test_a_public_address_is_not_refused(text):
    assert is_public(text)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///hook",
        "https://user:word@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com:22/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:port/",
        "https://example.com/#part",
        "https://example.com\\@127.0.0.1/",
        "https://exa mple.com/",
        "https://example.com/\r\nx: y",
        "https://ex\u0430mple.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://example.com/" + "a" * 500,
        "",
    ],
)
def test_an_odd_address_is_refused_before_it_is_resolved(url, monkeypatch):
    monkeypatch.setattr(addresses, "resolve", lambda *_: pytest.fail("resolved"))

    with pytest.raises(AddressRefused):
        target_of(url)
    assert post(url).is_refused


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1"])
def test_numbers_that_the_system_reads_as_the_loopback_are_refused(host):
    with receiving(204) as receiver:
        assert post(f"https://{host}:{receiver.port}/").is_refused
        assert post(f"https://{host}/").is_refused
        assert receiver.calls == []


def test_one_private_address_among_public_ones_refuses_the_whole_name(monkeypatch):
    monkeypatch.setattr(addresses, "resolve", lambda *_: ("8.8.8.8", "10.0.0.1"))

    posted = post("https://hooks.example.com/")

    assert posted.is_refused
    assert "private network" in posted.error


def test_a_name_that_changes_its_answer_gains_nothing(monkeypatch):
    """Rebinding: public when it is looked at, the loopback when it would be called."""
    asked, called = [], []
    with receiving(204) as receiver:

        def answer(host, port, *_, **__):
            asked.append(host)
            where = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, port))]

        def connect(address, *_, **__):
            called.append(address[0])
            raise OSError("not from a test")

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        monkeypatch.setattr(socket, "create_connection", connect)
        posted = post("https://rebind.example.com/hook")

        assert asked == ["rebind.example.com"]
        assert called == ["93.184.215.14"]
        assert not posted.is_delivered
        assert receiver.calls == []


def test_the_host_and_not_the_address_is_named_to_the_receiver(settings, monkeypatch):
    settings.WEBHOOK_PRIVATE_HOSTS = ("hooks.internal",)
    monkeypatch.setattr(addresses, "resolve", lambda *_: ("127.0.0.1",))
    with receiving(204) as receiver:
        posted = post(f"http://hooks.internal:{receiver.port}/hook")

        assert posted.is_delivered
        assert receiver.calls[0][1]["host"] == f"hooks.internal:{receiver.port}"


def test_a_host_may_be_named_with_its_port_only(settings):
    settings.WEBHOOK_PRIVATE_HOSTS = ("127.0.0.1:9",)

    assert target_of("http://127.0.0.1:9/").is_named_private
    with pytest.raises(AddressRefused):
        target_of("http://127.0.0.1:8080/")
