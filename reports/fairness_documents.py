"""The shape of audit.json; docs/fairness-audit.schema.json is made from here.

Sections: `reports.fairness_impact` (tables, conditional, accuracy, calibration),
`reports.fairness_scores` (distances, sweeps, funnels, drift, intersections) and
`reports.fairness_people` (questions, validity, interviews, the human loop, alternatives). Their
members have the names of the results in package `fairness`, whose docstrings give each formula.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from reports.fairness_figures import Count, EstimateEntry, Names, NoteEntry, Number, Part
from reports.fairness_impact import (
    AccuracyEntry,
    CalibrationEntry,
    ConditionalEntry,
    FindingName,
    ImpactTableEntry,
)
from reports.fairness_people import (
    AgreementEntry,
    AlternativesEntry,
    DifEntry,
    EventEntry,
    LogisticDifEntry,
    SettingsComparedEntry,
    SeverityTableEntry,
    StructureEntry,
    ValidityEntry,
    ValidityGainEntry,
)
from reports.fairness_scores import (
    DistancesEntry,
    DistributionEntry,
    DriftEntry,
    FunnelEntry,
    IntersectionsEntry,
    SweepEntry,
)

SCHEMA_VERSION = "1.0"

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class SoftwareEntry(Part):
    """What made the audit."""

    name: Literal["fairwitness"]
    version: str = Field(description="version of the package")
    packages: dict[str, str] = Field(description="versions of the packages that computed")


class DataEntry(Part):
    """What was audited; nobody's row is in this document."""

    label: str = Field(description="what the data are called; never a path")
    kind: str = Field(description="csv, parquet, arrow, sql, frame or cube")
    sha256: Sha256 | None = Field(description="of the files; null where they were none")
    persons: int = Field(description="applications counted")
    decided: int = Field(description="of these with a decision")
    selected: int = Field(description="of these selected")
    axes: dict[str, int] = Field(description="number of levels of period, job, stage, ...")
    scores: Names = Field(description="names of the scores")
    merged_from: int = Field(description="cubes that were added up")


class SpecEntry(Part):
    """What the data were taken to mean."""

    title: str = Field(description="as given")
    sha256: Sha256 = Field(description="of everything in it that decides what is counted")
    fields: dict[str, JsonValue] = Field(description="the specification; columns and words")


class SettingsEntry(Part):
    """How the audit was done."""

    alpha: Number = Field(description="two-sided level of the deciding tests")
    level: Number = Field(description="of the intervals")
    replicates: int = Field(description="of the bootstrap")
    seed: int = Field(description="of all random draws")
    exclude_under_share: Number = Field(description="groups under this share are excluded; or null")
    exclude_justification: str = Field(description="why, as given")
    median_over: str = Field(description="all or known")
    rule_packs: Names = Field(description="as given")
    suppress_below: int = Field(description="counts from 1 to below this are withheld; 0: none")


class LevelEntry(Part):
    """One level of a feature."""

    name: str = Field(description="as in the specification or the data")
    persons: Count = Field(description="null: withheld")


class FeatureEntry(Part):
    """A sensitive feature."""

    name: str = Field(description="as in the specification")
    kind: str = Field(description="sex, race_ethnicity, age, disability, veteran or other")
    provenance: str = Field(description="self_reported, observed or imputed")
    levels: list[LevelEntry] = Field(description="in order")
    unknown: Count = Field(description="persons whose level is unknown")


class FindingEntry(Part):
    """One group against its reference by one measure. It is never called more than it is."""

    id: str = Field(description="unique: table and group")
    part: Literal["tables", "events"] = Field(description="member of the document it is from")
    table: int = Field(description="position in that member, from 0")
    table_id: str = Field(description="`id` there")
    features: Names = Field(description="features of the table")
    basis: str = Field(description="selection, scoring, class:..., stage:..., event:...")
    score: str | None = Field(description="the score of a scoring table, or null")
    group: Names = Field(description="levels")
    reference: Names | None = Field(description="levels; null: nobody was selected")
    finding: FindingName = Field(description="the class")
    reason: str = Field(description="why, one sentence")
    assessed: Count = Field(description="persons of the group")
    selected: Count = Field(description="of these")
    rate: Number = Field(description="of the group")
    reference_rate: Number = Field(description="of the reference")
    ratio: EstimateEntry = Field(description="impact ratio with its score interval")
    below_four_fifths: bool | None = Field(description="decided on integers")
    z: Number = Field(description="pooled Z; negative: selected less often")
    test: str = Field(description="the deciding test")
    p_value: Number = Field(description="its p, two-sided")
    holm: Number = Field(description="that p corrected over the table")
    fisher: Number = Field(description="two-sided")
    mid_p: Number = Field(description="Lancaster's, two-sided, doubled")
    shortfall_to_pooled_rate: Number = Field(description="persons")
    shortfall_to_reference_rate: Number = Field(description="persons")
    reversed_by_one: bool | None = Field(description="moving one selection turns the order")
    power_at_four_fifths: Number = Field(description="chance to find a true ratio of .8")
    detectable_ratio: Number = Field(description="impact ratio found with a chance of .8")


class RunEntry(Part):
    """What differs from run to run; everything outside of it repeats byte for byte."""

    made_at: str = Field(description="UTC, ISO 8601")
    content_sha256: Sha256 = Field(
        description="SHA-256 of the RFC 8785 form of this document without `run`"
    )


class AuditDocument(Part):
    """What Fairwitness counted and computed about one hiring process. It certifies nothing."""

    schema_version: Literal["1.0"]
    kind: Literal["fairness_audit"]
    software: SoftwareEntry
    data: DataEntry
    spec: SpecEntry
    settings: SettingsEntry
    features: list[FeatureEntry] = Field(description="in the order of the specification")
    notes: list[NoteEntry] = Field(description="about the whole, and all that was not computed")
    findings: list[FindingEntry] = Field(description="the result vector: every compared group")
    tables: list[ImpactTableEntry] = Field(description="per measure and combination of features")
    conditional: list[ConditionalEntry] = Field(description="per group, within jobs")
    accuracy: list[AccuracyEntry] = Field(description="per feature; empty without labels")
    calibration: list[CalibrationEntry] = Field(description="per feature and score")
    distances: list[DistancesEntry] = Field(description="per feature and score")
    distributions: list[DistributionEntry] = Field(description="per feature and score")
    sweeps: list[SweepEntry] = Field(description="per feature and score")
    funnels: list[FunnelEntry] = Field(description="per feature; empty without stages")
    drift: list[DriftEntry] = Field(description="per feature; empty without periods")
    intersections: list[IntersectionsEntry] = Field(description="per combination of features")
    dif: list[DifEntry] = Field(description="per feature and group; empty without questions")
    logistic_dif: list[LogisticDifEntry] = Field(description="the same by regression")
    validity: list[ValidityEntry] = Field(description="per feature and score")
    validity_gain: list[ValidityGainEntry] = Field(description="tool against what it replaced")
    structure: StructureEntry | None = Field(description="null without question-level data")
    agreement: list[AgreementEntry] = Field(description="empty without interviewers")
    severity: SeverityTableEntry | None = Field(description="null without interviewers")
    events: list[EventEntry] = Field(description="per kind and feature; empty without events")
    settings_compared: list[SettingsComparedEntry] = Field(
        description="per axis and feature; empty without modes and coaching"
    )
    alternatives: list[AlternativesEntry] = Field(description="empty unless asked for")
    run: RunEntry
