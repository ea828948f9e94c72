"""A note that is not ours is told from a key of ours that cannot be read."""

import base64

import pytest

from portal.audit import sealing

TEXT = "countersign/journal\n3\nroot"


def note(signature: bytes) -> str:
    blob = base64.b64encode(b"name" + signature).decode()
    return f"{TEXT}\n\n— countersign {blob}\n"


def signed() -> bytes:
    return sealing._private_key().sign((TEXT + "\n").encode())


def test_our_own_note_holds():
    assert sealing.is_signed_by_us(note(signed()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT,
        f"{TEXT}\n\n",
        f"{TEXT}\n\n— countersign !!!!",
        f"{TEXT}\n\n— countersign ключ",
        note(b""),
        note(b"\0" * 64),
        note(signed()[:-1]),
        note(signed()).replace("3", "4", 1),
        note(signed()).replace("3", "\udc80", 1),
    ],
    ids=ascii,
)
def test_whatever_else_is_written_there_is_not_signed(text):
    assert not sealing.is_signed_by_us(text)


def test_a_key_that_cannot_be_made_is_no_forgery(monkeypatch):
    def broken():
        raise ValueError("no key")

    monkeypatch.setattr(sealing, "public_key", broken)
    with pytest.raises(ValueError, match="no key"):
        sealing.is_signed_by_us(note(b""))
