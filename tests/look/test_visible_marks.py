"""Nothing an outsider writes can hide on a page, and nothing of it is lost."""

import pytest

from portal.core.visible_marks import safe_markdown, visible_marks


@pytest.mark.parametrize(
    ("hidden", "point"),
    [
        ("\u202e", "202E"),
        ("\u2066", "2066"),
        ("\u200b", "200B"),
        ("\u00ad", "00AD"),
        ("\ufeff", "FEFF"),
        ("\x1b", "001B"),
        ("\r", "000D"),
        ("\U000e0041", "E0041"),
        ("\ue000", "E000"),
        ("\u3164", "3164"),
        ("\U000e0101", "E0101"),
        ("\u2028", "2028"),
    ],
)
def test_a_hidden_character_becomes_a_mark_in_its_place(
    hidden: str, point: str
) -> None:
    shown = str(visible_marks(f"a{hidden}b"))

    assert hidden not in shown
    assert shown.startswith("a<span")
    assert shown.endswith("</span>b")
    assert f"U+{point}" in shown


@pytest.mark.parametrize(
    "plain",
    [
        "Grüße, 東京 and émigré",
        "line one\nline two\tend",
        "Ελληνικά",
        "Привет, мир",
        "❤️",
    ],
)
def test_ordinary_text_in_any_script_is_left_alone(plain: str) -> None:
    assert str(visible_marks(plain)) == plain


def test_a_word_of_two_look_alike_scripts_is_named_and_two_words_are_not() -> None:
    forged = str(visible_marks("p\u0430ypal.com"))
    honest = str(visible_marks("paypal Москва"))

    assert "Cyrillic and Latin" in forged
    assert "mixed" not in honest


def test_markup_in_plain_text_is_text() -> None:
    assert (
        str(visible_marks('<b onclick="x">&')) == "&lt;b onclick=&#34;x&#34;&gt;&amp;"
    )
    assert str(visible_marks(None)) == ""


def test_a_pile_of_combining_marks_is_cut_open() -> None:
    assert "U+0301" not in str(visible_marks("e\u0301"))
    assert "U+0301" in str(visible_marks("e" + "\u0301" * 9))


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "![picture](https://evil.example/pixel.png)",
        "[press](javascript:alert(1))",
        "[press](data:text/html,x)",
        "<style>body{}</style>",
        '<a href="https://x" onclick="y">z</a>',
        "```html\n<script>x</script>\n```",
    ],
)
def test_markdown_never_brings_live_html_or_pictures(attack: str) -> None:
    shown = str(safe_markdown(attack)).lower()

    for live in (
        "<script",
        "<img",
        "<style",
        'href="javascript',
        'href="data',
        "<a onclick",
    ):
        assert live not in shown


def test_markdown_keeps_its_plain_forms_and_links_name_their_host() -> None:
    shown = str(safe_markdown("# Title\n\n**bold** [bank](https://evil.example/login)"))

    assert "<h1" not in shown
    assert "<strong>bold</strong>" in shown
    assert 'href="https://evil.example/login"' in shown
    assert "(evil.example)" in shown
    assert 'rel="nofollow noopener noreferrer"' in shown


def test_hidden_characters_inside_markdown_are_marked_in_text_and_code() -> None:
    shown = str(safe_markdown("pay\u200b `co\u202ede`"))

    assert "U+200B" in shown
    assert "U+202E" in shown
