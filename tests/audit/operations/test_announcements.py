"""Deliveries are written with what they tell of, once for each endpoint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.errors import VersionConflict
from audit.ids import new_id
from audit.operations.announcements import announce
from audit.operations.changes import change
from audit.records.oversight import Delivery, EndpointState
from audit.records.register import Candidate
from audit.records.work import Job, Queue
from audit.store import Store
from audit.webhooks import CandidateOptedOut, CheckCancelled
from tests.audit.operations.people import NOON, add_candidate, listen


def test_each_active_endpoint_that_wants_the_event_gets_one_delivery_and_a_job(
    store: Store,
) -> None:
    event = CandidateOptedOut(candidate_id=new_id("cand"))
    with store.unit("globex") as unit:
        listen(unit, "candidate.opted_out")
    with store.unit("acme") as unit:
        first = listen(unit, "candidate.opted_out", "flag.raised")
        second = listen(unit, "candidate.opted_out")
        listen(unit, "flag.raised")
        off = listen(unit, "candidate.opted_out")
        unit.put(replace(off, state=EndpointState.DISABLED))
        made = announce(unit, event, NOON)
        again = announce(unit, event, NOON)
        later = announce(unit, event)
    assert {d.endpoint_id for d in made} == {first.id, second.id}
    assert again == ()
    assert len(later) == 2 and later[0].event_id != made[0].event_id
    assert {d.event_id for d in made} == {made[0].event_id}
    assert made[0].payload["data"]["candidate_id"] == event.candidate_id
    assert made[0].type == "candidate.opted_out"
    with store.reading("acme") as reading:
        jobs = reading.every(Job, kind="webhook")
        assert {job.subject for job in jobs} == {d.id for d in (*made, *later)}
        assert {job.queue for job in jobs} == {Queue.LIGHT}
    with store.reading("globex") as reading:
        assert reading.count(Delivery) == 0


def test_nothing_is_told_of_what_was_rolled_back(store: Store) -> None:
    with store.unit("acme") as unit:
        listen(unit, "check.cancelled")
    with pytest.raises(RuntimeError), store.unit("acme") as unit:
        announce(unit, CheckCancelled(check_id=new_id("chk")))
        raise RuntimeError
    with store.reading("acme") as reading:
        assert reading.count(Delivery) == 0 and reading.count(Job) == 0


def test_a_change_is_made_again_where_somebody_was_faster(store: Store) -> None:
    with store.unit("acme") as unit:
        candidate = add_candidate(unit, "US-IL")

        def german(each: Candidate) -> Candidate:
            if each.version == 1:  # somebody else changes it between reading and writing
                unit.put(replace(each, jurisdictions=("DE",)))
            return replace(each, locale="de")

        changed = change(unit, Candidate, candidate.id, german)
        assert (changed.jurisdictions, changed.locale, changed.version) == (("DE",), "de", 3)
        assert change(unit, Candidate, candidate.id, lambda each: each).version == 3

        def never(each: Candidate) -> Candidate:
            unit.put(replace(each, locale=f"x{each.version}"))
            return replace(each, locale="fr")

        with pytest.raises(VersionConflict):
            change(unit, Candidate, candidate.id, never)
