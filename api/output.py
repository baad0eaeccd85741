"""Writing reports into a folder: each file whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2

from api.report_keys import local_signer
from api.thread_files import Read
from audit.canonical import parse_json
from audit.errors import InputError
from audit.facts import MediaFacts
from audit.ledger import HeadSigner
from audit.media import MediaSource, grab
from audit.result import CheckResult, ComparisonResult
from audit.settings import Settings
from reports.canonical import canonical
from reports.check_json import check_document
from reports.comparison import comparison_document
from reports.compose import interview, thread
from reports.document.draft import Issue
from reports.document.model import Document, Source
from reports.documents import AnswersEntry
from reports.issuing import EXTENSIONS, Format, issue_files

FORMATS: tuple[Format, ...] = ("json", "html", "pdf")
RESULT = "result.json"
THUMBNAIL_SIDE = 320
JPEG_QUALITY = 80


def write_check(
    result: CheckResult,
    source: MediaSource,
    settings: Settings,
    out: Path,
    *,
    answers: AnswersEntry | None = None,
) -> Path:
    """Write result.json and the signed report.json, .html and .pdf into `out`; the page's path.

    `answers`: who answered which question, where answers were marked.

    Raises:
        InputError: the folder cannot be made or written.
        ReportKeyUnusable: there is no key to sign with.
    """
    signer = local_signer(settings)
    check = as_read(check_document(result, answers))
    issue = Issue(
        id=f"check-{check['run']['content_sha256'][:16]}",
        issued_at=now(),
        sources=interview.sources(check),
    )
    frames = thumbnails(check, result, source, settings)
    return _write(check, interview.compose(check, issue, frames=frames), signer, out)


def write_comparison(result: ComparisonResult, settings: Settings, out: Path) -> Path:
    """Write result.json and the signed report.json, .html and .pdf into `out`; the page's path.

    Raises as `write_check` does.
    """
    signer = local_signer(settings)
    comparison = as_read(comparison_document(result))
    given = thread.of_comparison(comparison)
    issue = Issue(
        id=f"comparison-{comparison['run']['content_sha256'][:16]}",
        issued_at=now(),
        sources=thread.sources(given),
    )
    return _write(comparison, thread.compose(given, issue), signer, out)


def write_thread(read: Read, settings: Settings, out: Path) -> Path:
    """Write result.json and the signed report.json, .html and .pdf into `out`; the page's path.

    Raises as `write_check` does.
    """
    signer = local_signer(settings)
    facts = as_read(read.facts())
    sources = tuple(
        Source(name="recording", id=label, sha256=sha256)
        for label, sha256 in zip(read.labels, read.hashes, strict=True)
    )
    made = hashlib.sha256("".join(read.hashes).encode()).hexdigest()[:16]
    issue = Issue(id=f"thread-{made}", issued_at=now(), sources=sources)
    return _write({"said": read.said, **facts}, thread.compose(facts, issue), signer, out)


def now() -> str:
    """This moment, as documents write when they were issued: no earlier than their key."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_read(document: Mapping[str, object]) -> dict[str, Any]:
    """A result as whoever reads its file has it: whole numbers without a point."""
    held: Any = parse_json(canonical(document))
    return dict(held)


def _write(result: Mapping[str, Any], report: Document, signer: HeadSigner, out: Path) -> Path:
    target = made_folder(out)
    files = issue_files(report, signer, formats=FORMATS)
    write_whole(target / RESULT, canonical(result))
    for format, data in files.items():
        write_whole(target / f"report.{EXTENSIONS[format]}", data)
    return target / f"report.{EXTENSIONS['html']}"


def thumbnails(
    check: Mapping[str, Any], result: CheckResult, source: MediaSource, settings: Settings
) -> dict[float, bytes]:
    """JPEG pictures at the times that the report wants to show; those unreadable are left out."""
    return frames_at(interview.wanted_frames(check), result.interview.facts, source, settings)


def frames_at(
    times: Sequence[float], facts: MediaFacts, source: MediaSource, settings: Settings
) -> dict[float, bytes]:
    """JPEG pictures at times, seconds; those unreadable are left out."""
    if not times or facts.video is None:
        return {}
    try:
        pictures = grab(source, facts, times, settings.limits, THUMBNAIL_SIDE)
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
