"""Identifiers in paths: their form is checked before anything is asked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query


def _id(prefix: str) -> Any:
    return Path(
        pattern=rf"^{prefix}_[0-9A-HJKMNP-TV-Z]{{26}}$",
        description=f"`{prefix}_` and 26 characters.",
        examples=[f"{prefix}_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"],
    )


KeyId = Annotated[str, _id("key")]
SystemId = Annotated[str, _id("sys")]
CandidateId = Annotated[str, _id("cand")]
InterviewId = Annotated[str, _id("int")]
ConsentId = Annotated[str, _id("con")]
NoticeId = Annotated[str, _id("ntc")]
OutcomeId = Annotated[str, _id("out")]
ConnectionId = Annotated[str, _id("ats")]
MediaId = Annotated[str, _id("med")]
UploadId = Annotated[str, _id("upl")]
CheckId = Annotated[str, _id("chk")]
ChallengeId = Annotated[str, _id("chl")]
JobId = Annotated[str, _id("job")]
ReferenceId = Annotated[str, _id("ref")]
ComparisonId = Annotated[str, _id("cmp")]
SearchId = Annotated[str, _id("sea")]
PairId = Annotated[str, _id("pai")]
GalleryId = Annotated[str, _id("gal")]
AdmissionId = Annotated[str, _id("adm")]
MembershipId = Annotated[str, _id("mem")]
SubjectId = Annotated[str, _id("shs")]
AuditId = Annotated[str, _id("aud")]
ReportId = Annotated[str, _id("rep")]
LinkId = Annotated[str, _id("lnk")]
CandidateLinkId = Annotated[str, _id("cpl")]
ScheduleId = Annotated[str, _id("sch")]
PublicationId = Annotated[str, _id("pub")]
FlagId = Annotated[str, _id("flg")]
ReviewId = Annotated[str, _id("rev")]
ReviewerId = Annotated[str, _id("rvr")]
RequestId = Annotated[str, _id("req")]
PolicyId = Annotated[str, _id("pol")]
HoldId = Annotated[str, _id("hold")]
EndpointId = Annotated[str, _id("whk")]
DeliveryId = Annotated[str, _id("dlv")]


def _only(prefix: str, description: str) -> Any:
    return Query(pattern=rf"^{prefix}_[0-9A-HJKMNP-TV-Z]{{26}}$", description=description)


CandidateFilter = Annotated[str | None, _only("cand", "Only of this candidate.")]
SystemFilter = Annotated[str | None, _only("sys", "Only of this system.")]
InterviewFilter = Annotated[str | None, _only("int", "Only of this interview.")]
SystemUsed = Annotated[
    str | None, _only("sys", "The system whose output was used; its outcome_words count.")
]
