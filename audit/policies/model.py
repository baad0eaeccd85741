"""The model of a flag policy, and how its YAML is read with line numbers for errors."""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from audit.errors import PolicyInvalid
from audit.types import Question, Status, Strength

MAX_BYTES = 2**20

Recipient = Literal["platform", "compliance", "auditor", "admin"]
Severity = Literal["low", "medium", "high"]
AuditClass = Literal[
    "adverse",
    "small_numbers",
    "significant_above_four_fifths",
    "undetectable",
    "no_indication",
]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]

# Words that say more about a person than was measured, or that announce a decision.
_UNFIT = re.compile(
    r"\b(cheat\w*|fraudster\w*|liar|lied|lying|impost[eo]r\w*|guilty|criminal|deceiv\w*"
    r"|reject\w*|disqualif\w*|blacklist\w*|unhireable)\b",
    re.IGNORECASE,
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class FindingMatch(_Part):
    """An answer to one of the four questions of a check. Lists not given match everything."""

    part: Literal["finding"]
    question: tuple[Question, ...] = ()
    verdict: tuple[Status, ...] = Field(min_length=1)
    reason_code: tuple[str, ...] = ()
    """Any of the finding's reasons has one of these codes."""


class SignalMatch(_Part):
    """What one detector says in a check."""

    part: Literal["signal"]
    signal: tuple[str, ...] = ()
    question: tuple[Question, ...] = ()
    status: tuple[Status, ...] = Field(min_length=1)
    strength: tuple[Strength, ...] = ()
    reason_code: tuple[str, ...] = ()


class FaultMatch(_Part):
    """A detector that a fault of the software kept from answering."""

    part: Literal["fault"]
    signal: tuple[str, ...] = ()


class AuditMatch(_Part):
    """One finding of a fairness audit: a group against its reference by one measure."""

    part: Literal["audit_finding"]
    finding: tuple[AuditClass, ...] = Field(min_length=1)
    basis: tuple[str, ...] = ()
    """Patterns such as selection, stage:* and event:overridden_*."""
    features: tuple[str, ...] = ()
    """Every feature of the finding is one of these."""
    below_four_fifths: bool | None = None
    reversed_by_one: bool | None = None


Match = Annotated[FindingMatch | SignalMatch | FaultMatch | AuditMatch, Field(discriminator="part")]

# What a reason may name in braces, by the part that its rule matches.
FIELDS: Mapping[str, frozenset[str]] = {
    "finding": frozenset({"question", "verdict", "reason", "reasons"}),
    "signal": frozenset({"signal", "status", "reason"}),
    "fault": frozenset({"signal"}),
    "audit_finding": frozenset({"group", "features", "basis", "finding", "reason", "reference"}),
}


class Due(_Part):
    """How long the organisation gives itself. Legal clocks run beside it."""

    length: int = Field(ge=1, le=366)
    unit: Literal["hours", "days", "business_days", "months"]
    reminders: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Days before the last day."""


class Raise(_Part):
    """The flag that a rule raises."""

    kind: Name
    severity: Severity
    outcome: Literal["for_information", "needs_human_review"]
    """The worst there is: a person looks at it."""
    reason: str = Field(min_length=1, max_length=1000)
    """Words for people; names in braces are filled in."""
    four_eyes: bool = False
    """Whether two reviewers decide, each on their own."""
    due: Due | None = None
    recipients: tuple[Recipient, ...] = Field(min_length=1)

    @field_validator("reason")
    @classmethod
    def _measured_words(cls, text: str) -> str:
        unfit = _UNFIT.search(text)
        if unfit:
            raise ValueError(
                f"'{unfit.group()}' judges a person or announces a decision: say what was measured"
            )
        return text

    @model_validator(mode="after")
    def _reviewable(self) -> Self:
        if self.outcome == "for_information" and (self.four_eyes or self.due):
            raise ValueError("a flag for information has no review: leave out four_eyes and due")
        return self


class Rule(_Part):
    """What is matched, and the flag it raises."""

    id: Name
    match: Match
    flag: Raise
    per: Literal["match", "result"] = "match"
    """One flag for each match, or one for all matches of a result."""

    @model_validator(mode="after")
    def _reason_fields(self) -> Self:
        try:
            parsed = list(string.Formatter().parse(self.flag.reason))
        except ValueError as error:
            raise ValueError(f"reason: {error}") from None
        allowed = FIELDS[self.match.part] if self.per == "match" else frozenset({"count"})
        for _, name, spec, conversion in parsed:
            if name is not None and (name not in allowed or spec or conversion):
                raise ValueError(
                    f"reason: {{{name}}} cannot be filled in here; allowed: "
                    + ", ".join(f"{{{n}}}" for n in sorted(allowed))
                )
        return self


class Policy(_Part):
    """A flag policy. Rules are read in order; the first one that matches an item speaks for it."""

    policy: Name
    version: int = Field(ge=1)
    title: str = ""
    optional_signals: tuple[Name, ...] = ()
    """Signals that are off by default and that the organisation asks for; they run where the
    operator's settings let them."""
    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _unique(self) -> Self:
        ids = [rule.id for rule in self.rules]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"two rules are called '{twice[0]}'")
        return self

    @property
    def sha256(self) -> str:
        """Hash of the policy's meaning: the same for another layout of the same YAML."""
        dumped = self.model_dump(mode="json")
        if not self.optional_signals:  # what is not asked for leaves hashes as they were
            del dumped["optional_signals"]
        text = json.dumps(dumped, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def load_policy(source: Path | str | Mapping[str, object], *, name: str = "") -> Policy:
    """A policy from a YAML file (Path), YAML text (str) or a mapping.

    Raises:
        PolicyInvalid: names file, line and field of everything that is wrong (five at most).
    """
    if isinstance(source, Mapping):
        return _validated(dict(source), None, name or "policy")
    if isinstance(source, Path):
        name, source = name or source.name, _text(source)
    node, values = _parse(source, name or "policy")
    return _validated(values, node, name or "policy")


def default_policy() -> Policy:
    """The policy that applies where none was given."""
    text = resources.files("audit.policies").joinpath("default.yaml").read_text("utf-8")
    return load_policy(text, name="default.yaml")


def json_schema() -> str:
    """The published schema (docs/policy.schema.json), as text."""
    schema: dict[str, Any] = Policy.model_json_schema()
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:fairwitness:policy:1.0",
    }
    made = {**head, **schema, "title": "Fairwitness flag policy"}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PolicyInvalid(f"{path.name}: larger than 1 MiB; this is not a policy")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PolicyInvalid(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PolicyInvalid(f"{path.name} is not UTF-8 text") from None


class _Loader(yaml.SafeLoader):
    """No aliases (a small file cannot grow), and no key twice (the second would win unseen)."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not used here", mark)
        node = super().compose_node(parent, index)
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key in (k for k, _ in node.value if isinstance(k, yaml.ScalarNode)):
                if key.value in seen:
                    problem = f"'{key.value}' is given twice"
                    raise yaml.composer.ComposerError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return node


def _parse(text: str, name: str) -> tuple[yaml.Node | None, object]:
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError:
        raise PolicyInvalid(f"{name}: not YAML: a character that no YAML text holds") from None
    try:
        node = loader.get_single_node()
        values = loader.construct_document(node) if node else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = str(getattr(error, "problem", None) or error)
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise PolicyInvalid(f"{name}{place}: not YAML: {problem}") from None
    finally:
        loader.dispose()
    return node, values


def _validated(values: object, node: yaml.Node | None, name: str) -> Policy:
    if not isinstance(values, Mapping):
        raise PolicyInvalid(f"{name}: expected the fields policy, version and rules")
    try:
        return Policy.model_validate(values)
    except ValidationError as error:
        items = error.errors()
        # "Too short" of a list whose only member is wrong says nothing more.
        inner = {tuple(i["loc"][:-1]) for i in items if i["loc"]}
        told = [_sentence(i, node) for i in items if tuple(i["loc"]) not in inner][:5]
        raise PolicyInvalid(f"{name}: " + "; ".join(told)) from None


def _sentence(item: Any, node: yaml.Node | None) -> str:
    # The discriminator's value stands in the place of an error, but not in the file.
    place = [x for x in item["loc"] if x not in FIELDS]
    line = _line(node, place)
    message = str(item["msg"]).removeprefix("Value error, ")
    at = f"line {line}, " if line else ""
    return f"{at}{'.'.join(str(x) for x in place) or 'the whole'}: {message}"


def _line(node: yaml.Node | None, place: Sequence[int | str]) -> int | None:
    """The line, from 1, of the deepest part of `place` that the file has."""
    if node is None:
        return None
    line = node.start_mark.line + 1
    for step in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if step not in pairs:
                break
            key, node = pairs[str(step)]
            line = key.start_mark.line + 1
        else:
            break
    return line
