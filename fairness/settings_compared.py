"""The same groups under different settings: AI-led, AI-assisted, human-led, hybrid; coached or not.

For each setting the selection rates and impact ratios, against one group that is the same in all
settings, so that they compare; whether the odds ratio of a group differs between settings (Tarone's
form of Breslow-Day); and whether the groups were spread unevenly over the settings.

Candidates are rarely put into a setting at random: a difference between settings may come from the
jobs and persons in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2_contingency

from audit.errors import InputError
from fairness.impact_notes import group_name
from fairness.impact_rule import ExactTest, deciding_test, p_words
from fairness.intervals import Estimate, Proportion, ratio_score
from fairness.multiplicity import holm
from fairness.rates import Pair, below_four_fifths, highest_groups, impact_ratio
from fairness.significance import ChiSquare, significance
from fairness.strata import StratifiedTest, stratified_test
from fairness.types import Group, GroupCounts, Ints, Note


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One group in one setting; the ratio is against the same reference group in this setting.

    `share`: of the group's persons who were in this setting.
    """

    setting: str
    group: Group
    rate: Proportion
    share: Proportion
    ratio: Estimate
    below_four_fifths: bool | None
    p_value: float | None


@dataclass(frozen=True, slots=True)
class GroupAcrossSettings:
    """One group against the reference over all settings.

    `across`: pooled over the settings, with the homogeneity tests. `differ`: Tarone's p, corrected
    by Holm over the groups, is below alpha; None where it cannot be computed.
    """

    group: Group
    across: StratifiedTest
    holm: float | None
    differ: bool | None
    words: str


@dataclass(frozen=True, slots=True)
class SettingsCompared:
    """All groups in all settings.

    Attributes:
        axis: what the settings are levels of, such as `mode` or `coached`.
        rates: of everybody with a known group, per setting. assignment: chi-square of groups and
            settings being independent.
    """

    axis: str
    features: tuple[str, ...]
    settings: tuple[str, ...]
    reference: Group | None
    rates: tuple[Proportion, ...]
    rows: tuple[SettingRow, ...]
    groups: tuple[GroupAcrossSettings, ...]
    assignment: ChiSquare | None
    notes: tuple[Note, ...]

    def row(self, setting: str, *group: str) -> SettingRow:
        """One group in one setting."""
        return next(r for r in self.rows if r.setting == setting and r.group == group)


def compare_settings(
    axis: str,
    by_setting: Mapping[str, GroupCounts],
    *,
    reference: Group | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
) -> SettingsCompared:
    """Compare the groups between settings; the counts of each setting are of one basis.

    `reference`: compared with in every setting (None: the highest rate over all settings).
    """
    if not by_setting:
        raise InputError(f"no settings of {axis} to compare")
    settings = tuple(by_setting)
    features = by_setting[settings[0]].features
    groups = tuple(dict.fromkeys(g for counts in by_setting.values() for g in counts.groups))
    assessed, selected = _aligned(by_setting, groups)
    pooled = GroupCounts(features, groups, assessed.sum(axis=0), selected.sum(axis=0))
    base = _reference(pooled, reference)
    rows = tuple(
        _row(settings[s], groups[i], (assessed, selected), (s, i, base), level)
        for s in range(len(settings))
        for i in range(len(groups))
    )
    across = _across(groups, (assessed, selected), base, alpha, level)
    return SettingsCompared(
        axis=axis,
        features=features,
        settings=settings,
        reference=None if base is None else groups[base],
        rates=tuple(
            Proportion.from_counts(int(x), int(n), level=level)
            for x, n in zip(selected.sum(axis=1), assessed.sum(axis=1), strict=True)
        ),
        rows=rows,
        groups=across,
        assignment=_independent(assessed),
        notes=_notes(axis, settings, assessed),
    )


def _aligned(by_setting: Mapping[str, GroupCounts], groups: tuple[Group, ...]) -> tuple[Ints, Ints]:
    """Assessed and selected, (settings, groups); 0 where a setting lacks a group."""
    place = {group: i for i, group in enumerate(groups)}
    assessed, selected = np.zeros((2, len(by_setting), len(groups)), np.int64)
    for s, counts in enumerate(by_setting.values()):
        at = [place[group] for group in counts.groups]
        assessed[s, at], selected[s, at] = counts.assessed, counts.selected
    return assessed, selected


def _reference(pooled: GroupCounts, wanted: Group | None) -> int | None:
    if wanted is None:
        highest = highest_groups(pooled)
        return highest[0] if highest else None
    if wanted not in pooled.groups:
        raise InputError(f"the reference group {group_name(wanted)} is in no setting")
    return pooled.groups.index(wanted)


def _pair(counts: tuple[Ints, Ints], s: int, i: int, base: int) -> Pair:
    assessed, selected = counts
    cells = (selected[s, i], assessed[s, i], selected[s, base], assessed[s, base])
    return Pair(*(int(c) for c in cells))


def _row(
    setting: str,
    group: Group,
    counts: tuple[Ints, Ints],
    at: tuple[int, int, int | None],
    level: float,
) -> SettingRow:
    s, i, base = at
    assessed, selected = counts
    row = SettingRow(
        setting,
        group,
        Proportion.from_counts(int(selected[s, i]), int(assessed[s, i]), level=level),
        Proportion.from_counts(int(assessed[s, i]), int(assessed[:, i].sum()), level=level),
        Estimate(None, None),
        None,
        None,
    )
    if base is None or i == base:
        return row
    pair = _pair(counts, s, i, base)
    ratio, tests = impact_ratio(pair), significance(pair, with_boschloo=False)
    if ratio is None or tests is None:
        return row
    return replace(
        row,
        ratio=Estimate(float(ratio), ratio_score(pair, level=level)),
        below_four_fifths=below_four_fifths(pair),
        p_value=deciding_test(pair, tests, exact=ExactTest.FISHER).p_value,
    )


def _across(
    groups: tuple[Group, ...],
    counts: tuple[Ints, Ints],
    base: int | None,
    alpha: float,
    level: float,
) -> tuple[GroupAcrossSettings, ...]:
    if base is None:
        return ()
    others = [i for i in range(len(groups)) if i != base]
    tests = [
        stratified_test(
            [_pair(counts, s, i, base) for s in range(len(counts[0]))],
            level=level,
        )
        for i in others
    ]
    corrected = holm([test.tarone.p_value if test.tarone else None for test in tests])
    return tuple(
        GroupAcrossSettings(
            groups[i],
            test,
            p_value,
            None if p_value is None else p_value < alpha,
            _words(groups[i], p_value, alpha),
        )
        for i, test, p_value in zip(others, tests, corrected, strict=True)
    )


def _words(group: Group, p_value: float | None, alpha: float) -> str:
    name = group_name(group)
    if p_value is None:
        return f"{name}: whether its odds differ between the settings cannot be computed."
    if p_value < alpha:
        return f"{name}: its odds of selection differ between the settings ({p_words(p_value)})."
    return (
        f"{name}: no difference between the settings was found ({p_words(p_value)}); such tests "
        "miss much in small numbers."
    )


def _independent(assessed: Ints) -> ChiSquare | None:
    """Chi-square of settings and groups; None with fewer than two of either."""
    kept = assessed[assessed.sum(axis=1) > 0][:, assessed.sum(axis=0) > 0]
    if min(kept.shape) < 2:
        return None
    found = chi2_contingency(kept, correction=False)
    smallest = float(np.min(found.expected_freq))
    return ChiSquare(float(found.statistic), int(found.dof), float(found.pvalue), smallest)


def _notes(axis: str, settings: tuple[str, ...], assessed: Ints) -> tuple[Note, ...]:
    text = (
        f"Persons were not put into the settings of {axis} at random; a difference between them "
        "may come from the jobs and persons in each."
    )
    notes = [Note("not_randomized", text)]
    empty = [s for s, n in zip(settings, assessed.sum(axis=1), strict=True) if not n]
    if empty:
        notes.append(Note("empty_settings", f"Nobody was in {', '.join(empty)}."))
    if len(settings) < 2:
        notes.append(Note("one_setting", f"There is one setting of {axis}, nothing to compare."))
    return tuple(notes)
