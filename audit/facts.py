"""What a file says about itself, from its headers and packets alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["video", "audio"]


@dataclass(frozen=True, slots=True)
class Packets:
    """Every packet of one stream in file order, as columns of length n.

    `pts_s`/`dts_s` are NaN where the container gives none. `position` is the byte offset in the
    file (-1 unknown).
    """

    pts_s: NDArray[np.float64]
    dts_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    size: NDArray[np.int64]
    keyframe: NDArray[np.bool_]
    position: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stream:
    """One audio or video stream.

    Attributes:
        index: in the file. codec: libav's name. profile: as the codec names it, or "".
        start_s: first presentation time on the recording's clock. duration_s: declared, or None.
        width, height: coded size, pixels (video). rotation: degrees to turn clockwise for display.
        mirrored: the picture is to be flipped left to right before it is turned.
        declared_rate: frames per second from the header (video), or None.
        average_rate: frames per second that the container averages, or None.
        sample_rate, channels: audio.
        tags: metadata of the stream (handler_name, encoder, language ...).
        side: user-data texts found in the first packets and headers (the x264 settings line, ...).
    """

    index: int
    kind: Kind
    codec: str
    profile: str
    start_s: float
    duration_s: float | None
    time_base: tuple[int, int]
    packets: Packets
    width: int = 0
    height: int = 0
    rotation: int = 0
    pixel_format: str = ""
    declared_rate: float | None = None
    average_rate: float | None = None
    sample_rate: int = 0
    channels: int = 0
    bit_rate: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    side: tuple[str, ...] = ()
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class EditList:
    """One entry of an mp4/mov edit list: media_time -1 is an empty edit (a delay)."""

    track: int
    duration_s: float
    media_time_s: float
    rate: float


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """Headers and packets of one file.

    Attributes:
        sha256, size: of the whole file. format: libav's name(s). brand: major brand of ISO files.
        duration_s: on the recording's clock: the latest end of any packet, else declared, else 0.
        streams: audio and video only; `others` names the rest.
        edits: mp4/mov edit lists.
        boxes: for ISO files the order of top-level boxes.
        problems: what could not be read, in plain words. A file with problems is partial.
        origin_s: the recording's 0 on the file's own clock.
    """

    sha256: str
    size: int
    format: str
    duration_s: float
    streams: tuple[Stream, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    brand: str = ""
    boxes: tuple[str, ...] = ()
    edits: tuple[EditList, ...] = ()
    others: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    origin_s: float = 0.0

    def _first(self, kind: Kind) -> Stream | None:
        found = [s for s in self.streams if s.kind == kind]
        return max(found, key=lambda s: len(s.packets.size)) if found else None

    @property
    def video(self) -> Stream | None:
        """The video stream with most packets."""
        return self._first("video")

    @property
    def audio(self) -> Stream | None:
        """The audio stream with most packets."""
        return self._first("audio")
