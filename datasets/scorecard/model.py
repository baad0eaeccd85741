"""The shape of scorecard.json; its JSON Schema is made from here.

Rates are shares from 0 to 1. Intervals are at `confidence`; null where one cannot be given.
Terms: ISO/IEC 30107-3 (APCER, BPCER, APNRR, BPNRR), as far as secondary sources tell them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = "1.0"

Share = Annotated[float, Field(ge=0, le=1)]
Interval = tuple[float, float]
Seen = Literal["yes", "no", "unknown"]
Judged = Literal["above", "above_uncertain", "within_uncertain", "within", "nobody_flagged"]


class Part(BaseModel):
    """Any object of a scorecard: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RateEntry(Part):
    """Errors of trials."""

    errors: int = Field(ge=0)
    of: int = Field(ge=0, description="trials that the rate is of")
    value: Share | None = Field(description="null: there are no trials")
    exact: Interval | None = Field(description="Clopper-Pearson; takes trials as independent")
    by_source: Interval | None = Field(description="bootstrap over source recordings")
    by_person: Interval | None = Field(description="bootstrap over people")
    interval: Interval | None = Field(description="from the lowest to the highest of these")


class FigureEntry(Part):
    """A figure of scores of both kinds."""

    value: float
    by_source: Interval | None = Field(description="bootstrap over source recordings")
    by_person: Interval | None = Field(description="bootstrap over people")
    interval: Interval | None = Field(description="from the lowest to the highest of these")


class AttackEntry(Part):
    """Attack presentations of one species, strength and condition, or of all of a species."""

    species: str = Field(description="id, `datasets.attacks.species`")
    title: str
    term: str = Field(description="the attack in the words of a standard, or empty")
    strength: str = Field(description="empty: all together")
    condition: str = Field(description="codec or degradation; empty: as it was made, or all")
    trained_on: Seen = Field(description="whether a detector was trained or tuned on the species")
    presentations: int = Field(ge=1)
    sources: int = Field(description="source recordings that they were made from")
    persons: int = Field(description="people; where unknown each source counts as one")
    apcer: RateEntry = Field(description="answered `no_indication`, of those with an answer")
    apcer_strict: RateEntry = Field(description="not flagged, of all: no answer is an error too")
    apnrr: RateEntry = Field(description="`inconclusive`, of all")


class BonaFideEntry(Part):
    """Bona fide presentations of one corpus and condition, or of all of a corpus."""

    corpus: str = Field(description="empty: all corpora")
    condition: str
    presentations: int = Field(ge=1)
    sources: int
    persons: int
    bpcer: RateEntry = Field(description="flagged for review, of those with an answer")
    bpcer_strict: RateEntry = Field(description="flagged or without an answer, of all")
    bpnrr: RateEntry = Field(description="`inconclusive`, of all")
    above_limit: bool | None = Field(description="`bpcer` over the limit; null: no answers")


class DiscriminationEntry(Part):
    """How well scores tell attacks from bona fide, on one part of the trials."""

    axis: Literal["all", "trained_on", "generator", "codec", "corpus"]
    level: str = Field(description="the generator, codec or corpus; empty for all")
    seen: Seen = Field(description="whether training, tuning or calibration used the level")
    attacks: int = Field(description="with a score")
    bona_fide: int = Field(description="with a score")
    auc: FigureEntry | None = Field(description="ties count half")
    eer: FigureEntry | None
    why: str = Field(description="why there is no figure, or empty")


class LevelEntry(Part):
    """Share of each kind whose ratio is at least so high (Tippett plot)."""

    log10_lr: float
    attacks: Share
    bona_fide: Share


class EntropyEntry(Part):
    """Empirical cross-entropy in bits at one prior (Ramos and Gonzalez-Rodriguez 2013)."""

    log10_odds: float = Field(description="prior odds of an attack, log10")
    as_given: float = Field(description="with the ratios as the detector gives them")
    recalibrated: float = Field(description="after the best monotone recalibration (PAV)")
    without: float = Field(description="with the prior alone")


class ReliabilityEntry(Part):
    """Trials whose ratio says alike, at even prior odds with both kinds weighed equally."""

    said: Share = Field(description="mean probability of an attack that the ratios imply")
    observed: Share = Field(description="weighed share of attacks")
    attacks: int
    bona_fide: int


class LikelihoodEntry(Part):
    """How good the likelihood ratios are; attacks of species trained on are left out."""

    attacks: int
    bona_fide: int
    cllr: FigureEntry = Field(description="bits; 0 perfect, 1 says nothing")
    cllr_min: float = Field(description="what discrimination alone costs (PAV)")
    expected_calibration_error: Share
    tippett: list[LevelEntry]
    cross_entropy: list[EntropyEntry]
    reliability: list[ReliabilityEntry]


class GroupEntry(Part):
    """False flags of one demographic cell against all of its corpus."""

    corpus: str
    group: str
    presentations: int
    bpcer: RateEntry
    overall: Share | None = Field(description="BPCER of all cells of the corpus")
    ratio: float | None = Field(description="of the cell to all; null: nobody is flagged")
    interval: Interval | None
    judged: Judged | None = Field(description="against the limit; null: no answers")


class AbstentionEntry(Part):
    """Why a detector gave no answer, how often."""

    kind: Literal["attack", "bona_fide"]
    reason: str = Field(description="code; empty: all reasons")
    count: int
    of: int
    share: Share


class CostEntry(Part):
    """CPU time on one thread."""

    trials: int = Field(description="trials with both measured")
    units: float = Field(description="faces, or seconds of speech")
    seconds: float
    per_unit: float = Field(description="seconds per unit, all together")
    per_unit_95: float = Field(description="95th percentile over trials")


class MissingEntry(Part):
    """Something that was not measured."""

    what: str
    why: str


class DetectorEntry(Part):
    """One detector at its shipped operating point; only trials of split `test` count."""

    name: str
    trials: int = Field(description="of split test")
    other: int = Field(description="of other splits; they only say what was seen")
    attack_high: bool | None = Field(description="direction of scores; null: cannot be told")
    attacks: list[AttackEntry] = Field(description="worst first")
    species: list[AttackEntry] = Field(description="all of a species together, worst first")
    bona_fide: list[BonaFideEntry] = Field(description="worst first")
    overall: BonaFideEntry | None
    discrimination: list[DiscriminationEntry]
    likelihood: LikelihoodEntry | None
    abstention: list[AbstentionEntry] = Field(description="most frequent first")
    groups: list[GroupEntry] = Field(description="worst first")
    cost: CostEntry | None
    missing: list[MissingEntry]


class TrialsEntry(Part):
    """The trials behind the figures."""

    count: int
    test: int
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the trials as `write_trials` has")


class LimitsEntry(Part):
    """What figures are held against."""

    false_flags: Share = Field(description="BPCER of a corpus")
    differential: float = Field(description="BPCER of a cell against all (NIST: 25 % above)")


class SoftwareEntry(Part):
    """What made the scorecard."""

    name: Literal["fairwitness"] = "fairwitness"
    version: str


class ScorecardDocument(Part):
    """What detectors did on attacks and on bona fide. It certifies nothing."""

    schema_version: Literal["1.0"] = "1.0"
    kind: Literal["scorecard"] = "scorecard"
    software: SoftwareEntry
    size: Literal["small", "full", "given"] = Field(description="given: from a trials file")
    seed: int
    confidence: Share
    rounds: int = Field(description="bootstrap rounds")
    limits: LimitsEntry
    trials: TrialsEntry
    detectors: list[DetectorEntry] = Field(description="by name")
    missing: list[MissingEntry] = Field(description="about the whole")
