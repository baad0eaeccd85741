"""Turns a matplotlib figure into SVG that sits inside a page and follows its light or dark theme.

Figures are drawn in stand-in colours, one per name in `TONES`; here they become classes, which the
style sheet `audit.css` colours. No style attribute, metadata, date or random id is left, so a page
that forbids inline styles can hold the SVG, and the same figure always gives the same bytes.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import matplotlib as mpl
from matplotlib.figure import Figure

GROUP_TONES = tuple(f"g{i}" for i in range(8))
"""Colours of groups, safe for common colour blindness; later groups start again with new marks."""

TONES = {
    name: f"#0000{number:02x}"
    for number, name in enumerate(
        (
            *("ink", "soft", "line", "sheet", "faint", "limit"),
            *("adverse", "small_numbers", "significant_above_four_fifths"),
            *("undetectable", "no_indication", "reference", "mark"),
            *GROUP_TONES,
        ),
        start=0x20,
    )
}
"""Stand-in colours by the name that the style sheet knows."""

RC = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fairwitness",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": TONES["ink"],
    "axes.edgecolor": TONES["line"],
    "axes.labelcolor": TONES["soft"],
    "axes.labelsize": 9.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlecolor": TONES["ink"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "xtick.color": TONES["line"],
    "xtick.labelcolor": TONES["soft"],
    "ytick.color": TONES["line"],
    "ytick.labelcolor": TONES["ink"],
    "grid.color": TONES["line"],
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.labelcolor": TONES["ink"],
    "legend.fontsize": 9,
}
"""Settings under which every figure is made and written."""

_SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
_TONE_OF = {colour: name for name, colour in TONES.items()}
_KEPT = frozenset(
    {
        *("stroke-width", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap"),
        *("stroke-linejoin", "opacity", "fill-opacity", "stroke-opacity", "font-size"),
        *("font-weight", "text-anchor"),
    }
)


def inline_svg(figure: Figure, *, key: str, title: str, summary: str) -> str:
    """The figure as one `<svg>` element.

    `key`: letters, digits and hyphens, unique on the page; every id starts with it. `title` and
    `summary` are read to those who cannot see the picture.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", key):
        raise ValueError(f"not a key for ids: {key!r}")
    written = io.StringIO()
    with mpl.rc_context(RC):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    root = ET.fromstring(written.getvalue())  # noqa: S314  matplotlib wrote it
    _drop_furniture(root)
    _classes_for_styles(root)
    _own_ids(root, key)
    _name(root, key, title=title, summary=summary)
    ET.register_namespace("", _SVG)
    _shorten(root)
    return ET.tostring(root, encoding="unicode")


def _drop_furniture(root: ET.Element) -> None:
    """Without metadata, style sheets and the empty background."""
    for parent in list(root.iter()):
        for child in list(parent):
            local = _local(child)
            if local in ("metadata", "style") or (local == "g" and _is_background(child)):
                parent.remove(child)
            child.tail = None
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)


def _is_background(group: ET.Element) -> bool:
    paths = list(group)
    return group.get("id", "").startswith("patch_") and all(
        _local(path) == "path"
        and "fill: none" in path.get("style", "")
        and "stroke:" not in path.get("style", "")
        for path in paths
    )


def _classes_for_styles(root: ET.Element) -> None:
    for element in root.iter():
        classes = []
        for name, value in _declarations(element.attrib.pop("style", "")):
            tone = _TONE_OF.get(value.lower())
            if name in ("fill", "stroke") and tone:
                classes.append(f"{name[0]}-{tone}")
            elif name in ("fill", "stroke") or name in _KEPT:
                element.set(name, value)
            elif name == "font":
                element.set("font-size", _size(value))
        if classes:
            element.set("class", " ".join(classes))


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for declaration in style.split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            yield name.strip(), value.strip()


def _size(font: str) -> str:
    found = re.search(r"([\d.]+)px", font)
    return found[1] if found else "10"


def _own_ids(root: ET.Element, key: str) -> None:
    """Only ids that something points to stay, with the key before them."""
    used = {e.get(_HREF, "")[1:] for e in root.iter()}
    for element in root.iter():
        for value in element.attrib.values():
            used.update(re.findall(r"url\(#([^)]+)\)", value))
    for element in root.iter():
        name = element.attrib.pop("id", None)
        if name in used:
            element.set("id", f"{key}-{name}")
        target = element.attrib.pop(_HREF, None)
        if target is not None:
            element.set("href", f"#{key}-{target[1:]}")
        clip = element.get("clip-path")
        if clip:
            element.set("clip-path", clip.replace("url(#", f"url(#{key}-"))


def _shorten(root: ET.Element) -> None:
    """Two decimals, no idle rotations, no groups around single elements."""
    for element in root.iter():
        for name in ("d", "x", "y", "transform", "viewBox", "points", "width", "height"):
            if name in element.attrib:
                value = re.sub(r"\d+\.\d{3,}", _two_decimals, element.attrib[name])
                element.set(name, " ".join(value.split()))
        if re.fullmatch(r"rotate\(-?0 .*\)", element.get("transform", "")):
            del element.attrib["transform"]
    _unwrap(root)


def _unwrap(root: ET.Element) -> None:
    for parent in list(root.iter()):
        for place, child in enumerate(list(parent)):
            inner = child
            while _local(inner) == "g" and not inner.attrib and len(inner) == 1:
                inner = inner[0]
            parent[place] = inner
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child) in ("g", "defs") and not len(child):
                parent.remove(child)


def _two_decimals(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def _name(root: ET.Element, key: str, *, title: str, summary: str) -> None:
    root.set("role", "img")
    root.set("focusable", "false")
    root.set("class", "graph")
    root.set("aria-labelledby", f"{key}-title {key}-desc")
    for tag, text in (("desc", summary), ("title", title)):
        element = ET.Element(f"{{{_SVG}}}{tag}", {"id": f"{key}-{tag}"})
        element.text = text
        root.insert(0, element)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
