"""How copies for editing look: styles under the names that word processors know."""

from __future__ import annotations

from typing import Any

from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

INK = "1B1F24"
SOFT = "545C66"
RULE = "C9CED3"
TINT = "F4F6F7"
TONES = {"attention": "A63D00", "limit": "5B5373", "information": "1D5B94"}
_FONT = "Calibri"
_MONO = "Consolas"
_LANGUAGES = {"en": "en-US", "de": "de-DE", "es": "es-ES"}

# name, size in points, bold, colour, space before and after in points
_STYLES: tuple[tuple[str, float, bool, str, float, float], ...] = (
    ("Normal", 10.5, False, INK, 0, 6),
    ("Title", 22, True, INK, 6, 4),
    ("Subtitle", 12, False, SOFT, 0, 4),
    ("Heading 1", 15, True, INK, 18, 6),
    ("Heading 2", 12, True, INK, 14, 5),
    ("Heading 3", 10.5, True, INK, 12, 4),
    ("Caption", 10.5, True, INK, 12, 4),
    ("List Bullet", 10.5, False, INK, 0, 3),
    ("List Number", 10.5, False, INK, 0, 3),
    ("Footer", 8, False, SOFT, 0, 0),
)
_ADDED: tuple[tuple[str, float, bool, str, float, float], ...] = (
    ("Lead", 12.5, False, INK, 4, 8),
    ("Small", 9, False, SOFT, 0, 4),
    ("Notice", 10.5, False, INK, 0, 8),
    ("Cell", 9, False, INK, 0, 0),
)


def set_up(word: WordDocument, language: str) -> None:
    """Gives an empty document its styles, its page of A4, and its language."""
    for name, *look in _STYLES:
        _look(word.styles[name], *look)  # type: ignore[arg-type]
    for name, *look in _ADDED:
        style = word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = word.styles["Normal"]
        _look(style, *look)  # type: ignore[arg-type]
    mono = word.styles.add_style("Mono", WD_STYLE_TYPE.CHARACTER)
    _font(mono.element.get_or_add_rPr(), _MONO)
    _prune(word)
    _language(word, _LANGUAGES[language])
    section = word.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    section.top_margin, section.bottom_margin = Mm(22), Mm(24)


def _prune(word: WordDocument) -> None:
    """Takes away what the library's empty document brings and nothing here uses."""
    used = {*(name for name, *_ in (*_STYLES, *_ADDED)), "Mono"}
    for style in list(word.styles.element.style_lst):
        base = style.get(qn("w:default")) == "1"
        linked = style.find(qn("w:link"))
        if linked is not None:
            style.remove(linked)
        if not base and style.find(qn("w:name")).get(qn("w:val")) not in _names(used):
            word.styles.element.remove(style)
    for relation, held in list(word.part.rels.items()):
        if held.reltype.endswith(("/stylesWithEffects", "/customXml")):
            del word.part.rels[relation]


def _names(used: set[str]) -> set[str]:
    """Word's own names begin with small letters: `heading 1`."""
    return used | {name.lower() for name in used}


def _look(style: Any, size: float, bold: bool, colour: str, before: float, after: float) -> None:
    properties = style.element.get_or_add_rPr()
    for held in list(properties):
        properties.remove(held)
    _font(properties, _FONT)
    style.font.size, style.font.bold = Pt(size), bold
    style.font.color.rgb = RGBColor.from_string(colour)
    edges = style.element.find(qn("w:pPr"))
    border = None if edges is None else edges.find(qn("w:pBdr"))
    if edges is not None and border is not None:  # the line under the title of the empty template
        edges.remove(border)
    style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
    style.paragraph_format.line_spacing = 1.1


def _font(properties: Any, name: str) -> None:
    """One font for all letters; the theme's fonts would come before it."""
    fonts = OxmlElement("w:rFonts")
    for kind in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{kind}"), name)
    properties.insert(0, fonts)


def _language(word: WordDocument, tag: str) -> None:
    held = word.styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:lang')}")
    held.set(qn("w:val"), tag)
    theme = word.settings.element.find(qn("w:themeFontLang"))
    if theme is not None:
        theme.set(qn("w:val"), tag)
