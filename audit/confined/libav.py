"""Opening a hostile file with libav: known formats and decoders, no other file, bounded."""

from __future__ import annotations

import gc
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
import av.error
import av.logging

# PyAV imports these when it first meets a subtitle stream; by then no file can be opened any more.
import av.subtitles.codeccontext
import av.subtitles.stream

from audit.confined.channel import Refused

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "mpeg",
    "mpegts",
    "mpegvideo",
    "wav",
    "w64",
    "mp3",
    "aac",
    "ogg",
    "flac",
    "amr",
    "aiff",
    "caf",
    "flv",
)
IMAGES = (
    "jpeg_pipe",
    "png_pipe",
    "webp_pipe",
    "tiff_pipe",
    "bmp_pipe",
    "pgm_pipe",
    "ppm_pipe",
    "pbm_pipe",
    "pam_pipe",
    "gif",
    "apng",
)
"""libav's demuxers that may be used. None of them is a playlist, opens a second file or a
network address; subtitles and raw streams without timestamps are left out."""

DECODERS = (
    "h264 hevc av1 libdav1d libaom-av1 vp8 vp9 libvpx libvpx-vp9 theora mpeg1video mpeg2video "
    "mpegvideo mpeg4 msmpeg4v2 msmpeg4v3 h263 h263i flv vc1 wmv3 mjpeg prores dnxhd dvvideo "
    "ffv1 huffyuv ffvhuff utvideo rawvideo png apng gif webp webp_anim tiff bmp pgm pgmyuv ppm "
    "pbm pam aac aac_latm mp3 mp3float mp2 mp2float mp1 mp1float ac3 eac3 opus libopus vorbis "
    "libvorbis flac alac amrnb amrwb libopencore_amrnb libopencore_amrwb wmav1 wmav2 wavpack "
    "speex libspeex adpcm_ms adpcm_ima_wav adpcm_ima_qt g722 gsm gsm_ms pcm_alaw pcm_mulaw pcm_u8 "
    "pcm_s8 pcm_s16le pcm_s16be pcm_u16le pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_s64le "
    "pcm_f32le pcm_f32be pcm_f64le pcm_f64be pcm_bluray pcm_dvd"
)
"""libav's decoders that may be used: what recorders, browsers and cameras write, of some four
hundred that a hostile file could otherwise choose from."""

BUFFER_BYTES = 1 << 18
JPEG = b"\xff\xd8\xff"

FAULTS = (av.error.FFmpegError, ValueError, OverflowError, UnicodeError)
"""What PyAV raises on broken files, beside `MemoryError`, which stays fatal."""


@contextmanager
def opened(source: Any) -> Iterator[Any]:
    """The input container over the seekable object `source`.

    Frame sizes are bounded by memory alone here, so that `prepare` can still name them.
    """
    av.logging.set_level(None)
    source.seek(0)
    # libav takes a photo with further pictures behind it for a stream of them.
    known = "jpeg_pipe" if source.read(3) == JPEG else None
    source.seek(0)
    options = {
        "format_whitelist": ",".join(CONTAINERS + IMAGES),
        "protocol_whitelist": "none",
        "codec_whitelist": DECODERS.replace(" ", ","),
        "threads": "1",
    }
    try:
        container = av.open(
            source,
            format=known,
            options=options,
            metadata_errors="replace",
            buffer_size=BUFFER_BYTES,
        )
    except MemoryError:
        raise
    except FAULTS as error:
        raise Refused("unreadable", _unopened(error)) from error
    with container:
        yield container


def _unopened(error: Exception) -> str:
    detail = words(error)
    if isinstance(error, av.error.InvalidDataError) or "Invalid" in detail:
        return (
            "This is not a media file that can be read: no known video, audio or image format was "
            "recognised, or its headers are broken. Give a file that plays in an ordinary player."
        )
    return f"The file cannot be opened as media ({detail}). Re-encode it and try again."


def words(error: Exception) -> str:
    """libav's own sentence about a failure."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).rstrip(".")[:200]


def packets(container: Any, streams: list[Any], most: int) -> Iterator[Any]:
    """Packets of `streams` in file order; refuses after `most`. Ends where reading fails.

    Raises:
        Broken: reading failed before the end of the file.
    """
    count = 0
    demuxed = container.demux(streams)
    while True:
        try:
            packet = next(demuxed, None)
        except FAULTS as error:
            raise Broken(words(error)) from error
        if packet is None:
            return
        if packet.size == 0 and packet.dts is None and packet.pts is None:
            continue
        count += 1
        if count > most:
            raise Refused(
                "limit",
                f"The file holds more than {most} packets. Give a shorter file, or raise "
                "FAIRWITNESS_LIMITS__PACKETS.",
            )
        yield packet


class Broken(Exception):
    """Reading packets failed in the middle; what came before is good."""


def is_still(container: Any) -> bool:
    """Whether the container is one image; libav would cut it into pieces at embedded previews."""
    name: str = container.format.name
    return name.endswith("_pipe")


def prepare(stream: Any, limits: dict[str, Any]) -> Any:
    """The stream's decoder, single-threaded and bounded, or None where libav has none.

    Raises:
        Refused: its frames have more pixels than `limits` allow.
    """
    name = "still_pixels" if is_still(stream.container) else "pixels"
    pixels = limits[name]
    context = stream.codec_context
    if context is None or context.codec.name not in DECODERS.split():
        return None
    context.thread_count = 1
    context.options = {**context.options, "max_pixels": str(pixels)}
    if stream.type == "video":
        if context.width * context.height > pixels:
            raise Refused(
                "limit",
                f"The picture is {context.width} x {context.height}, more than {pixels} pixels. "
                f"Give a smaller picture, or raise FAIRWITNESS_LIMITS__{name.upper()}.",
            )
        context.copy_opaque = True
    return context


def matrix_turn(data: bytes) -> tuple[int, bool] | None:
    """Clockwise quarter turns and mirroring of a libav display matrix (nine int32, 16.16).

    The picture is first mirrored left to right where asked, then turned. None where the matrix is
    no such thing.
    """
    if len(data) < 36:
        return None
    a, b, _, c, d, _, _, _, _ = struct.unpack("=9i", data[:36])
    determinant = a * d - b * c
    if determinant == 0:
        return None
    mirrored = determinant < 0
    if mirrored:
        a, b = -a, -b
    quarter_turns = round(math.degrees(math.atan2(b, a)) / 90.0) % 4
    return quarter_turns, mirrored


class Turns:
    """How decoded frames have to be turned for display: clockwise quarter turns, mirrored.

    PyAV ties a frame whose side data were listed into a reference cycle, which keeps its pixels
    until the collector runs; so they are listed only where the angle changes.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, bool]] = {}

    def of(self, frame: Any) -> tuple[int, bool]:
        """The turn of one frame."""
        angle = frame.rotation
        if angle not in self._known:
            self._known = {angle: _listed_turn(frame, angle)}
            gc.collect()
        return self._known[angle]


def _listed_turn(frame: Any, angle: int) -> tuple[int, bool]:
    try:
        for side in frame.side_data:
            if side.type.name == "DISPLAYMATRIX":
                return matrix_turn(bytes(side)) or (0, False)
    except ValueError:
        # PyAV 18 cannot list side data of a kind it does not know (EXIF); it still has the angle.
        return (round(-angle / 90.0) % 4 if abs(angle) <= 180 else 0), False
    return 0, False
