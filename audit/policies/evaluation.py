"""Evaluate a policy over result documents: a pure function, so every evaluation is a dry run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Literal

from audit.calendars import Period, calendar
from audit.clocks import Deadline, due, own_clock
from audit.errors import ResultInvalid
from audit.policies.model import (
    AuditMatch,
    Due,
    FaultMatch,
    FindingMatch,
    Policy,
    Rule,
    SignalMatch,
)

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. The same policy and results give the same flags, in the same order.

    Attributes:
        id: hash of rule, result and what it is about.
        subject: content hash of the result (`run.content_sha256`).
        about: where in the result: "finding:identity", "signal:av_sync", "audit_finding:...", or
            several, for a rule that raises one flag per result.
        evidence: ids of evidence in the report that a reviewer can go and look at.
    """

    id: str
    rule: str
    kind: str
    severity: str
    outcome: Literal["for_information", "needs_human_review"]
    reason: str
    four_eyes: bool
    due: Due | None
    recipients: tuple[str, ...]
    subject_kind: str
    subject: str
    about: tuple[str, ...]
    evidence: tuple[str, ...]
    policy: str
    policy_version: int
    policy_sha256: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a second policy would raise and the first would not, and the other way round.

    `changed` pairs flags about the same thing that differ in more than their policy and rule.
    """

    results: int
    only_first: tuple[Flag, ...]
    only_second: tuple[Flag, ...]
    changed: tuple[tuple[Flag, Flag], ...]
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Item:
    """A part of a result that a rule can match."""

    part: str
    key: str
    values: Document
    fields: Mapping[str, str]
    evidence: tuple[str, ...] = ()


def evaluate(policy: Policy, results: Iterable[Document]) -> tuple[Flag, ...]:
    """Flags for results as `result.json` and `audit.json` hold them, in their order.

    Raises:
        ResultInvalid: a document is neither; the message says which and what is missing.
    """
    digest = policy.sha256
    return tuple(
        flag
        for number, document in enumerate(results)
        for flag in _one(policy, digest, document, number)
    )


def compare(first: Policy, second: Policy, results: Sequence[Document]) -> Comparison:
    """What replacing `first` by `second` would have changed on past results."""
    before = {(f.subject, f.about): f for f in evaluate(first, results)}
    after = {(f.subject, f.about): f for f in evaluate(second, results)}
    both = [key for key in before if key in after]
    changed = [(before[k], after[k]) for k in both if _meaning(before[k]) != _meaning(after[k])]
    return Comparison(
        results=len(results),
        only_first=tuple(f for key, f in before.items() if key not in after),
        only_second=tuple(f for key, f in after.items() if key not in before),
        changed=tuple(changed),
        unchanged=len(both) - len(changed),
    )


def deadline(flag: Flag, raised_at: datetime, jurisdiction: str) -> Deadline | None:
    """When the flag's review is due by the policy; None where the policy sets no time."""
    if flag.due is None:
        return None
    period = Period(flag.due.length, flag.due.unit)
    places = calendar(jurisdiction).jurisdictions
    clock = own_clock(f"policy.{flag.rule}", period, places, flag.due.reminders)
    return due(clock, raised_at, jurisdiction)


def _meaning(flag: Flag) -> tuple[object, ...]:
    return (
        flag.kind,
        flag.severity,
        flag.outcome,
        flag.reason,
        flag.four_eyes,
        flag.due,
        flag.recipients,
    )


def _one(policy: Policy, digest: str, document: Document, number: int) -> Iterator[Flag]:
    try:
        kind, subject = str(document["kind"]), str(document["run"]["content_sha256"])
        items = list(_READERS[kind](document))
    except (KeyError, TypeError, AttributeError) as error:
        raise ResultInvalid(
            f"Result {number + 1} cannot be read: {_missing(error)}. Expected the JSON of a check "
            "or of a fairness audit."
        ) from None
    matched: dict[str, list[_Item]] = {}
    for item in items:
        rule = next((r for r in policy.rules if _matches(r, item)), None)
        if rule is not None:
            matched.setdefault(rule.id, []).append(item)
    for rule in policy.rules:
        found = matched.get(rule.id, [])
        groups = [found] if rule.per == "result" and found else [[item] for item in found]
        for group in groups:
            yield _flag(policy, digest, rule, (kind, subject), group)


def _flag(
    policy: Policy, digest: str, rule: Rule, subject: tuple[str, str], items: Sequence[_Item]
) -> Flag:
    about = tuple(item.key for item in items)
    fields = items[0].fields if rule.per == "match" else {"count": str(len(items))}
    identity = json.dumps([policy.policy, rule.id, *subject, *about], ensure_ascii=True)
    raised = rule.flag
    return Flag(
        id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        rule=rule.id,
        kind=raised.kind,
        severity=raised.severity,
        outcome=raised.outcome,
        reason=raised.reason.format_map(fields),
        four_eyes=raised.four_eyes,
        due=raised.due,
        recipients=raised.recipients,
        subject_kind=subject[0],
        subject=subject[1],
        about=about,
        evidence=tuple(dict.fromkeys(e for item in items for e in item.evidence)),
        policy=policy.policy,
        policy_version=policy.version,
        policy_sha256=digest,
    )


def _matches(rule: Rule, item: _Item) -> bool:
    match, values = rule.match, item.values
    if match.part != item.part:
        return False
    if isinstance(match, FindingMatch):
        codes = {reason["code"] for reason in values["reasons"]}
        return (
            _among(values["question"], match.question)
            and values["verdict"] in match.verdict
            and (not match.reason_code or not codes.isdisjoint(match.reason_code))
        )
    if isinstance(match, SignalMatch):
        return _signal_matches(match, values)
    if isinstance(match, FaultMatch):
        return _among(values["signal"], match.signal)
    return _audit_matches(match, values)


def _signal_matches(match: SignalMatch, values: Document) -> bool:
    questions = match.question or tuple(values["questions"])
    by_question = values["status_by_question"]
    said = [by_question.get(q, values["status"]) for q in questions if q in values["questions"]]
    return (
        _among(values["name"], match.signal)
        and any(status in match.status for status in said)
        and _among(values["strength"], match.strength)
        and _among(values["reason"]["code"], match.reason_code)
    )


def _audit_matches(match: AuditMatch, values: Document) -> bool:
    below, turns = match.below_four_fifths, match.reversed_by_one
    return (
        values["finding"] in match.finding
        and (not match.basis or any(fnmatchcase(values["basis"], p) for p in match.basis))
        and (not match.features or set(values["features"]) <= set(match.features))
        and (below is None or values["below_four_fifths"] is below)
        and (turns is None or values["reversed_by_one"] is turns)
    )


def _among(value: str, allowed: Sequence[str]) -> bool:
    return not allowed or value in allowed


def _check_items(document: Document) -> Iterator[_Item]:
    evidence = {s["name"]: tuple(e["id"] for e in s["evidence"]) for s in document["signals"]}
    for question, finding in document["findings"].items():
        texts = [reason["text"] for reason in finding["reasons"]]
        yield _Item(
            part="finding",
            key=f"finding:{question}",
            values={
                "question": question,
                "verdict": finding["verdict"],
                "reasons": [{"code": reason["code"]} for reason in finding["reasons"]],
            },
            fields={
                "question": question,
                "verdict": finding["verdict"].replace("_", " "),
                "reason": texts[0] if texts else "",
                "reasons": " ".join(texts),
            },
            evidence=tuple(e for name in finding["signals"] for e in evidence.get(name, ())),
        )
    for signal in document["signals"]:
        keys = ("name", "questions", "status", "status_by_question", "strength", "reason")
        fields = {
            "signal": signal["name"],
            "status": signal["status"].replace("_", " "),
            "reason": signal["reason"]["text"],
        }
        yield _Item(
            "signal",
            f"signal:{signal['name']}",
            {key: signal[key] for key in keys},
            fields,
            evidence[signal["name"]],
        )
    for name in document["failed_signals"]:
        yield _Item("fault", f"fault:{name}", {"signal": name}, {"signal": name})


def _audit_items(document: Document) -> Iterator[_Item]:
    keys = ("finding", "basis", "features", "below_four_fifths", "reversed_by_one")
    for finding in document["findings"]:
        fields = {
            "group": ", ".join(finding["group"]),
            "features": ", ".join(finding["features"]),
            "basis": finding["basis"],
            "finding": finding["finding"].replace("_", " "),
            "reason": finding["reason"],
            "reference": ", ".join(finding["reference"] or ()) or "none",
        }
        key = f"audit_finding:{finding['id']}"
        values = {name: finding[name] for name in keys}
        yield _Item("audit_finding", key, values, fields, (finding["id"],))


_READERS = {"check": _check_items, "fairness_audit": _audit_items}


def _missing(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing or unknown"
    return "a part of it has another type than it should have"
