"""What a flag policy says, in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from api.workplace.words import plain
from audit.policies.model import (
    AuditMatch,
    Due,
    FaultMatch,
    FindingMatch,
    Policy,
    Rule,
    SignalMatch,
)

_VERDICTS = {
    "review": "a person should look",
    "inconclusive": "it cannot be said",
    "no_indication": "there is no indication",
}
_AUDITS = {
    "adverse": "a significant difference below four fifths",
    "small_numbers": "a ratio below four fifths with small numbers",
    "significant_above_four_fifths": "a significant difference above four fifths",
    "undetectable": "too few persons to find a disparity",
    "no_indication": "no indication of a disparity",
}


@dataclass(frozen=True, slots=True)
class RuleWords:
    """A rule: what it looks for, what it does then, and what the flag says."""

    id: str
    when: str
    then: str
    reason: str


def rules(policy: Policy) -> list[RuleWords]:
    """Its rules, in order: the first one that fits speaks."""
    return [RuleWords(rule.id, _when(rule), _then(rule), rule.flag.reason) for rule in policy.rules]


def _when(rule: Rule) -> str:
    match = rule.match
    if isinstance(match, FindingMatch):
        return _finding(match)
    if isinstance(match, SignalMatch):
        return _signal(match)
    if isinstance(match, FaultMatch):
        which = f"the signal {_or(match.signal)}" if match.signal else "a signal"
        return f"A fault of the software kept {which} from answering."
    return _audit(match)


def _finding(match: FindingMatch) -> str:
    asked = f"the question of {_or(match.question)}" if match.question else "any question"
    said = _or(_VERDICTS.get(each.value, each.value) for each in match.verdict)
    return f"A check answers {asked} with: {said}.{_codes(match.reason_code)}"


def _signal(match: SignalMatch) -> str:
    which = f"The signal {_or(match.signal)}" if match.signal else "Any signal"
    about = f" about {_or(match.question)}" if match.question else ""
    strong = f" It is {_or(match.strength)}." if match.strength else ""
    said = _or(_VERDICTS.get(each.value, each.value) for each in match.status)
    return f"{which}{about} says: {said}.{strong}{_codes(match.reason_code)}"


def _audit(match: AuditMatch) -> str:
    found = _or(_AUDITS[each] for each in match.finding)
    parts = [f"A fairness audit finds {found}."]
    if match.basis:
        parts.append(f"Measured by {_or(match.basis)}.")
    if match.features:
        parts.append(f"Between groups of {_or(match.features)} alone.")
    for name, text in (
        ("below_four_fifths", "the ratio is below four fifths"),
        ("reversed_by_one", "one more person selected would turn it"),
    ):
        wanted = getattr(match, name)
        if wanted is not None:
            parts.append(f"Only where {text}." if wanted else f"Not where {text}.")
    return " ".join(parts)


def _then(rule: Rule) -> str:
    flag = rule.flag
    parts = [f"Raises a flag of {flag.severity} severity ({plain(flag.kind).lower()})."]
    if rule.per == "result":
        parts.append("One for all of a result.")
    if flag.outcome == "for_information":
        parts.append("It is for information; no case is opened.")
    elif flag.four_eyes:
        parts.append("Two reviewers look at it, each on their own.")
    else:
        parts.append("A reviewer looks at it.")
    if flag.due is not None:
        parts.append(_due(flag.due))
    parts.append(f"Told: {', '.join(flag.recipients)}.")
    return " ".join(parts)


def _due(due: Due) -> str:
    unit = due.unit.replace("_", " ")
    text = f"Due within {due.length} {unit if due.length != 1 else unit.removesuffix('s')}"
    if not due.reminders:
        return f"{text}."
    days = _or(str(each) for each in due.reminders).replace(" or ", " and ")
    return f"{text}, with a reminder {days} days before."


def _codes(codes: tuple[str, ...]) -> str:
    return f" The reason given is {_or(codes)}." if codes else ""


def _or(values: Iterable[object]) -> str:
    texts = [str(each).replace("_", " ") for each in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"
