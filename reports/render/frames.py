"""Pictures of evidence with the frame around the place that they show."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from reports.charts.reading import numeric
from reports.document import model as m
from reports.document.pointers import resolve


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture: its attachment, size in pixels, and the framed place x, y, width, height."""

    held: m.Attachment
    width: int
    height: int
    box: tuple[float, float, float, float] | None

    @property
    def bytes(self) -> bytes:
        """The picture's file."""
        return b64decode(self.held.base64)

    def svg(self) -> str:
        """The picture and the frame: dark outside and bright inside, seen on every ground."""
        drawn = ""
        if self.box is not None:
            x, y, w, h = self.box
            for colour, thick in (("#000000", 4), ("#ffb000", 2)):
                drawn += (
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="none" '
                    f'stroke="{colour}" stroke-width="{thick * self.width / 320:.2f}"/>'
                )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}">'
            f'<image width="{self.width}" height="{self.height}" '
            f'href="data:{self.held.media_type};base64,{self.held.base64}"/>{drawn}</svg>'
        )


def frame(document: m.Document, block: m.Picture) -> Frame:
    """What a picture block shows.

    Raises:
        KeyError: the attachment is missing, which `reports.document.check` finds.
    """
    held = {each.sha256: each for each in document.attachments}[block.sha256]
    with Image.open(BytesIO(b64decode(held.base64))) as opened:
        width, height = opened.size
    return Frame(held, width, height, _box(document, block, width, height))


def _box(
    document: m.Document, block: m.Picture, width: int, height: int
) -> tuple[float, float, float, float] | None:
    if block.box is None:
        return None
    shares = [numeric(each) for each in resolve(document.data, block.box)]
    ends = [min(1.0, max(0.0, each)) for each in shares if each is not None]
    if len(ends) != 4:
        return None
    x0, y0, x1, y1 = ends
    return x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height
