"""Nothing of an erased candidate is left: rows of every table, bytes of the database, all files."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from audit.operations import erasure, oversight_jobs, references, templates
from audit.operations.references import NewReference
from audit.operations.templates import Made
from audit.records.biometrics import Modality
from audit.store import Store
from audit.tables import Base
from tests.evidence import TENANT, Shelf, wav

NAME = "zoltana-quibbleworth-77"
FACE = "face/net/1/0123456789abcdef"
VECTOR = np.linspace(0.123, 0.987, 64).astype(np.float32)


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf.of(store, tmp_path)


def traces(store: Store, url: str, folder: Path, marks: dict[str, bytes]) -> set[str]:
    """Which marks are in any row, in any file below a folder, or in SQLite's own file."""
    with store.system(read_only=True) as connection:
        rows = [
            repr(tuple(row)).encode() + b"".join(v for v in row if isinstance(v, bytes))
            for table in Base.metadata.sorted_tables
            for row in connection.execute(table.select())
        ]
    files = [p for p in folder.rglob("*") if p.is_file()]
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        with contextlib.closing(sqlite3.connect(path)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        files += path.parent.glob(f"{path.name}*")
    held = [*rows, *(p.read_bytes() for p in files), *(str(p).encode() for p in files)]
    return {name for name, mark in marks.items() if any(mark in each for each in held)}


def removed(shelf: Shelf, candidate_id: str) -> None:
    """Does the job that removes stored bytes."""
    job = SimpleNamespace(
        tenant=TENANT,
        subject=candidate_id,
        check_cancelled=lambda: None,
        progress=lambda *_: None,
        completing=contextlib.nullcontext,
    )
    oversight_jobs.handlers(shelf.store, shelf.vault)[erasure.JOB](cast("Any", job))


def test_an_erased_candidate_leaves_no_trace(
    shelf: Shelf, database_url: str, tmp_path: Path
) -> None:
    candidate, interview, consent = shelf.interview(NAME)
    assert consent is not None
    recording = shelf.recording(interview, wav(hertz=411))
    stored = shelf.reference(candidate, wav(hertz=233))
    with shelf.store.unit(TENANT) as unit:
        new = NewReference(media_id=stored.id, consent_id=consent.id, label=f"Of {NAME}")
        reference = references.add_reference(unit, candidate.id, new)
        made = Made(
            modality=Modality.FACE,
            space=FACE,
            segment=0,
            start_s=0.0,
            end_s=1.0,
            amount=3.0,
            quality=0.5,
            conditions={},
            vector=VECTOR,
        )
        sealed = templates.enrol(unit, reference, [made], {Modality.FACE: FACE})[0].sealed
    marks = {
        "name": NAME.encode(),
        "vector": VECTOR.tobytes()[:32],
        "sealed template": sealed[40:72],
        "recording": wav(hertz=411)[2000:2064],
        "reference": wav(hertz=233)[2000:2064],
        "files": recording.id.encode(),
    }
    before = traces(shelf.store, database_url, tmp_path, marks)
    assert before == {"name", "sealed template", "files"}, "else the search itself does not work"
    with shelf.store.unit(TENANT) as unit:
        assert erasure.erase_candidate(unit, candidate.id).complete
    removed(shelf, candidate.id)
    del marks["files"]  # that there was such a recording stays, as the ledger's proof
    assert traces(shelf.store, database_url, tmp_path, marks) == set()
    left = [path.name for path in (tmp_path / "media").rglob("*") if path.is_file()]
    assert not [name for name in left if recording.id in name or stored.id in name]
    with shelf.store.reading(TENANT) as unit:
        assert not list(templates.gallery(unit, FACE, shelf.store.now()))
