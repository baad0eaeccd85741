"""What makes pages long or odd: long names, many records, a check that failed, a long thread."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from api import keys
from api.workplace import users
from audit.operations import checks, references, reports, templates
from audit.operations.references import NewReference
from audit.operations.webhooks import NewEndpoint, register_endpoint
from audit.records.access import Role
from audit.records.evidence import Check, FairnessAudit
from audit.records.oversight import Flag
from audit.records.work import Job, JobState
from audit.webhooks import TargetRules
from reports.canonical import canonical
from tests.api.test_thread_evidence import SPACES, made
from tests.api.world import Person, World
from tests.audit.operations import registered
from tests.evidence import report

_LONG_URL = "https://hooks-of-the-interview-platform.example/incoming/fairwitness/events?tenant="
_ENDPOINTS = 12


def failed_check(world: World) -> str:
    """The interview of a check that failed."""
    made_check = world.check()
    with world.store.unit(world.tenant) as unit:
        check = unit.get(Check, made_check)
        job = unit.get(Job, check.job_id)
        failed = replace(job, state=JobState.FAILED, error_code="media_unreadable")
        checks.ended(unit, unit.put(failed))
        return check.interview_id


def flagged_case(world: World) -> str:
    """The case of a finding, whose recording was checked: it has places to look at."""
    check_id = _heard(world)
    flagged = world.flags()["needs_human_review"]
    with world.store.unit(world.tenant) as unit:
        check, flag = unit.get(Check, check_id), unit.get(Flag, flagged)
        unit.put(replace(flag, subject=check.id, interview_id=check.interview_id))
        return str(flag.review_id)


def _heard(world: World) -> str:
    """A finished check whose document holds the loudness of a whole recording."""
    check_id = world.check()
    document, _ = report()
    starts = [float(at) for at in range(60)]
    spoken = [0.02 + 0.3 * (at % 7 < 5) * (1 + at % 3) / 3 for at in range(60)]
    document["speech"]["loudness"] |= {"times_s": starts, "values": spoken}
    written = (reports.Written(reports.RESULT, "application/json", canonical(document)),)
    with world.store.unit(world.tenant) as unit:
        work = checks.begin(unit, check_id)
    assert work is not None
    about = checks.about(work.check)
    files = reports.seal(world.service.vault, world.tenant, about, written=written, attempt=1)
    found = checks.Found(document=document, files=files, identity=work.identity)
    with world.store.unit(world.tenant) as unit:
        checks.finish(unit, check_id, found)
    return check_id


def thread(world: World, ref: str, persons: str) -> str:
    """A candidate with one session a letter, kept as references whose faces are these persons'."""
    with world.store.unit(world.tenant) as unit:
        candidate = registered.candidate(unit, ref, "US-NJ")
        system = registered.system(unit)
        consent = registered.consent(unit, candidate, "biometric_comparison")
    for number, letter in enumerate(persons):
        with world.store.unit(world.tenant) as unit:
            interview = registered.interview(
                unit,
                candidate,
                system,
                job=f"job-{number}",
                stage="First interview" if number < 2 else "Second interview, with the hiring team",
                held_at=registered.ago(days=30 - 2 * number),
            )
        whose = Person(candidate, system, interview, consent, consent)
        _session(world, whose, (number, letter))
    return candidate.id


def _session(world: World, whose: Person, which: tuple[int, str]) -> None:
    number, letter = which
    stored = world.media(whose)
    with world.store.unit(world.tenant) as unit:
        kept = NewReference(media_id=stored.id, consent_id=whose.consent.id)
        reference = references.add_reference(unit, whose.candidate.id, kept)
        vectors = [made("face", letter, number), made("voice", "A", number)]
        templates.enrol(unit, reference, vectors, SPACES)


def settings(world: World, count: int, name: str) -> None:
    """So many users, keys and holds, and as many endpoints as there may be, with long names."""
    rules = TargetRules.of(world.service.settings.webhooks)
    for at in range(count):
        long = f"{name[: 40 - len(str(at))]}{at}"
        world.hold()
        with world.store.unit(world.tenant) as unit:
            users.add(unit, long, tuple(Role)[at % len(Role)], person=long)
            until = unit.now() + timedelta(days=90)
            keys.issue(unit, keys.Wanted(name=long, role=Role.PLATFORM, expires_at=until))
            if at < _ENDPOINTS:
                new = NewEndpoint(url=f"{_LONG_URL}{long}", events=("*",))
                register_endpoint(unit, new, rules)


def worked(world: World, count: int, name: str) -> None:
    """So much at work: reports and audits that wait, schedules, checks, deliveries that failed."""
    endpoint = world.endpoint()
    for _ in range(count):
        world.queued_report()
        world.schedule()
        world.policy()
        world.delivery(endpoint)
        world.check(finished=True)
        world.fairness_audit()
    _renamed(world, world.audited(), name)


def _renamed(world: World, audit_id: str, name: str) -> None:
    with world.store.unit(world.tenant) as unit:
        unit.put(replace(unit.get(FairnessAudit, audit_id), name=name))
