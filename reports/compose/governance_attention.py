"""What of a period needs attention: by how much, how sure; and what nobody recorded.

Every rule reads counts. A rule that finds nothing gives nothing: zero of something is said in its
section as none recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

Json = dict[str, Any]
Class = Literal["law", "practice", "unrecorded"]
_ORDER = ("law", "practice", "unrecorded")


def attention(period: Mapping[str, Any], made: Mapping[str, Any]) -> list[Json]:
    """Rows: first what a law's clock or consent asks for, then practice, then what is not recorded.

    `made`: the derived part so far, for its shares.
    """
    rows = [
        *_audits(period),
        *_decided(made),
        *_told(period, made),
        *_asked(period["counts"]),
        *_found(made),
        *_reviewed(period["counts"], made),
        *_ran(period, made),
        *_unrecorded(period),
    ]
    return sorted(rows, key=lambda row: _ORDER.index(row["class"]))


def _row(
    code: str,
    kind: Class,
    numbers: Mapping[str, Any] | None = None,
    /,
    **more: Any,
) -> Json:
    empty: Json = dict.fromkeys(("count", "of", "value", "low", "high", "interval"))
    found = {name: numbers[name] for name in empty if name in numbers} if numbers else {}
    return {"code": code, "class": kind, **empty, **found, **more}


def _counted(code: str, kind: Class, count: int, of: int | None = None, **more: Any) -> list[Json]:
    """A row of plain counts; none where nothing is counted."""
    value = count / of if of else None
    return [_row(code, kind, {"count": count, "of": of, "value": value}, **more)] if count else []


def _missing(code: str, kind: Class, held: Mapping[str, Any], **more: Any) -> list[Json]:
    """A row for those of a share that are not as they should be, with their interval."""
    count = held["of"] - held["count"]
    if not count:
        return []
    ends = {"low": 1 - held["high"], "high": 1 - held["low"]}
    numbers = {
        "count": count,
        "of": held["of"],
        "value": count / held["of"],
        **ends,
        "interval": [ends["low"], ends["high"]],
    }
    return [_row(code, kind, numbers, **more)]


def _some(code: str, kind: Class, held: Mapping[str, Any]) -> list[Json]:
    return [_row(code, kind, held)] if held["count"] else []


def _audits(period: Mapping[str, Any]) -> Iterator[Json]:
    audits = period["audits"]
    for clock in audits["clocks"]:
        named = {name: clock[name] for name in ("citation", "jurisdiction", "due_on")}
        if clock["overdue"]:
            code = "audit_old" if audits["last"] else "audit_missing"
            yield _row(code, "law", {"count": audits["last_age_days"]}, **named)
    if not audits["last"] and not audits["clocks"]:
        yield _row("audit_none", "practice")


def _told(period: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Json]:
    yield from _missing("notices_missing", "law", made["shares"]["notices"])
    for row in made["consents"]:
        yield from _missing("consent_missing", "law", row, purpose=row["purpose"])
    if made["disclosure_due"]:
        yield from _missing("disclosures_missing", "law", made["shares"]["disclosures"])
    yield from _missing("not_told", "practice", made["shares"]["told"])


def _asked(counts: Mapping[str, Any]) -> Iterator[Json]:
    requests = counts["requests"].values()
    received = sum(each["received"] for each in requests)
    overdue = sum(each["overdue"] for each in requests)
    yield from _counted("requests_overdue", "law", overdue, received)
    known = sum(each["in_time"]["of"] for each in requests)
    late = known - sum(each["in_time"]["count"] for each in requests)
    yield from _counted("requests_late", "law", late, known)
    paths = counts["human_paths"]
    yield from _counted("alternatives_overdue", "law", paths["overdue"], paths["opened"])
    yield from _counted("alternatives_open", "practice", paths["open"], paths["opened"])


def _decided(made: Mapping[str, Any]) -> Iterator[Json]:
    yield from _some("without_review", "practice", made["shares"]["without_review"])


def _reviewed(counts: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Json]:
    reviews = counts["reviews"]["all"]
    yield from _counted("reviews_overdue", "practice", reviews["overdue"], reviews["opened"])
    yield from _some("reviews_changed", "practice", made["shares"]["changed"])


def _found(made: Mapping[str, Any]) -> Iterator[Json]:
    for audit in made["findings"][:1]:
        of = audit["comparisons"]
        for code in ("adverse", "small_numbers", "significant_above_four_fifths"):
            yield from _counted(f"finding_{code}", "practice", audit[code], of)
        yield from _counted("finding_undetectable", "unrecorded", audit["undetectable"], of)


def _ran(period: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Json]:
    shares = made["shares"]
    yield from _some("recordings_past_due", "law", shares["past_due"])
    yield from _counted("ledger_faults", "law", period["ledger"]["faults"] or 0)
    yield from _some("checks_failed", "practice", shares["checks_failed"])
    yield from _some("jobs_failed", "practice", shares["jobs_failed"])
    yield from _some("deliveries_dead", "practice", shares["deliveries_dead"])


def _unrecorded(period: Mapping[str, Any]) -> Iterator[Json]:
    counts = period["counts"]
    decisions, interviews = counts["decisions"], counts["interviews"]
    person = decisions["person_recorded"]
    no_person = person["of"] - person["count"]
    yield from _counted("person_unrecorded", "unrecorded", no_person, person["of"])
    overrides = decisions["overridden"]["unknown"]
    yield from _counted("override_unrecorded", "unrecorded", overrides, decisions["total"])
    placeless = counts["notices"]["covered"]["unknown"]
    yield from _counted("notice_unjudged", "unrecorded", placeless, interviews["total"])
    yield from _counted(
        "interviews_undated", "unrecorded", interviews["undated"], interviews["total"]
    )
    read = period["group_events"]["audits_read"]
    yield from _counted("audits_unread", "unrecorded", read["of"] - read["count"], read["of"])
    if period["ledger"]["faults"] is None:
        yield _row("ledger_unverified", "unrecorded")
