"""What `fairwitness demo` puts into a service of its own: interviews, an audit, a report, people.

All of it goes through the operations that routes and pages use, and is made by the worker's code.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp

from api.service import Service
from api.working import working
from api.workplace import users
from audit.check import Progress
from audit.clocks import RequestKind
from audit.errors import AuditError, InputError
from audit.operations import (
    checks,
    consents,
    fairness_audits,
    media,
    notices,
    outcomes,
    register,
    report_orders,
    reports,
    requests,
    reviewers,
    uploads,
)
from audit.records.access import Role
from audit.records.evidence import MediaKind, Report, RunState
from audit.records.issued import DocumentKind
from audit.records.register import Purpose, System
from audit.records.work import Job, JobState
from audit.settings import Settings
from audit.store import UnitOfWork

TENANT = "demo"
PLACE = "US-NY-NYC"
FOLDER = "service"
_MARK = "made-by-demo"
_TRAINING = "demonstration"
_LOOK_S = 0.3


@dataclass(frozen=True, slots=True)
class Work:
    """What is made: a job's identifier and what it makes, in words."""

    job_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """How somebody gets in: a link for a person of their own, and one who is set up."""

    link: str
    name: str
    password: str
    codes: tuple[str, ...]


def settings_of(settings: Settings, out: Path) -> Settings:
    """Settings of a service that keeps everything in a new folder of `out`, and nothing else.

    Raises `InputError` where the folder is there and was not made by an earlier demonstration.
    """
    home = out / FOLDER
    if home.exists():
        if not (home / _MARK).is_file():
            raise InputError(f"{home} is there and is not of a demonstration; choose another --out")
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    (home / _MARK).touch()
    storage = settings.storage.model_copy(
        update={"kind": "local", "path": home / "media", "scratch_dir": home / "scratch"}
    )
    own = {"data_dir": home, "storage": storage, "database_url": None, "master_keys": None}
    nowhere = {"master_keys_file": None, "master_keys_provider": None}
    return settings.model_copy(update={**own, **nowhere})


def interviews(service: Service, recordings: Sequence[Path]) -> list[Work]:
    """A system, and for each recording a candidate who was told and agreed, with a check."""
    with service.store.unit(TENANT) as unit:
        system = register.create_system(
            unit,
            register.NewSystem.model_validate(
                {
                    "name": "Structured video interview",
                    "vendor": "Example Talent",
                    "system_version": "4.2",
                    "mode": "ai_led",
                    "decision_role": "substantially_assists",
                    "data_types": ["video", "voice"],
                    "jurisdictions": [PLACE],
                }
            ),
        )
    return [_interview(service, system.id, at, path) for at, path in enumerate(recordings, 1)]


def audit(service: Service, table: Path, spec: dict[str, Any]) -> Work:
    """A fairness audit of a table."""
    order = media.MediaOrder(kind=MediaKind.TABLE, name=table.name)
    got = uploads.receive_table(service.intake, TENANT, order, chunks=[table.read_bytes()])
    with service.store.unit(TENANT) as unit:
        stored = uploads.finish_table(unit, service.intake, order, got)
        wanted = fairness_audits.AuditOrder(name="Made-up hiring", source=stored.id, spec=spec)
        made = fairness_audits.request_audit(unit, wanted)
    return Work(made.job_id, "fairness audit")


def governance(service: Service) -> Work:
    """A governance report of the system, from a month ago until tomorrow."""
    with service.store.unit(TENANT) as unit:
        today = unit.now().replace(hour=0, minute=0, second=0, microsecond=0)
        since, until = today - timedelta(days=30), today + timedelta(days=1)
        period = {"since": since.isoformat(), "until": until.isoformat()}
        [system] = unit.every(System)
        order = report_orders.ReportOrder(
            kind=DocumentKind.GOVERNANCE, subject=system.id, options={"period": period}
        )
        made = report_orders.request_report(unit, order)
    return Work(str(made.job_id), "governance report")


def done(
    service: Service, work: Sequence[Work], told: Progress, say: Callable[[str], None]
) -> None:
    """Waits until all is made. Raises `AuditError` where something could not be."""
    open_ones = {each.job_id: each.name for each in work}
    while open_ones:
        time.sleep(_LOOK_S)
        with service.store.reading(TENANT) as unit:
            jobs = unit.every(Job, id=tuple(each.job_id for each in work))
        told("making " + ", ".join(open_ones.values()), sum(j.progress for j in jobs) / len(work))
        for job in jobs:
            if job.state.final and job.id in open_ones:
                name = open_ones.pop(job.id)
                if job.state is not JobState.SUCCEEDED:
                    raise AuditError(f"The {name} was not made: {job.error_detail}")
                say(f"Made: {name}")


def whole(
    service: Service,
    recordings: Sequence[Path],
    table: Path,
    spec: dict[str, Any],
    told: Progress,
    say: Callable[[str], None],
) -> None:
    """Everything, in the order in which it depends on each other."""
    service.store.add_tenant(TENANT, "Demonstration")
    with working(service):
        first = [*interviews(service, recordings), audit(service, table, spec)]
        done(service, first, told, say)
        done(service, [governance(service)], told, say)


def entries(service: Service) -> Entry:
    """Two people of compliance who may review: one by a link, one with password and codes."""
    with service.store.unit(TENANT) as unit:
        invited, link = users.add(unit, "you", Role.COMPLIANCE)
        user, _ = users.add(unit, "demo", Role.COMPLIANCE)
        for each in (invited, user):
            reviewers.register(
                unit, person=each.person, may_change=True, training=_TRAINING, teams=()
            )
        password = secrets.token_urlsafe(12)
        code = pyotp.TOTP(users.totp_secret(unit, user)).at(unit.now())
        codes = users.choose(unit, user, password, code)
    if codes is None:
        raise AuditError("The person of the demonstration could not be set up.")
    return Entry(link, user.name, password, codes)


def saved(service: Service, out: Path) -> list[Path]:
    """The pages of all reports, as files beside the service's folder."""
    with service.store.reading(TENANT) as unit:
        made = unit.every(Report, state=RunState.FINISHED)
    paths = []
    for report in sorted(made, key=lambda each: each.id):
        page = reports.whole(service.vault, TENANT, report, "html")
        if page is not None:
            path = out / f"{report.kind.replace('_', '-')}-{report.id[-6:].lower()}.html"
            path.write_bytes(page)
            paths.append(path)
    return paths


def _interview(service: Service, system_id: str, number: int, recording: Path) -> Work:
    with service.store.unit(TENANT) as unit:
        interview = _registered(unit, system_id, number)
    content = recording.read_bytes()
    order = media.MediaOrder(interview_id=interview, name=recording.name)
    got = uploads.receive(service.intake, TENANT, order, chunks=[content], size=len(content))
    with service.store.unit(TENANT) as unit:
        stored = uploads.finish(unit, got)
        made = checks.request_check(
            unit, checks.CheckOrder(interview_id=interview, media_id=stored.id)
        )
    return Work(made.job_id, f"check of interview {number}")


def _registered(unit: UnitOfWork, system_id: str, number: int) -> str:
    """A candidate with notice and consents, an interview and its outcome; one asks for access."""
    now = unit.now()
    new = register.NewCandidate(external_ref=f"applicant-{number}", jurisdictions=(PLACE,))
    candidate = register.create_candidate(unit, new)
    interview = register.create_interview(
        unit,
        register.NewInterview(
            candidate_id=candidate.id,
            system_id=system_id,
            job="job-7",
            stage="First interview",
            held_at=now - timedelta(days=2),
        ),
    )
    notices.give_notice(
        unit,
        notices.NewNotice(
            kind="pre_use",
            jurisdiction=PLACE,
            text_version="notice-2026-02",
            channel="email",
            given_at=now - timedelta(days=25),
            interview_id=interview.id,
        ),
    )
    for purpose in (Purpose.MEDIA_ANALYSIS, Purpose.BIOMETRIC_COMPARISON):
        consents.give_consent(
            unit,
            consents.NewConsent(
                candidate_id=candidate.id,
                purpose=purpose,
                text_version="consent-2026-03",
                jurisdiction=PLACE,
                given_at=now - timedelta(days=3),
                reference=f"envelope-{number}",
                written=True,
            ),
        )
    word = ("rejected", "advanced", "advanced")[(number - 1) % 3]
    outcome = outcomes.NewOutcome(
        candidate_id=candidate.id,
        system_id=system_id,
        interview_id=interview.id,
        job="job-7",
        stage="First interview",
        outcome=word,
        occurred_at=now - timedelta(days=1),
    )
    outcomes.take_outcomes(unit, (outcome,), outcomes.Options())
    if number == 1:
        requests.receive(
            unit,
            requests.Asked(
                candidate_id=candidate.id,
                kind=RequestKind.ACCESS,
                channel="web form",
                jurisdictions=(),
                received_at=None,
                about=(),
                hiring_teams=frozenset(),
            ),
        )
    return interview.id
