"""Search for less discriminatory alternatives: as valid, with a smaller disparity.

UGESP asks for it (29 CFR 1607.3B): where two procedures serve the employer's interest about
equally well, the one with less adverse impact should be used. Searched are other cuts, other
weights, dropped questions, and fairlearn's mitigations. Rows are split in two: the search half
chooses cuts, weights, models and the Pareto front; the held-out half, which chose nothing, gives
the numbers to read. Every candidate that was tried is in the result, not only the good ones.

This part alone of the fairness engine takes rows (arrays), because another score is another order
of persons; the result holds none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from audit.errors import InputError
from fairness.alternatives_measures import Outcome, Persons, Rules, measure
from fairness.alternatives_mitigations import GROUP_THRESHOLDS, Decided, Fitting, mitigations
from fairness.alternatives_scores import (
    Composite,
    Scale,
    above,
    cut_for,
    cuts,
    dropped,
    nearby,
    weighted,
)
from fairness.draws import stream
from fairness.intervals import Estimate
from fairness.rate_arrays import Bools
from fairness.types import Floats, Group, Ints, Note

Objective = Literal["decision_validity", "score_validity", "utility"]
FEWEST_PERSONS = 40


@dataclass(frozen=True, slots=True)
class ScoredSample:
    """Rows to search on; they go nowhere.

    Attributes:
        names: of the k items (competencies or questions; one for a single score).
        items (n, k): item scores, NaN for a missing answer.
        group (n,): number into `groups`, -1 unknown. label (n,): later performance, NaN unknown.
        weights (k,): today's weights of the raw items. share: of persons that are selected today.
    """

    names: tuple[str, ...]
    items: Floats
    group: Ints
    groups: tuple[Group, ...]
    label: Floats
    weights: Floats
    share: float


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What to try and how to judge it.

    Attributes:
        objective: what stands against the worst ratio.
        share_tolerance: how far from today's a selected share still counts as the same.
        loss_allowed: how much less of the objective still counts as about equally good.
        exclude_under: share of persons under which a group does not count, or None.
        most_rows: random sample above. minimum: persons of a group that a mitigation may see apart.
        weight_draws, cut_shares, slacks: the searched set. mitigate: whether to run fairlearn's.
    """

    objective: Objective = "decision_validity"
    loss_allowed: float = 0.01
    share_tolerance: float = 0.02
    exclude_under: float | None = 0.02
    level: float = 0.95
    seed: int = 0
    most_rows: int = 20_000
    minimum: int = 30
    weight_draws: int = 200
    cut_shares: tuple[float, ...] = tuple(round(0.05 * i, 2) for i in range(1, 20))
    slacks: tuple[float, ...] = (0.01, 0.05)
    mitigate: bool = True
    draws: int = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way of selecting that was tried.

    Attributes:
        number: its place in the log; 0 is today's way. kind: today, cut, weights, dropped,
            regression, exponentiated_gradient, threshold_optimizer.
        parameters: all that is needed to do it again, with the cut found on the search half.
        search, held_out: what it does on either half; read `held_out`.
        same_share: selects about today's share of persons; another share is another decision, and
            utility can only be compared at the same one.
        for_information: rules that differ by group; on no front and never less adverse here.
        on_front: on the Pareto front of the search half, whatever its share.
        less_adverse: at the same share, on the held-out half, a higher worst ratio than today's
            way with an objective not lower by more than the allowed loss.
    """

    number: int
    kind: str
    parameters: dict[str, float | str]
    search: Outcome
    held_out: Outcome
    same_share: bool
    for_information: bool
    on_front: bool
    less_adverse: bool
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class SearchLog:
    """What was searched: rows given and used, both halves, candidates by kind, and the seed."""

    rows_given: int
    rows_used: int
    search_rows: int
    held_out_rows: int
    labelled: int
    tried: dict[str, int]
    seed: int


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Result of the search; `front`, `front_same_share`, `less_adverse`: numbers of candidates."""

    baseline: Candidate
    candidates: tuple[Candidate, ...]
    front: tuple[int, ...]
    front_same_share: tuple[int, ...]
    less_adverse: tuple[int, ...]
    plan: SearchPlan
    log: SearchLog
    notes: tuple[Note, ...]


def search_alternatives(
    sample: ScoredSample, plan: SearchPlan | None = None
) -> Alternatives | Note:
    """Try every candidate of the plan on the sample.

    A Note instead where there are too few persons or labels. `InputError` where the arrays do not
    fit together. Sources: 29 CFR 1607.3B; Pareto trade-offs of validity and adverse impact: De
    Corte, Lievens and Sackett (2007), Journal of Applied Psychology 92:1380; the sources of the
    mitigations are in `alternatives_mitigations`.
    """
    plan = plan or SearchPlan()
    _check(sample)
    bench = _Bench.of(sample, plan)
    labelled = [int(np.isfinite(bench.persons.label[half]).sum()) for half in bench.halves]
    if min(len(half) for half in bench.halves) < FEWEST_PERSONS // 2 or min(labelled) < 3:
        return Note(
            "too_few_persons",
            f"A search needs {FEWEST_PERSONS} persons and some later performance on either half.",
            {"persons": len(bench.persons.group), "labelled": sum(labelled)},
        )
    today = Composite(
        "today", bench.scale.current, sample.share, bench.scale.named(bench.scale.current)
    )
    tried, notes = _tried(bench, today, plan)
    candidates = _judged(tried, plan)
    log = SearchLog(
        len(sample.group),
        len(bench.persons.group),
        len(bench.halves[0]),
        len(bench.halves[1]),
        sum(labelled),
        dict(Counter(candidate.kind for candidate in candidates)),
        plan.seed,
    )
    return Alternatives(
        candidates[0],
        candidates,
        tuple(c.number for c in candidates if c.on_front),
        _front([c for c in candidates if c.same_share], plan),
        tuple(c.number for c in candidates if c.less_adverse),
        plan,
        log,
        (*notes, *_notes(sample, bench, plan)),
    )


def _check(sample: ScoredSample) -> None:
    n, k = sample.items.shape if sample.items.ndim == 2 else (-1, -1)
    fits = (
        (n, k) == (len(sample.group), len(sample.names))
        and sample.label.shape == (n,)
        and sample.weights.shape == (k,)
    )
    if not fits:
        raise InputError(
            "items must be (persons, items), with one group and label per person and one name and "
            "weight per item"
        )
    if not 0 < sample.share < 1:
        raise InputError("share, the part of persons selected today, must be between 0 and 1")
    if not np.isfinite(sample.weights).all() or not sample.weights.any():
        raise InputError("weights must be finite numbers, and not all 0")
    if np.isinf(sample.items).any() or np.isinf(sample.label).any():
        raise InputError("items and labels must not be infinite; leave them empty if unknown")
    if len(sample.group) and not -1 <= sample.group.min() <= sample.group.max() < len(
        sample.groups
    ):
        raise InputError("group must be a number into groups, or -1 where it is unknown")


@dataclass(frozen=True, slots=True)
class _Bench:
    """The sampled rows, split, standardized on the search half, and how to measure."""

    persons: Persons
    items: Floats
    scale: Scale
    halves: tuple[Ints, Ints]
    rules: Rules
    seed: int

    @classmethod
    def of(cls, sample: ScoredSample, plan: SearchPlan) -> _Bench:
        generator = stream(plan.seed, ("rows",))
        rows = generator.permutation(len(sample.group))[: plan.most_rows]
        label = sample.label[rows]
        known = label[np.isfinite(label)]
        persons = Persons(
            sample.group[rows], sample.groups, label, bool(np.isin(known, (0.0, 1.0)).all())
        )
        # Alternating within groups gives both halves every group's share.
        by_group = np.argsort(persons.group, kind="stable")
        halves = (np.sort(by_group[::2]), np.sort(by_group[1::2]))
        raw = sample.items[rows]
        scale = Scale.of(sample.names, raw[halves[0]], sample.weights)
        rules = Rules(plan.exclude_under, plan.level, plan.draws)
        return cls(persons, scale.standardize(raw), scale, halves, rules, plan.seed)

    def outcomes(self, name: str, chosen: Bools, score: Floats | None) -> tuple[Outcome, Outcome]:
        """On the search half and on the held-out half."""
        first, second = (
            measure(
                self.persons.at(rows),
                chosen[rows],
                score=None if score is None else score[rows],
                rules=self.rules,
                generator=stream(self.seed, (name, half)),
            )
            for rows, half in zip(self.halves, ("search", "held out"), strict=True)
        )
        return first, second

    def composite(self, way: Composite, number: int) -> Candidate:
        """Score everybody, cut on the search half, measure on both."""
        score = self.items @ way.weights
        cut = cut_for(score[self.halves[0]], way.share)
        parameters: dict[str, float | str] = {**way.parameters, "standardized cut": cut}
        if way.kind in ("today", "cut"):
            parameters["cut"] = self.scale.raw_cut(cut)
        return self._candidate(
            number, way.kind, parameters=parameters, chosen=above(score, cut), score=score
        )

    def decided(self, way: Decided, number: int, share: float) -> Candidate:
        """A mitigation; one that only scores is cut at today's share on the search half."""
        chosen, parameters = way.chosen, dict(way.parameters)
        if chosen is None:
            score = way.score if way.score is not None else np.zeros(len(self.items))
            cut = cut_for(score[self.halves[0]], share)
            chosen, parameters["standardized cut"] = above(score, cut), cut
        found = self._candidate(
            number, way.kind, parameters=parameters, chosen=chosen, score=way.score
        )
        return replace(found, notes=way.notes, for_information=GROUP_THRESHOLDS in way.notes)

    def _candidate(
        self,
        number: int,
        kind: str,
        *,
        parameters: dict[str, float | str],
        chosen: Bools,
        score: Floats | None,
    ) -> Candidate:
        search, held_out = self.outcomes(f"{kind} {number}", chosen, score)
        return Candidate(number, kind, parameters, search, held_out, False, False, False, False, ())


def _tried(
    bench: _Bench, today: Composite, plan: SearchPlan
) -> tuple[list[Candidate], tuple[Note, ...]]:
    """All candidates in the order tried: fixed ones, weights near the front, mitigations."""
    generator = stream(plan.seed, ("weights",))
    ways: list[Composite] = [
        today,
        *cuts(bench.scale, plan.cut_shares),
        *dropped(bench.scale, today.share),
        *weighted(bench.scale, today.share, draws=plan.weight_draws, generator=generator),
    ]
    tried = [bench.composite(way, number) for number, way in enumerate(ways)]
    front = _front(_with_share(tried, plan), plan)
    good = [ways[i].weights for i in front if ways[i].kind in ("weights", "dropped")]
    for way in nearby(bench.scale, good, draws=plan.weight_draws // 2, generator=generator):
        tried.append(bench.composite(replace(way, share=today.share), len(tried)))
    notes: list[Note] = []
    if plan.mitigate:
        data = Fitting(bench.items, bench.persons, bench.halves[0], plan.minimum, plan.seed)
        for item in mitigations(data, plan.slacks):
            if isinstance(item, Note):
                notes.append(item)
            else:
                tried.append(bench.decided(item, len(tried), today.share))
    return tried, tuple(notes)


def _value(outcome: Outcome, objective: Objective) -> float | None:
    found: Estimate = getattr(outcome, objective)
    return found.value


def pareto_front(points: Iterable[tuple[float, float]]) -> tuple[int, ...]:
    """Positions of the points that no other beats in one coordinate without losing in the other.

    Both are to be high. Of equal points all stay.
    """
    ranked = sorted(enumerate(points), key=lambda item: (-item[1][0], -item[1][1]))
    front: list[int] = []
    best, best_x = -np.inf, np.inf
    for position, (x, y) in ranked:
        if y > best or (y == best and x == best_x):
            front.append(position)
            best, best_x = y, x
    return tuple(sorted(front))


def _front(candidates: Sequence[Candidate], plan: SearchPlan) -> tuple[int, ...]:
    """Numbers of the candidates on the front of the search half."""
    usable, points = [], []
    for candidate in candidates:
        value = _value(candidate.search, plan.objective)
        ratio = candidate.search.worst_ratio.value
        if value is None or ratio is None:
            continue
        if candidate.for_information:
            continue
        if candidate.same_share or plan.objective != "utility":
            usable.append(candidate.number)
            points.append((value, ratio))
    return tuple(usable[i] for i in pareto_front(points))


def _with_share(tried: Sequence[Candidate], plan: SearchPlan) -> list[Candidate]:
    today = tried[0].search.share
    return [
        replace(c, same_share=abs(c.search.share - today) <= plan.share_tolerance) for c in tried
    ]


def _judged(tried: Sequence[Candidate], plan: SearchPlan) -> tuple[Candidate, ...]:
    tried = _with_share(tried, plan)
    front = set(_front(tried, plan))
    return tuple(
        replace(
            candidate,
            on_front=candidate.number in front,
            less_adverse=candidate.number > 0
            and candidate.same_share
            and not candidate.for_information
            and _less_adverse(candidate.held_out, tried[0].held_out, plan),
        )
        for candidate in tried
    )


def _less_adverse(outcome: Outcome, today: Outcome, plan: SearchPlan) -> bool:
    now, then = _value(today, plan.objective), _value(outcome, plan.objective)
    ratio, current = outcome.worst_ratio.value, today.worst_ratio.value
    if now is None or then is None or ratio is None or current is None:
        return False
    return ratio > current and then >= now - plan.loss_allowed


def _notes(sample: ScoredSample, bench: _Bench, plan: SearchPlan) -> tuple[Note, ...]:
    notes = [
        Note(
            "many_candidates",
            "Of many candidates the best on the search half is partly lucky; read the held-out "
            "numbers and their intervals.",
        )
    ]
    missing = int(np.isnan(sample.items).sum())
    if missing:
        text = f"{missing} missing answers were taken at their question's mean."
        notes.append(Note("missing_answers", text, {"missing": missing}))
    unlabelled = int((~np.isfinite(bench.persons.label)).sum())
    if unlabelled:
        text = (
            f"{unlabelled} persons have no later performance. If those are the ones not selected, "
            "validity is seen on a restricted range only."
        )
        notes.append(Note("unlabelled", text, {"persons": unlabelled}))
    if len(sample.group) > plan.most_rows:
        text = f"The search used {plan.most_rows} of {len(sample.group)} persons, drawn at random."
        notes.append(Note("sampled", text, {"persons": len(sample.group)}))
    unknown = int((bench.persons.group < 0).sum())
    if unknown:
        text = f"{unknown} persons of an unknown group count for validity and not for ratios."
        notes.append(Note("unknown_level", text, {"unknown": unknown}))
    return tuple(notes)
