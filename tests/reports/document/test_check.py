"""Each kind of fault is found, alone, in a document that has no other."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest

from reports.document import model as m
from reports.document.check import faults, inlines
from tests.reports.render.samples import SAMPLES

PICTURE = b"\x89PNG\r\n\x1a\nand more"
HELD = hashlib.sha256(PICTURE).hexdigest()
DATA: dict[str, Any] = {
    "n": 5,
    "rows": [{"name": "a", "v": 0.5, "why": None}, {"name": "b", "v": None, "why": "few"}],
    "box": [0.1, 0.2, 0.3, 0.4],
    "none": None,
}


def shown(at: str = "/n", show: str = "integer", text: str = "5") -> m.Shown:
    """A value in a sentence."""
    return m.Shown(at=at, show=show, text=text)


def column(at: str = "/v", show: str = "percent", **more: Any) -> m.Column:
    """A column of the table."""
    return m.Column(title=("Column",), at=at, show=show, **more)


def table(**more: Any) -> m.Table:
    """A table without a fault."""
    held: dict[str, Any] = {"id": "t", "title": ("Table",), "rows": "/rows", "columns": (column(),)}
    return m.Table(**{**held, **more})


def chart(**more: Any) -> m.Chart:
    """A chart without a fault."""
    held = {"id": "c", "kind": "bars", "title": ("C",), "caption": ("C",), "rows": "/rows"}
    return m.Chart(**{**held, "label": column("/name", "text"), "value": column(), **more})


def picture(**more: Any) -> m.Picture:
    """A picture without a fault."""
    return m.Picture(**{"sha256": HELD, "alt": ("A",), "caption": ("C",), "box": "/box", **more})


def attachment(**more: Any) -> m.Attachment:
    """What the picture shows."""
    held = {"sha256": HELD, "media_type": "image/png", "base64": b64encode(PICTURE).decode()}
    return m.Attachment(**{**held, **more})


def heading(level: Any = 2, name: str = "h") -> m.Heading:
    """A heading."""
    return m.Heading(id=name, level=level, text=("Section",))


def document(*blocks: m.Block, data: Mapping[str, Any] = DATA, **more: Any) -> m.Document:
    """A document of these blocks."""
    held: dict[str, Any] = {
        "kind": "governance",
        "id": "r",
        "title": ("Title",),
        "issued_at": "2026-03-01T09:30:00Z",
        "software": m.Software(version="0", rules="1"),
        "attachments": (attachment(),),
    }
    return m.Document(**{**held, "data": dict(data), "blocks": blocks, **more})


def text(*pieces: str | m.Shown) -> m.Text:
    """A paragraph."""
    return m.Text(text=pieces)


def test_a_sound_document_has_none() -> None:
    blocks = (heading(), text("There are ", shown(), "."), table(), chart(), picture())
    assert faults(document(*blocks)) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_have_none(name: str) -> None:
    assert faults(SAMPLES[name]()) == []


KEY = m.Key(label=("Label",), value=shown())
FIELD = m.PackField(
    id="f.1", title=("T",), citation=("C",), status="in_force", read="primary", answered="open"
)
FAULTY: dict[str, tuple[m.Block, str]] = {
    "a figure in plain text": (text("There are 5."), "no field"),
    "a figure as a fraction": (text("There are ½."), "no field"),
    "another text than the data's": (text(shown(text="6")), "says '5'"),
    "a pointer that leads nowhere": (text(shown(at="/m")), "no member 'm'"),
    "a value that does not fit": (text(shown(at="/rows", show="integer")), "cannot be written"),
    "an unknown way": (text(shown(show="loudly")), "no way of writing"),
    "an unknown word": (text(shown(show="word:tone")), "no word tone.5"),
    "in a heading": (m.Heading(id="h", level=2, text=("Section 7",)), "no field"),
    "in a point": (m.Points(items=(("One",), ("7",))), "no field"),
    "in a notice's title": (m.Notice(tone="limit", title=("7",), text=("T",)), "no field"),
    "in a notice's text": (m.Notice(tone="limit", title=("T",), text=("7",)), "no field"),
    "in a key's label": (m.Figures(items=(KEY.model_copy(update={"label": ("7",)}),)), "no field"),
    "in a key's note": (m.Figures(items=(KEY.model_copy(update={"note": ("7",)}),)), "no field"),
    "in a key's value": (
        m.Figures(items=(KEY.model_copy(update={"value": shown(text="9")}),)),
        "says '5'",
    ),
    "in figures' title": (m.Figures(title=("7",), items=(KEY,)), "no field"),
    "in a table's title": (table(title=("Table 7",)), "no field"),
    "in a table's note": (table(note=("7",)), "no field"),
    "in what stands for no rows": (table(empty=("7",)), "no field"),
    "in a column's title": (
        table(columns=(column().model_copy(update={"title": ("7",)}),)),
        "no field",
    ),
    "in what stands for null": (table(columns=(column(empty="0"),)), "no field"),
    "in a chart's caption": (chart(caption=("7",)), "no field"),
    "in a line's label": (chart(lines=(m.Line(at="/n", label=("7",)),)), "no field"),
    "in a picture's alternative": (picture(alt=("7",)), "no field"),
    "in a field's answer": (
        m.Fields(id="f", title=("T",), items=(FIELD.model_copy(update={"answer": ("7",)}),)),
        "no field",
    ),
    "in a field's citation": (
        m.Fields(id="f", title=("T",), items=(FIELD.model_copy(update={"citation": ("§ 7",)}),)),
        "no field",
    ),
    "a list that is not there": (table(rows="/nobody"), "no member"),
    "a list that is none": (table(rows="/n"), "not a list"),
    "a column that items lack": (table(columns=(column("/w"),)), "row "),
    "a cell that does not fit": (table(columns=(column("/name"),)), "row "),
    "a reason that items lack": (table(columns=(column(empty_at="/reason"),)), "row "),
    "a chart's list": (chart(rows="/n"), "not a list"),
    "a chart's value": (chart(value=column("/name")), "row "),
    "a chart's end": (chart(low=column("/w")), "row "),
    "a line's place": (chart(lines=(m.Line(at="/m", label=("Line",)),)), "no member 'm'"),
    "a heading two levels down": (heading(3), "from level 1 to 3"),
    "a picture that is not attached": (picture(sha256="0" * 64), "not attached"),
    "a frame that is not there": (picture(box="/boxes"), "no member"),
    "a frame that is none": (picture(box="/rows"), "no frame"),
}


@pytest.mark.parametrize("case", FAULTY)
def test_each_fault_is_found(case: str) -> None:
    block, expected = FAULTY[case]
    found = faults(document(block))
    assert found
    assert all(expected in fault for fault in found)


@pytest.mark.parametrize(
    "box",
    [
        *([0, 0, 1], [0, 0, 1, 1, 1], [0, 0, 1, 2], [0.5, 0, 0.4, 1], [0, 0.5, 1, 0.4]),
        *([-0.1, 0, 1, 1], [0, 0, 1, None], [0, 0, 1, "1"], {"x": 0}, "abcd", 7, [True] * 4),
    ],
)
def test_frames_lie_in_their_picture(box: Any) -> None:
    found = faults(document(picture(), data={**DATA, "box": box}))
    assert len(found) == 1
    assert "no frame" in found[0]


def test_no_frame_is_no_fault() -> None:
    assert faults(document(picture(), data={**DATA, "box": None})) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"base64": "?"}, "not base64"),
        ({"base64": b64encode(PICTURE + b"x").decode()}, "another hash"),
        ({"media_type": "image/jpeg"}, "not of the kind"),
    ],
)
def test_attachments_are_what_they_say(change: dict[str, Any], expected: str) -> None:
    found = faults(document(picture(), attachments=(attachment(**change),)))
    assert len(found) == 1
    assert expected in found[0]


def test_names_are_unique_over_all_kinds() -> None:
    assert "two blocks" in faults(document(table(id="x"), chart(id="x")))[0]
    assert "two blocks" in faults(document(heading(name="x"), table(id="x")))[0]


def test_levels_may_go_up_at_once() -> None:
    levels = (2, 3, 4, 2, 3, 3, 2)
    assert faults(document(*(heading(level, f"h{n}") for n, level in enumerate(levels)))) == []


def test_titles_are_checked() -> None:
    assert "no field" in faults(document(title=("Title 7",)))[0]
    assert "says '5'" in faults(document(subtitle=(shown(text="7"),)))[0]


@pytest.mark.parametrize("moment", ["2026-13-01T09:30:00Z", "2026-03-01T25:30:00Z"])
def test_a_document_is_issued_at_a_moment(moment: str) -> None:
    assert "no moment" in faults(document(issued_at=moment))[0]


def test_a_change_of_the_data_changes_every_sentence_of_it() -> None:
    """Acceptance: each sentence with a number comes from a field."""
    made = document(text("There are ", shown(), "."), m.Figures(items=(KEY,)))
    changed = made.model_copy(update={"data": {**DATA, "n": 6}})
    assert len(faults(changed)) == 2


def test_all_sentences_are_found() -> None:
    made = document(text(shown()), m.Figures(title=("T",), items=(KEY, KEY)), table(note=("N",)))
    found = list(inlines(made))
    assert found.count((shown(),)) == 3
    assert ("T",) in found and ("N",) in found and ("Column",) in found and ("Title",) in found
