"""Where in the hiring funnel a gap arises, and the bottom line of the whole process.

The bottom line is what UGESP looks at first (29 CFR 1607.4C): hired over applied per group for the
total process; where it shows adverse impact, each component is looked at. A bottom line without a
gap is no defence for a step that has one (Connecticut v. Teal, 457 U.S. 440, 1982), so every step
is shown either way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fairness.intervals import Estimate, Proportion, z_value
from fairness.rate_arrays import (
    below_four_fifths,
    estimate,
    highest,
    largest_groups,
    may_set_reference,
    ratio_to,
)
from fairness.types import Funnel, Group, GroupCounts, Interval, Ints, Note

MOST_GROUPS = 500
BOTTOM_LINE = "bottom line"


@dataclass(frozen=True, slots=True)
class StageRate:
    """One group in one stage (or over the whole funnel).

    `rate`: passed / entered with Wilson's interval. `ratio`: against the stage's highest rate.
    `excluded`: too small a share to set the reference or to count as below four fifths.
    """

    group: Group
    rate: Proportion
    ratio: Estimate
    below_four_fifths: bool
    is_reference: bool
    excluded: bool


@dataclass(frozen=True, slots=True)
class StageResult:
    """All groups in one stage; `reference` is None where nobody passed."""

    stage: str
    reference: Group | None
    rates: tuple[StageRate, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One summand of a group's gap: the log of its rate in this step over the reference's rate.

    Attributes:
        step: the stage's name, or "A to B" for persons lost (or joining) between two stages.
        kind: `stage` (a decision) or `between` (withdrawals, persons joining late).
        log_ratio: below 0 where the group loses against the reference; with a delta-method
            interval, sqrt(1/x1 - 1/n1 + 1/x2 - 1/n2). None where a count is 0.
        share: log_ratio over the bottom line's log ratio; sums to 1 over the steps. None where
            the bottom line has no gap.
    """

    step: str
    kind: str
    log_ratio: Estimate
    share: float | None


@dataclass(frozen=True, slots=True)
class GapDecomposition:
    """The log of a group's bottom-line ratio as the sum of its steps' log ratios.

    `reference`: the group with the highest bottom-line rate, the same in every step, so that the
    summands add up. `total` equals the sum of the steps' `log_ratio` where all exist.
    `largest_loss`: the step with the lowest log ratio below 0.
    """

    group: Group
    reference: Group
    total: Estimate
    steps: tuple[Step, ...]
    largest_loss: str | None
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class FunnelResult:
    """Stage by stage, the bottom line, and each group's gap taken apart.

    `components`: stages with a group below four fifths; `bottom_line_below`: whether the whole
    process has such a group. Decided on integers.
    """

    features: tuple[str, ...]
    stages: tuple[StageResult, ...]
    bottom_line: StageResult
    gaps: tuple[GapDecomposition, ...]
    components: tuple[str, ...]
    bottom_line_below: bool
    notes: tuple[Note, ...]


def funnel_rates(
    funnel: Funnel, *, exclude_under: float | None = None, level: float = 0.95
) -> FunnelResult | Note:
    """Rates and impact ratios per stage, the bottom line, and where each gap arises.

    Bottom line = passed in the last stage / entered in the first. With S stages,
    passed_S / entered_1 = product of (passed_s / entered_s) and (entered_s+1 / passed_s); the log
    of the ratio of two groups is thus the sum of the steps' logs. A Note instead where no group
    entered the first stage. Source: 29 CFR 1607.4C (bottom line) and 1607.4D (four fifths).
    """
    if not funnel.stages:
        return Note("no_stages", "The funnel has no stages.")
    first, last = funnel.stages[0], funnel.stages[-1]
    shown = largest_groups(funnel.groups, first.entered, most=MOST_GROUPS)
    if not len(shown):
        return Note("nobody_entered", f"Nobody of a known group entered stage {first.stage}.")
    groups = tuple(funnel.groups[i] for i in shown)
    names = [stage.stage for stage in funnel.stages]
    # One column of persons per level of the funnel: entered 1, passed 1, entered 2, passed 2, ...
    persons = np.array([(s.entered[shown], s.passed[shown]) for s in funnel.stages], np.int64)
    stages = tuple(
        _stage(name, groups, (passed, entered), exclude_under=exclude_under, level=level)
        for name, (entered, passed) in zip(names, persons, strict=True)
    )
    notes = _notes(funnel, len(groups), persons)
    passed_all = np.minimum(last.passed[shown], first.entered[shown])
    bottom = _stage(
        BOTTOM_LINE,
        groups,
        (passed_all, first.entered[shown]),
        exclude_under=exclude_under,
        level=level,
    )
    return FunnelResult(
        funnel.features,
        stages,
        bottom,
        _gaps(names, groups, persons.reshape(-1, len(groups)), bottom=bottom, level=level),
        tuple(stage.stage for stage in stages if _any_below(stage)),
        _any_below(bottom),
        notes,
    )


def _any_below(stage: StageResult) -> bool:
    return any(row.below_four_fifths and not row.excluded for row in stage.rates)


def _stage(
    name: str,
    groups: tuple[Group, ...],
    persons: tuple[Ints, Ints],
    *,
    exclude_under: float | None,
    level: float,
) -> StageResult:
    passed, entered = persons
    table = GroupCounts(("group",), groups, entered, passed)
    eligible = may_set_reference(table, exclude_under)
    reference = highest(passed[None], entered, groups=groups, eligible=eligible)
    below = below_four_fifths(passed[None], entered, reference=reference)[0]
    best = int(reference[0])
    rows = tuple(
        StageRate(
            group,
            Proportion.from_counts(int(passed[i]), int(entered[i]), level=level),
            ratio_to(best, table, i, level=level),
            bool(below[i]),
            i == best,
            bool(entered[i]) and not bool(eligible[i]),
        )
        for i, group in enumerate(groups)
    )
    return StageResult(name, groups[best] if best >= 0 else None, rows)


def _gaps(
    names: list[str],
    groups: tuple[Group, ...],
    levels: Ints,
    *,
    bottom: StageResult,
    level: float,
) -> tuple[GapDecomposition, ...]:
    """One decomposition per group other than the reference of the bottom line."""
    if bottom.reference is None:
        return ()
    best = groups.index(bottom.reference)
    steps = [
        (names[i // 2], "stage")
        if i % 2 == 0
        else (f"{names[i // 2]} to {names[i // 2 + 1]}", "between")
        for i in range(len(levels) - 1)
    ]
    return tuple(
        _gap(groups[i], bottom.reference, steps, persons=levels[:, [i, best]], level=level)
        for i in range(len(groups))
        if i != best
    )


def _gap(
    group: Group,
    reference: Group,
    steps: list[tuple[str, str]],
    *,
    persons: Ints,
    level: float,
) -> GapDecomposition:
    """`persons` (2 * stages, 2): the group's and the reference's persons at each level."""
    total = _log_ratio(persons[[0, -1]], level)
    logs = [_log_ratio(persons[i : i + 2], level) for i in range(len(steps))]
    shares = [
        log.value / total.value if log.value is not None and total.value else None for log in logs
    ]
    parts = tuple(
        Step(name, kind, log, share)
        for (name, kind), log, share in zip(steps, logs, shares, strict=True)
    )
    losses = [
        (log.value, name)
        for log, (name, _) in zip(logs, steps, strict=True)
        if log.value is not None and log.value < 0
    ]
    stopped = _stopped(steps, persons)
    largest = stopped or (min(losses)[1] if losses else None)
    notes: list[Note] = []
    if stopped:
        text = f"Nobody of {', '.join(group)} came past {stopped}, so the gap has no finite log."
        notes.append(Note("stopped", text))
    return GapDecomposition(group, reference, total, parts, largest, tuple(notes))


def _stopped(steps: list[tuple[str, str]], persons: Ints) -> str | None:
    """The first step that nobody of the group came past."""
    gone = np.flatnonzero(persons[1:, 0] == 0)
    return steps[int(gone[0])][0] if len(gone) else None


def _log_ratio(persons: Ints, level: float) -> Estimate:
    """log of (after / before) of the group over that of the reference; `persons` is 2 x 2.

    Between two stages more persons can come than left; then the variance has no meaning as that
    of a share, and no interval is given.
    """
    (n1, n2), (x1, x2) = persons.tolist()
    if not (x1 and x2 and n1 and n2):
        return Estimate(None, None)
    value = math.log(x1 / n1) - math.log(x2 / n2)
    if x1 > n1 or x2 > n2:
        return estimate(value)
    half = z_value(level) * math.sqrt(max(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2, 0.0))
    return estimate(value, Interval(value - half, value + half, level, "katz log"))


def _notes(funnel: Funnel, shown: int, persons: Ints) -> tuple[Note, ...]:
    notes = []
    if shown < len(funnel.groups):
        left = len(funnel.groups) - shown
        text = f"{left} groups are not shown: nobody of them entered, or they are the smallest."
        notes.append(Note("groups_left_out", text, {"left_out": left}))
    entered, passed = persons[:, 0], persons[:, 1]
    lost = int(np.maximum(passed[:-1] - entered[1:], 0).sum())
    joined = int(np.maximum(entered[1:] - passed[:-1], 0).sum())
    if lost:
        text = f"{lost} persons passed a stage and did not enter the next; shown between stages."
        notes.append(Note("lost_between_stages", text, {"persons": lost}))
    if joined:
        text = f"{joined} persons entered a later stage directly; the bottom line counts them."
        notes.append(Note("joined_between_stages", text, {"persons": joined}))
    if (passed[-1] > entered[0]).any():
        text = (
            "More of a group passed the last stage than entered the first; that rate is shown as 1."
        )
        notes.append(Note("more_passed_than_entered", text))
    return tuple(notes)
