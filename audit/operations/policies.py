"""Flag policies of a tenant: versions that are never changed, one of each name active, dry runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

from pydantic import Field

from audit import policies
from audit.errors import AlreadyExists, NotFound, PolicyInvalid, ResultInvalid
from audit.ids import new_id
from audit.ledger import EventKind
from audit.operations.reports import WITH_RESULTS
from audit.records.evidence import Report
from audit.records.oversight import Policy
from audit.store import Page, ReadUnit, UnitOfWork

DEFAULT = "default"
MOST_RESULTS = 500
_LISTED = 200
_LARGEST = 1_000_000


class ResultReader(Protocol):
    """Reads the result that a stored report holds: the parsed `report.json` or `audit.json`."""

    def __call__(self, unit: ReadUnit, report: Report, /) -> Mapping[str, Any] | None:
        """None where it cannot be read any more, because it was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagPreview:
    """A flag that a policy would raise."""

    rule: Annotated[str, Field(description="The rule that raises it.")]
    kind: Annotated[str, Field(description="Its kind.")]
    severity: Annotated[str, Field(description="low, medium or high.")]
    outcome: Annotated[str, Field(description="for_information or needs_human_review.")]
    reason: Annotated[str, Field(description="Why, in words.")]
    subject: Annotated[str, Field(description="Content hash of the result.")]
    about: Annotated[tuple[str, ...], Field(description="Which parts of the result.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a policy would raise on past results, beside the one that is active."""

    results: Annotated[int, Field(description="Results that were read, the newest first.")]
    unreadable: Annotated[int, Field(description="Results left out, because they were erased.")]
    active: Annotated[str, Field(description="Name and version of the active policy.")]
    given: Annotated[str, Field(description="Name and version of the one that was given.")]
    unchanged: Annotated[int, Field(description="Flags that both raise alike.")]
    added: Annotated[int, Field(description="Flags that only the given one raises.")]
    removed: Annotated[int, Field(description="Flags that only the active one raises.")]
    changed: Annotated[int, Field(description="Flags about the same thing that differ.")]
    only_given: Annotated[tuple[FlagPreview, ...], Field(description="At most 200 of them.")]
    only_active: Annotated[tuple[FlagPreview, ...], Field(description="At most 200 of them.")]
    differing: Annotated[
        tuple[tuple[FlagPreview, FlagPreview], ...],
        Field(description="At most 200 pairs: by the active and by the given policy."),
    ]


def active_policy(unit: ReadUnit, name: str = DEFAULT) -> policies.Policy:
    """The policy that flags: the active version of that name, else of `default`, else ours."""
    for wanted in dict.fromkeys((name, DEFAULT)):
        found = unit.find(Policy, name=wanted, active=True)
        if found is not None:
            return policies.load_policy(found.text, name=wanted)
    return policies.default_policy()


def add_version(unit: UnitOfWork, name: str, text: str) -> Policy:
    """Stores a version of a policy, not active yet. The same text again gives the stored one.

    Raises:
        PolicyInvalid: what is wrong, with lines; or it has another name than `name`.
        AlreadyExists: that version, or a later one, is stored and means something else.
    """
    policy = checked(name, text)
    stored = unit.every(Policy, name=name)
    same = next((each for each in stored if each.number == policy.version), None)
    if same is not None and same.sha256 == policy.sha256:
        return same
    newest = max((each.number for each in stored), default=0)
    if policy.version <= newest:
        raise AlreadyExists(
            f"Versions are never changed: {name} has {newest}; give this one a higher version."
        )
    added = unit.add(
        Policy(
            id=new_id("pol"),
            name=name,
            number=policy.version,
            text=text,
            sha256=policy.sha256,
            active=False,
        )
    )
    _record(unit, added, "added")
    return added


def checked(name: str, text: str) -> policies.Policy:
    """The policy that a text states. Raises `PolicyInvalid`, with lines."""
    if len(text.encode()) > policies.model.MAX_BYTES:
        raise PolicyInvalid(f"{name}: larger than 1 MiB; this is not a policy")
    policy = policies.load_policy(text, name=name)
    if policy.policy != name:
        raise PolicyInvalid(f"{name}: the text names the policy '{policy.policy}'; use one name")
    if policy.version > _LARGEST:
        raise PolicyInvalid(f"{name}: version: give a number of at most {_LARGEST}")
    return policy


def get_version(unit: ReadUnit, name: str, number: int) -> Policy:
    """One version. Raises `NotFound`."""
    found = unit.find(Policy, name=name, number=number)
    if found is None:
        raise NotFound(f"There is no version {number} of a policy '{name}'.")
    return found


def activate(unit: UnitOfWork, name: str, number: int) -> Policy:
    """Makes a version the one that flags from now on. Flags that were raised stay as they are.

    Raises `NotFound`, and `VersionConflict` where another was activated at the same moment.
    """
    wanted = get_version(unit, name, number)
    for other in unit.every(Policy, name=name, active=True):
        if other.id == wanted.id:
            return wanted
        unit.put(replace(other, active=False))
    active = unit.put(replace(wanted, active=True))
    _record(unit, active, "activated")
    return active


def dry_run(
    unit: ReadUnit, text: str, *, read: ResultReader, name: str = DEFAULT, limit: int = 100
) -> DryRun:
    """What the policy `text` would raise on the newest results; nothing is stored or sent.

    Raises `PolicyInvalid`.
    """
    given = policies.load_policy(text, name=name)
    active = active_policy(unit, name)
    results, unreadable = _past_results(unit, read, min(limit, MOST_RESULTS))
    found = policies.compare(active, given, results)
    return DryRun(
        results=found.results,
        unreadable=unreadable,
        active=label(active),
        given=label(given),
        unchanged=found.unchanged,
        added=len(found.only_second),
        removed=len(found.only_first),
        changed=len(found.changed),
        only_given=_previews(found.only_second),
        only_active=_previews(found.only_first),
        differing=tuple((_preview(a), _preview(b)) for a, b in found.changed[:_LISTED]),
    )


def label(policy: policies.Policy) -> str:
    """Name and version, as flags carry them."""
    return f"{policy.policy}/{policy.version}"


def _past_results(
    unit: ReadUnit, read: ResultReader, limit: int
) -> tuple[list[Mapping[str, Any]], int]:
    results: list[Mapping[str, Any]] = []
    unreadable = 0
    where = {"erased_at": None, "automatic": True, "kind": WITH_RESULTS}
    for report in unit.page(Report, Page(limit=limit), where).items:
        try:
            document = read(unit, report)
        except ResultInvalid:
            document = None
        if document is None:
            unreadable += 1
        else:
            results.append(document)
    return results, unreadable


def _previews(flags: tuple[policies.Flag, ...]) -> tuple[FlagPreview, ...]:
    return tuple(_preview(flag) for flag in flags[:_LISTED])


def _preview(flag: policies.Flag) -> FlagPreview:
    return FlagPreview(
        rule=flag.rule,
        kind=flag.kind,
        severity=flag.severity,
        outcome=flag.outcome,
        reason=flag.reason,
        subject=flag.subject,
        about=flag.about,
    )


def _record(unit: UnitOfWork, policy: Policy, what: str) -> None:
    unit.record(
        EventKind.POLICY_CHANGED,
        policy.id,
        {"what": what, "name": policy.name, "number": policy.number, "sha256": policy.sha256},
    )
