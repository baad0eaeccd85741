"""fairlearn's mitigations as candidates: reductions and group-specific thresholds.

Models are simple logistic regressions over the standardized items, fitted on the search half. The
algorithms are fairlearn's: Agarwal et al. (2018), ICML, for the exponentiated gradient reduction,
and Hardt, Price and Srebro (2016), NeurIPS, for thresholds per group.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fairness.alternatives_measures import Persons
from fairness.rate_arrays import Bools
from fairness.types import Floats, Ints, Note

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

MOST_ITERATIONS = 50
GROUP_THRESHOLDS = Note(
    "group_thresholds",
    "Cuts that differ by race, color, religion, sex or national origin are barred by 42 U.S.C. "
    "2000e-2(l) and may be unlawful elsewhere; shown for information only.",
)
RANDOMIZED = Note(
    "randomized", "This way decides by lot among models, so that a repeated run may differ."
)
UNKNOWN_GROUP = Note(
    "unknown_group", "Persons of an unknown group are given the rule of the pooled small groups."
)


@dataclass(frozen=True, slots=True)
class Decided:
    """A mitigation's decisions for all rows; `score` where it ranks persons by one."""

    kind: str
    parameters: dict[str, float | str]
    chosen: Bools | None
    score: Floats | None
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Fitting:
    """What the models learn from: standardized items (n, k) of all rows, and the search rows."""

    items: Floats
    persons: Persons
    search: Ints
    minimum: int
    seed: int


def mitigations(data: Fitting, slacks: Sequence[float]) -> tuple[Decided | Note, ...]:
    """Each mitigation's decisions, or a Note on why it could not be fitted.

    First a plain logistic regression (scored, cut by the caller), then the reduction with each
    `slack` (allowed difference of selection rates), then thresholds per group.
    """
    # fairlearn and sklearn take a second to import, and few audits search.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    label, cut = _binary(data.persons)
    rows = data.search[np.isfinite(data.persons.label[data.search])]
    sensitive, pooled = _sensitive(data, rows, label)
    usable = rows[sensitive[rows] >= 0]
    if len(np.unique(label[usable])) < 2 or len(np.unique(sensitive[usable])) < 2:
        text = "The mitigations need two groups that each have good and poor later performers."
        return (Note("mitigations_not_fitted", text),)
    parameters: dict[str, float | str] = {} if cut is None else {"label at least": cut}
    x, y, a = data.items[usable], label[usable], sensitive[usable]
    model = LogisticRegression(max_iter=1000)
    notes = (UNKNOWN_GROUP,) if pooled else ()
    with warnings.catch_warnings():
        # fairlearn uses pandas and sklearn in ways that they deprecate; results do not change.
        for category in (FutureWarning, DeprecationWarning, ConvergenceWarning):
            warnings.simplefilter("ignore", category)
        model.fit(x, y)
        score = np.asarray(model.decision_function(data.items), np.float64)
        return (
            Decided("regression", parameters, None, score, ()),
            *(_reduced(data, (x, y, a), slack=slack, parameters=parameters) for slack in slacks),
            _thresholds(data, model, (x, y, a, sensitive), parameters=parameters, notes=notes),
        )


def _binary(persons: Persons) -> tuple[Ints, float | None]:
    """The label as 0/1; a graded label is cut at its median, which is told."""
    if persons.binary:
        return np.nan_to_num(persons.label).astype(np.int64), None
    median = float(np.nanmedian(persons.label))
    return np.nan_to_num(persons.label >= median).astype(np.int64), median


def _sensitive(data: Fitting, rows: Ints, label: Ints) -> tuple[Ints, bool]:
    """Group numbers for fairlearn; groups without enough persons of both labels become one.

    fairlearn refuses a group whose labels are all equal. The pooled group has the next number, or
    -1 where it too has one label only.
    """
    size = len(data.persons.groups)
    group = data.persons.group
    sensitive = np.full(len(group), size, np.int64)
    for number in range(size):
        mine = rows[group[rows] == number]
        if len(mine) >= data.minimum and len(np.unique(label[mine])) == 2:
            sensitive[group == number] = number
    rest = rows[sensitive[rows] == size]
    pooled = len(np.unique(label[rest])) == 2
    if not pooled:
        sensitive[sensitive == size] = -1
    return sensitive, pooled


def _reduced(
    data: Fitting,
    fit: tuple[Floats, Ints, Ints],
    *,
    slack: float,
    parameters: dict[str, float | str],
) -> Decided:
    """Exponentiated gradient with demographic parity; needs no group when it decides."""
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient
    from sklearn.linear_model import LogisticRegression

    x, y, a = fit
    reduction = ExponentiatedGradient(
        LogisticRegression(max_iter=1000),
        DemographicParity(difference_bound=slack),
        eps=slack,
        max_iter=MOST_ITERATIONS,
    )
    reduction.fit(x, y, sensitive_features=a)
    chosen = np.asarray(reduction.predict(data.items, random_state=data.seed)) == 1
    return Decided(
        "exponentiated_gradient", {**parameters, "slack": slack}, chosen, None, (RANDOMIZED,)
    )


def _thresholds(
    data: Fitting,
    model: LogisticRegression,
    fit: tuple[Floats, Ints, Ints, Ints],
    *,
    parameters: dict[str, float | str],
    notes: tuple[Note, ...],
) -> Decided:
    """A threshold per group on the plain model's score, for equal selection rates."""
    from fairlearn.postprocessing import ThresholdOptimizer

    x, y, a, sensitive = fit
    optimizer = ThresholdOptimizer(
        estimator=model,
        constraints="demographic_parity",
        objective="accuracy_score",
        prefit=True,
        predict_method="predict_proba",
    )
    optimizer.fit(x, y, sensitive_features=a)
    chosen = np.zeros(len(data.items), np.bool_)
    known = np.flatnonzero(sensitive >= 0)
    chosen[known] = (
        np.asarray(
            optimizer.predict(
                data.items[known], sensitive_features=sensitive[known], random_state=data.seed
            )
        )
        == 1
    )
    return Decided(
        "threshold_optimizer", parameters, chosen, None, (GROUP_THRESHOLDS, RANDOMIZED, *notes)
    )
