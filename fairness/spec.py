"""The specification of a fairness audit: which column means what, and which words mean what.

YAML or JSON; `docs/fairness-spec.schema.json` is made from these models. Words are compared without
regard to case and surrounding blanks. Nothing is guessed: a word that no list names stops the audit
(`fairness.draft` proposes lists, and a person reads them).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from audit.errors import SpecInvalid
from fairness.spec_parts import (
    Axis,
    Column,
    Csv,
    Feature,
    Flag,
    Items,
    Label,
    Limits,
    Mode,
    Outcome,
    Part,
    Period,
    Provenance,
    Ratings,
    Score,
    Stage,
    Suppression,
    Words,
    column_only,
    unique,
)

# Rule packs that forbid imputed or inferred demographics. LL144: DCWP, Automated Employment
# Decision Tools FAQ (2023-06-29), III.6.
NO_IMPUTATION = frozenset({"ll144"})
# 6 RCNY 5-301(d): a category of less than 2 % of the data may be left out of impact ratios.
LL144_SHARE = 0.02

Flagged = Annotated[Flag, BeforeValidator(column_only, json_schema_input_type=str | Flag)]
Plain = Annotated[Axis, BeforeValidator(column_only, json_schema_input_type=str | Axis)]


class AuditSpec(Part):
    """The whole specification. See docs/fairness/input.md."""

    version: Literal[1] = 1
    title: str = ""
    candidate: Column | None = Field(None, description="pseudonymous id, to find duplicates")
    outcome: Outcome | None = None
    classes: Plain | None = Field(None, description="the class a classifying tool gave")
    stage: Stage | None = None
    period: Period | None = None
    job: Plain | None = None
    location: Plain | None = None
    mode: Mode | None = None
    coached: Flagged | None = None
    opted_out: Flagged | None = None
    withdrew: Flagged | None = None
    overridden: Flagged | None = None
    flagged: Flagged | None = None
    reviewed: Flagged | None = None
    interviewer: Column | None = None
    label: Label | None = None
    performance: Column | None = Field(None, description="later performance as a number")
    scores: tuple[Score, ...] = ()
    items: Items | None = None
    ratings: Ratings | None = None
    features: tuple[Feature, ...] = Field(min_length=1)
    intersections: tuple[tuple[str, ...], ...] | None = Field(
        None, description="tables of several features; sex x race/ethnicity where not given"
    )
    provenance: Provenance = Field("self_reported", description="where demographics come from")
    rule_packs: tuple[str, ...] = ()
    median_over: Literal["all", "known"] = Field(
        "all", description="whether persons of unknown groups count into the median"
    )
    exclude_under_share: float | None = Field(None, gt=0, lt=1)
    exclude_justification: str = ""
    alternatives: bool = Field(
        False, description="search for less discriminatory ways of selecting, which takes longer"
    )
    alpha: float = Field(0.05, gt=0, lt=0.5)
    replicates: int = Field(10_000, ge=0, le=1_000_000)
    seed: int = Field(0, ge=0)
    suppression: Suppression = Suppression()
    duplicates: Literal["error", "first", "last"] = "error"
    missing: Words = ("", "NA", "N/A", "null", "None")
    query: str | None = Field(None, description="where the data are a database: the SELECT")
    csv: Csv = Csv()
    limits: Limits = Limits()

    @property
    def tables(self) -> tuple[tuple[str, ...], ...]:
        """Requested tables of several features."""
        if self.intersections is not None:
            return self.intersections
        by_kind = {f.kind: f.name for f in reversed(self.features)}
        if "sex" in by_kind and "race_ethnicity" in by_kind:
            return ((by_kind["sex"], by_kind["race_ethnicity"]),)
        return ()

    @property
    def known_over(self) -> tuple[str, ...]:
        """Features that a person must be known in under `median_over: known`."""
        named = {f for table in self.tables for f in table}
        return tuple(f.name for f in self.features if not named or f.name in named)

    @property
    def flags(self) -> dict[str, Flag]:
        """The yes/no columns that are given, by name; `coached` is among them."""
        names = ("coached", "opted_out", "withdrew", "overridden", "flagged", "reviewed")
        return {n: getattr(self, n) for n in names if getattr(self, n) is not None}

    @property
    def sha256(self) -> str:
        """Hash of everything that decides what is counted (not the title, query or limits)."""
        dumped = self.model_dump(
            mode="json",
            exclude={"title", "query", "csv", "limits", "suppression", "alternatives"},
        )
        return hashlib.sha256(
            json.dumps(dumped, sort_keys=True, ensure_ascii=True).encode()
        ).hexdigest()

    @model_validator(mode="after")
    def _names(self) -> Self:
        unique("score names", [s.name for s in self.scores])
        names = [f.name for f in self.features]
        unique("feature names", [*names, *RESERVED])
        for table in self.intersections or ():
            unique("an intersection", table)
            unknown = [f for f in table if f not in names]
            if len(table) < 2 or unknown:
                raise ValueError(
                    f"intersections: {list(table)} must name two or more of {', '.join(names)}"
                )
        return self

    @model_validator(mode="after")
    def _measurable(self) -> Self:
        if not (self.outcome or self.classes or self.scores):
            raise ValueError("give an outcome, a class or a score: there is nothing to audit")
        if self.stage and self.stage.layout == "row_per_stage" and not self.candidate:
            raise ValueError("stage: row_per_stage needs the candidate column to fold rows")
        if self.duplicates != "error" and not self.candidate:
            raise ValueError("duplicates: naming a policy needs the candidate column")
        return self

    @model_validator(mode="after")
    def _rules(self) -> Self:
        imputed = [f.name for f in self.features if (f.provenance or self.provenance) == "imputed"]
        forbidding = sorted(NO_IMPUTATION & {p.lower() for p in self.rule_packs})
        if imputed and forbidding:
            raise ValueError(
                f"the rule pack {forbidding[0]} forbids imputed or inferred demographics (DCWP FAQ "
                f"III.6), and {', '.join(imputed)} is imputed: use self-reported data, or leave "
                "the rule pack out"
            )
        if self.exclude_under_share is not None:
            if not self.exclude_justification.strip():
                raise ValueError(
                    "exclude_under_share needs exclude_justification: the reason is published"
                )
            if forbidding and self.exclude_under_share > LL144_SHARE:
                raise ValueError(
                    "ll144 lets only groups under 2 % be left out (6 RCNY 5-301(d)): "
                    "exclude_under_share may be at most 0.02"
                )
        return self


RESERVED = ("period", "job", "location", "stage", "mode", "coached", "class", "outcome", "label")
"""Names that no feature may have: the cube uses them."""


def load_spec(source: Path | str | Mapping[str, object]) -> AuditSpec:
    """A specification from a YAML or JSON file or from a mapping; SpecInvalid says what is wrong.

    Words of YAML 1.1 such as yes, no, on and off, and dates, stay the text that they are.
    """
    name = "the specification"
    values: object = source
    if isinstance(source, str | Path):
        name = Path(source).name
        values = parse_yaml(_text(Path(source)), name)
    if not isinstance(values, Mapping):
        raise SpecInvalid(f"{name}: expected fields such as 'outcome:' and 'features:'")
    try:
        return AuditSpec.model_validate(dict(values))
    except ValidationError as error:
        raise SpecInvalid(f"{name}: {_sentence(error)}") from None


def parse_yaml(text: str, name: str) -> object:
    """YAML (and so JSON) with only true and false as booleans and no dates."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        problem = str(getattr(error, "problem", None) or "cannot be parsed")
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise SpecInvalid(f"{name}{place}: not YAML or JSON: {problem}") from None


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema: an unquoted `no` is a word, not a boolean. No aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(
                None,
                None,
                "aliases (*name) are not used here",
                self.peek_event().start_mark,  # type: ignore[no-untyped-call]
            )
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in pairs
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
    ]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def json_schema() -> str:
    """The published schema, as text."""
    schema: dict[str, Any] = AuditSpec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Fairwitness fairness audit specification"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > 4 * 2**20:
            raise SpecInvalid(f"{path.name}: larger than 4 MiB; this is not a specification")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpecInvalid(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SpecInvalid(f"{path.name} is not UTF-8 text") from None


def _sentence(error: ValidationError) -> str:
    parts = []
    for item in error.errors()[:5]:
        place = ".".join(str(x) for x in item["loc"])
        text = item["msg"].removeprefix("Value error, ")
        parts.append(f"{place}: {text}" if place else text)
    more = error.error_count() - len(parts)
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")
