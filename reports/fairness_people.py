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
from reports.fairness_impact import ImpactTableEntry, StratifiedTestEntry


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

    features: Names = Field(description="empty: everybody together")
    score: str = Field(description="the tool's score")
    earlier_score: str = Field(description="the score that it replaced")
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


class InterviewerEntry(Part):
    """One interviewer's severity."""

    interviewer: str = Field(description="as named in the data")
    ratings: Count = Field(description="scores given")
    severity: EstimateEntry = Field(
        description="mean score less that of others on the same, points"
    )
    adjusted_p: Number = Field(description="Holm over the interviewers")
    drift: EstimateEntry = Field(description="change of severity per period, points")
    drift_adjusted_p: Number = Field(description="Holm over the interviewers")
    notes: list[NoteEntry] = Field(description="what could not be computed, and why")


class InterviewersEntry(Part):
    """Severity of interviewers and its change."""

    interviewers: list[InterviewerEntry] = Field(description="most severe first")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class EventEntry(Part):
    """Disparity in one kind of event: an override, an opt-out, a withdrawal, a flag, a review.

    In `table`, selected means that it happened. Whether that is unfavourable the event says.
    """

    kind: str = Field(description="opted_out, withdrew, overridden, flagged or reviewed")
    favourable: bool | None = Field(description="whether it is good for the person; null: depends")
    features: Names = Field(description="features of the table")
    groups: GroupEventEntry = Field(description="rates, and one test over all groups")
    comparisons: list[EventComparisonEntry] = Field(description="groups against the reference")
    within: StratifiedTestEntry | None = Field(description="null: one comparison only is tested")
    notes: list[NoteEntry] = Field(description="what a reader must know")


class EventComparisonEntry(Part):
    """One group's rate of an event against the reference's."""

    group: Names = Field(description="levels")
    reference: Names = Field(description="levels")
    difference: EstimateEntry = Field(description="-1 to 1")
    ratio: EstimateEntry = Field(description="group over reference")
    p_value: Number = Field(description="two-sided")
    adjusted_p: Number = Field(description="Holm over the groups")
    words: str = Field(description="in one sentence")


class ConditionEntry(Part):
    """One way of interviewing (AI-led, human-led, coached, ...): its own impact table."""

    axis: str = Field(description="mode or coached")
    level: str = Field(description="for example ai_led")
    table: ImpactTableEntry = Field(description="selection under this way alone")


class ConditionsEntry(Part):
    """Whether the disparity differs between ways of interviewing."""

    axis: str = Field(description="mode or coached")
    features: Names = Field(description="features of the table")
    group: Names = Field(description="levels")
    reference: Names = Field(description="levels")
    levels: Names = Field(description="ways that are compared")
    test: StratifiedTestEntry = Field(description="with the ways as strata; Breslow-Day tells")
    words: str = Field(description="in one sentence")


class HumanLoopEntry(Part):
    """Events, ways of interviewing, and what they do to groups."""

    events: list[EventEntry] = Field(description="per kind and feature")
    conditions: list[ConditionEntry] = Field(description="per way and feature")
    comparisons: list[ConditionsEntry] = Field(description="per axis, feature and group")
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
