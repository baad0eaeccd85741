"""Which table keeps which value, and how one becomes the other."""

from __future__ import annotations

from enum import Enum
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import JSON, RowMapping, insert

from audit import tables
from audit.records import biometrics, evidence, issued, oversight, register, searches
from audit.records.access import ApiKey
from audit.records.base import Record
from audit.records.challenges import Challenge
from audit.records.users import User, UserSession
from audit.records.work import Job
from audit.tables.base import Base, table_of

V = TypeVar("V", bound=Record)

TABLES: dict[type[Record], type[Base]] = {
    ApiKey: tables.access.ApiKeyRow,
    User: tables.users.UserRow,
    UserSession: tables.users.UserSessionRow,
    Job: tables.work.JobRow,
    register.System: tables.register.SystemRow,
    register.Candidate: tables.register.CandidateRow,
    register.Demographics: tables.register.DemographicsRow,
    register.Interview: tables.register.InterviewRow,
    register.Consent: tables.register.ConsentRow,
    register.Notice: tables.register.NoticeRow,
    register.Outcome: tables.register.OutcomeRow,
    register.AtsConnection: tables.register.AtsConnectionRow,
    evidence.Media: tables.evidence.MediaRow,
    evidence.Upload: tables.evidence.UploadRow,
    evidence.Check: tables.evidence.CheckRow,
    evidence.Reference: tables.evidence.ReferenceRow,
    evidence.Comparison: tables.evidence.ComparisonRow,
    biometrics.Template: tables.biometrics.TemplateRow,
    searches.Transform: tables.searches.TransformRow,
    searches.SearchBasis: tables.searches.SearchBasisRow,
    searches.Search: tables.searches.SearchRow,
    searches.AlikePair: tables.searches.AlikePairRow,
    searches.SharedGallery: tables.searches.SharedGalleryRow,
    searches.Admission: tables.searches.AdmissionRow,
    searches.Membership: tables.searches.MembershipRow,
    searches.SharedSubject: tables.searches.SharedSubjectRow,
    searches.SharedTemplate: tables.searches.SharedTemplateRow,
    Challenge: tables.challenges.ChallengeRow,
    evidence.FairnessAudit: tables.evidence.FairnessAuditRow,
    evidence.Report: tables.evidence.ReportRow,
    issued.SigningKey: tables.issued.ReportKeyRow,
    issued.SignedDirectory: tables.issued.KeyDirectoryRow,
    issued.SealedSecret: tables.issued.SealedSecretRow,
    issued.ReportLink: tables.issued.ReportLinkRow,
    issued.Answers: tables.issued.AnswersRow,
    issued.ReportSchedule: tables.issued.ReportScheduleRow,
    issued.Publication: tables.issued.PublicationRow,
    issued.PublishedSummary: tables.issued.PublishedSummaryRow,
    oversight.Flag: tables.oversight.FlagRow,
    oversight.Reviewer: tables.oversight.ReviewerRow,
    oversight.Review: tables.oversight.ReviewRow,
    oversight.Request: tables.oversight.RequestRow,
    oversight.CandidateLink: tables.oversight.CandidateLinkRow,
    oversight.Policy: tables.oversight.PolicyRow,
    oversight.LegalHold: tables.oversight.LegalHoldRow,
    oversight.Endpoint: tables.oversight.EndpointRow,
    oversight.Delivery: tables.oversight.DeliveryRow,
}


class Mapping(Generic[V]):
    """Turns values into rows and back. Columns and fields have the same names."""

    def __init__(self, kind: type[V]) -> None:
        self.kind = kind
        self.table = table_of(TABLES[kind])
        self.insert = insert(self.table).inline()
        self._adapter = TypeAdapter(kind)
        self._documents = {c.name for c in self.table.columns if isinstance(c.type, JSON)}

    def to_row(self, value: V) -> dict[str, Any]:
        """The columns but `tenant_id`. Documents hold plain JSON; enumerations their values."""
        plain = self._adapter.dump_python(value)
        if self._documents:
            as_json = self._adapter.dump_python(value, mode="json", include=self._documents)
            plain.update(as_json)
        return {k: v.value if isinstance(v, Enum) else v for k, v in plain.items()}

    def to_value(self, row: RowMapping) -> V:
        """The value that a row keeps."""
        return self._adapter.validate_python(
            {name: value for name, value in row.items() if name != "tenant_id"}
        )


_made: dict[type[Record], Mapping[Any]] = {}


def mapping(kind: type[V]) -> Mapping[V]:
    """The mapping of a kind of value; made once, since it is costly and never changes."""
    if kind not in _made:
        _made[kind] = Mapping(kind)
    return _made[kind]
