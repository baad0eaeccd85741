"""A request that each operation answers with success, made of fresh objects of one tenant.

What an operation needs beyond identifiers in its path is a method of `Asking` with its name; new
operations without a body need none. `request_of` fails for one whose path it cannot fill.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from audit.records.evidence import Check, MediaKind
from audit.webhooks import Secret
from audit.webhooks.signatures import signed_headers
from tests import filed
from tests.api.world import POLICY, World
from tests.audit.operations.registered import ago
from tests.evidence import wav

Document = Mapping[str, Any]
ID = re.compile(r"\b[a-z]{3,4}_[0-9A-HJKMNP-TV-Z]{26}\b")
WAV = {"Content-Type": "audio/wav"}
OCTETS = {"Content-Type": "application/octet-stream"}
YAML = {"Content-Type": "application/yaml"}
MATCH = {"If-Match": '"1"'}
SYSTEM = {
    "name": "Video interview",
    "vendor": "Example Talent",
    "system_version": "4.2",
    "mode": "ai_led",
    "decision_role": "substantially_assists",
}
CSV = b"candidate,job,stage,outcome,occurred_at\n%s,job-7,Screen,advanced,2026-03-01T09:00:00Z\n"


@dataclass(frozen=True)
class Operation:
    """An operation of the document."""

    id: str
    method: str
    path: str
    scope: str | None
    success: int
    parameters: tuple[str, ...]
    queries: tuple[str, ...]

    @property
    def lists(self) -> bool:
        """Whether it answers with a list in pages."""
        return self.method == "GET" and "cursor" in self.queries


@dataclass(frozen=True)
class Sent:
    """A request. `path`: values of the path's parameters."""

    path: dict[str, str] = field(default_factory=dict)
    json: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None

    def texts(self) -> str:
        """Everything that can name something."""
        content = (self.content or b"").decode("latin-1")
        parts = [self.path, self.json, self.query, content, self.headers]
        return json.dumps(parts)

    def with_texts(self, names: Mapping[str, str]) -> Sent:
        """The same with names replaced, wherever they stand."""

        def changed(value: Any) -> Any:
            text = json.dumps(value)
            for old, new in names.items():
                text = text.replace(old, new)
            return json.loads(text)

        content = self.content
        for old, new in names.items():
            if content is not None:
                content = content.replace(old.encode(), new.encode())
        return replace(
            self,
            path=changed(self.path),
            json=changed(self.json),
            query=changed(self.query),
            content=content,
        )


def operations(document: Document) -> Iterator[Operation]:
    """All operations of the document."""
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            named = [each for each in found.get("parameters", ()) if "name" in each]
            yield Operation(
                id=found["operationId"],
                method=method.upper(),
                path=path,
                scope=found.get("x-scope"),
                success=min(int(status) for status in found["responses"] if status[0] == "2"),
                parameters=tuple(p["name"] for p in named if p["in"] == "path"),
                queries=tuple(p["name"] for p in named if p["in"] == "query"),
            )


class Asking:
    """Makes requests of one tenant."""

    def __init__(self, world: World) -> None:
        self.world = world

    def requests_of(self, operation: Operation) -> list[Sent]:
        """One request, or one for each form that the operation takes."""
        own = getattr(self, operation.id, None)
        made = own() if own else Sent()
        found = made if isinstance(made, list) else [made]
        return [self._placed(operation, each) for each in found]

    def _placed(self, operation: Operation, sent: Sent) -> Sent:
        missing = [name for name in operation.parameters if name not in sent.path]
        filled = {name: getattr(self, f"_{name}")() for name in missing}
        return replace(sent, path={**filled, **sent.path})

    # What stands in paths

    def _system_id(self) -> str:
        return self.world.person().system.id

    def _candidate_id(self) -> str:
        return self.world.person().candidate.id

    def _interview_id(self) -> str:
        return self.world.person().interview.id

    def _consent_id(self) -> str:
        return self.world.person().consent.id

    def _notice_id(self) -> str:
        return self.world.notice()

    def _upload_id(self) -> str:
        return self.world.upload()

    def _media_id(self) -> str:
        return self.world.media().id

    def _check_id(self) -> str:
        return self.world.check()

    def _challenge_id(self) -> str:
        return self.world.challenge()[0]

    def _outcome_id(self) -> str:
        return self.world.outcome()

    def _audit_id(self) -> str:
        return self.world.fairness_audit()

    def _job_id(self) -> str:
        return self.world.job()

    def _connection_id(self) -> str:
        return self.world.connection().connection.id

    def _review_id(self) -> str:
        return self.world.review()[0]

    def _reviewer_id(self) -> str:
        return self.world.reviewer_id()

    def _request_id(self) -> str:
        return self.world.request("access")

    def _hold_id(self) -> str:
        return self.world.hold()

    def _key_id(self) -> str:
        return self.world.key()

    def _delivery_id(self) -> str:
        return self.world.delivery()

    def _endpoint_id(self) -> str:
        return self.world.endpoint()

    def _flag_id(self) -> str:
        return self.world.flags()["for_information"]

    def _report_id(self) -> str:
        check_id = self.world.check(finished=True)
        with self.world.store.reading(self.world.tenant) as unit:
            return str(unit.get(Check, check_id).report_id)

    def _publication_id(self) -> str:
        return self.world.publication()[0]

    def _schedule_id(self) -> str:
        return self.world.schedule()

    def _code(self) -> str:
        return "not_found"

    # The register

    def create_system(self) -> Sent:
        return Sent(json=SYSTEM)

    def change_system(self) -> Sent:
        return Sent(json={"vendor": "Other"}, headers=MATCH)

    def create_candidate(self) -> Sent:
        return Sent(json={"external_ref": f"new-{self.world.ref()}"})

    def change_candidate(self) -> Sent:
        return Sent(json={"locale": "en"}, headers=MATCH)

    def store_demographics(self) -> Sent:
        person = self.world.person()
        body = {"sex": "Female", "consent_id": person.demographics.id}
        return Sent({"candidate_id": person.candidate.id}, json=body)

    def create_interview(self) -> Sent:
        person = self.world.someone
        body = {"candidate_id": person.candidate.id, "system_id": person.system.id}
        return Sent(json=body)

    def change_interview(self) -> Sent:
        return Sent(json={"stage": "Final"}, headers=MATCH)

    def give_consent(self) -> Sent:
        person = self.world.someone
        body = {
            "candidate_id": person.candidate.id,
            "interview_id": person.interview.id,
            "purpose": "recording",
            "text_version": "v1",
            "jurisdiction": "US-NJ",
            "given_at": ago(hours=1).isoformat(),
            "reference": "envelope-1",
        }
        return Sent(json=body)

    def give_notice(self) -> list[Sent]:
        person = self.world.someone
        body = {
            "kind": "pre_use",
            "jurisdiction": "US-NY-NYC",
            "text_version": "n1",
            "channel": "email",
            "given_at": ago(hours=1).isoformat(),
        }
        about = {"candidate_id": person.candidate.id, "system_id": person.system.id}
        whole = {**about, "interview_id": person.interview.id}
        return [Sent(json={**body, **each}) for each in (about, whole)]

    # Evidence

    def create_upload(self) -> list[Sent]:
        person, content = self.world.someone, wav()
        body = {"size_bytes": len(content), "name": "a.wav"}
        of_candidate = {"candidate_id": person.candidate.id, "kind": "reference"}
        return [
            Sent(json={**body, "interview_id": person.interview.id}),
            Sent(json={**body, **of_candidate}),
        ]

    def append_to_upload(self) -> Sent:
        return Sent(content=wav(), headers={**OCTETS, "Upload-Offset": "0"})

    def complete_upload(self) -> Sent:
        return Sent({"upload_id": self.world.upload(sent=True)})

    def send_media(self) -> list[Sent]:
        person = self.world.someone
        of_candidate = {"candidate_id": person.candidate.id, "kind": "reference"}
        queries = ({"interview_id": person.interview.id}, of_candidate)
        return [Sent(query={"name": "a.wav", **q}, content=wav(), headers=WAV) for q in queries]

    def pull_media(self) -> list[Sent]:
        person = self.world.someone
        body = {"store": "theirs", "key": "a.wav"}
        of_candidate = {"candidate_id": person.candidate.id, "kind": "reference"}
        return [
            Sent(json={**body, **each})
            for each in ({"interview_id": person.interview.id}, of_candidate)
        ]

    def create_check(self) -> list[Sent]:
        person = self.world.person()
        other = self.world.media(person, MediaKind.REFERENCE).id
        media = self.world.media(person).id
        body = {"interview_id": person.interview.id, "media_id": media, "references": [other]}
        known = {"interview_id": person.interview.id, "references": [other]}
        new = {
            "system_id": person.system.id,
            "candidate_ref": person.candidate.external_ref,
            "jurisdictions": ["US-NJ"],
        }
        return [Sent(json=body), _form(known), _form(new)]

    def follow_check(self) -> Sent:
        return Sent({"check_id": self.world.check(finished=True)})

    # Candidates' own pages

    def create_candidate_link(self) -> Sent:
        return Sent({"candidate_id": self.world.someone.candidate.id}, json={"language": "de"})

    def list_candidate_links(self) -> Sent:
        return Sent({"candidate_id": self.world.own_page()[0]})

    def revoke_candidate_link(self) -> Sent:
        candidate, link, _ = self.world.own_page()
        return Sent({"candidate_id": candidate, "link_id": link})

    # Challenges

    def create_challenge(self) -> Sent:
        return Sent(json={"interview_id": self.world.someone.interview.id})

    def open_challenge(self) -> Sent:
        return Sent({"token": self.world.challenge()[1]})

    def start_challenge(self) -> Sent:
        return Sent({"token": self.world.challenge()[1]}, json={"left_out": ["say_digits"]})

    def commit_challenge(self) -> Sent:
        id, token = self.world.challenge(started=True)
        return Sent({"token": token}, json=self.world.challenge_answer(id))

    def send_challenge_recording(self) -> Sent:
        _, token = self.world.challenge(answered=True)
        headers = {"Content-Type": "video/webm"}
        return Sent({"token": token}, content=self.world.last_wav, headers=headers)

    def ask_for_a_person(self) -> Sent:
        return Sent({"token": self.world.challenge()[1]})

    def add_reference(self) -> Sent:
        person = self.world.person()
        media = self.world.media(person, MediaKind.REFERENCE).id
        body = {"media_id": media, "consent_id": person.consent.id}
        return Sent({"candidate_id": person.candidate.id}, json=body)

    def remove_reference(self) -> Sent:
        candidate, made = self.world.reference()
        return Sent({"candidate_id": candidate, "reference_id": made})

    def list_references(self) -> Sent:
        return Sent({"candidate_id": self.world.reference()[0]})

    def list_comparisons(self) -> Sent:
        return Sent({"candidate_id": self.world.comparison()[0]})

    def compare(self) -> Sent:
        candidate, _ = self.world.reference()
        media = self.world.recording_of(candidate)
        return Sent({"candidate_id": candidate}, json={"media_id": media})

    def read_comparison(self) -> Sent:
        candidate, made = self.world.comparison()
        return Sent({"candidate_id": candidate, "comparison_id": made})

    def search(self) -> Sent:
        self.world.search_basis()
        candidate, media = self.world.session()
        return Sent({"candidate_id": candidate}, json={"media_id": media})

    def list_searches(self) -> Sent:
        return Sent({"candidate_id": self.world.search()[0]})

    def read_search(self) -> Sent:
        candidate, made = self.world.search()
        return Sent({"candidate_id": candidate, "search_id": made})

    def record_search_basis(self) -> Sent:
        return Sent(json={"legal_basis": "Explicit consent, Article 9(2)(a) GDPR"})

    def read_search_basis(self) -> Sent:
        self.world.search_basis()
        return Sent()

    withdraw_search_basis = read_search_basis

    def list_alike_pairs(self) -> Sent:
        self.world.pair()
        return Sent()

    def read_alike_pair(self) -> Sent:
        return Sent({"pair_id": self.world.pair()})

    def open_shared_gallery(self) -> Sent:
        return Sent(json={"name": "Agencies", "purpose": "To notice one under many names."})

    def list_shared_galleries(self) -> Sent:
        self.world.shared_gallery()
        return Sent()

    def read_shared_gallery(self) -> Sent:
        return Sent({"gallery_id": self.world.shared_gallery()})

    close_shared_gallery = read_shared_gallery

    def admit_to_shared_gallery(self) -> Sent:
        body = {**self.world.shared_basis(), "member": "initech"}
        return Sent({"gallery_id": self.world.shared_gallery()}, json=body)

    def list_admissions(self) -> Sent:
        return Sent({"gallery_id": self.world.admission()[0]})

    def end_admission(self) -> Sent:
        gallery, made = self.world.admission()
        return Sent({"gallery_id": gallery, "admission_id": made})

    def join_shared_gallery(self) -> Sent:
        body = {
            **self.world.shared_basis(),
            "gallery_id": self.world.shared_gallery(),
            "keeper": self.world.tenant,
            "consent_texts": ["shared-1"],
        }
        return Sent(json=body)

    def list_memberships(self) -> Sent:
        self.world.membership()
        return Sent()

    def read_membership(self) -> Sent:
        return Sent({"membership_id": self.world.membership()[0]})

    leave_shared_gallery = read_membership

    def read_shared_subject(self) -> Sent:
        membership, subject = self.world.membership()
        return Sent({"membership_id": membership, "subject_id": subject})

    remove_shared_subject = read_shared_subject

    def take_outcomes(self) -> list[Sent]:
        person = self.world.someone
        body = {
            "system_id": person.system.id,
            "interview_id": person.interview.id,
            "outcome": "advanced",
            "occurred_at": ago(hours=2).isoformat(),
            "stage": f"new-{self.world.ref()}",
        }
        by = (
            {"candidate_id": person.candidate.id},
            {"external_ref": person.candidate.external_ref},
        )
        return [Sent(json={"outcomes": [{**body, **who}]}) for who in by]

    def import_outcomes(self) -> Sent:
        person = self.world.someone
        return Sent(
            query={"system_id": person.system.id},
            content=CSV % person.candidate.external_ref.encode(),
            headers={"Content-Type": "text/csv"},
        )

    def create_fairness_audit(self) -> list[Sent]:
        spec = {
            "outcome": {"column": "selected", "selected": ["1"], "not_selected": ["0"]},
            "features": [{"name": "sex", "column": "group"}],
        }
        stored = {"name": "Quarter", "system_id": self.world.someone.system.id}
        table = {"name": "Table", "source": self.world.table(), "spec": spec}
        return [Sent(json=stored), Sent(json=table)]

    def send_table(self) -> Sent:
        return Sent(
            query={"name": "t.csv"}, content=b"a,b\n1,2\n", headers={"Content-Type": "text/csv"}
        )

    def follow_fairness_audit(self) -> Sent:
        return Sent({"audit_id": self.world.fairness_audit(finished=True)})

    # Reports

    def create_report(self) -> list[Sent]:
        person, audit = self.world.someone, self.world.audited()
        audited = self.world.system_of(audit)
        period = {"since": ago(days=90).isoformat(), "until": ago(days=1).isoformat()}
        written = [{"text": "As the job asks.", "by": "HR office", "on": "2026-03-02"}]
        letter = {"contact": "hr@example.org", "texts": {"purpose": written}}
        explained = {"outcome_id": self.world.outcome()}
        asked = self.world.request_of(person.candidate.id, "explanation")
        orders = {
            "interview_integrity": (self.world.check(finished=True), {}),
            "identity_thread": (person.candidate.id, {}),
            "fairness_audit": (audit, {}),
            "ll144_summary": (audit, {"recorded": filed.answers()}),
            "adverse_impact_record": (audited, {}),
            "governance": (person.system.id, {"period": period}),
            "regime_file": (person.system.id, {"packs": ["ll144"], "on": "2026-11-22"}),
            "candidate_notice": (person.system.id, {"letter": letter, "language": "de"}),
            "adverse_outcome_disclosure": (self.world.outcome(), {}),
            "explanation_letter": (asked, {"letter": explained}),
        }
        return [
            Sent(json={"kind": kind, "subject": subject, **more})
            for kind, (subject, more) in orders.items()
        ]

    def cancel_report(self) -> Sent:
        return Sent({"report_id": self.world.queued_report()})

    def read_report_content(self) -> Sent:
        return Sent({"report_id": self.world.summary()})

    read_report_bundle = read_report_content

    def read_report_file(self) -> Sent:
        return Sent({"report_id": self.world.summary(), "format": "json"})

    def compare_reports(self) -> Sent:
        audit = self.world.audited()
        before, after = self.world.summary(audit), self.world.summary(audit)
        return Sent({"report_id": before}, query={"with": after})

    def create_report_link(self) -> Sent:
        return Sent({"report_id": self.world.summary()}, json={"format": "json"})

    def list_report_links(self) -> Sent:
        return Sent({"report_id": self.world.link()[0]})

    def revoke_report_link(self) -> Sent:
        report, link, _ = self.world.link()
        return Sent({"report_id": report, "link_id": link})

    def follow_report_link(self) -> Sent:
        return Sent({"token": self.world.link()[2]})

    def create_report_schedule(self) -> Sent:
        body = {
            "kind": "governance",
            "system_id": self.world.someone.system.id,
            "every": "quarter",
            "zone": "America/New_York",
            "recipients": [self.world.endpoint()],
        }
        return Sent(json=body)

    def revoke_report_key(self) -> Sent:
        return Sent({"key_id": self.world.report_key()}, json={"reason": "Lost."})

    def read_rule_pack(self) -> Sent:
        return Sent({"pack_id": "ll144"})

    def read_rule_pack_impact(self) -> Sent:
        return Sent({"pack_id": "ll144"}, query={"from_version": "2026-11-22"})

    def record_answers(self) -> Sent:
        return Sent(json={"answers": filed.answers()}, headers={"If-Match": '"0"'})

    def create_publication(self) -> Sent:
        body = {
            "report_id": self.world.summary(),
            "slug": self.world.ref("page"),
            "name": "Example Inc",
            "colour": "#1f4e79",
            "logo_png": base64.b64encode(filed.PNG).decode(),
        }
        return Sent(json=body)

    def take_down_publication(self) -> Sent:
        return Sent(json={"force": True, "reason": "Posted by mistake."})

    def read_public_page(self) -> Sent:
        return Sent({"slug": self.world.publication()[1]})

    def read_public_version(self) -> Sent:
        return Sent({"slug": self.world.publication()[1], "number": "1"})

    def read_public_file(self) -> Sent:
        return Sent({"slug": self.world.publication()[1], "number": "1", "format": "json"})

    def read_public_report_keys(self) -> Sent:
        return Sent({"name": self.world.report_key()})

    # Oversight

    def reopen_flag(self) -> Sent:
        return Sent({"flag_id": self.world.closed_flag()})

    def assign_review(self) -> Sent:
        case, _ = self.world.review()
        return Sent({"review_id": case}, json={"reviewer": self.world.reviewer()})

    def read_review(self) -> Sent:
        case, reviewer = self.world.review()
        return Sent({"review_id": case}, query={"reviewer": reviewer})

    def add_review_evidence(self) -> Sent:
        return Sent(json={"evidence": "letter-2"})

    def add_review_conflicts(self) -> Sent:
        return Sent(json={"made_by": ["zoe"]})

    def decide_review(self) -> Sent:
        case, reviewer = self.world.review()
        body = {
            "reviewer": reviewer,
            "outcome": "upheld",
            "rationale": "Looked.",
            "evidence": ["letter-1"],
        }
        return Sent({"review_id": case}, json=body)

    def close_review(self) -> Sent:
        return Sent({"review_id": self.world.review(decided=True)[0]})

    def note_review_result_sent(self) -> Sent:
        return Sent({"review_id": self.world.review(closed=True)[0]})

    def fulfil_review(self) -> Sent:
        case, interview = self.world.alternative()
        return Sent({"review_id": case}, json={"interview_id": interview})

    def register_reviewer(self) -> Sent:
        person = f"new-{self.world.ref()}"
        return Sent(json={"person": person, "may_change": True, "training": "course-3"})

    def change_reviewer(self) -> Sent:
        return Sent(json={"teams": ["b"]}, headers=MATCH)

    def receive_request(self) -> list[Sent]:
        check = self.world.check(finished=True)
        with self.world.store.reading(self.world.tenant) as unit:
            whose = unit.get(Check, check).candidate_id
        body = {"candidate_id": whose, "channel": "web form"}
        return [
            Sent(json={**body, "kind": "access"}),
            Sent(json={**body, "kind": "appeal", "about": [check]}),
        ]

    def answer_request(self) -> Sent:
        return Sent(json={"answer": "granted", "rationale": "Of course."})

    def extend_request(self) -> Sent:
        request = self.world.request("access")
        told = datetime.now(UTC).isoformat()
        body = {"clock": "gdpr.request", "reason": "Many systems.", "told_at": told}
        return Sent({"request_id": request}, json=body)

    def note_request_done(self) -> Sent:
        request = self.world.answered("correction")
        return Sent({"request_id": request}, json={"consequence": "correct_data"})

    def close_request(self) -> Sent:
        return Sent({"request_id": self.world.answered("explanation", "provide_explanation")})

    def export_candidate_data(self) -> Sent:
        return Sent({"request_id": self.world.answered("access")})

    def explain_results(self) -> Sent:
        return Sent({"request_id": self.world.answered("explanation")})

    def read_duties_to_keep(self) -> Sent:
        return Sent({"request_id": self.world.request("deletion", "US-CA")})

    def add_policy_version(self) -> Sent:
        name = self.world.policy()
        text = POLICY.format(name=name, number=2).encode()
        return Sent({"name": name}, content=text, headers=YAML)

    def try_policy(self) -> Sent:
        text = POLICY.format(name="ours", number=1).encode()
        return Sent(query={"name": "ours"}, content=text, headers=YAML)

    def read_policy_version(self) -> Sent:
        return Sent({"name": self.world.policy(), "number": "1"})

    activate_policy = read_policy_version

    def set_legal_hold(self) -> list[Sent]:
        check = self.world.check(finished=True)
        with self.world.store.reading(self.world.tenant) as unit:
            found = unit.get(Check, check)
        whole = Sent(json={"reason": "Complaint.", "candidate_id": found.candidate_id})
        parts = (check, found.media_id, found.report_id)
        return [whole, *(Sent(json={"reason": "Complaint.", "subject": each}) for each in parts)]

    def list_due_for_erasure(self) -> Sent:
        return Sent(query={"artefact": "media", "by": "2100-01-01T00:00:00Z"})

    def erase_candidate(self) -> Sent:
        return Sent(json={"candidate_id": self.world.person().candidate.id})

    # Administration

    def issue_key(self) -> Sent:
        return Sent(json={"name": "Interview platform", "role": "admin"})

    def rotate_key(self) -> Sent:
        return Sent({"key_id": self.world.key("admin")}, json={"grace_s": 0})

    def prove_inclusion(self) -> Sent:
        return Sent(query={"sequence": 0})

    def prove_consistency(self) -> Sent:
        return Sent(query={"first": 1})

    def register_webhook(self) -> Sent:
        return Sent(json={"url": "https://hooks.platform.example/in", "events": ["*"]})

    def change_webhook(self) -> Sent:
        return Sent(json={"events": ["check.failed"]}, headers=MATCH)

    def rotate_webhook_secret(self) -> Sent:
        return Sent(json={"grace_s": 0})

    def list_deliveries_of_webhook(self) -> Sent:
        endpoint = self.world.endpoint()
        self.world.delivery(endpoint)
        return Sent({"endpoint_id": endpoint})

    def list_notes(self) -> Sent:
        system = self.world.flagged_system()
        return Sent({"connection_id": self.world.connection(system).connection.id})

    def create_connection(self) -> Sent:
        body = {"system_id": self.world.someone.system.id, "kind": "generic", "name": "Their ATS"}
        return Sent(json=body)

    def receive_event(self) -> Sent:
        made = self.world.connection()
        event = {
            "candidate": self.world.someone.candidate.external_ref,
            "job": "job-3",
            "stage": f"new-{self.world.ref()}",
            "outcome": "rejected",
            "occurred_at": "2026-03-01T09:00:00Z",
        }
        body = json.dumps({"events": [event]}).encode()
        secret = [Secret.parse(made.secret)]
        signed = signed_headers("msg_1", datetime.now(UTC), body, secret)
        headers = {"Content-Type": "application/json", **signed}
        return Sent({"connection_id": made.connection.id}, content=body, headers=headers)


def _form(order: dict[str, Any]) -> Sent:
    """A whole check as a form."""
    boundary = hashlib.sha256(b"form").hexdigest()
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="order"\r\n'
        f"Content-Type: application/json\r\n\r\n{json.dumps(order)}\r\n"
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    )
    content = parts.encode() + wav() + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return Sent(content=content, headers=headers)
