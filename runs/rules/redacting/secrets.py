"""Keys, passwords, sign-in tokens and private keys, told from ids and digests.

Known by a prefix, by the word before them, or because they look drawn at random: ids and
digests keep to one case or are hexadecimal, and stay. Every pattern is linear:
quantifiers are bounded or possessive, and starts cannot overlap.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator

type Found = tuple[int, int, str, str]

RANDOM_LENGTH_MIN = 32
_ENTROPY_MIN, _CHANGES_MIN = 3.6, 0.4

_BLOCK = r"(?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
_BEGIN, _END = re.compile(f"-----BEGIN {_BLOCK}"), re.compile(f"-----END {_BLOCK}")
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{2,}+(?:\.[\w-]*+){0,3}", re.A)
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[\w-]{16,}+"
    r"|(?:sk|pk|rk)_(?:live|test)_\w{10,}+"
    r"|whsec_[\w+/=]{16,}+"
    r"|gh[opusr]_\w{30,}+|github_pat_\w{30,}+|glpat-[\w-]{20,}+"
    r"|xox[abeoprs]-[\w-]{10,}+|xapp-[\w-]{10,}+"
    r"|(?:AKIA|ASIA|AGPA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,}+|SG\.[\w-]{16,}+\.[\w-]{16,}+"
    r"|npm_\w{36}|pypi-[\w-]{50,}+|do[opr]_v1_[a-f0-9]{64}"
    r"|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|hf_[A-Za-z]{30,}+|gsk_\w{40,}+"
    r"|lin_api_\w{30,}+|cs_[0-9a-f]{12}_[\w-]{40,}+|csg_\d{6}_[\w-]{40,}+"
    r")",
    re.A,
)
_BEARER = re.compile(
    r"(?<![a-z])(?:bearer|basic)\s{1,4}([\w.~+/=-]{16,}+)", re.I | re.A
)
_ASSIGNED = re.compile(
    r"(?<![a-z])((?:pass(?:word|wd|phrase)|pwd|(?:client|api|aws)?[_-]?secret)"
    r"|(?:api|access|secret|private|account|shared)[_-]?(?:access[_-]?)?key|apikey"
    r"|(?:(?:access|refresh|auth|session|id|bearer)[_-]?)?token|sig|signature"
    r"|x-amz-signature)[\"']?\s{0,3}(=|:)\s{0,3}[\"']?([^\s\"'&;,<>)\]}\[]{4,}+)",
    re.I,
)
_IN_ADDRESS = re.compile(
    r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}+://[^\s/@:\"']{0,100}+:([^\s/@\"']{1,200}+)@",
    re.I,
)
_RANDOM = re.compile(r"(?<![\w+/=-])[\w+/-]{32,}+={0,2}", re.A)
_DIGEST_BEFORE = re.compile(r"sha-?(?:1|256|384|512)[:=-]{1,2}\Z", re.I)
_DIGEST = re.compile(r"sha-?(?:1|256|384|512)-", re.I)
# Ids of others that look random and open nothing.
_KNOWN_IDS = re.compile(
    r"(?:chatcmpl|cmpl|call|resp|msg|run|thread|toolu|trace|span|group|gen|req|item|rs"
    r"|fc|ws|asst|file|step|batch|pi|ch|cus|evt|in|sub|acct|prod|price|order|cart)[_-]"
)
_PLACEHOLDERS = frozenset(
    [
        "true",
        "false",
        "none",
        "null",
        "required",
        "optional",
        "missing",
        "invalid",
        "expired",
        "unknown",
    ]
)
# Fields whose whole text is a secret, whatever it looks like; compared without _ and -.
SECRET_NAMES = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "clientsecret",
        "apikey",
        "xapikey",
        "accesskey",
        "secretkey",
        "privatekey",
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "authtoken",
        "sessiontoken",
        "bearertoken",
        "cookie",
        "setcookie",
        "cvv",
        "cvv2",
        "cvc",
        "cvc2",
        "cardsecuritycode",
    ]
)
PHONE_NAMES = frozenset(
    [
        "phone",
        "phonenumber",
        "telephone",
        "telephonenumber",
        "tel",
        "mobile",
        "mobilenumber",
        "mobilephone",
        "cellphone",
        "msisdn",
        "fax",
        "faxnumber",
    ]
)


def flat_name(name: str) -> str:
    """Give a field's name as it is compared with lists of names."""
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")


def private_keys(text: str) -> Iterator[Found]:
    """Find blocks of private keys; one whose end is missing goes to the end of the text."""
    place = 0
    while (begin := _BEGIN.search(text, place)) is not None:
        end = _END.search(text, begin.end())
        place = end.end() if end else len(text)
        yield begin.start(), place, "private-key", text[begin.start() : place]


def sign_in_tokens(text: str) -> Iterator[Found]:
    """Find JSON web tokens."""
    for match in _JWT.finditer(text):
        yield *match.span(), "jwt", match[0]


def keys(text: str) -> Iterator[Found]:
    """Find keys and passwords."""
    for match in _PREFIXED.finditer(text):
        if _is_mixed(match[0][3:]):
            yield *match.span(), "key", match[0]
    for match in _BEARER.finditer(text):
        if _is_mixed(match[1]) or match[1].endswith("="):
            yield *match.span(1), "key", match[1]
    for match in _ASSIGNED.finditer(text):
        if _is_assigned(match[1].casefold(), match[2], match[3]):
            yield *match.span(3), "key", match[3]
    for match in _IN_ADDRESS.finditer(text):
        yield *match.span(1), "key", match[1]


def random_looking(text: str) -> Iterator[Found]:
    """Find long stretches that look drawn at random."""
    for match in _RANDOM.finditer(text):
        before = text[max(0, match.start() - 10) : match.start()]
        if _DIGEST.match(match[0]) or _DIGEST_BEFORE.search(before):
            continue
        if is_random(match[0]):
            yield *match.span(), "key", match[0]


def is_random(text: str) -> bool:
    """Say whether a stretch mixes small and capital letters and digits as chance does.

    Words in capitals and small letters keep to one of them for a while; chance does not.
    """
    if _KNOWN_IDS.match(text):
        return False
    letters = [each for each in text if each.isalnum()]
    kinds = [0 if each.isdigit() else 1 if each.islower() else 2 for each in letters]
    if len(letters) < RANDOM_LENGTH_MIN - 4 or len(set(kinds)) < 3:
        return False
    changes = sum(left != right for left, right in zip(kinds, kinds[1:], strict=False))
    if changes / (len(kinds) - 1) < _CHANGES_MIN:
        return False
    counts = Counter(letters).values()
    entropy = -sum(n / len(letters) * math.log2(n / len(letters)) for n in counts)
    return entropy >= _ENTROPY_MIN


def is_secret_value(text: str) -> bool:
    """Say whether the text of a field named for a secret holds one, and no mask of it."""
    bare = text.strip()
    return bool(bare.strip("*•.xX-")) and bare.casefold() not in _PLACEHOLDERS


def _is_assigned(name: str, sign: str, value: str) -> bool:
    bare = value.rstrip(".")
    if bare.casefold() in _PLACEHOLDERS or value[0] in "$*{%":
        return False
    if name.startswith(("pass", "pwd")):
        return sign == "=" or any(not each.isalpha() for each in bare)
    return _is_mixed(bare) and len(bare) >= 8


def _is_mixed(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))
