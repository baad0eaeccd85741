"""Texts of documents hold what every format can hold, and nothing that turns others around."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from reports.document.characters import printable


def test_controls_are_pictures_and_marks_of_direction_are_replaced() -> None:
    assert printable("a\x00b\x1bc\x7f") == "a␀b␛c␡"
    assert printable("\u202eevil\u2066x") == "\ufffdevil\ufffdx"
    assert printable("line\nand\ttab") == "line\nand\ttab"
    assert printable("שלום é 漢字 👩🏽‍💻") == "שלום é 漢字 👩🏽‍💻"


@given(st.text())
def test_any_text_fits_into_xml(text: str) -> None:
    element = etree.Element("a")
    element.text = printable(text)
    assert etree.fromstring(etree.tostring(element)).text in (element.text, None)


@given(st.text())
def test_it_is_done_once(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    assert len(printable(text)) == len(text)
