"""Intersections of sensitive features: what they show that no single feature shows.

Small cells are shown with their intervals, never hidden; beside the plain rate stands one shrunk
towards what the single features predict. A policy may keep cells under a share of the persons from
setting the denominator (6 RCNY 5-301(d)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fairness.draws import stream
from fairness.intersection_models import (
    MOST_CELLS,
    Cells,
    Prediction,
    departures,
    predict,
    shrink,
)
from fairness.intervals import Estimate, Proportion
from fairness.multiplicity import holm
from fairness.rate_arrays import (
    Bools,
    below_four_fifths,
    highest,
    may_set_reference,
    ratio_to,
)
from fairness.significance import ChiSquare
from fairness.types import Floats, Group, GroupCounts, Interval, Ints, Note


@dataclass(frozen=True, slots=True)
class IntersectionPlan:
    """How to treat intersections.

    Attributes:
        minimum: persons under which a cell is marked small. exclude_under: share of persons under
            which a cell sets no denominator, or None. level: of the intervals.
        most_listed: cells in the result; the others are counted in a Note.
        draws, seed: for the interval of the shrunk ratio.
    """

    minimum: int = 30
    exclude_under: float | None = None
    level: float = 0.95
    most_listed: int = 500
    draws: int = 4000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Intersection:
    """One cell.

    Attributes:
        rate, ratio: plain selection rate and impact ratio within this table.
        small, excluded, is_reference: see the plan.
        below_four_fifths: decided on integers; hidden: so, though none of its levels is below four
            fifths in the table of its own feature.
        product_of_marginals: the ratio if its levels' own impact ratios multiplied.
        predicted_rate: what its features predict without any interaction (main effects).
        over_predicted: rate / predicted rate, the prediction taken as known in the interval.
        p_value: that the cell departs from the prediction; adjusted_p: Holm over the cells.
        beyond_marginals: adjusted_p is below 1 - level and the rate is lower than predicted.
        shrunk_rate, shrunk_ratio: posterior mean and equal-tailed credible interval; the highest
            shrunk rate is chosen anew in every draw.
    """

    group: Group
    rate: Proportion
    ratio: Estimate
    small: bool
    excluded: bool
    is_reference: bool
    below_four_fifths: bool
    hidden: bool
    product_of_marginals: float | None
    predicted_rate: float | None
    over_predicted: Estimate
    p_value: float | None
    adjusted_p: float | None
    beyond_marginals: bool
    shrunk_rate: Estimate
    shrunk_ratio: Estimate


@dataclass(frozen=True, slots=True)
class Intersections:
    """All cells of one combination of features.

    Attributes:
        reference: the cell with the highest rate of those that may set it; None: nobody selected.
        cells: those listed. hidden, beyond_marginals: their groups, of all cells, the largest
            first and at most as many as are listed; hidden_count, beyond_count: how many there are.
        main_effects: test that the features act without interaction.
        lower_order: for three features and more, test that only the interaction of all of them is
            absent.
        prior_persons: weight of the prediction in the shrunk rates, in persons.
    """

    features: tuple[str, ...]
    reference: Group | None
    cells: tuple[Intersection, ...]
    hidden: tuple[Group, ...]
    hidden_count: int
    beyond_marginals: tuple[Group, ...]
    beyond_count: int
    main_effects: ChiSquare | None
    lower_order: ChiSquare | None
    prior_persons: float | None
    notes: tuple[Note, ...]


def feature_combinations(
    features: Sequence[str], *, most_order: int = 3, most: int = 100
) -> tuple[tuple[tuple[str, ...], ...], Note | None]:
    """Combinations of 2 to `most_order` features, low orders first, and a Note if cut at `most`."""
    every = [
        chosen
        for order in range(2, min(most_order, len(features)) + 1)
        for chosen in combinations(features, order)
    ]
    if len(every) <= most:
        return tuple(every), None
    text = f"{most} of {len(every)} combinations of features are looked at, low orders first."
    return tuple(every[:most]), Note("combinations_left_out", text, {"all": len(every)})


def marginal(counts: GroupCounts, features: Sequence[str]) -> GroupCounts:
    """The table of some of the features, summed over the others.

    Persons with an unknown level in any feature of `counts` stay unknown.
    """
    columns = [counts.features.index(name) for name in features]
    keys = [tuple(group[c] for c in columns) for group in counts.groups]
    levels = sorted(set(keys))
    place = {level: i for i, level in enumerate(levels)}
    at = np.array([place[key] for key in keys], np.int64)
    assessed, selected = np.zeros(len(levels), np.int64), np.zeros(len(levels), np.int64)
    np.add.at(assessed, at, counts.assessed)
    np.add.at(selected, at, counts.selected)
    return GroupCounts(
        tuple(features),
        tuple(levels),
        assessed,
        selected,
        counts.unknown_assessed,
        counts.unknown_selected,
        counts.basis,
    )


def intersections(
    counts: GroupCounts, plan: IntersectionPlan | None = None
) -> Intersections | Note:
    """Every cell of `counts` on its own, against the marginals, and shrunk.

    A Note instead where nobody of a known group was assessed. Sources: Crenshaw (1989), University
    of Chicago Legal Forum 139, for the question; 6 RCNY 5-301 (intersectional categories) for the
    table; `fairness.intersection_models` for the models.
    """
    plan = plan or IntersectionPlan()
    present = np.flatnonzero(counts.assessed > 0)
    if not len(present):
        return Note("nobody_assessed", "Nobody of a known group was assessed.")
    table = GroupCounts(
        counts.features,
        tuple(counts.groups[i] for i in present),
        counts.assessed[present],
        counts.selected[present],
        counts.unknown_assessed,
        counts.unknown_selected,
        counts.basis,
    )
    view = _view(table, plan)
    model = _model(table, plan)
    chosen = _listed(table, view, plan.most_listed)
    return Intersections(
        counts.features,
        table.groups[view.best] if view.best >= 0 else None,
        _cells(table, view, model, chosen=chosen, plan=plan),
        _named(table, view.hidden, plan.most_listed),
        int(view.hidden.sum()),
        _named(table, model.beyond, plan.most_listed),
        int(model.beyond.sum()),
        model.main.test if model.main else None,
        model.lower.test if model.lower else None,
        shrink(model.cells, model.main).typical if model.main else None,
        _notes(counts, table, (view, model), chosen=chosen, plan=plan),
    )


@dataclass(frozen=True, slots=True)
class _View:
    """The table as it stands: who refers, who is below, and what the marginals say."""

    eligible: Bools
    best: int
    below: Bools
    hidden: Bools
    product: Floats


def _view(table: GroupCounts, plan: IntersectionPlan) -> _View:
    eligible = may_set_reference(table, plan.exclude_under)
    reference = highest(
        table.selected[None], table.assessed, groups=table.groups, eligible=eligible
    )
    below = (
        below_four_fifths(table.selected[None], table.assessed, reference=reference)[0] & eligible
    )
    seen = np.zeros(len(table.groups), np.bool_)
    product = np.ones(len(table.groups))
    for c, name in enumerate(table.features):
        single = marginal(table, (name,))
        place = {group[0]: i for i, group in enumerate(single.groups)}
        at = np.array([place[group[c]] for group in table.groups], np.int64)
        able = may_set_reference(single, plan.exclude_under)
        best = highest(single.selected[None], single.assessed, groups=single.groups, eligible=able)
        seen |= (
            below_four_fifths(single.selected[None], single.assessed, reference=best)[0] & able
        )[at]
        rates = single.selected / single.assessed
        top = rates[best[0]] if best[0] >= 0 else np.nan
        product *= (rates / top)[at]
    several = len(table.features) > 1
    return _View(eligible, int(reference[0]), below, below & ~seen & several, product)


@dataclass(frozen=True, slots=True)
class _Model:
    cells: Cells
    main: Prediction | None
    lower: Prediction | None
    p_values: tuple[float | None, ...]
    adjusted: tuple[float | None, ...]
    beyond: Bools


def _model(table: GroupCounts, plan: IntersectionPlan) -> _Model:
    """Predictions from single features; none for too many cells."""
    size, order = len(table.groups), len(table.features)
    codes = np.column_stack(
        [
            np.unique([group[c] for group in table.groups], return_inverse=True)[1]
            for c in range(order)
        ]
    ).astype(np.int64)
    cells = Cells(codes, table.assessed, table.selected)
    if size > MOST_CELLS:
        empty = tuple(None for _ in range(size))
        return _Model(cells, None, None, empty, empty, np.zeros(size, np.bool_))
    if order == 1:
        # One feature has no marginals but the whole: its levels are shrunk to the overall rate.
        rates = np.full(size, float(table.selected.sum() / table.assessed.sum()))
        whole = Prediction(rates, table.assessed / table.assessed.sum(), 1, None)
        empty = tuple(None for _ in range(size))
        return _Model(cells, whole, None, empty, empty, np.zeros(size, np.bool_))
    main = predict(cells, 1)
    lower = predict(cells, order - 1) if order > 2 else None
    p_values = departures(cells, main)
    adjusted = holm(p_values)
    lower_than = table.selected < main.rates * table.assessed
    clear = np.array([p is not None and p < 1 - plan.level for p in adjusted], np.bool_)
    return _Model(cells, main, lower, p_values, adjusted, np.asarray(lower_than & clear))


def _listed(table: GroupCounts, view: _View, most: int) -> Ints:
    """Positions of the cells to list: the hidden ones first, then the largest; in table order."""
    size = len(table.groups)
    if size <= most:
        return np.arange(size, dtype=np.int64)
    ranked = sorted(
        range(size),
        key=lambda i: (not view.hidden[i], -int(table.assessed[i]), table.groups[i]),
    )
    return np.array(sorted(ranked[:most]), np.int64)


def _named(table: GroupCounts, flagged: Bools, most: int) -> tuple[Group, ...]:
    """Groups of the flagged cells, the largest first."""
    ranked = sorted(
        np.flatnonzero(flagged).tolist(), key=lambda i: (-int(table.assessed[i]), table.groups[i])
    )
    return tuple(table.groups[i] for i in ranked[:most])


def _cells(
    table: GroupCounts, view: _View, model: _Model, *, chosen: Ints, plan: IntersectionPlan
) -> tuple[Intersection, ...]:
    rates, ratios = _shrunk(table, view, model, chosen=chosen, plan=plan)
    found = []
    for position, i in enumerate(chosen.tolist()):
        x, n = int(table.selected[i]), int(table.assessed[i])
        rate = Proportion.from_counts(x, n, level=plan.level)
        ratio = ratio_to(view.best, table, i, level=plan.level)
        predicted = float(model.main.rates[i]) if model.main and len(table.features) > 1 else None
        found.append(
            Intersection(
                group=table.groups[i],
                rate=rate,
                ratio=ratio,
                small=n < plan.minimum,
                excluded=not bool(view.eligible[i]),
                is_reference=i == view.best,
                below_four_fifths=bool(view.below[i]),
                hidden=bool(view.hidden[i]),
                product_of_marginals=_finite(view.product[i]) if len(table.features) > 1 else None,
                predicted_rate=predicted,
                over_predicted=_over(rate, predicted),
                p_value=model.p_values[i],
                adjusted_p=model.adjusted[i],
                beyond_marginals=bool(model.beyond[i]),
                shrunk_rate=rates[position],
                shrunk_ratio=ratios[position],
            )
        )
    return tuple(found)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _over(rate: Proportion, predicted: float | None) -> Estimate:
    if not predicted or rate.value is None or rate.interval is None:
        return Estimate(None, None)
    bounds = rate.interval
    return Estimate(
        rate.value / predicted,
        Interval(bounds.low / predicted, bounds.high / predicted, bounds.level, bounds.method),
    )


def _shrunk(
    table: GroupCounts, view: _View, model: _Model, *, chosen: Ints, plan: IntersectionPlan
) -> tuple[list[Estimate], list[Estimate]]:
    """Shrunk rates and ratios of the listed cells, with credible intervals."""
    nothing = [Estimate(None, None)] * len(chosen)
    if model.main is None:
        return nothing, nothing
    order = np.array(sorted(chosen.tolist(), key=lambda i: table.groups[i]), np.int64)
    shrinkage = shrink(model.cells, model.main)
    middle = shrinkage.rates(model.cells, order)
    low, high = shrinkage.bounds(model.cells, order, level=plan.level)
    name = "beta-binomial credible"
    place = {int(i): position for position, i in enumerate(order)}
    at = [place[int(i)] for i in chosen]
    rates = [
        Estimate(float(middle[j]), Interval(float(low[j]), float(high[j]), plan.level, name))
        for j in at
    ]
    able = view.eligible[order]
    if not able.any():
        return rates, nothing
    drawn = shrinkage.draw(
        model.cells, order, draws=plan.draws, generator=stream(plan.seed, table.features)
    )
    ratio = drawn / np.maximum(drawn[:, able].max(axis=1), 1e-300)[:, None]
    least, most = np.quantile(ratio, [(1 - plan.level) / 2, (1 + plan.level) / 2], axis=0)
    top = float(middle[able].max())
    ratios = [
        Estimate(
            float(middle[j] / top), Interval(float(least[j]), float(most[j]), plan.level, name)
        )
        for j in at
    ]
    return rates, ratios


def _notes(
    counts: GroupCounts,
    table: GroupCounts,
    seen: tuple[_View, _Model],
    *,
    chosen: Ints,
    plan: IntersectionPlan,
) -> tuple[Note, ...]:
    view, model = seen
    notes = []
    empty = len(counts.groups) - len(table.groups)
    if empty:
        notes.append(Note("empty_cells", f"{empty} cells have nobody in them.", {"cells": empty}))
    small = int((table.assessed < plan.minimum).sum())
    if small:
        text = (
            f"{small} of {len(table.groups)} cells have fewer than {plan.minimum} persons; their "
            "rates are shown, and their intervals say how little they tell."
        )
        notes.append(Note("small_cells", text, {"small": small, "cells": len(table.groups)}))
    if view.best >= 0 and table.assessed[view.best] < plan.minimum:
        persons = int(table.assessed[view.best])
        text = f"The cell with the highest rate has {persons} persons; every ratio rests on them."
        notes.append(Note("small_reference", text, {"persons": persons}))
    if view.best < 0:
        notes.append(Note("nobody_selected", "Nobody was selected, so there are no ratios."))
    left_out = len(table.groups) - len(chosen)
    if left_out:
        text = f"{left_out} cells are not listed; all of them are in the tests and counts."
        notes.append(Note("cells_not_listed", text, {"left_out": left_out}))
    if model.main is None:
        text = f"There are more than {MOST_CELLS} cells, so nothing is predicted or shrunk."
        notes.append(Note("too_many_cells", text, {"cells": len(table.groups)}))
    if counts.unknown_assessed:
        text = f"{counts.unknown_assessed} persons with an unknown level are in no cell."
        notes.append(Note("unknown_level", text, {"unknown": counts.unknown_assessed}))
    return tuple(notes)
