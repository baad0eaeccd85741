"""Letters are set, named by their number, or marked, and the fonts are those that we say."""

from __future__ import annotations

import hashlib
import tomllib
import unicodedata

import pytest
import typst
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.render.lettering import (
    compiler_fonts,
    covered,
    families,
    font_folder,
    letters,
    settable,
)

NAMES = {
    "Latin": "Šárka Müller-Ñandú Nguyễn Ọlá Þór",
    "Greek": "Ελένη Παπαδοπούλου",
    "Cyrillic": "Ольга Ћирић Ґалина",
    "Armenian": "Հայկ",
    "Georgian": "ქეთევან",
    "Hebrew": "נָעֳמִי",
    "Arabic": "محمّد پرویز ٹیپو",
    "Thaana": "އަލީ",
    "Ethiopic": "አማርኛ",
    "Devanagari": "हिन्दी",
    "Bengali": "বাংলা",
    "Gurmukhi": "ਪੰਜਾਬੀ",
    "Gujarati": "ગુજરાતી",
    "Odia": "ଓଡ଼ିଆ",
    "Tamil": "தமிழ்",
    "Telugu": "తెలుగు",
    "Kannada": "ಕನ್ನಡ",
    "Malayalam": "മലയാളം",
    "Sinhala": "සිංහල",
    "Thai": "น้ำทิพย์",
    "Lao": "ລາວ",
    "Burmese": "မြန်မာ",
    "Khmer": "ខ្មែរ",
    "Han": "李小龍 习近 東京",
    "kana": "ひらがなカタカナ",
    "Hangul": "김민준",
}


def accepted(source: str, **files: bytes) -> bool:
    """Whether Typst makes an accessible PDF of it, in which all letters have a picture."""
    fonts = ", ".join(f'"{name}"' for name in ("Libertinus Serif", *families()))
    head = f'#set document(title: "t")\n#set text(font: ({fonts}))\n'
    try:
        typst.compile(
            {"main.typ": (head + source).encode(), **files},
            font_paths=compiler_fonts(),
            format="pdf",
            pdf_standards=["ua-1"],
        )
    except typst.TypstError:
        return False
    return True


@pytest.mark.parametrize("script", NAMES)
def test_scripts_that_can_be_set(script: str) -> None:
    name = NAMES[script]
    assert covered(name) == name
    assert accepted('#read("a")', a=letters(name).encode())


def test_what_no_font_has_is_named() -> None:
    assert covered("👩 ok") == "[U+1F469] ok"
    assert covered("བོད") == "[U+0F56][U+0F7C][U+0F51]"
    assert covered("a\u202eb") == "a\ufffdb"
    assert letters("ᠮᠣᠩᠭᠣᠯ").startswith("[U+182E]")


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_any_text_can_be_set(text: str) -> None:
    assert accepted('#read("a")', a=letters(text).encode())


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_characters="<>&"), min_size=1, max_size=40))
def test_any_text_can_be_set_in_a_drawing(text: str) -> None:
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
        f'<text x="1" y="2" font-family="DejaVu Sans, sans-serif">{settable(text)}</text></svg>'
    )
    assert accepted('#image("a.svg", alt: "a")', **{"a.svg": drawing.encode()})


def test_words_that_a_drawing_cannot_hold_are_marked() -> None:
    assert settable("<text>हिन्दी 漢字 👩 é ok</text>") == "<text>� 漢字 � é ok</text>"
    assert settable("e\u0301") == "é"


def test_long_words_may_break_but_not_within_a_letter() -> None:
    assert letters("W" * 40).replace("\u200b", "") == "W" * 40
    assert letters("W" * 40).count("\u200b") == 4
    assert letters("short words stay as they are") == "short words stay as they are"
    for name in NAMES.values():
        long = "".join(name.split()) * 9
        parts = letters(long).split("\u200b")
        assert "".join(parts).strip("\u2068\u2069") == long
        assert not any(unicodedata.category(part[0])[0] == "M" for part in parts)


def test_other_directions_are_isolated() -> None:
    assert letters("שלום") == "\u2068שלום\u2069"
    assert letters("a שלום") == "\u2068a שלום\u2069"
    assert letters("abc é") == "abc é"


def test_fonts_are_the_ones_that_are_listed() -> None:
    listed = tomllib.loads((font_folder() / "fonts.toml").read_text("utf-8"))["font"]
    assert {font["file"] for font in listed} == {f.name for f in font_folder().glob("*.ttf")}
    for font in listed:
        data = (font_folder() / font["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == font["sha256"]
        assert (font_folder() / f"{font['licence']}.txt").is_file()
        with TTFont(font_folder() / font["file"], lazy=True) as held:
            assert held["name"].getBestFamilyName() == font["family"]
    assert set(families()) <= set(compiler_fonts().families())


def test_no_font_of_the_machine_is_used() -> None:
    ours = {*families(), "Libertinus Serif", "New Computer Modern", "New Computer Modern Math"}
    assert set(compiler_fonts().families()) == ours | {"DejaVu Sans Mono"}
