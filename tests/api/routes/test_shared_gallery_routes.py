"""Two organisations, one shared gallery: bases on both sides, opaque answers, and leaving."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from api.tasks import Bench
from api.tasks.share import run_clearing, run_sharing
from audit.errors import DataKeyDestroyed
from audit.keyring import LocalMasterKeys
from audit.operations import erasure, galleries, searches, shared, templates, transforms
from audit.records.biometrics import Modality, Template
from audit.records.evidence import Reference
from audit.records.oversight import Flag
from audit.records.register import Candidate
from audit.records.searches import (
    AlikePair,
    Search,
    SharedGallery,
    SharedSubject,
    SharedTemplate,
)
from audit.store import Store
from tests import databases
from tests.api.conftest import Frame
from tests.audit.operations.registered import ago
from tests.evidence import TENANT
from tests.gallery_crowd import OTHERS, crowd, like, made, people, searched, session

THEIRS, TEXT = "globex", "shared-2026-03"
STRANGERS = people(OTHERS)
GALLERY = {"name": "Agencies", "purpose": "To notice one under many names."}
TERMS = {
    "legal_basis": "Explicit consent, Article 9(2)(a) GDPR",
    "document": "dpia-1",
    "recorded_by": "dpo-1",
    "from_at": ago(days=1).isoformat(),
    "until_at": ago(days=-30).isoformat(),
}


@dataclass
class Two:
    """Our organisation keeps a gallery; theirs has a crowd whose consents tell of it."""

    web: Frame
    bench: Bench
    gallery: str = ""
    admission: str = ""
    membership: str = ""

    @property
    def store(self) -> Store:
        return self.web.service.store

    def sent(self, method: str, path: str, tenant: str = TENANT, **body: Any) -> Any:
        key = self.web.key_of("compliance", tenant)
        more = {"json": body} if method == "POST" else {}
        return self.web.send(method, f"/v1/galleries{path}", key, **more)

    def joined(self, tenant: str, **changes: Any) -> Any:
        body = {"gallery_id": self.gallery, "keeper": TENANT, "consent_texts": [TEXT]}
        return self.sent("POST", "/memberships", tenant, **{**TERMS, **body, **changes})

    def put_in(self, tenant: str, membership: str) -> None:
        run_sharing(self.bench, self.job(tenant, membership))

    def cleared(self) -> None:
        run_clearing(self.bench, self.job(TENANT, self.gallery))

    def job(self, tenant: str, subject: str) -> Any:
        return cast(
            "Any",
            SimpleNamespace(
                tenant=tenant,
                subject=subject,
                unit=lambda: self.store.unit(tenant),
                check_cancelled=lambda: None,
            ),
        )

    def search(self, reference: Reference) -> dict[str, Any]:
        """What the job says of the shared gallery, by face; {} where it was not searched."""
        path = f"/v1/identities/{reference.candidate_id}/searches"
        key = self.web.key_of("platform")
        asked = self.web.send("POST", path, key, json={"media_id": reference.media_id})
        searched(self.bench, TENANT, asked.json()["id"])
        with self.store.reading(TENANT) as unit:
            answers = unit.get(Search, asked.json()["id"]).answers
        return next((each for each in answers if each["gallery_id"]), {})

    def rows(self, tenant: str = THEIRS) -> tuple[int, int]:
        with self.store.reading(tenant) as unit:
            return unit.count(SharedSubject), unit.count(SharedTemplate)


@dataclass(frozen=True)
class Made:
    """A database of two organisations that both take part in a gallery; tests copy it."""

    path: Path
    masters: LocalMasterKeys
    gallery: str
    admission: str
    membership: str


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, templates: dict[str, str]) -> Made:
    path = tmp_path_factory.mktemp("shared") / "fairwitness.db"
    masters = databases.master_keys()
    store = Store.open(databases.new_sqlite(path, templates), masters)
    for tenant in (TENANT, THEIRS):
        store.add_tenant(tenant, tenant)
    crowd(store, THEIRS, STRANGERS, text_version=TEXT)
    with store.unit(TENANT) as unit:
        searches.record_basis(unit, searches.NewBasis(legal_basis="Explicit consent."))
        gallery = shared.open_gallery(unit, shared.NewGallery(**GALLERY))
        entry = shared.NewAdmission.model_validate({**TERMS, "member": THEIRS})
        admission = shared.admit(unit, gallery, entry)
    joining = {**TERMS, "gallery_id": gallery.id, "keeper": TENANT, "consent_texts": [TEXT]}
    for tenant in (TENANT, THEIRS):
        with store.unit(tenant) as unit:
            new = shared.NewMembership.model_validate(joining)
            membership = shared.join(store, unit, new)
    [link] = shared.links(store, THEIRS, store.now())
    with store.unit(THEIRS) as unit:
        for reference in unit.every(Reference):
            shared.share(unit, link, reference)
    store.close()
    return Made(path, masters, gallery.id, admission.id, membership.id)


@pytest.fixture
def two(once: Made, tmp_path: Path, frame_of: Callable[..., Frame]) -> Iterator[Two]:
    """A gallery of ours that nobody was let into, beside the one that both take part in."""
    path = shutil.copy(once.path, tmp_path / "fairwitness.db")
    store = Store.open(f"sqlite:///{path}", once.masters)
    web = frame_of(store, comparisons_per_minute=1000)
    service = web.service
    found = Two(web, Bench(service.settings, service.store, service.vault))
    found.gallery = found.sent("POST", "/shared", **GALLERY).json()["id"]
    yield found
    store.close()


@pytest.fixture
def full(two: Two, once: Made) -> tuple[Two, list[Candidate]]:
    """The gallery that both take part in, with what theirs enrolled."""
    two.gallery, two.admission, two.membership = once.gallery, once.admission, once.membership
    with two.store.reading(THEIRS) as unit:
        return two, list(unit.every(Candidate))


def again(two: Two, text: str = TEXT) -> Reference:
    """A session of ours of the person who is the third of theirs."""
    face = made(Modality.FACE, like(STRANGERS[2]))
    return session(two.store, TENANT, face, text_version=text)


def test_somebody_of_the_other_organisation_is_found_opaque(
    full: tuple[Two, list[Candidate]],
) -> None:
    two, others = full
    answer = two.search(again(two))
    assert (answer["answer"], answer["gallery_id"]) == ("alike_found", two.gallery)
    [found] = answer["alike"]
    assert set(found) == {"likeness", "subject_id"} and found["likeness"] == "very_alike"
    [pair] = two.sent("GET", "/pairs").json()["items"]
    told = repr((answer, pair))
    assert THEIRS not in told and not any(each.id in told for each in others)
    assert (pair["subject_id"], pair["other_id"]) == (found["subject_id"], None)
    with two.store.reading(TENANT) as unit:
        assert "shared gallery" in unit.get(Flag, pair["flag_id"]).reason
    at = f"/memberships/{two.membership}/subjects/{found['subject_id']}"
    assert two.sent("GET", at).status_code == 404
    assert two.sent("GET", at, THEIRS).json()["candidate_id"] == others[2].id
    assert two.sent("DELETE", at, THEIRS).status_code == 204
    assert two.search(again(two))["answer"] == "none_found"


def test_both_sides_need_a_basis(two: Two) -> None:
    assert two.joined(THEIRS).status_code == 404
    assert two.joined(THEIRS, gallery_id="gal_01KAN8Q5V4T2M9C3XH7R0ZJ6WD").status_code == 404
    path = f"/shared/{two.gallery}/admissions"
    assert two.sent("POST", path, THEIRS, **TERMS, member=THEIRS).status_code == 404
    later = {**TERMS, "from_at": ago(days=-1).isoformat()}
    two.sent("POST", path, **later, member=THEIRS)
    assert two.joined(THEIRS).status_code == 404  # not let in yet
    backwards = {**TERMS, "until_at": ago(days=2).isoformat()}
    assert two.sent("POST", path, **backwards, member=THEIRS).status_code == 422
    two.sent("POST", path, **TERMS, member=THEIRS)
    assert two.joined(THEIRS).status_code == 201
    for role in ("platform", "auditor", "admin"):
        key = two.web.key_of(role, THEIRS)
        body = {**TERMS, "gallery_id": two.gallery, "keeper": TENANT, "consent_texts": [TEXT]}
        assert two.web.send("POST", "/v1/galleries/memberships", key, json=body).status_code == 403


def test_only_consents_that_tell_of_the_gallery_count(full: tuple[Two, list[Candidate]]) -> None:
    two, _ = full
    assert two.rows() == (OTHERS, OTHERS)
    crowd(two.store, THEIRS, people(2, seed=8), text_version="internal")
    two.put_in(THEIRS, two.membership)
    assert two.rows() == (OTHERS, OTHERS)  # neither others nor anything twice
    assert two.search(again(two, "internal")) == {}


@pytest.mark.parametrize("how", ["leaves", "not let in", "closed", "over"])
def test_withdrawal_ends_it_at_once(full: tuple[Two, list[Candidate]], how: str) -> None:
    two, _ = full
    reference = again(two)
    assert two.search(reference)["answer"] == "alike_found"
    if how == "leaves":
        assert two.sent("DELETE", f"/memberships/{two.membership}", THEIRS).status_code == 204
        assert two.rows() == (0, 0)  # in the very transaction
    elif how == "not let in":
        path = f"/shared/{two.gallery}/admissions/{two.admission}"
        assert two.sent("DELETE", path).status_code == 204
    elif how == "closed":
        assert two.sent("DELETE", f"/shared/{two.gallery}").status_code == 204
        with two.store.reading(TENANT) as unit, pytest.raises(DataKeyDestroyed):
            gallery = unit.get(SharedGallery, two.gallery)
            unit.ring.open(shared._secret_of(TENANT, gallery.id), gallery.sealed)
    else:
        now = two.store.now
        two.store.now = lambda: now() + timedelta(days=31)  # type: ignore[method-assign]
        assert not shared.links(two.store, THEIRS, two.store.now())
        two.cleared()
        assert two.rows() == (0, 0)
        return
    answer = two.search(reference)
    assert answer.get("alike", []) == [] and answer.get("answer") != "alike_found"
    two.cleared()
    assert two.rows() == (0, 0) and len(two.bench.galleries) == 0


def test_erasing_or_revoking_takes_it_out_of_the_gallery(
    full: tuple[Two, list[Candidate]],
) -> None:
    two, others = full
    with two.store.unit(THEIRS) as unit:
        copy = unit.find(SharedTemplate, candidate_id=others[2].id)
        assert copy is not None
        assert erasure.erase_candidate(unit, others[2].id).complete
        assert unit.count(SharedTemplate, candidate_id=others[2].id) == 0
        assert unit.count(SharedSubject, candidate_id=others[2].id) == 0
        with pytest.raises(DataKeyDestroyed):
            unit.ring.open(shared._sealed_in(THEIRS, others[2].id, copy.id), copy.sealed)
    assert two.search(again(two))["answer"] == "none_found"
    with two.store.unit(THEIRS) as unit:
        transforms.renew(unit, "lost")
        assert unit.count(SharedTemplate) == 0


def test_the_transform_of_the_gallery_is_its_own(full: tuple[Two, list[Candidate]]) -> None:
    """Cosines within the gallery are those of the faces; with the stores of members, of chance."""
    two, others = full
    reference = again(two)
    two.put_in(TENANT, shared.links(two.store, TENANT, two.store.now())[0].membership.id)
    with two.store.reading(TENANT) as unit:
        [ours] = unit.every(SharedTemplate, candidate_id=reference.candidate_id)
        mine = shared.vectors_of(unit, [ours.id])[ours.id]
        own = templates.opened(unit, unit.every(Template)[0]).vector
    with two.store.reading(THEIRS) as unit:
        [row] = unit.every(SharedTemplate, candidate_id=others[2].id)
        theirs = shared.vectors_of(unit, [row.id])[row.id]
    plain = float(like(STRANGERS[2]) @ STRANGERS[2])
    assert float(mine @ theirs) == pytest.approx(plain, abs=1e-4)
    assert abs(float(own @ theirs)) < 0.5 and np.abs(own - mine).max() > 0.1


def test_ledgers_of_both_sides_tell_of_it(full: tuple[Two, list[Candidate]]) -> None:
    two, _ = full
    two.sent("DELETE", f"/memberships/{two.membership}", THEIRS)
    kinds: dict[str, list[str]] = {}
    for tenant in (TENANT, THEIRS):
        two.store.seal(tenant)
        with two.store.stored_log(tenant) as log:
            kinds[tenant] = [each.kind.value for each in log.entries()]
    assert {"shared_gallery_changed", "gallery_admission_changed"} <= set(kinds[TENANT])
    assert kinds[THEIRS].count("gallery_membership_changed") == 2
    assert kinds[THEIRS].count("reference_shared") == OTHERS


def test_pairs_of_an_erased_candidate_of_ours_go(full: tuple[Two, list[Candidate]]) -> None:
    two, _ = full
    reference = again(two)
    two.search(reference)
    with two.store.unit(TENANT) as unit:
        assert unit.count(AlikePair) == 1
        assert erasure.erase_candidate(unit, reference.candidate_id).complete
        assert unit.count(AlikePair) == 0 == unit.count(Search)


def test_on_both_databases_rows_stay_apart_and_go(store: Store) -> None:
    terms = shared.NewMembership.model_validate(
        {
            **TERMS,
            "gallery_id": "gal_01KAN8Q5V4T2M9C3XH7R0ZJ6WD",
            "keeper": "acme",
            "consent_texts": [TEXT],
        }
    )
    whom = crowd(store, THEIRS, STRANGERS[:2], text_version=TEXT)
    with store.unit(TENANT) as unit:
        gallery = shared.open_gallery(unit, shared.NewGallery(**GALLERY))
        entry = shared.NewAdmission.model_validate({**TERMS, "member": THEIRS})
        shared.admit(unit, gallery, entry)
    with store.unit(THEIRS) as unit:
        joining = terms.model_copy(update={"gallery_id": gallery.id})
        membership = shared.join(store, unit, joining)
    [link] = shared.links(store, THEIRS, store.now())
    assert link.members == (THEIRS,)  # the keeper has not joined
    with store.unit(THEIRS) as unit:
        for reference in unit.every(Reference):
            assert shared.share(unit, link, reference) == 1
    with store.reading(TENANT) as unit:
        assert unit.count(SharedTemplate) == 0
    with store.unit(THEIRS) as unit:
        space = shared.shared_space(unit.every(Template)[0].space, link)
        rows = galleries.shared_rows_of(unit, space, store.now())
        assert len(rows) == 2 and len(shared.vectors_of(unit, list(rows))) == 2
        assert erasure.erase_candidate(unit, whom[0].id).complete
        assert len(galleries.shared_rows_of(unit, space, store.now())) == 1
        shared.leave(unit, membership)
        assert unit.count(SharedTemplate) == 0 == unit.count(SharedSubject)
    assert shared.links(store, THEIRS, store.now()) == ()
