"""Sections of audit.json about scores, stages and time: distances, sweeps, funnels, drift."""

from __future__ import annotations

from pydantic import Field

from reports.fairness_figures import (
    ChiSquareEntry,
    Count,
    Counts,
    EstimateEntry,
    Names,
    NoteEntry,
    Number,
    Numbers,
    Part,
    ProportionEntry,
)
from reports.fairness_impact import StratifiedTestEntry


class QuantileEntry(Part):
    """The score at or below which a share of persons are."""

    percent: int = Field(description="of 100 persons")
    value: Number = Field(description="the score")


class GroupScoresEntry(Part):
    """One group's scores."""

    group: Names = Field(description="levels")
    persons: Count = Field(description="with a score")
    mean: EstimateEntry = Field(description="Student's interval")
    sd: Number = Field(description="standard deviation, n - 1; null for one person")
    quantiles: list[QuantileEntry] = Field(description="10, 25, 50, 75 and 90 of 100")


class QuantileGapEntry(Part):
    """Quantile of the group less that of the reference."""

    percent: int = Field(description="of 100 persons")
    gap: EstimateEntry = Field(description="points of the score")


class ChanceEntry(Part):
    """A distance against chance (permutation test)."""

    p_value: Number = Field(description="share of shuffles with as large a distance")
    by_chance: Number = Field(description="the distance that chance exceeds in 1 - level of draws")


class ScoreDistanceEntry(Part):
    """One group's distance from the reference."""

    group: Names = Field(description="levels")
    reference: Names = Field(description="levels")
    mean_difference: EstimateEntry = Field(description="points, Welch's interval")
    cohens_d: EstimateEntry = Field(description="mean difference over the pooled SD")
    hedges_g: EstimateEntry = Field(description="d without its small-sample bias")
    ks: EstimateEntry = Field(description="largest gap of cumulative shares, 0 to 1")
    ks_p: Number = Field(description="textbook p of that gap")
    ks_method: str = Field(description="how that p was computed")
    ks_chance: ChanceEntry | None = Field(description="permutation test; null: not drawn")
    wasserstein: EstimateEntry = Field(description="points of the score")
    wasserstein_sd: Number = Field(description="the same in pooled SDs")
    wasserstein_chance: ChanceEntry | None = Field(description="permutation test")
    quantile_gaps: list[QuantileGapEntry] = Field(description="10, 25, 50, 75 and 90 of 100")
    superiority: EstimateEntry = Field(
        description="chance that a person of the group outscores one of the reference; .5: equal"
    )
    rank_p: Number = Field(description="Mann-Whitney, two-sided")
    rank_method: str = Field(description="how that p was computed")
    rank_adjusted_p: Number = Field(description="Holm over the groups")
    overlap: EstimateEntry = Field(description="shared part of the two histograms, 0 to 1")
    overlap_bins: int = Field(description="bins of these histograms")
    notes: list[NoteEntry] = Field(description="what could not be computed, and why")


class DistancesEntry(Part):
    """Scores by group, and how far apart they are."""

    features: Names = Field(description="features of the table")
    score: str = Field(description="name of the score")
    groups: list[GroupScoresEntry] = Field(description="groups with scores")
    reference: Names = Field(description="group with the highest mean")
    distances: list[ScoreDistanceEntry] = Field(description="of the other groups")
    tied_share: Number = Field(description="persons who share their exact score with somebody")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class GroupHistogramEntry(Part):
    """One group's histogram."""

    group: Names = Field(description="levels")
    persons: Count = Field(description="with a score; null: withheld")
    counts: Counts = Field(description="persons per bin; null: withheld")


class DistributionEntry(Part):
    """How often each score occurs, by group; bins are the same for all groups."""

    features: Names = Field(description="features of the table")
    score: str = Field(description="name of the score")
    edges: Numbers = Field(description="one more than bins; a bin holds low <= score < high")
    groups: list[GroupHistogramEntry] = Field(description="groups with scores")
    unknown: Counts = Field(description="persons with an unknown level, per bin")


class CutRangeEntry(Part):
    """Neighbouring cuts at which every group keeps four fifths."""

    low: Number = Field(description="lowest cut")
    high: Number = Field(description="highest cut")
    cuts: int = Field(description="how many")
    share_at_low: Number = Field(description="share of persons selected at the lowest cut")
    share_at_high: Number = Field(description="share of persons selected at the highest cut")


class SweepGroupEntry(Part):
    """One group at every cut; lists are as long as `cuts`."""

    group: Names = Field(description="levels")
    assessed: Count = Field(description="persons with a score")
    selected: Counts = Field(description="persons at or above the cut; null: withheld")
    rate: Numbers = Field(description="selected / assessed")
    rate_low: Numbers = Field(description="Wilson's interval")
    rate_high: Numbers = Field(description="Wilson's interval")
    ratio: Numbers = Field(description="impact ratio at that cut")
    ratio_low: Numbers = Field(description="log interval")
    ratio_high: Numbers = Field(description="log interval")
    below_four_fifths: list[bool] = Field(description="decided on integers")


class SweepEntry(Part):
    """Rates and impact ratios at every cut."""

    features: Names = Field(description="features of the table")
    score: str = Field(description="name of the score")
    higher_is_better: bool = Field(description="false: selected is at or below the cut")
    current_cut: Number = Field(description="the cut in force, or null")
    cuts: Numbers = Field(description="rising")
    reference: list[Names] = Field(description="group with the highest rate, per cut")
    lowest: list[Names] = Field(description="group with the lowest ratio, per cut")
    groups: list[SweepGroupEntry] = Field(description="one per group")
    excluded: list[Names] = Field(description="groups too small to set a reference")
    kept: list[CutRangeEntry] = Field(description="where no group is below four fifths")
    level: Number = Field(description="of the intervals")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class StageRateEntry(Part):
    """One group in one stage."""

    group: Names = Field(description="levels")
    rate: ProportionEntry = Field(description="passed / entered")
    ratio: EstimateEntry = Field(description="against the stage's highest rate")
    below_four_fifths: bool = Field(description="decided on integers")
    is_reference: bool = Field(description="has the stage's highest rate")
    excluded: bool = Field(description="too small a share to set the reference")


class StageEntry(Part):
    """All groups in one stage."""

    stage: str = Field(description="name, or `bottom line`")
    reference: Names | None = Field(description="null where nobody passed")
    rates: list[StageRateEntry] = Field(description="one per group")


class StepEntry(Part):
    """One summand of a group's gap."""

    step: str = Field(description="the stage, or `A to B` for persons lost between two stages")
    kind: str = Field(description="stage or between")
    log_ratio: EstimateEntry = Field(description="below 0: the group loses here")
    share: Number = Field(description="of the bottom line's log ratio; sums to 1")


class GapStepsEntry(Part):
    """Where a group's bottom-line gap arises."""

    group: Names = Field(description="levels")
    reference: Names = Field(description="levels")
    total: EstimateEntry = Field(description="log of the bottom-line ratio")
    steps: list[StepEntry] = Field(description="in order; log ratios sum to the total")
    largest_loss: str | None = Field(description="step with the lowest log ratio below 0")
    notes: list[NoteEntry] = Field(description="what could not be computed, and why")


class FunnelEntry(Part):
    """Stage by stage, the bottom line, and each gap taken apart."""

    features: Names = Field(description="features of the table")
    stages: list[StageEntry] = Field(description="in order")
    bottom_line: StageEntry = Field(description="passed the last over entered the first")
    gaps: list[GapStepsEntry] = Field(description="one per group but the reference")
    components: Names = Field(description="stages with a group below four fifths")
    bottom_line_below: bool = Field(description="whether the bottom line has such a group")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class PeriodRateEntry(Part):
    """One group in one period."""

    period: str = Field(description="name of the period")
    group: Names = Field(description="levels")
    rate: ProportionEntry = Field(description="selected / assessed")
    ratio: EstimateEntry = Field(description="against the period's highest rate")
    reference: Names | None = Field(description="group with that rate")
    below_four_fifths: bool = Field(description="decided on integers")
    small: bool = Field(description="too few persons: no test uses this period")


class ChangeEntry(Part):
    """A group's rate in one period less that in the tested period before."""

    group: Names = Field(description="levels")
    before: str = Field(description="period")
    after: str = Field(description="period")
    difference: EstimateEntry = Field(description="-1 to 1")
    test: str = Field(description="pooled z or fisher exact")
    p_value: Number = Field(description="two-sided")
    adjusted_p: Number = Field(description="Holm over all changes")


class TrendEntry(Part):
    """A straight line over the periods."""

    slope: EstimateEntry = Field(description="per period: of the rate, or of the log odds ratio")
    z: Number = Field(description="standard normal statistic")
    p_value: Number = Field(description="two-sided")


class ChangePointEntry(Part):
    """A found change of level."""

    period: str = Field(description="first period after the change")
    before: Number = Field(description="level before: a rate or an odds ratio")
    after: Number = Field(description="level after")
    statistic: Number = Field(description="absolute Z")
    p_value: Number = Field(description="by random series without a change")


class ChangeSearchEntry(Part):
    """Result of a change search."""

    p_value: Number = Field(description="of the best first split; null: too few periods")
    adjusted_p: Number = Field(description="Holm over the groups")
    changes: list[ChangePointEntry] = Field(description="found changes in order of time")


class GroupDriftEntry(Part):
    """One group's own rate over time."""

    group: Names = Field(description="levels")
    periods_tested: int = Field(description="periods with enough persons")
    constant: ChiSquareEntry | None = Field(description="test of one rate in all periods")
    trend: TrendEntry | None = Field(description="null: too few periods")
    search: ChangeSearchEntry = Field(description="for a change of the rate")


class DisparityDriftEntry(Part):
    """A group's odds ratio against the reference over time."""

    group: Names = Field(description="levels")
    reference: Names = Field(description="highest rate over all periods")
    periods_tested: int = Field(description="periods with enough persons of both")
    strata: StratifiedTestEntry = Field(description="tests with the periods as strata")
    woolf: ChiSquareEntry | None = Field(description="one odds ratio in all periods")
    trend: TrendEntry | None = Field(description="of the log odds ratio")
    search: ChangeSearchEntry = Field(description="for a change of the odds ratio")


class DriftEntry(Part):
    """Rates, ratios and disparities over time."""

    features: Names = Field(description="features of the table")
    periods: Names = Field(description="oldest first")
    rates: list[PeriodRateEntry] = Field(description="per period and group")
    changes: list[ChangeEntry] = Field(description="from period to period")
    groups: list[GroupDriftEntry] = Field(description="each group's own rate")
    disparities: list[DisparityDriftEntry] = Field(description="groups against the reference")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class IntersectionEntry(Part):
    """One cell of an intersection."""

    group: Names = Field(description="levels, one per feature")
    rate: ProportionEntry = Field(description="plain selection rate")
    ratio: EstimateEntry = Field(description="impact ratio within this table")
    small: bool = Field(description="fewer persons than the plan's minimum")
    excluded: bool = Field(description="too small a share to set the reference")
    is_reference: bool = Field(description="has the highest rate")
    below_four_fifths: bool = Field(description="decided on integers")
    hidden: bool = Field(description="so, though none of its levels is by itself")
    product_of_marginals: Number = Field(description="ratio if the levels' ratios multiplied")
    predicted_rate: Number = Field(description="what its features predict without interaction")
    over_predicted: EstimateEntry = Field(description="rate / predicted rate")
    p_value: Number = Field(description="that the cell departs from the prediction")
    adjusted_p: Number = Field(description="Holm over the cells")
    beyond_marginals: bool = Field(description="significantly lower than predicted")
    shrunk_rate: EstimateEntry = Field(description="posterior mean, credible interval")
    shrunk_ratio: EstimateEntry = Field(description="the same of the ratio")


class IntersectionsEntry(Part):
    """What an intersection shows that no single feature shows."""

    features: Names = Field(description="features of the table")
    reference: Names | None = Field(description="cell with the highest rate")
    cells: list[IntersectionEntry] = Field(description="one per cell")
    hidden: list[Names] = Field(description="below four fifths though no level is")
    beyond_marginals: list[Names] = Field(description="lower than their features predict")
    main_effects: ChiSquareEntry | None = Field(description="no interaction at all")
    lower_order: ChiSquareEntry | None = Field(description="only the highest one absent")
    prior_persons: Number = Field(description="weight of the prediction, in persons")
    notes: list[NoteEntry] = Field(description="what a reader must know")
