"""Icons: one sprite, made in memory from the icon library at first use and never kept in the repository.

The sprite holds the outline icons the pages name, and the shapes that carry the meanings
allowed, review, escalate and never, which are our own.
An unknown name is a programming error and raises at once.
"""

import functools
import hashlib
from importlib import resources
from xml.etree import ElementTree
from zipfile import ZipFile

from markupsafe import Markup

_OUTLINE_NAMES = """
    activity alarm-clock archive arrow-down arrow-left arrow-right arrow-up
    arrow-up-right badge-check bell book-open book-text bookmark bot building-2
    calendar-check calendar-days chart-line chart-no-axes-column check chevron-down
    chevron-right chevrons-up-down circle-alert circle-check circle-pause circle-play
    clipboard-paste
    circle-question-mark clock contrast copy corner-down-right database diff download
    ellipsis external-link eye file-pen file-text flag gauge git-compare grid-3x3 hand
    history hourglass house inbox info key-round keyboard link list list-checks
    list-tree lock log-out menu message-square minus monitor moon octagon-x pause pencil play plus
    printer redo-2 rotate-ccw route scroll-text search send settings shield sigma signature sun
    tag trash-2 triangle-alert undo-2 upload user user-check users webhook workflow x
    zap
"""
OUTLINES = tuple(_OUTLINE_NAMES.split())

# Solid shapes say the same as their word; each differs in outline so that colour never speaks alone.
SHAPES = {
    "allowed": '<circle cx="12" cy="12" r="7.5"/>',
    "review": '<path d="M12 2.5 21.5 12 12 21.5 2.5 12Z"/>',
    "escalate": '<path d="M12 3.5 22 20.5H2Z"/>',
    "never": '<path d="M4.5 4.5h15v15h-15Z"/>',
    "unset": '<path d="M5 11h14v2H5Z"/>',
}
OUTLINE_SHAPES = {
    "ring": '<circle cx="12" cy="12" r="6.5"/>',
    "diamond": '<path d="M12 3.5 20.5 12 12 20.5 3.5 12Z"/>',
    "square": '<path d="M5.5 5.5h13v13h-13Z"/>',
    "waiting": '<path d="M12 3v3M12 10.5v3M12 18v3"/>',
    "above": '<path d="M6 11.5 12 5.5l6 6M12 6v13"/>',
    "mark": '<path d="M4 12.5 9 17.5 15.5 8"/><path d="M11.5 15.5 13.5 17.5 20 8"/>',
}

_NAMESPACE = "{http://www.w3.org/2000/svg}"
HIDDEN = Markup('aria-hidden="true"')
DRAWN = Markup(
    '<svg class="{kind}" width="{size}" height="{size}" {spoken} focusable="false">'
    '<use href="{href}#{name}"></use></svg>'
)


@functools.cache
def sprite() -> bytes:
    """Build the sprite once per process; reads the library's archive."""
    # The library itself would open its archive of 1,600 drawings anew for each of them.
    archive = resources.files("lucide") / "lucide.zip"
    with archive.open("rb") as packed, ZipFile(packed) as drawings:
        symbols = [
            _symbol(name, _body(drawings.read(f"{name}.svg"))) for name in OUTLINES
        ]
    symbols += [_symbol(name, body) for name, body in (SHAPES | OUTLINE_SHAPES).items()]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>\n"
    ).encode()


@functools.cache
def sprite_digest() -> str:
    return hashlib.sha256(sprite()).hexdigest()[:12]


def icon(name: str, *, label: str = "", size: int = 16, href: str) -> Markup:
    """Render one use of the sprite at `href`; without a label it is decoration and hidden from readers."""
    if name not in SHAPES and name not in OUTLINE_SHAPES and name not in OUTLINES:
        raise KeyError(
            f"No icon is called {name!r}; the names are in portal/core/icons.py."
        )
    kind = "icon icon-shape" if name in SHAPES else "icon"
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else HIDDEN
    return DRAWN.format(kind=kind, size=size, spoken=spoken, href=href, name=name)


def _body(drawing: bytes) -> str:
    root = ElementTree.fromstring(drawing)  # noqa: S314 - our own pinned package
    for node in root.iter():
        node.tag = node.tag.removeprefix(_NAMESPACE)
    return "".join(ElementTree.tostring(part, encoding="unicode") for part in root)


def _symbol(name: str, body: str) -> str:
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'
