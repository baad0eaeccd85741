"""Answers that hold a form of a report, with their headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from audit.records.evidence import Report, ReportFile
from reports.issuing import EXTENSIONS

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
)
_BYTES = {"schema": {"type": "string", "format": "binary"}}
CONTENT: Mapping[str, Any] = {
    "application/json": {"schema": {"type": "object"}},
    "text/html": {"schema": {"type": "string"}},
    "application/pdf": _BYTES,
    "application/zip": _BYTES,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _BYTES,
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file. Its ETag is the SHA-256 of its bytes.",
        "content": dict(CONTENT),
    },
    304: {"description": "The caller has it (If-None-Match)."},
}


def known(request: Request, sha256: str) -> Response | None:
    """304 where the caller has these bytes."""
    tags = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    if f'"{sha256}"' in tags:
        return Response(status_code=304, headers={"ETag": f'"{sha256}"'})
    return None


def file_answer(
    report: Report, file: ReportFile, pieces: Iterator[bytes], more: Mapping[str, str] | None = None
) -> StreamingResponse:
    """The file."""
    headers = {
        "Content-Length": str(file.size_bytes),
        "ETag": f'"{file.sha256}"',
        **(more or {}),
    }
    if file.format == "html":
        headers["Content-Security-Policy"] = PAGE_POLICY
    else:
        headers["Content-Disposition"] = f'attachment; filename="{file_name(report, file.format)}"'
    return StreamingResponse(pieces, media_type=file.media_type, headers=headers)


def file_name(report: Report, format: str) -> str:
    """What a form is called when it is saved."""
    ending: str = dict(EXTENSIONS).get(format, f"{format}.json")  # type: ignore[call-overload]
    return f"{report.id}.{ending}"
