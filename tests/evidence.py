"""Stored evidence for tests: a vault beside a store, interviews to be checked, media in them."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audit.operations import media as media_operations
from audit.operations import reports, uploads
from audit.operations.media import MediaOrder
from audit.operations.reports import About, Written
from audit.operations.uploads import Intake
from audit.records.evidence import Media, MediaKind
from audit.records.register import Candidate, Consent, Interview
from audit.settings import Jobs, Settings, Storage
from audit.store import Store
from audit.vault import Vault, open_vault
from reports.canonical import canonical
from reports.check_json import check_document
from tests.audit.operations import registered
from tests.reports import material

TENANT = "acme"
QUICK = Jobs(poll_s=0.05, beat_s=0.2, stale_s=1.0, stop_s=5.0)


def wav(seconds: float = 0.5, *, hertz: float = 300.0) -> bytes:
    """A small recording: a tone."""
    times = np.arange(int(8000 * seconds)) / 8000
    samples = (8000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return made.getvalue()


@dataclass(frozen=True, slots=True)
class Shelf:
    """A store with a vault, as tenant `acme` uses them."""

    settings: Settings
    store: Store
    vault: Vault
    intake: Intake

    @classmethod
    def of(cls, store: Store, folder: Path, **storage: Any) -> Shelf:
        """A shelf in a folder."""
        given = {"free_floor_mb": 0, "upload_part_mb": 1, **storage}
        place = Storage(path=folder / "media", scratch_dir=folder / "scratch", **given)
        settings = Settings(data_dir=folder / "data", storage=place, jobs=QUICK)
        vault = open_vault(place, store.ring)
        return cls(settings, store, vault, Intake.of(settings, store, vault))

    def interview(
        self, ref: str = "applicant-1", *places: str, consent: bool = True
    ) -> tuple[Candidate, Interview, Consent | None]:
        """A candidate of New Jersey, whose law asks for no consent before a check, unless said."""
        with self.store.unit(TENANT) as unit:
            candidate = registered.candidate(unit, ref, *(places or ("US-NJ",)))
            interview = registered.interview(unit, candidate)
            given = registered.consent(unit, candidate, "biometric_comparison") if consent else None
        return candidate, interview, given

    def put(self, order: MediaOrder, content: bytes | None = None) -> Media:
        """A stored recording, or reference."""
        content = wav() if content is None else content
        received = uploads.receive(
            self.intake, TENANT, order, chunks=pieces(content), size=len(content)
        )
        with self.store.unit(TENANT) as unit:
            return uploads.finish(unit, received)

    def recording(self, interview: Interview, content: bytes | None = None) -> Media:
        """The recording of an interview."""
        return self.put(MediaOrder(interview_id=interview.id, name="interview"), content)

    def reference(self, candidate: Candidate, content: bytes | None = None) -> Media:
        """A recording that may become a reference."""
        order = MediaOrder(candidate_id=candidate.id, kind=MediaKind.REFERENCE, name="first.wav")
        return self.put(order, content or wav(hertz=200))

    def read(self, media: Media) -> bytes:
        """The plain bytes."""
        return b"".join(media_operations.content(self.vault, TENANT, media))

    def events(self, subject: str) -> list[str]:
        """Kinds of the events of a subject, sealed or not, the oldest first."""
        self.store.seal(TENANT)
        with self.store.stored_log(TENANT) as log:
            entries = list(log.entries())
        return [each.kind.value for each in entries if each.subject == subject]

    def sealed(self, about: About) -> tuple[dict[str, Any], Any]:
        """A document as a check gives it, and its sealed forms."""
        document, written = report()
        return document, reports.seal(self.vault, TENANT, about, written=written, attempt=1)


def report() -> tuple[dict[str, Any], tuple[Written, ...]]:
    """A document and its forms."""
    data = canonical(check_document(material.rich(60.0)))
    forms = (
        Written("result", "application/json", data),
        Written("html", "text/html; charset=utf-8", b"<!doctype html><title>report</title>"),
    )
    return json.loads(data), forms


def found(*_: object) -> tuple[dict[str, Any], dict[float, bytes]]:
    """What a check found, and the frames of its report, in place of a check."""
    return report()[0], {}


def pieces(content: bytes, size: int = 50_000) -> Iterator[bytes]:
    """Content as it comes over a wire."""
    for start in range(0, len(content), size):
        yield content[start : start + size]
