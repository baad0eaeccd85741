"""Nothing of an erased candidate is left: rows of every table, bytes of the database, all files."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from api.tasks import Bench, forgetting
from audit.operations import (
    erasure,
    oversight_jobs,
    references,
    searches,
    shared,
    templates,
)
from audit.operations.references import NewReference
from audit.operations.templates import Made
from audit.records.biometrics import Modality, Template
from audit.records.evidence import Reference
from audit.records.oversight import Flag, Review
from audit.records.searches import AlikePair, Search, SharedSubject, SharedTemplate
from audit.store import Store
from audit.tables import Base
from tests.audit.operations import registered
from tests.evidence import TENANT, Shelf, wav
from tests.gallery_crowd import OTHERS, crowd, like, made, people, searched, session

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


def held_in_memory(bench: Bench) -> set[str]:
    """Owners of rows that galleries of this process hold."""
    kept = bench.galleries._kept.values()
    return {owner for each in kept for owner in each.gallery.rows().values()}


def test_an_erased_candidate_leaves_galleries_pairs_and_answers(
    shelf: Shelf, database_url: str, tmp_path: Path
) -> None:
    """Somebody whom another candidate's search found, and who is in a shared gallery too."""
    store, bench = shelf.store, Bench(shelf.settings, shelf.store, shelf.vault)
    strangers = people(OTHERS)
    whom = crowd(store, TENANT, strangers)[2]
    terms = {
        "legal_basis": "Explicit consent.",
        "document": "dpia-1",
        "recorded_by": "dpo-1",
        "from_at": registered.ago(days=1).isoformat(),
        "until_at": registered.ago(days=-1).isoformat(),
    }
    with store.unit(TENANT) as unit:
        searches.record_basis(unit, searches.NewBasis(legal_basis="Explicit consent."))
        new = shared.NewGallery(name="Agencies", purpose="To notice many names.")
        gallery = shared.open_gallery(unit, new).id
    with store.unit(TENANT) as unit:
        joining = {**terms, "gallery_id": gallery, "keeper": TENANT, "consent_texts": ["v1"]}
        shared.join(store, unit, shared.NewMembership.model_validate(joining))
    [link] = shared.links(store, TENANT, store.now())
    with store.unit(TENANT) as unit:
        own = unit.find(Reference, candidate_id=whom.id)
        assert own is not None and shared.share(unit, link, own) == 1
        copy = unit.find(SharedTemplate, candidate_id=whom.id)
        subject = unit.find(SharedSubject, candidate_id=whom.id)
        template = unit.find(Template, candidate_id=whom.id)
        assert copy is not None and subject is not None and template is not None
    other = session(store, TENANT, made(Modality.FACE, like(strangers[2])))
    with store.unit(TENANT) as unit:
        search = searches.search_enrolled(unit, other)
        assert search is not None
    searched(bench, TENANT, search.id)
    with store.reading(TENANT) as unit:
        assert whom.id in repr(unit.get(Search, search.id).answers)
        assert unit.count(AlikePair, candidate_id=whom.id) == 1
    marks = {
        "sealed copy": copy.sealed[40:72],
        "sealed template": template.sealed[40:72],
        "opaque identifier": subject.id.encode(),
        "name": whom.external_ref.encode(),
    }
    assert traces(store, database_url, tmp_path, marks) == set(marks)
    assert whom.id in held_in_memory(bench)
    with store.unit(TENANT) as unit:
        assert erasure.erase_candidate(unit, whom.id).complete
    handler = forgetting(bench, lambda _: removed(shelf, whom.id))
    handler(cast("Any", None))
    assert held_in_memory(bench) == set()
    assert traces(store, database_url, tmp_path, marks) == set()
    with store.reading(TENANT) as unit:
        assert whom.id not in repr((unit.every(Search), unit.every(AlikePair)))
        assert whom.id not in repr((unit.every(Flag), unit.every(Review)))


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
        template = Made(
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
        sealed = templates.enrol(unit, reference, [template], {Modality.FACE: FACE})[0].sealed
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
