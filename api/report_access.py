"""Who may read and make which kind of report, beyond `reports:read` and `reports:write`.

What shows a face needs what reading checks needs; figures of comparisons are for those who review,
so that nobody can climb them; letters are for those who write to candidates.
"""

from __future__ import annotations

from collections.abc import Mapping

from api.call import CallContext
from api.problems import Refusal
from audit.records.evidence import Report
from audit.records.issued import DocumentKind as Kind

LETTERS = (Kind.CANDIDATE_NOTICE, Kind.ADVERSE_OUTCOME_DISCLOSURE, Kind.EXPLANATION_LETTER)
_READ: Mapping[str, str] = {
    Kind.INTERVIEW_INTEGRITY: "checks:read",
    Kind.IDENTITY_THREAD: "reviews:read",
    **dict.fromkeys(LETTERS, "notices:read"),
}
_MAKE: Mapping[str, str] = {
    **dict.fromkeys(Kind, "fairness_audits:read"),
    Kind.INTERVIEW_INTEGRITY: "checks:read",
    Kind.IDENTITY_THREAD: "reviews:read",
    **dict.fromkeys(LETTERS, "notices:write"),
}


def may_read(call: CallContext, kind: str) -> bool:
    """Whether the key may read reports of a kind."""
    needed = _READ.get(kind)
    return needed is None or call.may(needed)


def readable(call: CallContext, report: Report) -> Report:
    """The report, if the key may read it. Raises the refusal."""
    if not may_read(call, report.kind):
        raise _forbidden(report.kind, _READ[report.kind])
    return report


def may_make(call: CallContext, kind: Kind) -> bool:
    """Whether the key may have such a report made."""
    return call.may(_MAKE[kind])


def check_making(call: CallContext, kind: Kind) -> None:
    """Raises the refusal where the key may not have such a report made."""
    if not may_make(call, kind):
        raise _forbidden(kind, _MAKE[kind])


def check_reading(call: CallContext, kind: str) -> None:
    """Raises the refusal where the key may not read such reports."""
    if not may_read(call, kind):
        raise _forbidden(kind, _READ[kind])


def kinds_readable(call: CallContext) -> tuple[str, ...]:
    """Kinds that the key may read."""
    return tuple(kind.value for kind in Kind if may_read(call, kind))


def _forbidden(kind: str, scope: str) -> Refusal:
    return Refusal("forbidden", f"Reports of the kind {kind} need the scope {scope} as well.")
