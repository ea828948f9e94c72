"""What an action is about, in words: its resource, or else the argument that tells most.

An action without a resource still has to be told from its neighbours: an argument that looks like an
id, or else its first short text, names it. Names are cut and put on one line; nothing is invented.
"""

from collections.abc import Iterator, Mapping

from registry.rules.rulebook import Request

NAME_LENGTH_MAX = 120
TELLING_LENGTH_MAX = 60
CHANGED_NAMES_MAX = 3
ACRONYMS = frozenset(
    [
        "api",
        "cms",
        "crm",
        "cdn",
        "cv",
        "dms",
        "dns",
        "edr",
        "erp",
        "hr",
        "hris",
        "iam",
        "idp",
        "it",
        "itsm",
        "kyc",
        "mdm",
        "pim",
        "pms",
        "pos",
        "siem",
        "sms",
        "sso",
        "vpn",
    ]
)
_ID_NAMES = frozenset({"id", "key", "number", "ref", "reference", "slug", "uuid"})
_ID_ENDINGS = ("_id", "_key", "_no", "_number", "_ref", "_reference")
# These say how or why; they do not say what.
_NOT_TELLING = frozenset(
    [
        "amount",
        "body",
        "brief",
        "category",
        "comment",
        "confidence",
        "content",
        "currency",
        "description",
        "field",
        "fields",
        "html",
        "message",
        "note",
        "notes",
        "priority",
        "query",
        "queue",
        "reason",
        "status",
        "subject",
        "summary",
        "text",
        "title",
        "value",
    ]
)


def thing_of(request: Request) -> str:
    """Name what an action is about: "order 1182", "contact 881", "caller Ana Lopes", or nothing."""
    if request.resource_type or request.resource_id:
        kind = str(request.resource_type or "").replace("_", " ")
        return one_line(" ".join(filter(None, (kind, str(request.resource_id or "")))))
    return _telling_argument(request.args)


def changed_by(request: Request) -> str:
    """Name the fields that an update sets: "address", "email, phone and 2 more", or nothing."""
    field = request.args.get("field")
    if isinstance(field, str) and 0 < len(field) <= TELLING_LENGTH_MAX:
        return _spaced(field)
    named = [
        _spaced(name)
        for name in request.args
        if not _is_id(name)
        and _kind_and_name(name, request.args[name]) != thing_of(request)
    ]
    if len(named) <= CHANGED_NAMES_MAX:
        return ", ".join(named)
    return f"{', '.join(named[:2])} and {len(named) - 2} more"


def place_of(system: str) -> str:
    """Name a system inside a sentence: billing, customer records, CRM."""
    words = one_line(system.replace("-", " ").replace("_", " ")).split()
    return " ".join(word.upper() if word in ACRONYMS else word for word in words)


def one_line(text: str) -> str:
    """Return a name without line breaks and cut where it gets too long."""
    line = " ".join(str(text).split())
    return line if len(line) <= NAME_LENGTH_MAX else f"{line[: NAME_LENGTH_MAX - 1]}…"


def _telling_argument(args: Mapping[str, object]) -> str:
    for wanted in (_is_id, _is_telling):
        for name, value in args.items():
            if wanted(name) and (said := _kind_and_name(name, value)):
                return said
    return ""


def _kind_and_name(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = " ".join(str(value).split())
    if not text or len(text) > TELLING_LENGTH_MAX:
        return ""
    return one_line(f"{' '.join(_kind_words(name))} {text}".strip())


def _kind_words(name: str) -> Iterator[str]:
    for ending in _ID_ENDINGS:
        if name.casefold().endswith(ending):
            name = name[: -len(ending)]
            break
    yield from (word for word in _spaced(name).split() if word not in _ID_NAMES)


def _is_id(name: str) -> bool:
    return name.casefold() in _ID_NAMES or name.casefold().endswith(_ID_ENDINGS)


def _is_telling(name: str) -> bool:
    return name.casefold() not in _NOT_TELLING


def _spaced(name: str) -> str:
    return one_line(name.replace("_", " "))
