"""Text that an outsider wrote, shown so that nothing in it can hide.

Characters that cannot be seen or that reorder others become a visible mark in their place; words that mix
look-alike scripts are underlined and named. Nothing is ever removed, and nothing comes out as live HTML.
"""

import re
import unicodedata
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

COMBINING_MARKS_MAX = 3
MARKDOWN_LENGTH_MAX = 100_000

# Scripts whose letters are drawn alike; two of them inside one word is how a name is forged.
LOOK_ALIKE_SCRIPTS = frozenset(
    {
        "LATIN",
        "CYRILLIC",
        "GREEK",
        "ARMENIAN",
        "CHEROKEE",
        "COPTIC",
        "FULLWIDTH",
        "MATHEMATICAL",
    }
)

# Letters and marks by category that nevertheless leave no ink.
INKLESS = frozenset(
    {
        0x034F,
        0x115F,
        0x1160,
        0x17B4,
        0x17B5,
        0x2800,
        0x3164,
        0xFFA0,
        *range(0x180B, 0x1810),
    }
)

SHORT_NAMES = {
    0x00AD: "soft hyphen", 0x200B: "zero-width space", 0x200C: "zero-width non-joiner", 0x200D: "zero-width joiner",
    0x200E: "left-to-right mark", 0x200F: "right-to-left mark", 0x202A: "left-to-right embedding",
    0x202B: "right-to-left embedding", 0x202C: "end of direction", 0x202D: "left-to-right override",
    0x202E: "right-to-left override", 0x2060: "word joiner", 0x2066: "left-to-right isolate",
    0x2067: "right-to-left isolate", 0x2068: "first-strong isolate", 0x2069: "end of isolate",
    0xFEFF: "byte-order mark", 0x0000: "null", 0x001B: "escape", 0x000D: "carriage return",
}  # fmt: skip

_WORD = re.compile(r"[^\W\d_]+(?:[-.'’][^\W\d_]+)*|.", re.DOTALL)


def visible_marks(text: object) -> Markup:
    """Escape `text` and put a visible mark where a reader would see nothing or be misled."""
    shown, combining, previous = [], 0, ""
    for piece in _WORD.findall("" if text is None else str(text).replace("\r\n", "\n")):
        drawn = []
        for character in piece:
            combining = combining + 1 if unicodedata.combining(character) else 0
            if _is_hidden(character, previous) or combining > COMBINING_MARKS_MAX:
                drawn.append(_mark(character))
            else:
                drawn.append(escape(character))
            previous = character
        word = Markup("").join(drawn)
        scripts = _scripts_of(piece)
        shown.append(_mixed(word, scripts) if len(scripts) > 1 else word)
    return Markup("").join(shown)


def hidden_count(text: str) -> int:
    """Count the characters of a text that a reader would not see."""
    lines = text.replace("\r\n", "\n")
    pairs = zip(lines, ["", *lines], strict=False)
    return sum(_is_hidden(character, previous) for character, previous in pairs)


def safe_markdown(text: object) -> Markup:
    """Render markdown with raw HTML off, then sanitise it; links keep http, https and mailto and show their host."""
    source = ("" if text is None else str(text))[:MARKDOWN_LENGTH_MAX]
    rendered = _markdown().render(source.replace("\r\n", "\n"))
    return Markup(  # noqa: S704 - sanitised on the line below
        nh3.clean(
            rendered,
            tags={"p", "br", "hr", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "a", "span",
                  "table", "thead", "tbody", "tr", "th", "td"},
            attributes={"a": {"href"}, "span": {"title"}, "ol": {"start"}},
            allowed_classes={"span": {"unseen", "mixed", "link-host"}},
            url_schemes={"http", "https", "mailto"},
            link_rel="nofollow noopener noreferrer",
        )
    )  # fmt: skip


def _is_hidden(character: str, previous: str) -> bool:
    point, category = ord(character), unicodedata.category(character)
    if character in "\n\t":
        return False
    if 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF:
        return not (
            point == 0xFE0F and previous and unicodedata.category(previous) == "So"
        )
    return category in {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"} or point in INKLESS


def _mark(character: str) -> Markup:
    point = ord(character)
    if 0xE0000 <= point <= 0xE007F:
        name = "tag character" + (
            f" “{chr(point - 0xE0000)}”"
            if point >= 0xE0020 and point != 0xE007F
            else ""
        )
    else:
        name = (
            SHORT_NAMES.get(point)
            or unicodedata.name(character, "control or unassigned character").lower()
        )
    return Markup('<span class="unseen" title="{}">⟨U+{:04X}⟩</span>').format(
        name, point
    )


def _scripts_of(word: str) -> tuple[str, ...]:
    if word.isascii():
        return ()
    names = {
        unicodedata.name(letter, "").split(" ")[0]
        for letter in word
        if letter.isalpha()
    }
    return tuple(sorted(names & LOOK_ALIKE_SCRIPTS))


def _mixed(word: Markup, scripts: tuple[str, ...]) -> Markup:
    named = " and ".join(script.capitalize() for script in scripts)
    return Markup(
        '<span class="mixed" title="{0} letters in one word">{1}</span><span class="unseen">⟨{0}⟩</span>'
    ).format(named, word)


def _markdown() -> MarkdownIt:
    parser = (
        MarkdownIt("commonmark", {"html": False})
        .enable("table")
        .disable(["image", "html_block", "html_inline"])
    )
    # Headings would break the outline of the page that quotes them.
    rules = {
        "text": lambda tokens, at, *_: visible_marks(tokens[at].content),
        "code_inline": lambda tokens, at, *_: (
            f"<code>{visible_marks(tokens[at].content)}</code>"
        ),
        "fence": lambda tokens, at, *_: (
            f"<pre><code>{visible_marks(tokens[at].content)}</code></pre>\n"
        ),
        "code_block": lambda tokens, at, *_: (
            f"<pre><code>{visible_marks(tokens[at].content)}</code></pre>\n"
        ),
        "heading_open": lambda *_: "<p><strong>",
        "heading_close": lambda *_: "</strong></p>\n",
        "link_close": lambda tokens, at, *_: "</a>" + _host_after(tokens, at),
    }
    for name, rule in rules.items():
        parser.add_render_rule(name, lambda _renderer, *args, rule=rule: rule(*args))
    return parser


def _host_after(tokens: list, at: int) -> str:
    opening = next(
        token for token in reversed(tokens[:at]) if token.type == "link_open"
    )
    address = str(opening.attrGet("href") or "")
    try:
        host = urlsplit(address).hostname or address
    except ValueError:
        host = address
    return str(Markup('<span class="link-host"> ({})</span>').format(host))
