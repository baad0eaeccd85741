"""What a whole audit gives: typed results, one tuple per section, and notes on what is missing.

Nothing here is about a single person. Sections that the data do not allow are empty, and a note
says which field of the specification would allow them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairness.accuracy import AccuracyTable
from fairness.agreement import Agreement
from fairness.alternatives import Alternatives
from fairness.calibration_by_group import CalibrationTable
from fairness.conditional import ConditionalDisparity
from fairness.cube_parts import Median
from fairness.dif import DifTable
from fairness.dif_logistic import LogisticTable
from fairness.distances import Distances
from fairness.drift import Drift
from fairness.funnel import FunnelResult
from fairness.human_loop import EventRow, EventTable
from fairness.impact import ImpactRow, ImpactTable
from fairness.intersections import Intersections
from fairness.settings_compared import SettingsCompared
from fairness.severity import SeverityTable
from fairness.structure import InterviewStructure
from fairness.sweep import Sweep
from fairness.types import Floats, Group, Ints, Note
from fairness.validity import ValidityTable
from fairness.validity_gain import ValidityGain


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """How the audit was done.

    Attributes:
        alpha: two-sided level of the deciding tests. level: of the intervals, 0..1.
        replicates, seed: of every bootstrap and draw.
        exclude_under_share: groups under this share have no ratio and set no denominator, or None.
        suppress_below, suppress_complementary: cells that published tables leave out.
        alternatives: whether less discriminatory alternatives were searched.
    """

    alpha: float = 0.05
    level: float = 0.95
    replicates: int = 10_000
    seed: int = 0
    exclude_under_share: float | None = None
    exclude_justification: str = ""
    median_over: str = "all"
    rule_packs: tuple[str, ...] = ()
    suppress_below: int = 0
    suppress_complementary: bool = True
    alternatives: bool = False


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What was audited. `sha256`: of the files, None where they were none. `label`: no path."""

    label: str
    kind: str
    sha256: str | None
    persons: int
    decided: int
    selected: int
    axes: Mapping[str, int]
    scores: tuple[str, ...]
    merged_from: int


@dataclass(frozen=True, slots=True)
class FeatureFacts:
    """A sensitive feature: persons per level, and those whose level is unknown."""

    name: str
    kind: str
    provenance: str
    levels: tuple[str, ...]
    persons: tuple[int, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class TableAudit:
    """One impact table.

    Attributes:
        id: unique among the tables. title: in words.
        score, median: of a scoring table, else None.
    """

    id: str
    title: str
    score: str | None
    median: Median | None
    impact: ImpactTable


@dataclass(frozen=True, slots=True)
class Finding:
    """One compared group of one table; `row.finding` is its class and `row.reason` says why.

    `part` is `tables` or `events`, `table` the place in it.
    """

    id: str
    part: str
    table: int
    reference: Group | None
    reference_rate: float | None
    row: ImpactRow | EventRow


@dataclass(frozen=True, slots=True)
class ConditionalAudit:
    """One group within strata. `disparity` lists the largest strata; its tests use all of them."""

    features: tuple[str, ...]
    disparity: ConditionalDisparity
    strata_all: int
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Histogram of a score by group.

    Attributes:
        edges (b + 1,): a bin holds low <= score < high. counts (g, b), unknown (b,): persons.
    """

    features: tuple[str, ...]
    score: str
    groups: tuple[Group, ...]
    edges: Floats
    counts: Ints
    unknown: Ints


@dataclass(frozen=True, slots=True)
class SweepAudit:
    """A sweep in the score's own direction: cuts are rising, whichever side is favourable."""

    higher_is_better: bool
    current_cut: float | None
    sweep: Sweep


@dataclass(frozen=True, slots=True)
class ValidityAudit:
    """Validity of one score."""

    score: str
    table: ValidityTable


@dataclass(frozen=True, slots=True)
class GainAudit:
    """The tool against what it replaced; both are named in words."""

    tool: str
    earlier: str
    gain: ValidityGain


@dataclass(frozen=True, slots=True)
class AlternativesAudit:
    """A search over one feature's groups."""

    features: tuple[str, ...]
    score: str
    found: Alternatives


@dataclass(frozen=True, slots=True)
class AuditResult:
    """A whole audit: see the sections' own types. Lists are in the order of the specification.

    Attributes:
        spec: the specification as plain values (columns and words, no data).
        tables: impact tables by basis and features. findings: every compared group of them.
        structure: one per feature (they differ in `by_group` alone).
        notes: about the whole, with everything that was not computed and why.
        packages: versions of the packages that computed.
    """

    data: DataFacts
    settings: AuditSettings
    spec_sha256: str
    title: str
    spec: Mapping[str, object]
    features: tuple[FeatureFacts, ...]
    tables: tuple[TableAudit, ...]
    findings: tuple[Finding, ...]
    conditional: tuple[ConditionalAudit, ...] = ()
    accuracy: tuple[AccuracyTable, ...] = ()
    calibration: tuple[CalibrationTable, ...] = ()
    distances: tuple[Distances, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    sweeps: tuple[SweepAudit, ...] = ()
    funnels: tuple[FunnelResult, ...] = ()
    drift: tuple[Drift, ...] = ()
    intersections: tuple[Intersections, ...] = ()
    dif: tuple[DifTable, ...] = ()
    logistic_dif: tuple[LogisticTable, ...] = ()
    validity: tuple[ValidityAudit, ...] = ()
    validity_gain: tuple[GainAudit, ...] = ()
    structure: tuple[InterviewStructure, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    severity: SeverityTable | None = None
    events: tuple[EventTable, ...] = ()
    settings_compared: tuple[SettingsCompared, ...] = ()
    alternatives: tuple[AlternativesAudit, ...] = ()
    notes: tuple[Note, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)

    def table(self, table_id: str) -> TableAudit:
        """The impact table of that id, for example `selection:sex`."""
        for table in self.tables:
            if table.id == table_id:
                return table
        raise KeyError(f"no table {table_id!r}; there are: {', '.join(t.id for t in self.tables)}")
