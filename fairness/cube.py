"""The contingency cube: counts that every measure reads, with no person in them.

Axes are properties of an application (period, job, location, stage, mode, coached, class, each
present only where the specification names its column); features are the sensitive ones. A `where`
filter maps an axis (or a feature, or `outcome`: selected / not_selected, or `label`: good / poor)
to a level or to several.

`stage` is the stage reached. `where={"stage": s}` means those who entered s; under it `counts` says
how many of them passed s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.errors import DataInvalid
from fairness.cube_json import fields_from_json, to_json
from fairness.cube_merge import merged_fields
from fairness.cube_parts import (
    EVENTS,
    LABELS,
    OUTCOMES,
    CubeData,
    Histogram,
    ItemTable,
    Median,
    Population,
    ScoreFacts,
    central,
)
from fairness.medians import exact_median, histogram_above, histogram_median
from fairness.tables import UNKNOWN, Grouping, Mask, Table, grouping
from fairness.types import (
    Funnel,
    GroupCounts,
    Ints,
    ItemCounts,
    LabelCounts,
    Moments,
    ScoreCounts,
    StageCounts,
    StrataCounts,
)

Where = Mapping[str, str | Sequence[str]]

NOT_GIVEN = "(not given)"


@dataclass(frozen=True, slots=True, eq=False)
class Cube(CubeData):
    """Counts and the questions they answer. Built by `fairness.builder.build`."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the sensitive features."""
        return tuple(self.feature_levels)

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the scores."""
        return tuple(fact.name for fact in self.score_facts)

    @property
    def total(self) -> int:
        """Persons (applications) in the cube."""
        return int(self.persons[0].measure("n").sum())

    @property
    def events_kept(self) -> tuple[str, ...]:
        """Kinds of event that the data tell about."""
        return tuple(k for k in EVENTS if k in self.persons[0].measures)

    def levels(self, axis: str) -> tuple[str, ...]:
        """Levels of an axis or feature in order; empty where the data have no such axis."""
        return tuple(self.feature_levels.get(axis, self.axes.get(axis, ())))

    def score(self, name: str) -> ScoreFacts:
        """What is known about a score."""
        for fact in self.score_facts:
            if fact.name == name:
                return fact
        raise DataInvalid(f"no score {name!r}; there are: {', '.join(self.scores) or 'none'}")

    def groups(self, features: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """The groups of a table: all combinations of levels up to 256, else those that occur."""
        return self._grouping(features).groups

    def counts(self, features: Sequence[str], where: Where | None = None) -> GroupCounts:
        """Assessed (with a decided outcome) and selected persons per group.

        With a stage in `where`: persons who entered the stage and are not pending in it, and those
        who passed it.
        """
        stage, rest = _split_stage(where)
        table = self._table(features, rest, "outcome", *(["stage"] if stage else []))
        assessed, selected = self._stage_masks(table, stage)
        return _group_counts(self._grouping(features), table, assessed, selected)

    def scoring(
        self, features: Sequence[str], score: str, where: Where | None = None
    ) -> GroupCounts:
        """Persons with a score, and those strictly better than the median of all of them.

        The scoring rate of NYC Local Law 144 (6 RCNY 5-300): one median over everybody assessed
        (see `median`), whichever features the table has. Strictly below it where less is better.
        """
        split = self._exact_medians(features, score, where)
        if split is not None:
            return _scoring(self._grouping(features), split[0])
        part = self._histogram(features, score, where)
        above = histogram_above(part, self.median(score, where), self.score(score))
        return _scoring(self._grouping(features), above)

    def median(self, score: str, where: Where | None = None) -> Median:
        """The median that `scoring` uses under the same `where`, and how many tie with it."""
        split = self._exact_medians((), score, where)
        if split is not None:
            return split[1]
        over = self.known_over if self.median_over == "known" else ()
        part = self._histogram(over, score, where)
        known = np.ones(len(part.table.codes), bool)
        for feature in over:
            known &= part.table.dim(f"feature:{feature}") >= 0
        part = Histogram(score, part.grid, part.table.kept(known))
        return histogram_median(part, self.median_over)

    def strata(
        self, features: Sequence[str], by: Sequence[str] = ("job",), where: Where | None = None
    ) -> StrataCounts:
        """`counts` within each combination of levels of the axes or features in `by`.

        Persons without a level in `by` form strata of their own, named "(not given)".
        """
        dims = [self._dim(name) for name in by]
        table = self._table(features, where, "outcome", *dims)
        table = table.kept(table.dim("outcome") >= 0)
        found, stratum = np.unique(
            np.stack([table.dim(d) for d in dims], axis=1), axis=0, return_inverse=True
        )
        groups = self._grouping(features)
        width = len(groups.keys) + 1
        place = stratum.reshape(-1) * width + groups.positions(table)
        n = table.measure("n")
        sums = np.zeros((2, len(found) * width), np.int64)
        np.add.at(sums[0], place, n)
        np.add.at(sums[1], place, np.where(table.dim("outcome") == 1, n, 0))
        assessed, selected = sums.reshape(2, len(found), width)[:, :, :-1]
        names = tuple(
            tuple(self.levels(b)[c] if c >= 0 else NOT_GIVEN for b, c in zip(by, row, strict=True))
            for row in found
        )
        return StrataCounts(tuple(features), groups.groups, tuple(by), names, assessed, selected)

    def labels(self, features: Sequence[str], where: Where | None = None) -> LabelCounts:
        """Decisions against later performance, for persons with a decided outcome."""
        table = self._table(features, where, "outcome", "label")
        groups = self._grouping(features)
        n, out, label = table.measure("n"), table.dim("outcome"), table.dim("label")

        def of(mask: Mask) -> Ints:
            return groups.summed(table, np.where(mask, n, 0))[0]

        return LabelCounts(
            tuple(features),
            groups.groups,
            of((out == 1) & (label == 1)),
            of((out == 1) & (label == 0)),
            of((out == 0) & (label == 1)),
            of((out == 0) & (label == 0)),
            of((out >= 0) & (label < 0)),
        )

    def histogram(
        self, features: Sequence[str], score: str, where: Where | None = None
    ) -> ScoreCounts:
        """Who has which score, per group. `where` may name `outcome` and `label` too."""
        part = self._histogram(features, score, where)
        groups = self._grouping(features)
        points = part.grid.points
        place = groups.positions(part.table) * max(len(points), 1) + part.table.dim("score")
        sums = np.zeros((len(groups.keys) + 1) * max(len(points), 1), np.int64)
        np.add.at(sums, place, part.table.measure("n"))
        counts = sums.reshape(len(groups.keys) + 1, -1)[:, : len(points)]
        return ScoreCounts(
            tuple(features),
            groups.groups,
            score,
            points,
            counts[:-1],
            counts[-1],
            part.grid.width,
        )

    def funnel(self, features: Sequence[str], where: Where | None = None) -> Funnel:
        """Who entered and who passed each stage; empty where the data have no stages.

        Persons pending in a stage are in neither of its counts; they did enter and pass the
        earlier ones.
        """
        groups = self._grouping(features)
        if "stage" not in self.axes:
            return Funnel(tuple(features), groups.groups, ())
        table = self._table(features, where, "outcome", "stage")
        n = table.measure("n")
        stages = []
        for name in self.axes["stage"]:
            entered, passed = self._stage_masks(table, name)
            stages.append(
                StageCounts(
                    name,
                    groups.summed(table, np.where(entered, n, 0))[0],
                    groups.summed(table, np.where(passed, n, 0))[0],
                )
            )
        return Funnel(tuple(features), groups.groups, tuple(stages))

    def events(self, features: Sequence[str], kind: str, where: Where | None = None) -> GroupCounts:
        """Persons of whom the event is known to have happened or not; "selected": it happened."""
        if kind not in self.events_kept:
            kept = ", ".join(self.events_kept) or "none"
            raise DataInvalid(f"the data tell nothing about {kind!r}; events they tell: {kept}")
        table = self._table(features, where)
        groups = self._grouping(features)
        known, unknown_known = groups.summed(table, table.measure(f"{kind}:known"))
        happened, unknown_happened = groups.summed(table, table.measure(kind))
        return GroupCounts(
            groups.features,
            groups.groups,
            known,
            happened,
            unknown_known,
            unknown_happened,
            basis=f"event:{kind}",
        )

    def in_class(
        self, features: Sequence[str], level: str, where: Where | None = None
    ) -> GroupCounts:
        """Persons that the tool put into any class, and into this one (6 RCNY 5-301(b)(4))."""
        table = self._table(features, where, "class")
        code = self._codes("class", level)[0]
        given = table.dim("class")
        return _group_counts(
            self._grouping(features), table, given >= 0, given == code, f"class:{level}"
        )

    def moments(self, features: Sequence[str], score: str, where: Where | None = None) -> Moments:
        """Sums of the score x and of later performance y over persons that have both."""
        dims = self._needed(features, where)
        found = [m for m in self.moment_tables if m.score == score]
        if not found:
            raise DataInvalid(f"there is no later performance beside the score {score!r}")
        table = self._pick([m.table for m in found], dims)
        part = next(m for m in found if m.table is table)
        table = self._filtered(table, where)
        groups = self._grouping(features)
        sums = np.zeros((len(groups.keys) + 1, 6), dtype=object)
        np.add.at(sums, groups.positions(table), table.counts)
        rows = [central(row, part.x_scale, part.y_scale) for row in sums[:-1]]
        n, *floats = (np.array(column) for column in zip(*rows, strict=True))
        return Moments(
            tuple(features),
            groups.groups,
            n.astype(np.int64),
            *(f.astype(np.float64) for f in floats),
        )

    def items(self, features: Sequence[str]) -> tuple[ItemCounts, ...]:
        """Answers per question, group and matching score (the sum over all questions).

        Only persons who answered every question; `fairness.builder.item_tables` matches on other
        sets of questions.
        """
        groups = self._grouping(features)
        results = []
        for name in dict.fromkeys(part.item for part in self.item_tables):
            parts = [p for p in self.item_tables if p.item == name]
            table = self._pick([p.table for p in parts], self._needed(features, None))
            part = next(p for p in parts if p.table is table)
            results.append(_item_counts(part, groups))
        return tuple(results)

    def population(self, features: Sequence[str], where: Where | None = None) -> Population:
        """Everybody, unknown levels included and named None."""
        table = self._table(features, where, "outcome")
        dims = [f"feature:{f}" for f in features]
        n, out = table.measure("n"), table.dim("outcome")
        counts = np.stack([n, np.where(out >= 0, n, 0), np.where(out == 1, n, 0)], axis=1)
        codes = np.stack([table.dim(d) for d in dims], axis=1)
        summed = Table(tuple(dims), ("n", "decided", "selected"), codes, counts).combined()
        groups = tuple(
            tuple(self.levels(f)[c] if c >= 0 else None for f, c in zip(features, row, strict=True))
            for row in summed.codes
        )
        return Population(tuple(features), groups, *summed.counts.T)

    def merged(self, other: Cube) -> Cube:
        """Both cubes added up: see `fairness.cube_merge.merged`."""
        return Cube(**merged_fields(self, other))

    def to_json(self) -> str:
        """Counts and names of levels only: see `fairness.cube_json`."""
        return to_json(self)

    @staticmethod
    def from_json(text: str) -> Cube:
        """A cube read back from `to_json`; DataInvalid where it cannot be one."""
        return Cube(**fields_from_json(text))

    def _grouping(self, features: Sequence[str]) -> Grouping:
        table = self._pick(self.persons, self._needed(features, None))
        return grouping(table, features, [self.levels(f) for f in features])

    def _dim(self, name: str) -> str:
        if name in self.feature_levels:
            return f"feature:{name}"
        if name in self.axes or name in ("outcome", "label"):
            return name
        known = ", ".join([*self.features, *self.axes])
        raise DataInvalid(f"the cube has no {name!r}; it has: {known or 'nothing'}")

    def _needed(self, features: Sequence[str], where: Where | None) -> frozenset[str]:
        if len(set(features)) != len(features):
            raise DataInvalid(f"a table names a feature twice: {', '.join(features)}")
        for feature in features:
            if feature not in self.feature_levels:
                known = ", ".join(self.features) or "none"
                raise DataInvalid(f"no sensitive feature {feature!r}; there are: {known}")
        return frozenset([*(f"feature:{f}" for f in features), *map(self._dim, where or {})])

    def _codes(self, name: str, wanted: str | Sequence[str]) -> list[int]:
        levels = {"outcome": OUTCOMES, "label": LABELS}.get(name, self.levels(name))
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        for level in names:
            if level not in levels:
                raise DataInvalid(f"{name} has no level {level!r}; it has: {', '.join(levels)}")
        return [levels.index(level) for level in names]

    def _table(self, features: Sequence[str], where: Where | None, *more: str) -> Table:
        table = self._pick(self.persons, self._needed(features, where) | set(more))
        return self._filtered(table, where)

    def _filtered(self, table: Table, where: Where | None) -> Table:
        for name, wanted in (where or {}).items():
            codes = self._codes(name, wanted)
            column = table.dim(self._dim(name))
            if name == "stage":
                table = table.kept(column >= min(codes))
            else:
                table = table.kept(np.isin(column, codes))
        return table

    def _pick(self, tables: Sequence[Table], dims: frozenset[str]) -> Table:
        fitting = [t for t in tables if dims <= set(t.dims)]
        if fitting:
            return min(fitting, key=lambda t: len(t.codes))
        wanted = ", ".join(sorted(d.removeprefix("feature:") for d in dims))
        raise DataInvalid(
            f"this cube does not keep {wanted} together; name the combination under "
            "'intersections', or ask for fewer of them at a time"
        )

    def _histogram(self, features: Sequence[str], score: str, where: Where | None) -> Histogram:
        dims = self._needed(features, where)
        if self.median_over == "known":
            dims |= {f"feature:{f}" for f in self.known_over}
        parts = [h for h in self.histograms if h.score == self.score(score).name]
        table = self._pick([h.table for h in parts], dims)
        part = next(h for h in parts if h.table is table)
        return Histogram(score, part.grid, self._filtered(table, where))

    def _exact_medians(
        self, features: Sequence[str], score: str, where: Where | None
    ) -> tuple[Table, Median] | None:
        """Persons and who of them is above, and the median, where they were counted exactly."""
        dims = self._needed(features, where)
        if len(where or {}) > 1:
            return None
        axis, level = next(iter((where or {}).items()), (None, None))
        if axis == "stage" or not (level is None or isinstance(level, str)):
            return None
        for part in self.median_tables:
            if (part.score, part.axis) == (self.score(score).name, axis) and dims <= {
                *part.table.dims
            }:
                code = 0 if axis is None or level is None else self._codes(axis, level)[0]
                return exact_median(part, code, self.median_over)
        return None

    def _stage_masks(self, table: Table, stage: str | None) -> tuple[Mask, Mask]:
        out = table.dim("outcome")
        if stage is None:
            return out >= 0, out == 1
        place = self._codes("stage", stage)[0]
        reached = table.dim("stage")
        entered = (reached > place) | ((reached == place) & (out != UNKNOWN))
        return entered, (reached > place) | ((reached == place) & (out == 1))


def _split_stage(where: Where | None) -> tuple[str | None, Where | None]:
    stage = (where or {}).get("stage")
    if stage is None:
        return None, where
    if not isinstance(stage, str):
        raise DataInvalid("ask for one stage at a time: those who enter one differ from the others")
    return stage, {k: v for k, v in (where or {}).items() if k != "stage"}


def _group_counts(
    groups: Grouping, table: Table, assessed: Mask, selected: Mask, basis: str = "selection"
) -> GroupCounts:
    n = table.measure("n")
    of_group, unknown = groups.summed(table, np.where(assessed, n, 0))
    chosen, unknown_chosen = groups.summed(table, np.where(selected, n, 0))
    return GroupCounts(
        groups.features, groups.groups, of_group, chosen, unknown, unknown_chosen, basis
    )


def _scoring(groups: Grouping, table: Table) -> GroupCounts:
    """From a table with the measures n (with a score) and above."""
    assessed, unknown = groups.summed(table, table.measure("n"))
    above, unknown_above = groups.summed(table, table.measure("above"))
    return GroupCounts(
        groups.features, groups.groups, assessed, above, unknown, unknown_above, "scoring"
    )


def _item_counts(part: ItemTable, groups: Grouping) -> ItemCounts:
    shape = (len(groups.keys) + 1, len(part.matching), len(part.levels))
    counts = np.zeros(shape, np.int64)
    place = (groups.positions(part.table), part.table.dim("matching"), part.table.dim("level"))
    np.add.at(counts, place, part.table.measure("n"))
    return ItemCounts(
        groups.features, groups.groups, part.item, part.matching, part.levels, counts[:-1]
    )
