"""Writing reports into a folder: each file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import cv2

from audit.errors import InputError
from audit.media import MediaSource, grab
from audit.result import CheckResult, ComparisonResult
from audit.settings import Settings
from reports.check_html import render_check, wanted_thumbnails
from reports.check_json import canonical, check_document
from reports.comparison import comparison_document, render_comparison

THUMBNAIL_SIDE = 320
JPEG_QUALITY = 80


def write_check(result: CheckResult, source: MediaSource, settings: Settings, out: Path) -> Path:
    """Write report.json and report.html into `out`; the page's path.

    Raises:
        InputError: the folder cannot be made or written.
    """
    page = render_check(result, thumbnails(result, source, settings))
    target = made_folder(out)
    write_whole(target / "report.json", canonical(check_document(result)))
    write_whole(target / "report.html", page.encode())
    return target / "report.html"


def write_comparison(result: ComparisonResult, out: Path) -> Path:
    """Write comparison.json and comparison.html into `out`; the page's path.

    Raises:
        InputError: the folder cannot be made or written.
    """
    target = made_folder(out)
    write_whole(target / "comparison.json", canonical(comparison_document(result)))
    write_whole(target / "comparison.html", render_comparison(result).encode())
    return target / "comparison.html"


def thumbnails(result: CheckResult, source: MediaSource, settings: Settings) -> dict[float, bytes]:
    """JPEG pictures at the times that the report wants to show; those unreadable are left out."""
    times = wanted_thumbnails(result)
    if not times or result.interview.facts.video is None:
        return {}
    try:
        pictures = grab(source, result.interview.facts, times, settings.limits, THUMBNAIL_SIDE)
    except InputError:
        # The frames were read before; a file that cannot be read a second time costs pictures only.
        return {}
    found: dict[float, bytes] = {}
    for time_s, picture in zip(times, pictures, strict=False):
        if picture.image is not None:
            ok, data = cv2.imencode(".jpg", picture.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            if ok:
                found[time_s] = data.tobytes()
    return found


def made_folder(out: Path) -> Path:
    """The folder, made if missing; InputError where it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--out {out}: {error.strerror}. Name a folder that can be written."
        ) from error
    return out


def write_whole(path: Path, data: bytes) -> None:
    """Write beside the target and rename: an older report is never left half overwritten."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}. Free space or name another folder.") from error
