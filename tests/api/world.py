"""A tenant with objects of every kind, for tests that ask every operation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from api.app import create_app
from api.service import Service
from api.tenant_keys import current_signer
from audit.ids import new_id
from audit.jobs import enqueue
from audit.ledger.heads import key_id
from audit.operations import (
    alike,
    candidate_links,
    challenges,
    checks,
    connections,
    fairness_audits,
    flags,
    holds,
    policies,
    publications,
    references,
    searches,
    shared,
    uploads,
)
from audit.operations import reports as report_operations
from audit.operations import requests as request_operations
from audit.operations import reviewers as reviewer_operations
from audit.operations import reviews as review_operations
from audit.operations.announcements import announce
from audit.operations.checks import CheckOrder, Found
from audit.operations.comparisons import request_comparison
from audit.operations.demographics import NewDemographics, store_demographics
from audit.operations.fairness_audits import AuditOrder, about, request_audit
from audit.operations.flags import FlagContext
from audit.operations.media import MediaOrder
from audit.operations.outcomes import NewOutcome, Options, take_outcomes
from audit.operations.publications import Posting
from audit.operations.references import NewReference
from audit.operations.report_links import make_link
from audit.operations.report_orders import ReportOrder, request_report
from audit.operations.report_schedules import NewSchedule, create_schedule
from audit.operations.reports import RESULT, Written
from audit.operations.requests import Asked, Decided
from audit.operations.reviews import Opening, Verdict
from audit.operations.webhooks import NewEndpoint, register_endpoint
from audit.records.access import Role
from audit.records.challenges import Challenge
from audit.records.evidence import Comparison, FairnessAudit, Media, MediaKind, Report, RunState
from audit.records.issued import DocumentKind, Every
from audit.records.oversight import Delivery, DeliveryState, Flag, Review
from audit.records.register import Candidate, Consent, Interview, Outcome, System
from audit.records.searches import Search, SharedGallery, SharedSubject
from audit.records.work import Job, JobState
from audit.requests import Answer, Consequence
from audit.reviews import Outcome as Verdicts
from audit.settings import Api, Settings, Storage
from audit.store import Store, UnitOfWork
from audit.vault import open_vault
from audit.webhooks import CheckFailed, TargetRules
from reports.canonical import canonical
from tests import filed
from tests.answering import answer
from tests.api.client import TestClient
from tests.api.conftest import Frame, keys_of
from tests.audit.operations import registered
from tests.audit.test_policies import check as finding
from tests.evidence import report, wav
from tests.reports.compose import fairness_material as material

ROLES = tuple(role.value for role in Role)
PLENTY = 1_000_000
POLICY = """policy: {name}
version: {number}
rules:
  - id: look
    match: {{part: finding, verdict: [review]}}
    flag: {{kind: k, severity: low, outcome: for_information, reason: Look., recipients: [admin]}}
"""


@dataclass(frozen=True)
class Person:
    """A candidate who was interviewed, with consents."""

    candidate: Candidate
    system: System
    interview: Interview
    consent: Consent
    demographics: Consent


def served(store: Store, folder: Path, *, base: Settings | None = None) -> Frame:
    """The app over a store, with quotas that no walk uses up, and a registered store to pull from.

    Its client has to be entered and left.
    """
    theirs = folder / "theirs"
    theirs.mkdir(parents=True)
    (theirs / "a.wav").write_bytes(wav())
    listed = folder / "stores.toml"
    listed.write_text(
        f'[[store]]\nname = "theirs"\nkind = "local"\npath = "{theirs}"\n'
        'tenants = ["acme", "globex"]\n'
    )
    listed.chmod(0o600)
    storage = Storage(
        path=folder / "media",
        scratch_dir=folder / "scratch",
        registered_stores=listed,
        free_floor_mb=0,
    )
    api = Api(
        reads_per_minute=PLENTY,
        writes_per_minute=PLENTY,
        comparisons_per_minute=PLENTY,
        public_per_minute=PLENTY,
    )
    settings = (base or Settings()).model_copy(update={"storage": storage, "api": api})
    service = Service(
        settings=settings,
        store=store,
        vault=open_vault(storage, store.ring),
        ready={"database": store.ping},
    )
    client = TestClient(
        create_app(service), client=("127.0.0.1", 40000), raise_server_exceptions=False
    )
    return Frame(client, service, keys_of(store))


class World:
    """Makes objects of one tenant, each new; methods answer with what was made."""

    def __init__(self, frame: Frame, tenant: str) -> None:
        self.frame, self.tenant = frame, tenant
        self.service, self.store = frame.service, frame.service.store
        self.keys = {role: frame.key_of(role, tenant) for role in ROLES}
        self._count = 0
        self._person: Person | None = None
        self.last_wav = b""

    def ref(self, what: str = "ref") -> str:
        """A reference that this tenant has not used; it names the tenant."""
        self._count += 1
        return f"{self.tenant}-{what}-{self._count}"

    # The register

    def person(self, *places: str) -> Person:
        """A new person, of New Jersey unless said, whose law asks for no consent to checks."""
        with self.store.unit(self.tenant) as unit:
            candidate = registered.candidate(unit, self.ref("person"), *(places or ("US-NJ",)))
            system = registered.system(unit)
            interview = registered.interview(unit, candidate, system)
            given = registered.consent(unit, candidate, "biometric_comparison")
            asked = registered.consent(unit, candidate, "demographics")
            reported = NewDemographics(sex="Female", lawful_basis="bias_correction")
            store_demographics(unit, candidate, reported)
        return Person(candidate, system, interview, given, asked)

    @property
    def someone(self) -> Person:
        """A person to whom nothing is done."""
        if self._person is None:
            self._person = self.person()
        return self._person

    def notice(self) -> str:
        """A notice to a candidate."""
        whom = self.someone.candidate.id
        with self.store.unit(self.tenant) as unit:
            return registered.notice(unit, "pre_use", "US-NY-NYC", candidate_id=whom).id

    def outcome(self) -> str:
        """An outcome."""
        return self.outcome_of(self.someone)

    def outcome_of(self, person: Person) -> str:
        """An outcome of a person."""
        new = NewOutcome(
            candidate_id=person.candidate.id,
            system_id=person.system.id,
            interview_id=person.interview.id,
            outcome="advanced",
            stage=f"Stage {self.ref()}",
            occurred_at=registered.ago(days=1),
        )
        with self.store.unit(self.tenant) as unit:
            take_outcomes(unit, (new,), Options())
            found = unit.find(Outcome, stage=new.stage)
            assert found is not None
            return found.id

    # Evidence

    def media(self, person: Person | None = None, kind: MediaKind = MediaKind.RECORDING) -> Media:
        """A stored file: the recording of an interview, or one that may become a reference."""
        person = person or self.someone
        order = MediaOrder(interview_id=person.interview.id, name="interview.wav")
        if kind is MediaKind.REFERENCE:
            order = MediaOrder(candidate_id=person.candidate.id, kind=kind, name="first.wav")
        content = wav()
        got = uploads.receive(
            self.service.intake, self.tenant, order, chunks=[content], size=len(content)
        )
        with self.store.unit(self.tenant) as unit:
            return uploads.finish(unit, got)

    def table(self) -> str:
        """A table for audits."""
        order = MediaOrder(kind=MediaKind.TABLE, name="t.csv")
        rows = b"group,selected\n" + b"a,1\nb,0\n" * 40
        got = uploads.receive_table(self.service.intake, self.tenant, order, chunks=[rows])
        with self.store.unit(self.tenant) as unit:
            return uploads.finish_table(unit, self.service.intake, order, got).id

    def upload(self, *, sent: bool = False) -> str:
        """An open upload; `sent`: all of it has arrived."""
        content = wav()
        order = MediaOrder(interview_id=self.someone.interview.id, name="a.wav")
        with self.store.unit(self.tenant) as unit:
            made = uploads.announce(unit, self.service.intake, order, size=len(content)).id
        if sent:
            self.service.intake.uploads.append(
                self.tenant, made, offset=0, chunks=[content], length=len(content)
            )
        return made

    def reference(self) -> tuple[str, str]:
        """Candidate and reference."""
        person = self.person()
        stored = self.media(person, MediaKind.REFERENCE)
        new = NewReference(media_id=stored.id, consent_id=person.consent.id, label="First")
        with self.store.unit(self.tenant) as unit:
            made = references.add_reference(unit, person.candidate.id, new)
        return person.candidate.id, made.id

    def recording_of(self, candidate: str) -> str:
        """A recording of a candidate's interview."""
        with self.store.reading(self.tenant) as unit:
            interview = unit.find(Interview, candidate_id=candidate)
        assert interview is not None
        return self.media(replace(self.someone, interview=interview)).id

    def comparison(self) -> tuple[str, str]:
        """Candidate and comparison."""
        candidate, _ = self.reference()
        recording = self.recording_of(candidate)
        with self.store.unit(self.tenant) as unit:
            return candidate, request_comparison(unit, candidate, recording).id

    def session(self) -> tuple[str, str]:
        """A candidate and the recording of an interview that is kept as a reference."""
        person = self.person()
        stored = self.media(person)
        new = NewReference(media_id=stored.id, consent_id=person.consent.id)
        with self.store.unit(self.tenant) as unit:
            references.add_reference(unit, person.candidate.id, new)
        return person.candidate.id, stored.id

    def search_basis(self) -> None:
        """A legal basis of searches."""
        with self.store.unit(self.tenant) as unit:
            searches.record_basis(unit, searches.NewBasis(legal_basis="Explicit consent."))

    def search(self) -> tuple[str, str]:
        """Candidate and search."""
        self.search_basis()
        candidate, media = self.session()
        with self.store.unit(self.tenant) as unit:
            return candidate, searches.request_search(unit, candidate, media).id

    def pair(self) -> str:
        """Two candidates who are alike."""
        _, made = self.search()
        other = self.person().candidate.id
        with self.store.unit(self.tenant) as unit:
            found = unit.get(Search, made)
            return alike.note(unit, found, alike.Other(candidate_id=other), {"face": "alike"}).id

    def shared_gallery(self) -> str:
        """A shared gallery that this tenant keeps."""
        new = shared.NewGallery(name="Agencies", purpose="To notice one under many names.")
        with self.store.unit(self.tenant) as unit:
            return shared.open_gallery(unit, new).id

    def shared_basis(self) -> dict[str, str]:
        """On what taking part rests, as it is sent."""
        return {
            "legal_basis": "Explicit consent, Article 9(2)(a) GDPR",
            "document": "dpia-1",
            "recorded_by": "dpo-1",
            "from_at": registered.ago(days=1).isoformat(),
            "until_at": registered.ago(days=-30).isoformat(),
        }

    def admission(self) -> tuple[str, str]:
        """A shared gallery, and the admission of somebody."""
        gallery = self.shared_gallery()
        new = shared.NewAdmission.model_validate({**self.shared_basis(), "member": "initech"})
        with self.store.unit(self.tenant) as unit:
            return gallery, shared.admit(unit, unit.get(SharedGallery, gallery), new).id

    def membership(self) -> tuple[str, str]:
        """A membership of this tenant in a gallery of its own, and a candidate in it, opaque."""
        joined = {
            **self.shared_basis(),
            "gallery_id": self.shared_gallery(),
            "keeper": self.tenant,
            "consent_texts": ["v1"],
        }
        whom = self.person().candidate.id
        with self.store.unit(self.tenant) as unit:
            new = shared.NewMembership.model_validate(joined)
            made = shared.join(self.store, unit, new)
            subject = SharedSubject(
                id=new_id("shs"),
                membership_id=made.id,
                gallery_id=made.gallery_id,
                candidate_id=whom,
            )
            return made.id, unit.add(subject).id

    def challenge(self, *, started: bool = False, answered: bool = False) -> tuple[str, str]:
        """A challenge and its token; started long enough ago that an answer is in time.

        `answered`: the page said what it recorded: `last_wav`.
        """
        new = challenges.NewChallenge(interview_id=self.person().interview.id)
        with self.store.unit(self.tenant) as unit:
            made, token = challenges.create(unit, new)
            if started or answered:
                begun, plan = challenges.start(unit, token)
                early = unit.now() - timedelta(seconds=plan.duration_s + 1)
                unit.put(replace(begun, started_at=early))
        if answered:
            told = self.challenge_answer(made.id)
            text = told.pop("telemetry").encode()
            with self.store.unit(self.tenant) as unit:
                challenges.commit(unit, token, challenges.Committed(**told, telemetry=text))
        return made.id, token

    def challenge_answer(self, id: str) -> dict[str, Any]:
        """The answer to a challenge that was started, with a recording that nobody sent yet."""
        self._count += 1
        self.last_wav = wav(hertz=300 + self._count)
        with self.store.reading(self.tenant) as unit:
            challenge = unit.get(Challenge, id)
        return answer(challenges.plan_of(challenge), str(challenge.nonce), self.last_wav)

    def check(self, *, finished: bool = False) -> str:
        """A check of a new person."""
        person = self.person()
        order = CheckOrder(interview_id=person.interview.id, media_id=self.media(person).id)
        with self.store.unit(self.tenant) as unit:
            made = checks.request_check(unit, order)
        if finished:
            self._finish(made.id)
        return made.id

    def check_of(self, candidate: str) -> str:
        """A finished check of a candidate's recording that was compared."""
        with self.store.unit(self.tenant) as unit:
            comparison = unit.find(Comparison, candidate_id=candidate)
            assert comparison is not None
            media = unit.get(Media, comparison.media_id)
            order = CheckOrder(interview_id=str(media.interview_id), media_id=media.id)
            made = checks.request_check(unit, order)
        self._finish(made.id)
        return made.id

    def _finish(self, check_id: str) -> None:
        with self.store.unit(self.tenant) as unit:
            work = checks.begin(unit, check_id)
        assert work is not None
        document, written = report()
        files = report_operations.seal(
            self.service.vault,
            self.tenant,
            checks.about(work.check),
            written=written,
            attempt=1,
        )
        found = Found(document=document, files=files, identity=work.identity)
        with self.store.unit(self.tenant) as unit:
            checks.finish(unit, check_id, found)
            self._end_jobs(unit, check_id)

    def _end_jobs(self, unit: UnitOfWork, subject: str) -> None:
        for job in unit.every(Job, subject=subject):
            unit.put(replace(job, state=JobState.SUCCEEDED, progress=1.0))

    def fairness_audit(self, *, finished: bool = False) -> str:
        """An audit of stored outcomes."""
        system = self.someone.system.id
        order = AuditOrder(name="Quarter", source="outcomes", spec={}, system_id=system)
        with self.store.unit(self.tenant) as unit:
            made = request_audit(unit, order)
        if finished:
            _, written = report()
            files = report_operations.seal(
                self.service.vault, self.tenant, about(made), written=written, attempt=1
            )
            with self.store.unit(self.tenant) as unit:
                issued = report_operations.issue(unit, about(made), files, system_id=system)
                now = unit.get(FairnessAudit, made.id)
                unit.put(replace(now, state=RunState.FINISHED, report_id=issued.id))
                self._end_jobs(unit, made.id)
        return made.id

    def audited(self) -> str:
        """A finished audit of a system, with its result: the example of the LL144 rules."""
        system = self.person().system.id
        order = AuditOrder(name="Year", source="outcomes", spec={}, system_id=system)
        with self.store.unit(self.tenant) as unit:
            made = request_audit(unit, order)
        document = material.dcwp()
        written = (Written(RESULT, "application/json", canonical(document)),)
        files = report_operations.seal(
            self.service.vault, self.tenant, about(made), written=written, attempt=1
        )
        with self.store.unit(self.tenant) as unit:
            fairness_audits.begin(unit, made.id)
            ended = fairness_audits.Found(document=document, files=files)
            fairness_audits.finish(unit, made.id, ended)
            self._end_jobs(unit, made.id)
        return made.id

    def system_of(self, audit: str) -> str:
        """The system of an audit."""
        with self.store.reading(self.tenant) as unit:
            return str(unit.get(FairnessAudit, audit).system_id)

    def summary(self, audit: str = "") -> str:
        """A summary of an audit that can be posted."""
        order = ReportOrder(kind=DocumentKind.LL144_SUMMARY, subject=audit or self.audited())
        return filed.filed(
            self.store, self.service.vault, self.tenant, order, compose=filed.summary()
        ).id

    def queued_report(self) -> str:
        """A report that was asked for."""
        order = ReportOrder(kind=DocumentKind.REGIME_FILE, subject=self.person().system.id)
        with self.store.unit(self.tenant) as unit:
            return request_report(unit, order).id

    def link(self, report: str = "") -> tuple[str, str, str]:
        """Report, link and token."""
        report = report or self.summary()
        with self.store.unit(self.tenant) as unit:
            made, token = make_link(unit, report, "json")
        return report, made.id, token

    def own_page(self, person: Person | None = None) -> tuple[str, str, str]:
        """Candidate, link to their own page, and its token."""
        candidate = (person or self.person()).candidate.id
        with self.store.unit(self.tenant) as unit:
            made, token = candidate_links.make_link(unit, candidate)
        return candidate, made.id, token

    def publication(self) -> tuple[str, str]:
        """A public page and its name."""
        slug, report = self.ref("page"), self.summary()
        posting = Posting(
            report_id=report,
            slug=slug,
            name="Example Inc",
            colour="#1f4e79",
            logo=filed.PNG,
            files=self._posted(report),
        )
        with self.store.unit(self.tenant) as unit:
            return publications.post(unit, posting).id, slug

    def _posted(self, report_id: str) -> tuple[Written, ...]:
        with self.store.reading(self.tenant) as unit:
            report = unit.get(Report, report_id)
        vault = self.service.vault
        found = []
        for each in report.files:
            data = report_operations.whole(vault, self.tenant, report, each.format)
            found.append(Written(each.format, each.media_type, data or b""))
        return tuple(found)

    def schedule(self) -> str:
        """A schedule."""
        new = NewSchedule(
            kind=DocumentKind.GOVERNANCE, system_id=self.person().system.id, every=Every.MONTH
        )
        with self.store.unit(self.tenant) as unit:
            return create_schedule(unit, new).id

    def report_key(self) -> str:
        """The key that signs reports."""
        with self.store.unit(self.tenant) as unit:
            return key_id(current_signer(self.store, unit).public)

    def job(self) -> str:
        """A job."""
        with self.store.unit(self.tenant) as unit:
            return enqueue(unit, kind="check", subject=new_id("chk")).id

    # Oversight

    def flags(self) -> dict[str, str]:
        """Flags of a new check, by their outcome."""
        check_id = self.check()
        with self.store.unit(self.tenant) as unit:
            check = unit.get(checks.Check, check_id)
            context = FlagContext(candidate_id=check.candidate_id, system_id=check.system_id)
            document = finding("review", failed_signals=["av_sync"])
            raised = flags.raise_flags(unit, check_id, document, context)
        return {each.outcome: each.id for each in raised}

    def flagged_system(self) -> str:
        """A system that has flags."""
        made = self.flags()["for_information"]
        with self.store.reading(self.tenant) as unit:
            return str(unit.get(Flag, made).system_id)

    def closed_flag(self) -> str:
        """A flag for information that was closed."""
        made = self.flags()["for_information"]
        with self.store.unit(self.tenant) as unit:
            flags.close_flag(unit, unit.get(Flag, made))
        return made

    def reviewer(self) -> str:
        """A reviewer's reference."""
        person = self.ref("reviewer")
        self.reviewer_id(person)
        return person

    def reviewer_id(self, person: str = "") -> str:
        """A reviewer's identifier."""
        with self.store.unit(self.tenant) as unit:
            return reviewer_operations.register(
                unit,
                person=person or self.ref("reviewer"),
                may_change=True,
                training="course-3",
                teams=(),
            ).id

    def review(self, *, decided: bool = False, closed: bool = False) -> tuple[str, str]:
        """A review case of a new person, and its reviewer, whom it is assigned to."""
        reviewer = self.reviewer()
        candidate = self.person().candidate.id
        opening = Opening(
            kind="appeal", reason="Asked.", evidence=("letter-1",), candidate_id=candidate
        )
        verdict = Verdict(outcome=Verdicts.UPHELD, rationale="Looked.", evidence=("letter-1",))
        with self.store.unit(self.tenant) as unit:
            case = review_operations.open_review(unit, opening).id
            review_operations.assign(unit, case, reviewer)
            if decided or closed:
                review_operations.decide(unit, case, reviewer, verdict)
            if closed:
                review_operations.close(unit, case)
        return case, reviewer

    def alternative(self) -> tuple[str, str]:
        """The review of a human alternative, and the interview that a person held instead."""
        asked = self.request("opt_out")
        with self.store.unit(self.tenant) as unit:
            case = unit.find(Review, request_id=asked)
            assert case is not None and case.candidate_id is not None
            candidate = unit.get(Candidate, case.candidate_id)
            held = registered.interview(
                unit,
                candidate,
                registered.system(unit, mode="human_led"),
                human_alternative=True,
                held_at=registered.ago(minutes=-1),
            )
        return case.id, held.id

    def request(self, kind: str, *places: str) -> str:
        """A request of a new person."""
        return self.request_of(self.person(*(places or ("DE",))).candidate.id, kind)

    def request_of(self, candidate_id: str, kind: str) -> str:
        """A request of a candidate."""
        asked = Asked(
            candidate_id=candidate_id,
            kind=request_operations.RequestKind(kind),
            channel="web form",
            jurisdictions=(),
            received_at=None,
            about=(),
            hiring_teams=frozenset(),
        )
        with self.store.unit(self.tenant) as unit:
            return request_operations.receive(unit, asked).id

    def answered(self, kind: str, *done: str) -> str:
        """A request that was granted; `done`: what people did for it since."""
        made = self.request(kind)
        granted = Decided(answer=Answer.GRANTED, rationale="Yes.")
        with self.store.unit(self.tenant) as unit:
            request_operations.answer(unit, made, granted)
            for each in done:
                request_operations.carried_out(unit, made, Consequence(each))
        return made

    def hold(self) -> str:
        """A legal hold."""
        held = self.person().candidate.id
        with self.store.unit(self.tenant) as unit:
            return holds.set_hold(unit, reason="Complaint.", candidate_id=held).id

    def policy(self, number: int = 1) -> str:
        """The name of a policy."""
        name = self.ref("policy").replace("-", "_")
        with self.store.unit(self.tenant) as unit:
            policies.add_version(unit, name, POLICY.format(name=name, number=number))
        return name

    # Administration

    def endpoint(self) -> str:
        """A webhook endpoint."""
        new = NewEndpoint(url="https://hooks.platform.example/in?token=t0ken", events=("*",))
        rules = TargetRules.of(self.service.settings.webhooks)
        with self.store.unit(self.tenant) as unit:
            return register_endpoint(unit, new, rules).endpoint.id

    def delivery(self, endpoint: str = "") -> str:
        """A delivery that was given up."""
        endpoint = endpoint or self.endpoint()
        with self.store.unit(self.tenant) as unit:
            told = announce(unit, CheckFailed(check_id=new_id("chk"), error_code="x"))
            [made] = [each for each in told if each.endpoint_id == endpoint]
            dead = unit.put(replace(unit.get(Delivery, made.id), state=DeliveryState.DEAD))
            self._end_jobs(unit, dead.id)
        return dead.id

    def connection(self, system: str = "") -> connections.FreshConnection:
        """A connection to an applicant tracking system, with its secret."""
        used = system or self.someone.system.id
        new = connections.NewConnection(system_id=used, kind="generic", name="Their ATS")
        with self.store.unit(self.tenant) as unit:
            return connections.create_connection(unit, new)

    def key(self, role: str = "platform") -> str:
        """The identifier of another key."""
        text = self.frame.key_of(role, self.tenant)
        return "key_" + text.split("_")[1]
