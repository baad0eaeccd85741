"""How each kind of document is made: its facts from the store in one reading, then its composer.

A new kind is one function and one entry in `BUILDERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter

from api.output import frames_at
from api.tasks import letters
from api.tasks.bench import Bench
from api.tasks.enrol import enrol_lacking
from api.tasks.letters import LetterOrder
from api.tasks.thread_sessions import thread_of
from audit.errors import DataKeyDestroyed, InputError, StepRefused
from audit.jobs import JobContext
from audit.ledger import timestamp
from audit.media import probe
from audit.operations import answers, media
from audit.operations.period import Asked, Verified, count_period
from audit.operations.report_orders import Work
from audit.operations.reports import ResultReader
from audit.records.evidence import Check, FairnessAudit, Media, MediaState, Report, RunState
from audit.records.issued import DocumentKind, RecordedAnswer
from audit.records.period import period_json
from audit.records.register import System
from audit.store import ReadUnit
from audit.store.public import tenant_name
from audit.store.verification import verify_log
from reports.compose import (
    adverse_impact,
    disclosure,
    explanation,
    fairness_audit,
    governance,
    interview,
    ll144_summary,
    notice,
    regime_file,
    thread,
)
from reports.compose.duties import within
from reports.document.draft import Issue
from reports.document.model import Document, Language, Source
from reports.fairness_json import read_audit
from reports.packs import Pack, Recorded, pack, packs

Json = Mapping[str, Any]
_SYSTEM = TypeAdapter(System)
_ANSWER = TypeAdapter(RecordedAnswer)


@dataclass(frozen=True, slots=True)
class Desk:
    """One document in the making: what was asked for, and where its facts are."""

    bench: Bench
    context: JobContext
    report: Report
    order: Json
    """What was asked for."""

    @property
    def language(self) -> Language:
        """In which language."""
        found: Language = TypeAdapter(Language).validate_python(self.report.language)
        return found

    @property
    def day(self) -> date:
        """The day that statuses of rules are those of: the one asked for, else today."""
        asked = self.order.get("on")
        return date.fromisoformat(asked) if asked else self._moment.date()

    @property
    def _moment(self) -> datetime:
        return self.report.started_at or self.report.created_at

    def issue(self, *sources: Source) -> Issue:
        """Who issues it when, from what."""
        return Issue(
            id=self.report.id,
            issued_at=timestamp(self._moment),
            publisher=tenant_name(self.bench.store, self.context.tenant),
            sources=sources,
        )

    def result(self, unit: ReadUnit, report_id: str | None) -> Json:
        """The stored result of a check or audit. Raises `DataKeyDestroyed` where it was erased."""
        found = None
        if report_id is not None:
            found = self.results(unit, unit.get(Report, report_id))
        if found is None:
            raise DataKeyDestroyed("The result that the report would tell of was erased.")
        return found

    @property
    def results(self) -> ResultReader:
        """Reads stored results."""
        return ResultReader(self.bench.vault)

    def recorded(self, unit: ReadUnit, system_id: str | None) -> dict[str, Recorded]:
        """What persons recorded for the system, and with this order, which comes first."""
        held = dict(answers.newest(unit, system_id).answers) if system_id else {}
        given = self.order.get("recorded", {})
        held |= {name: _ANSWER.validate_python(each) for name, each in given.items()}
        public = self.report.kind == DocumentKind.LL144_SUMMARY
        return {name: _said(each, public=public) for name, each in held.items()}

    @property
    def letter(self) -> LetterOrder:
        """What a letter is to say beside what is stored."""
        return LetterOrder(
            publisher=tenant_name(self.bench.store, self.context.tenant),
            base_url=self.bench.settings.api.base_url,
            day=self.day,
            given=self.order.get("letter", {}),
        )

    def period(self) -> tuple[datetime, datetime] | None:
        """The period that was asked for."""
        asked = self.order.get("period")
        if not asked:
            return None
        return datetime.fromisoformat(asked["since"]), datetime.fromisoformat(asked["until"])


Builder = Callable[[Desk], Document]


def build(bench: Bench, context: JobContext, work: Work) -> Document:
    """The document that a report is to be.

    Raises:
        InputError, StepRefused, DataKeyDestroyed: what is stored does not give it.
    """
    return BUILDERS[DocumentKind(work.report.kind)](Desk(bench, context, work.report, work.options))


def _interview(desk: Desk) -> Document:
    with desk.bench.store.reading(desk.context.tenant) as unit:
        check = unit.get(Check, desk.report.subject)
        result = desk.result(unit, check.report_id)
        recording = unit.get(Media, check.media_id)
    frames = _frames(desk, result, recording)
    issue = desk.issue(*interview.sources(result))
    return interview.compose(result, issue, frames=frames, language=desk.language)


def _frames(desk: Desk, result: Json, recording: Media) -> Mapping[float, bytes]:
    """Frames of the recording, if it is still there."""
    times = interview.wanted_frames(result)
    if not times or recording.state is not MediaState.STORED:
        return {}
    settings = desk.bench.settings
    with media.fetched(desk.bench.vault, desk.context.tenant, recording) as path:
        facts = probe(path, settings.limits)
        return frames_at(times, facts, path, settings)


def _thread(desk: Desk) -> Document:
    candidate = desk.report.subject
    spaces, at = enrol_lacking(desk.bench, desk.context, candidate), desk.bench.store.now()
    with desk.bench.store.reading(desk.context.tenant) as unit:
        facts = thread_of(unit, candidate, desk.results, spaces, at)
    return thread.compose(facts, desk.issue(*thread.sources(facts)), language=desk.language)


def _audit_of(desk: Desk, unit: ReadUnit) -> FairnessAudit:
    """The audit that was named, or the newest one of the system that was."""
    subject = desk.report.subject
    if subject.startswith("aud_"):
        return unit.get(FairnessAudit, subject)
    found = _newest_audit(unit, subject)
    if found is None:
        raise StepRefused("No fairness audit of this system has a result: have one made first.")
    return found


def _newest_audit(unit: ReadUnit, system_id: str) -> FairnessAudit | None:
    return unit.find(FairnessAudit, system_id=system_id, state=RunState.FINISHED)


def _audited(desk: Desk, unit: ReadUnit, audit: FairnessAudit) -> tuple[Json, Source]:
    document = read_audit(desk.result(unit, audit.report_id)).model_dump(mode="json")
    sha256 = str(document["run"]["content_sha256"])
    return document, Source(name="audit", id=audit.id, sha256=sha256)


def _fairness_audit(desk: Desk) -> Document:
    with desk.bench.store.reading(desk.context.tenant) as unit:
        document, source = _audited(desk, unit, _audit_of(desk, unit))
    return fairness_audit.compose(document, desk.issue(source), desk.language)


def _ll144(desk: Desk) -> Document:
    with desk.bench.store.reading(desk.context.tenant) as unit:
        audit = _audit_of(desk, unit)
        document, source = _audited(desk, unit, audit)
        recorded = desk.recorded(unit, audit.system_id)
    return ll144_summary.compose(
        document,
        recorded,
        desk.issue(source),
        bases=tuple(desk.order.get("bases", ())),
        language=desk.language,
    )


def _adverse_impact(desk: Desk) -> Document:
    with desk.bench.store.reading(desk.context.tenant) as unit:
        audit = _audit_of(desk, unit)
        document, source = _audited(desk, unit, audit)
        recorded = desk.recorded(unit, audit.system_id)
    return adverse_impact.compose(document, recorded, desk.issue(source), language=desk.language)


def _governance(desk: Desk) -> Document:
    now = desk.bench.store.now()
    _, found = verify_log(desk.bench.store, desk.context.tenant, [])
    verified = Verified(faults=len(found), at=now)
    with desk.bench.store.reading(desk.context.tenant) as unit:
        period = _period(desk, unit, verified)
    if period is None:
        raise InputError("A governance report needs a period.")
    return governance.compose(period, desk.issue(*governance.sources(period)), desk.language)


def _period(desk: Desk, unit: ReadUnit, verified: Verified | None = None) -> Json | None:
    asked = desk.period()
    if asked is None:
        return None
    since, until = asked
    wanted = Asked(system_id=desk.report.subject, since=since, until=until)
    now = desk.bench.store.now()
    counted = count_period(unit, wanted, now=now, results=desk.results, verified=verified)
    return period_json(counted)


def _regime_file(desk: Desk) -> Document:
    with desk.bench.store.reading(desk.context.tenant) as unit:
        system = unit.get(System, desk.report.subject)
        audit = _newest_audit(unit, system.id)
        sources: list[Source] = []
        facts: dict[str, Any] = {"system": _SYSTEM.dump_python(system, mode="json")}
        if audit is not None:
            facts["audit"], source = _audited(desk, unit, audit)
            sources.append(source)
        facts["period"] = _period(desk, unit)
        recorded = desk.recorded(unit, system.id)
    chosen = _packs(desk, system)
    if facts["period"] is not None:
        sources.append(governance.sources(facts["period"])[0])
    return regime_file.compose(
        facts,
        chosen,
        desk.issue(*sources),
        recorded={each.pack: recorded for each in chosen},
        on=desk.day,
        language=desk.language,
    )


def _notice(desk: Desk) -> Document:
    with desk.bench.store.reading(desk.context.tenant) as unit:
        facts = letters.notice_facts(unit, desk.report.subject, desk.letter)
    return notice.compose(facts, desk.issue(), desk.language)


def _disclosure(desk: Desk) -> Document:
    with desk.bench.store.reading(desk.context.tenant) as unit:
        facts = letters.disclosure_facts(unit, desk.report.subject, desk.letter)
    return disclosure.compose(facts, desk.issue(), desk.language)


def _explanation(desk: Desk) -> Document:
    with desk.bench.store.reading(desk.context.tenant) as unit:
        facts = letters.explanation_facts(unit, desk.report.subject, desk.letter)
    return explanation.compose(facts, desk.issue(), desk.language)


def _packs(desk: Desk, system: System) -> list[Pack]:
    """The packs that were asked for, or those of the places where the system is used."""
    own = desk.bench.settings.packs_dir
    wanted = list(dict.fromkeys(desk.order.get("packs", ())))
    if not wanted:
        every = packs(own).values()
        wanted = [p.pack for p in every if within(system.jurisdictions, p.jurisdictions)]
    if not wanted:
        raise InputError("Name rule packs: none is of a place where the system is used.")
    return [pack(each, on=desk.day, own=own) for each in wanted]


def _said(answer: RecordedAnswer, *, public: bool) -> Recorded:
    """Readers see the function; those of documents that are not public, the reference as well."""
    by = answer.function if public else f"{answer.function} ({answer.by})"
    return Recorded(value=answer.value, by=by, on=answer.on)


BUILDERS: Mapping[DocumentKind, Builder] = {
    DocumentKind.INTERVIEW_INTEGRITY: _interview,
    DocumentKind.IDENTITY_THREAD: _thread,
    DocumentKind.FAIRNESS_AUDIT: _fairness_audit,
    DocumentKind.LL144_SUMMARY: _ll144,
    DocumentKind.ADVERSE_IMPACT_RECORD: _adverse_impact,
    DocumentKind.GOVERNANCE: _governance,
    DocumentKind.REGIME_FILE: _regime_file,
    DocumentKind.CANDIDATE_NOTICE: _notice,
    DocumentKind.ADVERSE_OUTCOME_DISCLOSURE: _disclosure,
    DocumentKind.EXPLANATION_LETTER: _explanation,
}
