"""Erasure: everything at once, provable, and not where something has to be kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.canonical import canonical_json
from audit.clocks import RequestKind
from audit.errors import DataKeyDestroyed, NotFound, StepRefused
from audit.keyring import Context
from audit.ledger import LedgerEntry, SignedHead, verify
from audit.merkle import InclusionProof, verify_inclusion
from audit.operations import deletions, erasure, flags, holds, requests, reviewers
from audit.operations import reviews as review_operations
from audit.operations.deletions import Settlement
from audit.operations.erasure import Artefact
from audit.operations.flags import FlagContext
from audit.operations.media import context_of
from audit.operations.proofs import prove_erased
from audit.operations.requests import Asked, Decided
from audit.operations.reviews import Verdict
from audit.records.evidence import Check, Comparison, Media, MediaState, Reference, Report
from audit.records.oversight import Delivery, Flag, LegalHold, Request, Review
from audit.records.register import Candidate, Consent, Demographics, Outcome, Stopped
from audit.records.work import Job
from audit.requests import Answer, Consequence
from audit.reviews import Outcome as Found
from audit.store import Store, UnitOfWork
from audit.vault import Vault
from tests.audit.operations.people import Clock, Person, add_person, events, kinds, listen
from tests.audit.operations.running import run_jobs
from tests.audit.test_policies import check

GRANTED = Decided(answer=Answer.GRANTED, rationale="Nothing stands against it.")


def asked_to_delete(unit: UnitOfWork, person: Person) -> Request:
    return requests.receive(
        unit, Asked(candidate_id=person.id, kind=RequestKind.DELETION, channel="form")
    )


def contexts(person: Person) -> list[Context]:
    report = Context("acme", person.id, person.report.files[0].artefact, "report")
    media = [context_of("acme", m) for m in (person.recording, person.reference_media)]
    return [*media, report]


def with_review(unit: UnitOfWork, person: Person) -> Review:
    """A decided case about the person, with words of people in it."""
    context = FlagContext(candidate_id=person.id, interview_id=person.interview.id)
    [flag] = flags.raise_flags(unit, person.check.id, check(), context)
    review = unit.get(Review, flag.review_id or "")
    reviewers.register(unit, person="ann", may_change=True, training="c1")
    review_operations.add_evidence(unit, review.id, "jo-doe-letter")
    review_operations.assign(unit, review.id, "ann")
    found = Verdict(outcome=Found.UPHELD, rationale="Jo Doe is seen.", evidence=("jo-doe-letter",))
    return review_operations.decide(unit, review.id, "ann", found)


def test_a_granted_deletion_leaves_nothing_that_says_something_of_the_person(
    store: Store, vault: Vault, clock: Clock
) -> None:
    with store.unit("acme") as unit:
        listen(unit, "media.erased")
        person, other = add_person(unit, "US-IL"), add_person(unit, "US-IL")
        review = with_review(unit, person)
        appeal = requests.receive(
            unit, Asked(candidate_id=person.id, kind=RequestKind.CORRECTION, channel="form")
        )
        requests.answer(unit, appeal.id, replace(GRANTED, rationale="Jo Doe is right."))
    for context in contexts(person) + contexts(other):
        vault.store(context, [b"Jo Doe"])
    clock.advance(days=1)
    with store.unit("acme", actor="key_c") as unit:
        request = asked_to_delete(unit, person)
        answered = requests.answer(unit, request.id, GRANTED)
        assert requests.pending(answered) == ()
        requests.close(unit, request.id)
    for context in contexts(person):
        with pytest.raises(DataKeyDestroyed):
            b"".join(vault.open(context))
    for context in contexts(other):
        assert b"".join(vault.open(context)) == b"Jo Doe"
    with store.reading("acme") as reading:
        candidate = reading.get(Candidate, person.id)
        assert candidate.external_ref == f"erased:{person.id}"
        assert (candidate.stopped, candidate.erased_at) == (Stopped.ERASED, clock.now)
        of: dict[str, object] = {"candidate_id": person.id}
        assert {m.state for m in reading.every(Media, **of)} == {MediaState.ERASED}
        assert {m.name for m in reading.every(Media, **of)} == {""}
        for gone in (Reference, Comparison, Demographics):
            assert reading.count(gone, **of) == 0 and reading.count(gone) == 1
        assert [r.erased_at for r in reading.every(Report, **of)] == [clock.now]
        assert reading.get(Check, person.check.id).findings == {}
        [flag] = reading.every(Flag, **of)
        assert (flag.reason, flag.about, flag.evidence) == ("Erased.", (), ())
        case = reading.get(Review, review.id).case
        assert case.decisions[0].rationale == "Erased." and case.evidence == ()
        assert case.decisions[0].outcome is Found.UPHELD  # it is counted
        assert "jo-doe" not in str(case)
        kept = reading.get(Request, request.id).request.reply
        assert kept is not None and kept.rationale == GRANTED.rationale
        assert reading.get(Outcome, person.outcome.id).scores == {"total": 71.0}
        assert reading.get(Outcome, person.outcome.id).external_event.startswith("erased:")
        assert reading.get(Consent, person.consent.id).reference == "erased"
        [told] = reading.every(Delivery)
        assert told.payload["data"]["reason"] == "request"
        assert len(told.payload["data"]["media_ids"]) == 2
        assert reading.get(Candidate, other.id) == other.candidate
        rest = str([reading.every(kind, **of) for kind in (Media, Check, Flag, Review, Request)])
    assert "Jo Doe" not in rest and "applicant-" not in rest


def test_the_ledger_proves_an_erasure_and_holds_nothing_of_it(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "US-IL")
        request = asked_to_delete(unit, person)
        requests.answer(unit, request.id, GRANTED)
    proof = prove_erased(store, "acme", person.id)
    assert proof.erased
    found = [entry.entry["kind"] for entry in proof.entries]
    assert found.count("media_erased") == 2 and found.count("subject_erased") == 1
    assert "reference_erased" in found and "demographics_erased" in found
    head = SignedHead.from_json(proof.head)
    for proved in proof.entries:
        entry = LedgerEntry.from_line(canonical_json(proved.entry))
        path = tuple(bytes.fromhex(each) for each in proved.path)
        inclusion = InclusionProof(entry.sequence, head.size, path)
        assert verify_inclusion(entry.leaf(), inclusion, root=bytes.fromhex(head.root))
    [body] = [body for kind, _, body in events(store) if kind == "subject_erased"]
    assert body["complete"] and body["keys_destroyed"] == 1
    assert body["erased"]["media"] == 2 and body["erased"]["reports"] == 1
    hashes = [(m.id, m.sha256) for m in (person.recording, person.reference_media)]
    hashes += [(f.artefact, f.sha256) for f in person.report.files]
    assert body["artefacts_sha256"] == erasure.digest(hashes)
    with store.stored_log("acme") as log:
        kept = log.export()
        assert verify(log.records(), kept.heads, keys=kept.keys, log="acme") == []
    with pytest.raises(NotFound):
        prove_erased(store, "globex", person.id)


def test_a_hold_on_the_candidate_refuses_and_the_sweep_goes_on_once_it_is_lifted(
    store: Store,
) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "US-IL")
        hold = holds.set_hold(unit, reason="A complaint.", candidate_id=person.id)
        request = asked_to_delete(unit, person)
    with pytest.raises(StepRefused, match=hold.id), store.unit("acme") as unit:
        erasure.erase_candidate(unit, person.id)
    with pytest.raises(StepRefused, match=hold.id), store.unit("acme") as unit:
        requests.answer(unit, request.id, GRANTED)
    partly = Decided(
        answer=Answer.PARTLY_GRANTED, rationale="A complaint is open.", withheld="All, until then."
    )
    with store.unit("acme") as unit:
        answered = requests.answer(unit, request.id, partly)
        assert requests.pending(answered) == (Consequence.ERASE,)
        assert deletions.resume_erasures(unit) == 0
        assert unit.get(Media, person.recording.id).state is MediaState.STORED
        with pytest.raises(StepRefused, match="erase"):
            requests.close(unit, request.id)
        lifted = holds.lift_hold(unit, unit.get(LegalHold, hold.id))
        assert lifted.released_at is not None and holds.lift_hold(unit, lifted) == lifted
        assert deletions.resume_erasures(unit) == 1
        assert deletions.resume_erasures(unit) == 0
        assert unit.get(Candidate, person.id).erased_at is not None
        requests.close(unit, request.id)
    assert kinds(store).count("subject_erased") == 1
    assert kinds(store).count("legal_hold_set") == kinds(store).count("legal_hold_lifted") == 1


def test_a_hold_on_a_check_keeps_its_recording_and_report_alone(store: Store) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "US-IL")
        report = unit.put(replace(person.check, report_id=person.report.id)).report_id
        hold = holds.set_hold(unit, reason="A dispute.", subject=person.check.id)
        done = erasure.erase_candidate(unit, person.id)
        assert not done.complete and done.held == (hold.id,)
        assert done.erased == {"comparisons": 1, "demographics": 1, "media": 1, "references": 1}
        assert unit.get(Media, person.recording.id).state is MediaState.STORED
        assert unit.get(Report, report or "").erased_at is None
        assert unit.get(Check, person.check.id).findings == person.check.findings
        candidate = unit.get(Candidate, person.id)
        assert candidate.stopped is Stopped.ERASED and candidate.erased_at is None
        again = erasure.erase_candidate(unit, person.id)
        assert again.erased == {} and not again.complete
        holds.lift_hold(unit, hold)
        assert erasure.erase_candidate(unit, person.id).complete
        assert erasure.erase_candidate(unit, person.id).erased == {}
    bodies = [body for kind, _, body in events(store) if kind == "subject_erased"]
    assert [body["complete"] for body in bodies] == [False, True]


def test_a_duty_to_keep_is_settled_by_a_person(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "US-CA")
        request = asked_to_delete(unit, person)
        named = {each.clock: each.artefacts for each in deletions.against(unit, person.id)}
        assert named == {
            "ca_crd.records": ("media", "reports"),
            "ca_crd.demographics": ("demographics",),
        }
        with pytest.raises(StepRefused, match=r"2 CCR 11013\(c\)"):
            requests.answer(unit, request.id, GRANTED)
        keep = frozenset({Artefact.REPORTS, Artefact.DEMOGRAPHICS})
        settled = Settlement(keep=keep, despite=(("ca_crd.records", "No record of a selection."),))
        with pytest.raises(StepRefused, match="in part"):
            requests.answer(unit, request.id, replace(GRANTED, settlement=settled))
        partly = Decided(
            answer=Answer.PARTLY_GRANTED,
            rationale="Records of the selection are kept by law.",
            withheld="The report and the demographics, for four years.",
            settlement=settled,
        )
        answered = requests.answer(unit, request.id, partly)
        assert requests.pending(answered) == (Consequence.ERASE,)
        assert unit.get(Media, person.recording.id).state is MediaState.ERASED
        assert unit.get(Report, person.report.id).erased_at is None
        assert unit.count(Demographics) == 1
        assert deletions.resume_erasures(unit) == 0
    [body] = [body for kind, _, body in events(store) if kind == "request_answered"]
    assert body["keep"] == ["demographics", "reports"] and body["despite"] == ["ca_crd.records"]
    assert "selection" not in str(body)


def test_what_is_erased_cannot_be_held(store: Store) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "US-IL")
        erasure.erase_candidate(unit, person.id)
        for what in ({"candidate_id": person.id}, {"subject": person.recording.id}):
            with pytest.raises(StepRefused, match="erased already"):
                holds.set_hold(unit, reason="Too late.", **what)
        with pytest.raises(StepRefused, match="what is held"):
            holds.set_hold(unit, reason="Nothing.")
        with pytest.raises(NotFound):
            holds.set_hold(unit, reason="Unknown.", subject="med_0")
    with store.unit("globex") as unit:
        with pytest.raises(NotFound):
            holds.set_hold(unit, reason="Theirs.", candidate_id=person.id)
        with pytest.raises(NotFound):
            erasure.erase_candidate(unit, person.id)


def test_an_erasure_that_fails_midway_leaves_all_of_it(
    store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "US-IL")
    vault.store(contexts(person)[0], [b"here"])

    def broken(*_: object) -> int:
        raise RuntimeError

    monkeypatch.setattr(erasure, "redact_person", broken)
    with pytest.raises(RuntimeError), store.unit("acme") as unit:
        erasure.erase_candidate(unit, person.id)
    assert b"".join(vault.open(contexts(person)[0])) == b"here"
    with store.reading("acme") as reading:
        assert reading.get(Candidate, person.id) == person.candidate
        assert reading.count(Reference) == 1
    assert "subject_erased" not in kinds(store)


def test_the_job_removes_the_stored_bytes_and_again_is_no_error(store: Store, vault: Vault) -> None:
    with store.unit("acme") as unit:
        person, other = add_person(unit, "US-IL"), add_person(unit, "US-IL")
    for context in contexts(person) + contexts(other):
        vault.store(context, [b"here"])
    with store.unit("acme") as unit:
        erasure.erase_candidate(unit, person.id)
    with store.reading("acme") as reading:
        [job] = reading.every(Job, kind=erasure.JOB)
    assert job.subject == person.id
    assert run_jobs(store, vault, erasure.JOB) == 1
    assert [vault.exists(context) for context in contexts(person)] == [False] * 3
    assert all(vault.exists(context) for context in contexts(other))
    with store.unit("acme") as unit:
        unit.add(replace(job, id=job.id[:-4] + "0000"))
    assert run_jobs(store, vault, erasure.JOB) == 1
