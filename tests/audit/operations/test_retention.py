"""The nightly sweep: what is due goes, what is held or needed stays, and nothing goes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from audit.clocks import RequestKind
from audit.jobs import SERVICE_TENANT, enqueue
from audit.keyring import Context
from audit.operations import erasure, holds, requests, retention
from audit.operations.deletions import Settlement
from audit.operations.erasure import Artefact
from audit.operations.oversight_jobs import REMIND, SWEEP, SWEEP_TENANT, handlers, schedules
from audit.operations.requests import Asked, Decided
from audit.operations.retention import Swept
from audit.records.evidence import (
    Check,
    Comparison,
    Media,
    MediaKind,
    MediaState,
    Reference,
    Report,
)
from audit.records.oversight import Delivery
from audit.records.register import Candidate, Demographics, Outcome
from audit.records.work import Job, JobState, Queue
from audit.requests import Answer
from audit.store import Page, Store
from audit.vault import Vault
from tests.audit.operations.people import (
    NOON,
    Clock,
    add_media,
    add_person,
    events,
    kinds,
    listen,
)
from tests.audit.operations.running import run_jobs


def sweep(store: Store, clock: Clock) -> Swept:
    return retention.sweep(store, clock.now)


def test_nothing_is_erased_before_its_time_and_the_time_is_written_down(
    store: Store, clock: Clock
) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "US-IL")
    clock.advance(days=29)
    assert sweep(store, clock).erased.total() == 0
    with store.reading("acme") as reading:
        media = reading.get(Media, person.recording.id)
        assert media.keep_until == NOON + timedelta(days=30)
        assert reading.get(Media, person.reference_media.id).keep_until is None  # still needed
    assert sweep(store, clock).erased.total() == 0
    with store.reading("acme") as reading:
        assert reading.get(Media, person.recording.id).version == media.version
    assert "retention_swept" not in kinds(store)


def test_each_kind_goes_when_its_own_time_is_over(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        listen(unit, "media.erased")
        person = add_person(unit, "US-IL")
    with store.unit("globex") as unit:
        theirs = add_person(unit, "US-IL", retention_days={"media": 5000})
    clock.advance(days=31)
    first = sweep(store, clock)
    assert dict(first.erased) == {"references": 0, "media": 1, "reports": 0, "demographics": 0}
    assert sweep(store, clock).erased.total() == 0
    with store.reading("acme") as reading:
        assert reading.get(Media, person.recording.id).state is MediaState.ERASED
        assert reading.get(Media, person.reference_media.id).state is MediaState.STORED
        [told] = reading.every(Delivery)
        assert told.payload["data"]["media_ids"] == [person.recording.id]
        assert told.payload["data"]["reason"] == "retention"
        [job] = reading.every(Job, kind=erasure.JOB)
        assert job.subject == person.id
        assert reading.get(Check, person.check.id).findings  # its report is kept longer
    clock.advance(days=335)
    second = sweep(store, clock)
    assert (second.erased["references"], second.erased["media"]) == (2, 2)
    with store.reading("acme") as reading:
        assert reading.count(Reference) == reading.count(Comparison) == 0
        assert reading.get(Media, person.reference_media.id).state is MediaState.ERASED
    clock.advance(days=1461 - 366 + 1)
    third = sweep(store, clock)
    assert (third.erased["reports"], third.erased["demographics"]) == (2, 2)
    with store.reading("acme") as reading:
        assert reading.get(Report, person.report.id).erased_at == clock.now
        assert reading.get(Check, person.check.id).findings == {}
        assert reading.count(Demographics) == 0
        # What is not due stays: the candidate, and what happened.
        assert reading.get(Candidate, person.id) == person.candidate
        assert reading.get(Outcome, person.outcome.id) == person.outcome
    with store.reading("globex") as reading:
        assert reading.get(Media, theirs.recording.id).state is MediaState.STORED
    swept = [body for kind, _, body in events(store) if kind == "retention_swept"]
    assert [(b["artefact"], b["erased"]) for b in swept] == [
        ("media", 1),
        ("references", 1),
        ("media", 1),
        ("reports", 1),
        ("demographics", 1),
    ]
    assert swept[0]["rules"] == {"default": 1}
    assert kinds(store).count("media_erased") == 2


def test_a_hold_stops_the_sweep_until_it_is_lifted(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        person, other = add_person(unit, "US-IL"), add_person(unit, "US-IL")
        on_all = holds.set_hold(unit, reason="A complaint.", candidate_id=person.id)
        on_one = holds.set_hold(unit, reason="A dispute.", subject=other.recording.id)
    clock.advance(days=3000)
    swept = sweep(store, clock)
    assert dict(swept.held) == {"references": 1, "media": 2, "reports": 1, "demographics": 1}
    assert swept.erased["media"] == 1  # the other's reference, whose time is over too
    with store.reading("acme") as reading:
        found, _ = retention.due(reading, "media", by=clock.now, page=Page())
        by_id = {each.id: each for each in found}
        assert by_id[person.recording.id].held_by == (on_all.id,)
        assert by_id[other.recording.id].held_by == (on_one.id,)
    with store.unit("acme") as unit:
        for hold in (on_all, on_one):
            holds.lift_hold(unit, hold)
    swept = sweep(store, clock)
    assert swept.held.total() == 0
    assert dict(swept.erased) == {"references": 1, "media": 3, "reports": 1, "demographics": 1}


def test_days_of_a_system_and_laws_decide_and_changes_take_effect(
    store: Store, clock: Clock
) -> None:
    with store.unit("acme") as unit:
        quick = add_person(unit, "US-IL", retention_days={"media": 7, "references": 3})
        law = add_person(unit, "US-CA")
        sooner = add_person(unit, "US-CA", retention_days={"media": 30})
    with store.reading("acme") as reading:
        found, rest = retention.due(
            reading, "media", by=NOON + timedelta(days=9999), page=Page(limit=50)
        )
        assert rest is None
        rules = {each.id: (each.rule, each.sooner_than) for each in found}
    assert rules[quick.recording.id] == ("system", None)
    assert rules[law.recording.id] == ("ca_crd.records", None)
    assert rules[sooner.recording.id] == ("system", "ca_crd.records")
    clock.advance(days=8)
    assert dict(sweep(store, clock).erased) == {
        "references": 1,
        "media": 1,
        "reports": 0,
        "demographics": 0,
    }
    with store.unit("acme") as unit:
        unit.put(replace(law.system, retention_days={"media": 5}))
    assert sweep(store, clock).erased["media"] == 1


def test_an_upload_of_a_table_goes_with_its_own_key(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        table = add_media(unit, None, MediaKind.TABLE)
    clock.advance(days=91)
    assert sweep(store, clock).erased["media"] == 1
    with store.reading("acme") as reading:
        assert reading.get(Media, table.id).state is MediaState.ERASED
        [job] = reading.every(Job, kind=erasure.JOB)
        assert job.subject == table.id


def test_a_deletion_is_completed_when_what_was_kept_by_law_is_due(
    store: Store, clock: Clock
) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "US-CA")
        request = requests.receive(
            unit, Asked(candidate_id=person.id, kind=RequestKind.DELETION, channel="form")
        )
        settled = Settlement(keep=frozenset({Artefact.REPORTS, Artefact.MEDIA}))
        settled = replace(settled, despite=(("ca_crd.demographics", "Nobody else is concerned."),))
        partly = Decided(
            answer=Answer.PARTLY_GRANTED, rationale="Law.", withheld="Media.", settlement=settled
        )
        requests.answer(unit, request.id, partly)
        assert unit.count(Demographics) == 0
        assert unit.get(Media, person.recording.id).state is MediaState.STORED
    clock.advance(days=1400)
    assert sweep(store, clock).completed == 0
    clock.advance(days=100)
    assert sweep(store, clock).completed == 1
    with store.unit("acme") as unit:
        assert unit.get(Candidate, person.id).erased_at == clock.now
        requests.close(unit, request.id)
    assert sweep(store, clock).completed == 0


def test_a_sweep_that_is_cut_off_goes_on_where_it_was(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)
    with store.unit("acme") as unit:
        recordings = [add_person(unit, "US-IL").recording.id for _ in range(4)]
    clock.advance(days=31)
    finish, left = retention._finish, [1]

    def cut_off(*arguments: object, **more: object) -> None:
        if not left:
            raise ConnectionError
        left.pop()
        finish(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(retention, "_finish", cut_off)
    with pytest.raises(ConnectionError):
        sweep(store, clock)
    monkeypatch.setattr(retention, "_finish", finish)
    with store.reading("acme") as reading:
        states = [reading.get(Media, each).state for each in recordings]
    done = states.count(MediaState.ERASED)
    assert 0 < done < 4
    assert sweep(store, clock).erased["media"] == 4 - done
    assert kinds(store).count("media_erased") == 4


def test_what_is_due_is_listed_in_pages(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        people = [add_person(unit, "US-IL") for _ in range(3)]
    with store.reading("acme") as reading:
        found, before = [], None
        for _ in range(9):
            items, before = retention.due(
                reading, "media", by=NOON + timedelta(days=30), page=Page(limit=2, before=before)
            )
            found += items
            if before is None:
                break
        assert sorted(each.id for each in found) == sorted(p.recording.id for p in people)
        early, _ = retention.due(reading, "media", by=NOON + timedelta(days=29), page=Page())
        assert early == ()
    with store.reading("globex") as reading:
        assert retention.due(reading, "media", by=NOON, page=Page()) == ((), None)


def test_the_nightly_job_sweeps_each_tenant_in_a_job_of_its_own(
    store: Store, clock: Clock, vault: Vault
) -> None:
    store.add_tenant(SERVICE_TENANT, "The service itself")
    for tenant in ("acme", "globex"):
        with store.unit(tenant) as unit:
            person = add_person(unit, "US-IL")
        vault.store(Context(tenant, person.id, person.recording.id, "media"), [b"here"])
    clock.advance(days=31)
    with store.unit(SERVICE_TENANT) as unit:
        enqueue(unit, kind=SWEEP, subject="retention", queue=Queue.LIGHT)
    assert run_jobs(store, vault, SWEEP) == 1
    assert len(list(vault.artefacts())) == 2
    assert run_jobs(store, vault, SWEEP_TENANT) == 2
    for tenant in ("acme", "globex"):
        with store.reading(tenant) as reading:
            assert reading.count(Media, state=MediaState.ERASED) == 1
    assert run_jobs(store, vault, erasure.JOB) == 2
    assert list(vault.artefacts()) == []


def test_every_schedule_has_its_handler(store: Store, vault: Vault) -> None:
    found = handlers(store, vault)
    assert {each.kind for each in schedules()} == {SWEEP, REMIND}
    assert set(found) >= {each.kind for each in schedules()}
    store.add_tenant(SERVICE_TENANT, "The service itself")
    with store.unit(SERVICE_TENANT) as unit:
        run = enqueue(unit, kind=REMIND, subject="reminders", queue=Queue.LIGHT)
    assert run_jobs(store, vault, REMIND) == 1
    with store.reading(SERVICE_TENANT) as reading:
        assert reading.get(Job, run.id).state is JobState.SUCCEEDED
