"""The token that stands where a value was: `[card:7k2m9qx4t0bd]`.

Its kind says what was hidden; its mark is a keyed hash of the value, so that equal values
have equal tokens and nobody without the key can try values out. Sixty bits: among ten
million values, two that share a token are less likely than one in ten thousand.
"""

import hmac
import re
from dataclasses import dataclass
from types import MappingProxyType

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
MARK_LENGTH = 12
KINDS = MappingProxyType(
    {
        "card": "payment card",
        "iban": "bank account",
        "email": "e-mail address",
        "phone": "phone number",
        "key": "key or password",
        "jwt": "sign-in token",
        "private-key": "private key",
        "field": "hidden field",
    }
)
_BODY = rf"({'|'.join(KINDS)}):([{ALPHABET}]{{{MARK_LENGTH}}})"
TOKEN = re.compile(rf"\[{_BODY}\]")
_BARE = re.compile(_BODY)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text: plain words, or one token."""

    text: str
    token: str = ""
    kind: str = ""

    @property
    def says(self) -> str:
        """Say what was hidden here, in words."""
        return f"{KINDS[self.kind]}, hidden" if self.kind else ""


def token_of(kind: str, value: str, *, key: bytes) -> str:
    """Give the token of a value, without brackets: the same for the same value and key."""
    message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    number = int.from_bytes(hmac.digest(key, message, "sha256")[:8]) >> 4
    mark = "".join(
        ALPHABET[(number >> (5 * place)) & 31] for place in range(MARK_LENGTH)
    )
    return f"{kind}:{mark}"


def is_token(text: str) -> bool:
    """Say whether a text has the form of a token, without brackets."""
    return _BARE.fullmatch(text) is not None


def kind_of(token: str) -> str:
    """Name the kind of a token."""
    return token.partition(":")[0]


def words(kind: str) -> str:
    """Say in words what a kind of token hides."""
    return KINDS.get(kind, "hidden value")


def pieces(text: str) -> list[Piece]:
    """Cut a text at its tokens, for a page that shows them as chips."""
    found, place = [], 0
    for match in TOKEN.finditer(text):
        if match.start() > place:
            found.append(Piece(text[place : match.start()]))
        found.append(Piece(match[0], token=match[0][1:-1], kind=match[1]))
        place = match.end()
    if place < len(text):
        found.append(Piece(text[place:]))
    return found


def unforged(text: str) -> str:
    """Take the brackets off what a sender wrote in the form of a token.

    Only the portal hides: nothing that is sent can look as if it had been.
    """
    if "[" not in text:
        return text
    return TOKEN.sub(lambda match: f"({match[0][1:-1]})", text)
