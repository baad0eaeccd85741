"""Sections of audit.json about questions, validity, interviews, and the people in the loop."""

from __future__ import annotations

from pydantic import Field

from reports.fairness_figures import (
    ChiSquareEntry,
    Count,
    EstimateEntry,
    FTestEntry,
    Names,
    NoteEntry,
    Number,
    Part,
    ProportionEntry,
    Word,
)
from reports.fairness_impact import (
    DecidingEntry,
    FindingName,
    PowerEntry,
    StratifiedTestEntry,
)


class ItemDifEntry(Part):
    """One question by Mantel-Haenszel (two levels) or Mantel (more levels)."""

    item: str = Field(description="name of the question")
    kind: str = Field(description="dichotomous or polytomous")
    focal_persons: Count = Field(description="with an answer")
    reference_persons: Count = Field(description="with an answer")
    strata_used: Count = Field(description="matching scores that inform")
    test: ChiSquareEntry | None = Field(description="1 degree of freedom")
    holm: Number = Field(description="p corrected over the questions by Holm")
    benjamini_hochberg: Number = Field(description="p corrected by Benjamini and Hochberg")
    alpha: EstimateEntry = Field(description="common odds ratio, reference over focal")
    delta: EstimateEntry = Field(description="-2.35 ln(alpha), the ETS delta scale")
    mean_difference: EstimateEntry = Field(description="focal less reference, points")
    standardized: EstimateEntry = Field(description="the same in standard deviations")
    homogeneity: ChiSquareEntry | None = Field(description="Breslow-Day over matching scores")
    size: str | None = Field(description="A, B, C (AA, BB, CC) by size alone")
    ets_class: str | None = Field(description="A, B, C (AA, BB, CC) with significance")
    detectable: Number = Field(description="effect that is flagged with a chance of .8")
    flagged: bool = Field(description="p below alpha, uncorrected")
    against: Names | None = Field(description="group that a flagged difference is against")
    words: str = Field(description="in one sentence")
    notes: list[NoteEntry] = Field(description="what could not be computed, and why")


class PurificationEntry(Part):
    """How flagged questions were taken out of the matching score."""

    rounds: int = Field(description="how often questions were counted again")
    converged: bool = Field(description="the last round flagged what the one before had")
    flagged: list[Names] = Field(description="questions flagged in each round")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class DifEntry(Part):
    """Every question, one focal group against the reference, matched on the total score."""

    features: Names = Field(description="features of the table")
    focal: Names = Field(description="the group")
    reference: Names = Field(description="the largest group")
    items: list[ItemDifEntry] = Field(description="one per question")
    flagged: Names = Field(description="questions with p below alpha")
    purification: PurificationEntry | None = Field(description="null: not purified")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class LikelihoodRatioEntry(Part):
    """A likelihood-ratio test and its size."""

    test: ChiSquareEntry = Field(description="chi-square")
    delta_r2: Number = Field(description="Nagelkerke's R2 gained")
    zumbo_thomas: str = Field(description="A, B or C")
    jodoin_gierl: str = Field(description="A, B or C")


class LogisticItemEntry(Part):
    """One question by logistic or proportional-odds regression."""

    item: str = Field(description="name of the question")
    kind: str = Field(description="binary or ordinal")
    persons: list[int] = Field(description="focal, reference")
    uniform: LikelihoodRatioEntry | None = Field(description="same at all scores")
    nonuniform: LikelihoodRatioEntry | None = Field(description="depends on the score")
    both: LikelihoodRatioEntry | None = Field(description="either")
    log_odds: EstimateEntry = Field(description="of a higher score, focal less reference")
    interaction: EstimateEntry = Field(description="its change per point of matching score")
    crossing: Number = Field(description="matching score at which the sides change")
    flagged: bool = Field(description="deciding test with p below alpha")
    against: Names | None = Field(description="group that a uniform difference is against")
    words: str = Field(description="in one sentence")
    holm: Number = Field(description="p corrected over the questions by Holm")
    benjamini_hochberg: Number = Field(description="p corrected by Benjamini and Hochberg")
    notes: list[NoteEntry] = Field(description="what could not be computed, and why")


class LogisticDifEntry(Part):
    """Every question by regression, one focal group against the reference."""

    features: Names = Field(description="features of the table")
    focal: Names = Field(description="the group")
    reference: Names = Field(description="the largest group")
    decides: Word = Field(description="both, uniform or nonuniform")
    items: list[LogisticItemEntry] = Field(description="one per question")
    flagged: Names = Field(description="flagged questions")
    purification: PurificationEntry | None = Field(description="null: not purified")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class GroupValidityEntry(Part):
    """One group's regression of later performance on the score."""

    group: Names = Field(description="levels; empty for everybody")
    persons: Count = Field(description="with both score and performance")
    correlation: EstimateEntry = Field(description="Pearson's r, Fisher's interval")
    corrected: EstimateEntry = Field(description="for restricted range, Thorndike's case 2")
    slope: EstimateEntry = Field(description="performance per point of the score")
    intercept: EstimateEntry = Field(description="performance at a score of 0")
    standard_error: Number = Field(description="of the estimate")
    error_common: EstimateEntry = Field(description="performance less one common line")
    error_reference: EstimateEntry = Field(description="less the reference group's line")
    notes: list[NoteEntry] = Field(description="what could not be computed, and why")


class ValidityEntry(Part):
    """Whether a score predicts performance, and alike for every group."""

    features: Names = Field(description="features of the table")
    score: str = Field(description="name of the score")
    reference: Names | None = Field(description="the largest group")
    overall: GroupValidityEntry = Field(description="everybody as one group")
    groups: list[GroupValidityEntry] = Field(description="one per group")
    one_line: FTestEntry | None = Field(description="separate lines against one line")
    slopes: FTestEntry | None = Field(description="separate slopes against parallel lines")
    intercepts: FTestEntry | None = Field(description="parallel lines against one line")
    correlations_differ: Number = Field(description="p of one correlation for all groups")
    words: str = Field(description="in one sentence")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class ValidityGainEntry(Part):
    """Whether the tool predicts performance better than what it replaced."""

    tool_label: str = Field(description="the tool, in words")
    earlier_label: str = Field(description="what it replaced, in words")
    tool: EstimateEntry = Field(description="correlation with performance")
    earlier: EstimateEntry = Field(description="correlation with performance")
    difference: EstimateEntry = Field(description="tool less earlier")
    test: str = Field(description="williams t or fisher z")
    statistic: Number = Field(description="of the test")
    p_value: Number = Field(description="two-sided")
    detectable: Number = Field(description="difference found with a chance of .8")
    prediction: Word = Field(description="better, worse, no_difference or undetectable")
    days_saved: Number = Field(description="null: no times were given")
    words: str = Field(description="in one sentence")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class JobStructureEntry(Part):
    """How many interviews of one job kept to its standard."""

    unit: Names = Field(description="the job (and period)")
    interviews: Count = Field(description="a candidate's in the job")
    questions: Names = Field(description="the standard ones, in order")
    same_questions: ProportionEntry = Field(description="asked the standard questions")
    same_order: ProportionEntry = Field(description="in the standard order")
    same_rubric: ProportionEntry = Field(description="scored by the standard rubric")
    standard: ProportionEntry = Field(description="same in all that is known")
    variants: int = Field(description="different plans that occurred")


class QuestionStructureEntry(Part):
    """One question of a job that not everybody got alike."""

    unit: Names = Field(description="the job (and period)")
    question: str = Field(description="name of the question")
    in_standard: bool = Field(description="one of the job's standard questions")
    asked: ProportionEntry = Field(description="of the job's interviews")
    usual_rubric: ProportionEntry = Field(description="of those that name a rubric")


class StructureEntry(Part):
    """Whether every candidate of a job got the same interview."""

    within: Names = Field(description="what a standard is set within")
    interviews: Count = Field(description="all")
    same_questions: ProportionEntry = Field(description="asked the standard questions")
    same_order: ProportionEntry = Field(description="in the standard order")
    same_rubric: ProportionEntry = Field(description="scored by the standard rubric")
    standard: ProportionEntry = Field(description="same in all that is known")
    jobs: list[JobStructureEntry] = Field(description="most departures first")
    deviations: list[QuestionStructureEntry] = Field(description="most frequent first")
    by_group: list[GroupEventEntry] = Field(description="departures per group and feature")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class GroupEventEntry(Part):
    """How often something happened to the persons of one feature's groups."""

    features: Names = Field(description="features of the table")
    groups: list[Names] = Field(description="levels")
    rates: list[ProportionEntry] = Field(description="per group")
    test: ChiSquareEntry | None = Field(description="one rate for all groups")


class IccEntry(Part):
    """An intraclass correlation."""

    kind: str = Field(description="ICC(1), ICC(2) or ICC(3) of Shrout and Fleiss")
    units: Count = Field(description="rated")
    raters: Number = Field(description="per unit")
    single: EstimateEntry = Field(description="reliability of one interviewer's rating")
    average: EstimateEntry = Field(description="of the mean of `raters`")
    p_value: Number = Field(description="that units do not differ")
    notes: list[NoteEntry] = Field(description="what could not be computed, and why")


class AlphaEntry(Part):
    """Krippendorff's alpha."""

    scale: Word = Field(description="nominal, ordinal or interval")
    alpha: EstimateEntry = Field(description="1 full agreement, 0 as by chance")
    units: Count = Field(description="with two ratings or more")
    ratings: Count = Field(description="that could be compared")
    single: Count = Field(description="units with one rating")
    notes: list[NoteEntry] = Field(description="what could not be computed, and why")


class AgreementEntry(Part):
    """Agreement of interviewers."""

    unit: Word = Field(description="answer or interview")
    one_way: IccEntry = Field(description="rated by whoever it was")
    two_way: IccEntry | None = Field(description="the panel that rated most units together")
    panel_units: Count = Field(description="units rated by that panel")
    alphas: list[AlphaEntry] = Field(description="one per scale")


class SeverityEntry(Part):
    """One interviewer against the others; deviations in points, above 0 lenient."""

    interviewer: str = Field(description="as named in the data")
    interviews: Count = Field(description="compared with others'")
    deviation: EstimateEntry = Field(description="least squares, t interval")
    shrunk: EstimateEntry = Field(description="drawn towards 0 by empirical Bayes")
    p_value: Number = Field(description="that the deviation is 0")
    holm: Number = Field(description="corrected over the interviewers by Holm")
    benjamini_hochberg: Number = Field(description="corrected by Benjamini and Hochberg")
    stands_out: bool = Field(description="Holm's p below alpha")


class SeverityDriftEntry(Part):
    """One interviewer over periods."""

    interviewer: str = Field(description="as named in the data")
    periods: Names = Field(description="oldest first")
    deviations: list[EstimateEntry] = Field(description="per period, points")
    change: EstimateEntry = Field(description="points per period")
    steady: ChiSquareEntry = Field(description="one deviation in all periods")
    p_value: Number = Field(description="that there is no change")
    holm: Number = Field(description="corrected over the interviewers by Holm")
    drifts: bool = Field(description="Holm's p below alpha")


class SeverityTableEntry(Part):
    """Severity of interviewers, the most severe first, and its change."""

    within: Word = Field(description="compared within interview or job")
    interviewers: list[SeverityEntry] = Field(description="one each")
    spread: Number = Field(description="standard deviation of true deviations, points")
    residual: Number = Field(description="standard deviation of one interview's score")
    sets: int = Field(description="groups of interviewers linked by common interviews")
    drift: list[SeverityDriftEntry] = Field(description="interviewers with several periods")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class EventRowEntry(Part):
    """One group's rate of an event against the reference's."""

    group: Names = Field(description="levels")
    rate: ProportionEntry = Field(description="persons to whom it happened; null: withheld")
    is_reference: bool = Field(description="the most favourable rate of the table")
    excluded: bool = Field(description="under the excluded share")
    ratio: EstimateEntry = Field(description="rate over the reference's")
    difference: EstimateEntry = Field(description="rate less the reference's, -1 to 1")
    below_four_fifths: bool | None = Field(description="lower of the two against the higher")
    deciding: DecidingEntry | None = Field(description="the test that the class rests on")
    power: PowerEntry | None = Field(description="what the numbers could have shown")
    finding: FindingName | None = Field(description="the class; null for the reference")
    reason: str = Field(description="why, one sentence")
    withheld: bool = Field(False, description="small cell, left out by the policy")


class EventEntry(Part):
    """One kind of event by group: an override, an opt-out, a withdrawal, a flag, a review."""

    id: str = Field(description="unique in `events`: kind and features")
    kind: str = Field(description="opted_out, withdrew, flagged, overridden_up, ...")
    direction: Word = Field(description="favourable or unfavourable for the person")
    features: Names = Field(description="features of the table")
    reference: Names | None = Field(description="group with the most favourable rate")
    rows: list[EventRowEntry] = Field(description="one per group")
    homogeneity: ChiSquareEntry | None = Field(description="one rate for all groups")
    persons: Count = Field(description="of whom it is known, in the groups of the table")
    happened: Count = Field(description="to whom it happened")
    unknown_persons: Count = Field(description="of no known group")
    unknown_happened: Count = Field(description="of these")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class SettingRowEntry(Part):
    """One group in one setting."""

    setting: str = Field(description="for example ai_led")
    group: Names = Field(description="levels")
    rate: ProportionEntry = Field(description="selected / assessed in this setting")
    share: ProportionEntry = Field(description="of the group's persons in this setting")
    ratio: EstimateEntry = Field(description="against the same reference, in this setting")
    below_four_fifths: bool | None = Field(description="decided on integers")
    p_value: Number = Field(description="two-sided")


class AcrossSettingsEntry(Part):
    """One group against the reference over all settings."""

    group: Names = Field(description="levels")
    across: StratifiedTestEntry = Field(description="with the settings as strata")
    holm: Number = Field(description="Tarone's p corrected over the groups")
    differ: bool | None = Field(description="whether the disparity differs between settings")
    words: str = Field(description="in one sentence")


class SettingsComparedEntry(Part):
    """AI-led against human-led, coached against not: whether the disparity differs."""

    axis: str = Field(description="mode or coached")
    basis: str = Field(description="selection, or scoring of which score")
    features: Names = Field(description="features of the table")
    settings: Names = Field(description="what is compared")
    reference: Names | None = Field(description="highest rate over all settings")
    rates: list[ProportionEntry] = Field(description="of everybody, per setting")
    rows: list[SettingRowEntry] = Field(description="per setting and group")
    groups: list[AcrossSettingsEntry] = Field(description="per group")
    assignment: ChiSquareEntry | None = Field(description="groups and settings independent")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class RateEntry(Part):
    """Selected of assessed persons of one group."""

    group: Names = Field(description="levels")
    selected: Count = Field(description="persons")
    assessed: Count = Field(description="persons")


class OutcomeEntry(Part):
    """What one way of selecting does."""

    selected: Count = Field(description="persons of known groups")
    assessed: Count = Field(description="persons of known groups")
    share: Number = Field(description="selected of all persons, 0 to 1")
    rates: list[RateEntry] = Field(description="per group")
    worst_ratio: EstimateEntry = Field(description="lowest impact ratio")
    worst_group: Names | None = Field(description="who has it")
    below_four_fifths: bool = Field(description="decided on integers")
    decision_validity: EstimateEntry = Field(description="correlation of selected and label")
    score_validity: EstimateEntry = Field(description="AUC or correlation of score and label")
    utility: EstimateEntry = Field(description="mean label of selected less that of all")


class CandidateEntry(Part):
    """One way of selecting that was tried."""

    number: int = Field(description="place in the log; 0 is today's way")
    kind: str = Field(description="today, cut, weights, dropped, regression, ...")
    parameters: dict[str, float | str] = Field(description="all that is needed to do it again")
    search: OutcomeEntry = Field(description="on the half that was searched")
    held_out: OutcomeEntry = Field(description="on the other half; read this one")
    same_share: bool = Field(description="selects about today's share")
    for_information: bool = Field(description="rules that differ by group; never an option here")
    on_front: bool = Field(description="on the Pareto front of the search half")
    less_adverse: bool = Field(description="higher worst ratio at about the same objective")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class SearchLogEntry(Part):
    """What was searched."""

    rows_given: int = Field(description="persons in the data")
    rows_used: int = Field(description="persons sampled")
    search_rows: int = Field(description="persons searched on")
    held_out_rows: int = Field(description="persons held out")
    labelled: int = Field(description="persons with a label")
    tried: dict[str, int] = Field(description="candidates by kind")
    seed: int = Field(description="of the draws")


class AlternativesEntry(Part):
    """Ways of selecting that were tried: validity against the worst impact ratio."""

    features: Names = Field(description="features of the groups")
    score: str = Field(description="the score that selects today")
    objective: str = Field(description="what stands against the worst ratio")
    baseline: CandidateEntry = Field(description="today's way")
    candidates: list[CandidateEntry] = Field(description="all that were tried")
    front: list[int] = Field(description="numbers of candidates on the Pareto front")
    front_same_share: list[int] = Field(description="the same among those of today's share")
    less_adverse: list[int] = Field(description="numbers of less adverse candidates")
    log: SearchLogEntry = Field(description="what was searched")
    notes: list[NoteEntry] = Field(description="what a reader must know")
