"""From what a caller names to open descriptors: a file, an image, a folder or list of images."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import MediaLimitExceeded, MediaUnreadable

if TYPE_CHECKING:
    from audit.settings import Limits

MediaSource = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A media file, a single image, a folder of images, or a list of images."""

SEQUENCE_RATE = 25.0
"""Frames per second of an image sequence that says nothing else."""

JPEGS = (".jpg", ".jpeg", ".jpe")
IMAGE_SUFFIXES = frozenset(
    [*JPEGS, ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".pgm", ".ppm", ".pbm", ".pam"]
)
IMAGE_MB = 256
"""Largest single image of a sequence, MiB; it is held in memory while it is decoded."""


def resolve(source: MediaSource, limits: Limits) -> Path | tuple[Path, ...]:
    """One file, or the images of a sequence in their order (natural order of names in a folder).

    Raises:
        MediaUnreadable: there is no such file, or no image in the folder or list.
        MediaLimitExceeded: more images than `limits.images`.
    """
    if not isinstance(source, str | os.PathLike):
        return _sequence(tuple(Path(item) for item in source), limits, "The list")
    path = Path(source)
    if not path.is_dir():
        return path
    images = [p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES]
    return _sequence(tuple(sorted(images, key=natural)), limits, f"The folder '{path.name}'")


def _sequence(paths: tuple[Path, ...], limits: Limits, holder: str) -> tuple[Path, ...]:
    if not paths:
        raise MediaUnreadable(f"{holder} holds no image. Name image files (jpeg, png, webp ...).")
    if len(paths) > limits.images:
        raise MediaLimitExceeded(
            f"{holder} holds {len(paths)} images, more than {limits.images}. Give fewer, or raise "
            "FAIRWITNESS_LIMITS__IMAGES."
        )
    return paths


def natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts `frame2` before `frame10`."""
    parts = re.findall(r"\d+|\D+", path.name.lower())
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts)


@contextmanager
def opened(path: Path, limits: Limits, *, size: int | None = None) -> Iterator[int]:
    """A read-only descriptor of a regular file within the size limit.

    `size`: bytes that an earlier pass found.

    Raises:
        MediaUnreadable: the file is missing, empty, unreadable, no regular file, or has changed.
        MediaLimitExceeded: the file is larger than `limits.file_mb`.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise MediaUnreadable(f"'{path.name}' cannot be opened: {error.strerror}.") from error
    except ValueError as error:
        raise MediaUnreadable(f"'{path.name}' is no usable file name.") from error
    try:
        status = os.fstat(fd)
        _admit(path, status, limits)
        if size is not None and status.st_size != size:
            raise MediaUnreadable(f"'{path.name}' changed while it was read. Try again.")
        yield fd
    finally:
        os.close(fd)


def _admit(path: Path, status: os.stat_result, limits: Limits) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise MediaUnreadable(f"'{path.name}' is not a regular file. Give a media file.")
    if status.st_size == 0:
        raise MediaUnreadable(f"'{path.name}' is empty. Give a media file.")
    if status.st_size > limits.file_mb << 20:
        raise MediaLimitExceeded(
            f"'{path.name}' is larger than {limits.file_mb} MiB. Give a smaller file, or raise "
            "FAIRWITNESS_LIMITS__FILE_MB."
        )


def digest(fd: int) -> str:
    """SHA-256 of the whole file behind a descriptor, in hexadecimal; leaves its offset alone."""
    sha = hashlib.sha256()
    at = 0
    while block := os.pread(fd, 1 << 20, at):
        sha.update(block)
        at += len(block)
    return sha.hexdigest()


def image_bytes(path: Path, limits: Limits) -> bytes:
    """The whole of one image file."""
    with opened(path, limits) as fd:
        size = os.fstat(fd).st_size
        if size > IMAGE_MB << 20:
            raise MediaLimitExceeded(f"'{path.name}' is larger than {IMAGE_MB} MiB for one image.")
        return os.pread(fd, size, 0)
