"""Sections of audit.json about selection: impact tables, conditional disparity, accuracy.

Every section starts with the features of its table. A group is a list of levels, one per feature.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reports.fairness_figures import (
    ChiSquareEntry,
    Count,
    EstimateEntry,
    IntervalEntry,
    Names,
    NoteEntry,
    Number,
    Part,
    ProportionEntry,
    Word,
    ZTestEntry,
)

FindingName = Literal[
    "adverse",
    "small_numbers",
    "significant_above_four_fifths",
    "undetectable",
    "no_indication",
]


class MidPEntry(Part):
    """Lancaster's mid-p of the hypergeometric distribution."""

    lower: Number = Field(description="one-sided, towards fewer selections of the group")
    doubled: Number = Field(description="two-sided: twice the smaller side, at most 1")
    minimum_likelihood: Number = Field(description="two-sided: outcomes that are no more likely")


class SignificanceEntry(Part):
    """Every test of one group against the reference."""

    pooled_z: ZTestEntry | None = Field(description="two-proportion Z; null without variation")
    hypergeometric_z: ZTestEntry | None = Field(description="hypergeometric standard deviations")
    chi_square: ChiSquareEntry | None = Field(description="Pearson's")
    chi_square_yates: ChiSquareEntry | None = Field(description="with continuity correction")
    fisher: Number = Field(description="Fisher's exact p, two-sided")
    fisher_lower: Number = Field(description="one-sided, towards fewer selections of the group")
    mid_p: MidPEntry = Field(description="Lancaster's mid-p")
    boschloo: Number = Field(description="Boschloo's p, two-sided; null: table too large, or off")
    notes: list[NoteEntry] = Field(description="what could not be computed, and why")


class DecidingEntry(Part):
    """The test that the class rests on."""

    test: str = Field(description="pooled_z, fisher or mid_p")
    p_value: Number = Field(description="two-sided, 0 to 1")
    holm: Number = Field(description="corrected over the groups of the table by Holm")
    benjamini_hochberg: Number = Field(description="corrected by Benjamini and Hochberg")


class PowerEntry(Part):
    """What the numbers could have shown."""

    at_four_fifths: Number = Field(description="chance to find a true impact ratio of .8, 0 to 1")
    detectable_ratio: Number = Field(description="impact ratio found with a chance of .8")
    detectable_difference: Number = Field(description="the same as a difference of rates")
    method: str = Field(description="how it was computed, in words")


class ComparisonEntry(Part):
    """One group against the reference of its table."""

    ratio: EstimateEntry = Field(description="impact ratio with its score interval")
    ratio_katz: IntervalEntry | None = Field(description="log-normal interval of the ratio")
    ratio_bootstrap: IntervalEntry | None = Field(
        description="bootstrap interval with the reference chosen anew in each replicate"
    )
    below_four_fifths: bool | None = Field(description="decided on integers; null: no ratio")
    difference: EstimateEntry = Field(description="rate less the reference's, -1 to 1")
    odds_ratio: EstimateEntry = Field(description="group over reference")
    phi: EstimateEntry = Field(description="correlation of group and selection, -1 to 1")
    cohens_h: EstimateEntry = Field(description="difference of arcsine-transformed rates")
    shortfall_to_pooled_rate: EstimateEntry = Field(description="persons, at the common rate")
    shortfall_to_reference_rate: EstimateEntry = Field(
        description="persons, at the reference's rate"
    )
    reversed_by_one: bool | None = Field(
        description="whether one selection more for the group and one less for the reference turns "
        "the order around; null unless the group has the lower rate"
    )
    significance: SignificanceEntry = Field(description="every test")
    deciding: DecidingEntry = Field(description="the test that the class rests on")
    power: PowerEntry = Field(description="what the numbers could have shown")


class ImpactRowEntry(Part):
    """One group of a table. Withheld rows (small cells) have null figures and no class."""

    group: Names = Field(description="levels, one per feature")
    standing: Word = Field(description="reference, compared, excluded or not_compared")
    assessed: Count = Field(description="persons; null: withheld")
    selected: Count = Field(description="of these; null: withheld")
    share: Number = Field(description="of the persons in the table's groups, 0 to 1")
    rate: EstimateEntry = Field(description="selection or scoring rate, Wilson's interval")
    rate_exact: IntervalEntry | None = Field(description="Clopper and Pearson's interval")
    rate_bootstrap: IntervalEntry | None = Field(description="multinomial bootstrap interval")
    chance_highest: Number = Field(description="bootstrap chance of having the highest rate")
    comparison: ComparisonEntry | None = Field(description="null: nothing to compare, or withheld")
    finding: FindingName | None = Field(description="the class; null for the reference")
    reason: str = Field(description="why the class is what it is, one sentence")
    withheld: bool = Field(False, description="small cell, left out by the policy")


class MedianEntry(Part):
    """The middle of all scores that a scoring rate is measured against."""

    score: str = Field(description="name of the score")
    value: Number = Field(description="the median; null where nobody has a score")
    lower: Number = Field(description="lower of the two middle scores")
    upper: Number = Field(description="upper of the two middle scores")
    persons: Count = Field(description="persons with a score")
    tied: Count = Field(description="persons exactly at the median; they are not above it")
    tie_share: Number = Field(description="tied / persons, 0 to 1")
    over: str = Field(description="`all` assessed, or `known`: persons of unknown groups left out")
    exact: bool = Field(description="false where only bins of scores are known")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class ImpactTableEntry(Part):
    """All groups of one combination of features, by one measure."""

    id: str = Field(description="unique in `tables`: basis and features")
    title: str = Field(description="in words")
    features: Names = Field(description="names of the features")
    basis: str = Field(
        description="`selection`, `scoring` (above the median), `class:<name>`, `stage:<name>`"
    )
    score: str | None = Field(description="the score of a scoring table, or null")
    median: MedianEntry | None = Field(description="of a scoring table, or null")
    reference: Names | None = Field(description="group whose rate the ratios divide by")
    tied: list[Names] = Field(description="all groups with that same highest rate")
    homogeneity: ChiSquareEntry | None = Field(description="test of one rate for all groups")
    assessed: Count = Field(description="persons in the groups of the table")
    selected: Count = Field(description="of these")
    unknown_assessed: Count = Field(description="persons in no group: a level is unknown")
    unknown_selected: Count = Field(description="of these")
    rows: list[ImpactRowEntry] = Field(description="one per group")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class PairEntry(Part):
    """Counts of two groups."""

    x1: Count = Field(description="selected of the group")
    n1: Count = Field(description="persons of the group")
    x2: Count = Field(description="selected of the reference")
    n2: Count = Field(description="persons of the reference")


class StratumEntry(Part):
    """The group against the reference in one stratum, or pooled."""

    pair: PairEntry = Field(description="counts")
    difference: EstimateEntry = Field(description="rate less the reference's, Newcombe's interval")
    ratio: EstimateEntry = Field(description="impact ratio, score interval")


class StratifiedTestEntry(Part):
    """Tests over strata."""

    cmh: ChiSquareEntry | None = Field(description="Cochran-Mantel-Haenszel")
    cmh_corrected: ChiSquareEntry | None = Field(description="with continuity correction")
    odds_ratio: EstimateEntry = Field(description="Mantel-Haenszel, group over reference")
    breslow_day: ChiSquareEntry | None = Field(description="one odds ratio in all strata")
    tarone: ChiSquareEntry | None = Field(description="the same with Tarone's correction")
    strata_used: Count = Field(description="strata that inform")
    strata_left_out: Count = Field(description="strata that do not")
    notes: list[NoteEntry] = Field(description="what could not be computed, and why")


class SimpsonEntry(Part):
    """Directions: -1 the group has the lower rate, 1 the higher one, 0 equal, null unknown."""

    aggregate: Count = Field(description="of the pooled counts")
    adjusted: Count = Field(description="of the standardized difference")
    strata_lower: Count = Field(description="strata in which the group has the lower rate")
    strata_equal: Count = Field(description="strata with equal rates")
    strata_higher: Count = Field(description="strata in which it has the higher rate")
    reverses: bool = Field(description="adjusted and aggregate directions are opposite")
    reverses_everywhere: bool = Field(description="no stratum agrees with the aggregate")


class ConditionalEntry(Part):
    """One group against the reference, pooled and within strata."""

    features: Names = Field(description="features of the table")
    focal: Names = Field(description="the group")
    reference: Names = Field(description="the group with the highest pooled rate")
    by: Names = Field(description="what the strata are levels of, for example job")
    strata: list[Names] = Field(description="levels of each listed stratum")
    strata_listed: int = Field(description="strata listed here; all of them count in the tests")
    strata_all: int = Field(description="strata there are")
    crude: StratumEntry = Field(description="all strata together")
    within: list[StratumEntry] = Field(description="per listed stratum; null counts: withheld")
    standardized_difference: EstimateEntry = Field(description="Mantel-Haenszel rate difference")
    standardized_ratio: EstimateEntry = Field(description="Mantel-Haenszel rate ratio")
    test: StratifiedTestEntry = Field(description="tests over the strata")
    simpson: SimpsonEntry = Field(description="whether the picture turns within strata")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class GapEntry(Part):
    """A measure of a group against that of the reference."""

    difference: EstimateEntry = Field(description="group less reference")
    ratio: EstimateEntry = Field(description="group over reference")


class GroupAccuracyEntry(Part):
    """One group's decisions against later performance."""

    group: Names = Field(description="levels")
    labelled: Count = Field(description="persons with a decision and a label")
    unlabelled: Count = Field(description="persons with a decision alone")
    measures: dict[str, ProportionEntry] = Field(
        description="true_positive_rate, false_positive_rate, ... by name"
    )
    gaps: dict[str, GapEntry] = Field(description="against the reference, by the same names")


class AccuracyEntry(Part):
    """Decisions against later performance, by group."""

    features: Names = Field(description="features of the table")
    reference: Names | None = Field(description="group that gaps are taken from")
    groups: list[GroupAccuracyEntry] = Field(description="one per group")
    differences: dict[str, EstimateEntry] = Field(description="largest less smallest, by measure")
    ratios: dict[str, EstimateEntry] = Field(description="smallest over largest, by measure")
    equalized_odds_difference: EstimateEntry = Field(description="worse of TPR and FPR")
    equalized_odds_ratio: EstimateEntry = Field(description="worse of TPR and FPR")
    equal_opportunity_difference: EstimateEntry = Field(description="of TPR")
    equal_opportunity_ratio: EstimateEntry = Field(description="of TPR")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class CalibrationBinEntry(Part):
    """One bin of scores of one group."""

    name: str = Field(description="the bin, in words")
    mean_score: Number = Field(description="mean of the scores in it")
    observed: ProportionEntry = Field(description="share of good performers among the labelled")
    error: Number = Field(description="observed less mean score, for a probability; else null")


class CalibrationDisparityEntry(Part):
    """The group against the reference at equal scores."""

    standardized_difference: EstimateEntry = Field(
        description="share of good performers less the reference's, at equal scores; below 0: the "
        "score flatters the group"
    )
    test: StratifiedTestEntry = Field(description="Cochran-Mantel-Haenszel over bins")


class GroupCalibrationEntry(Part):
    """One group."""

    group: Names = Field(description="levels")
    bins: list[CalibrationBinEntry] = Field(description="by rising score")
    expected_error: EstimateEntry = Field(description="expected calibration error (probability)")
    mean_error: EstimateEntry = Field(description="observed less mean score (probability)")
    against_reference: CalibrationDisparityEntry | None = Field(description="null: reference")


class CalibrationEntry(Part):
    """Whether a score means the same for every group."""

    features: Names = Field(description="features of the table")
    score: str = Field(description="name of the score")
    reference: Names | None = Field(description="group that the others are compared with")
    groups: list[GroupCalibrationEntry] = Field(description="one per group")
    notes: list[NoteEntry] = Field(description="what a reader must know")
