"""Files that are sent from pages: the form is read as it comes, its token before its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fastapi import Response

from api.parts import FieldsAndFile
from api.streaming import Chunks, received
from api.workplace import sessions
from api.workplace.framing import Visit

T = TypeVar("T")
_DRAINED = 64 * 2**20


async def taking_file(
    visit: Visit, work: Callable[[FieldsAndFile, dict[str, str]], Response]
) -> Response:
    """The answer of `work`, which gets the form and its fields and runs in a thread.

    Raises the refusal where the form is not of this session. Where `work` raises, what is still
    coming is read up to a bound: browsers show no answer before they have sent all.
    """
    header = visit.call.request.headers.get("content-type", "")

    def run(chunks: Chunks) -> Response:
        try:
            form = FieldsAndFile(header, chunks)
            fields = form.fields()
            sessions.check_form(visit.who.principal, fields.get("token", ""))
            return work(form, fields)
        except Exception:
            _drain(chunks)
            raise

    return await received(visit.call.request, run)


def _drain(chunks: Chunks) -> None:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _DRAINED:
            return
