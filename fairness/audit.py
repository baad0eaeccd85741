"""The whole audit: data and a specification in, typed results out.

    result = audit("candidates.csv", load_spec("spec.yaml"))
    result.table("selection:sex").impact.row("Female").comparison.ratio

Rows are read once into a cube; all but single questions, interviews and the search for alternatives
is computed from the cube, so `audit_cube` gives the same from counts alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import Any, TypeVar

from fairness import audit_people, audit_rows, audit_scores, audit_tables
from fairness.accuracy import AccuracyTable
from fairness.audit_notes import not_computed
from fairness.audit_rows import RowParts
from fairness.builder import build
from fairness.calibration_by_group import CalibrationTable
from fairness.cube import Cube
from fairness.dif import DifTable
from fairness.dif_logistic import LogisticTable
from fairness.distances import Distances
from fairness.drift import Drift
from fairness.funnel import FunnelResult
from fairness.human_loop import EventTable
from fairness.intersections import Intersections
from fairness.result import (
    AlternativesAudit,
    AuditResult,
    AuditSettings,
    ConditionalAudit,
    DataFacts,
    FeatureFacts,
    GainAudit,
    SweepAudit,
    TableAudit,
    ValidityAudit,
)
from fairness.rows import Rows, open_rows
from fairness.settings_compared import SettingsCompared
from fairness.spec import AuditSpec
from fairness.types import Note

Progress = Callable[[str, float], None]
"""Called with a stage's name and the share of the whole audit that is done, 0..1."""

PACKAGES = ("duckdb", "fairlearn", "numpy", "pandas", "pyarrow", "scipy", "statsmodels")

_READ, _COUNTED, _QUESTIONS = 0.02, 0.25, 0.45

Part = TypeVar("Part")


def quiet(_stage: str, _done: float) -> None:
    """A `Progress` that says nothing."""


def audit(
    data: Any,
    spec: AuditSpec,
    *,
    ratings: Any = None,
    alternatives: bool = False,
    progress: Progress = quiet,
) -> AuditResult:
    """Audit a table (path, frame, Arrow table, `Database`) under a specification.

    `ratings`: the long table of question-level scores, where the specification describes one.
    `alternatives`: search for less discriminatory ways of selecting, which takes longer; so does
    the specification's field of that name.
    Raises DataInvalid or SpecInvalid with row, column, value and remedy.
    """
    settings = settings_of(spec, alternatives=alternatives or spec.alternatives)
    progress("reading", _READ)
    with open_rows(data, spec, ratings=ratings) as rows:
        progress("counting", 2 * _READ)
        cube = build(rows)
        # One thread: sums of floating-point numbers repeat to the last digit.
        rows.con.execute("SET threads TO 1")
        parts = _row_parts(rows, settings, progress)
        facts = replace(
            _facts(cube), label=rows.source.name, kind=rows.source.kind, sha256=rows.sha256()
        )
    return _from_cube(cube, facts, parts, _Frame(spec, settings, progress, _QUESTIONS))


def audit_cube(
    cube: Cube, spec: AuditSpec | None = None, *, label: str = "cube", progress: Progress = quiet
) -> AuditResult:
    """The same from counts alone. Without `spec`, with default settings.

    Nothing that needs single rows is computed: purified questions, interviews, alternatives.
    """
    settings = settings_of(spec) if spec else AuditSettings(median_over=cube.median_over)
    found = _Kept(DifTable)
    for feature in cube.features:
        found.take(audit_rows.dif_of_cube(cube, feature, settings))
    parts = RowParts(dif=tuple(found.parts), notes=tuple(_cube_notes(cube, spec)))
    facts = replace(_facts(cube), label=label)
    return _from_cube(cube, facts, parts, _Frame(spec, settings, progress, 0.0))


def settings_of(spec: AuditSpec, *, alternatives: bool = False) -> AuditSettings:
    """How a specification wants its audit."""
    return AuditSettings(
        alpha=spec.alpha,
        level=round(1 - spec.alpha, 12),
        replicates=spec.replicates,
        seed=spec.seed,
        exclude_under_share=spec.exclude_under_share,
        exclude_justification=spec.exclude_justification,
        median_over=spec.median_over,
        rule_packs=spec.rule_packs,
        suppress_below=spec.suppression.below,
        suppress_complementary=spec.suppression.complementary,
        alternatives=alternatives,
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the sections need beside the cube; `start` is the share of the work already done."""

    spec: AuditSpec | None
    settings: AuditSettings
    progress: Progress
    start: float


@dataclass
class _Kept:
    """Keeps the parts of the wanted type and gathers the notes that stand for missing ones."""

    wanted: type | tuple[type, ...]
    parts: list[Any] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def take(self, found: Iterable[Any]) -> None:
        for part in found:
            (self.parts if isinstance(part, self.wanted) else self.notes).append(part)


@dataclass
class _Sections:
    """The sections as they grow."""

    notes: list[Note] = field(default_factory=list)

    def of(self, wanted: type[Part], found: Iterable[Any]) -> tuple[Part, ...]:
        """The parts of one section; its notes go to the whole's."""
        kept = _Kept(wanted)
        kept.take(found)
        self.notes += kept.notes
        return tuple(kept.parts)


def _row_parts(rows: Rows, settings: AuditSettings, progress: Progress) -> RowParts:
    sections = _Sections()
    progress("questions", _COUNTED)
    found: list[Any] = []
    for feature in rows.features:
        found += audit_rows.dif_of_rows(rows, feature, settings)
    tables = sections.of(DifTable, [x for x in found if not isinstance(x, LogisticTable)])
    regressions = tuple(x for x in found if isinstance(x, LogisticTable))
    structure = tuple(audit_rows.interviews(rows, settings))
    agreed, severe = (
        audit_rows.raters(rows, settings) if audit_rows.has_interviewers(rows) else ((), None)
    )
    searched: tuple[AlternativesAudit, ...] = ()
    if settings.alternatives:
        progress("alternatives", (_COUNTED + _QUESTIONS) / 2)
        searched = sections.of(AlternativesAudit, audit_rows.alternatives(rows, settings))
    return RowParts(tables, regressions, structure, agreed, severe, searched, tuple(sections.notes))


def _from_cube(cube: Cube, facts: DataFacts, parts: RowParts, frame: _Frame) -> AuditResult:
    """Every section that counts alone give."""
    sections, settings = _Sections(), frame.settings
    tables = _impact(cube, frame, sections)
    conditional = sections.of(ConditionalAudit, _conditional(cube, settings, tables))
    frame.progress("scores", _share(frame, 0.5))
    by_score = _scores(cube, settings, sections)
    frame.progress("time and stages", _share(frame, 0.8))
    by_time = _time(cube, settings, sections)
    frame.progress("people", _share(frame, 0.9))
    by_people = _people(cube, settings, sections)
    frame.progress("done", 1.0)
    missing = not_computed(
        cube,
        ratings=bool(parts.structure),
        interviewers=bool(parts.agreement),
        items=bool(parts.dif),
    )
    spec = frame.spec
    return AuditResult(
        data=facts,
        settings=settings,
        spec_sha256=spec.sha256 if spec else cube.spec_hash,
        title=spec.title if spec else "",
        spec=_plain_spec(spec),
        features=tuple(_feature(cube, name, spec) for name in cube.features),
        tables=tables,
        findings=audit_tables.findings(tables, by_people["events"]),
        conditional=conditional,
        dif=parts.dif,
        logistic_dif=parts.logistic_dif,
        structure=parts.structure,
        agreement=parts.agreement,
        severity=parts.severity,
        alternatives=parts.alternatives,
        notes=_distinct([*cube.notes, *parts.notes, *sections.notes, *missing]),
        packages={name: metadata.version(name) for name in PACKAGES},
        **by_score,
        **by_time,
        **by_people,
    )


def _impact(cube: Cube, frame: _Frame, sections: _Sections) -> tuple[TableAudit, ...]:
    """Impact tables, drawn side by side: each draws from its own seed, so order changes nothing."""
    wanted = audit_tables.all_tables(cube)
    threads = frame.spec.limits.threads if frame.spec else 1

    def made(features: tuple[str, ...]) -> list[TableAudit | Note]:
        return list(audit_tables.impact_tables(cube, features, frame.settings))

    found: list[TableAudit] = []
    with ThreadPoolExecutor(threads) as pool:
        for i, (features, parts) in enumerate(zip(wanted, pool.map(made, wanted), strict=True)):
            frame.progress(" x ".join(features), _share(frame, 0.5 * i / len(wanted)))
            found += sections.of(TableAudit, parts)
    order = {"selection": 0, "scoring": 1, "class": 2, "stage": 3}
    return tuple(sorted(found, key=lambda t: order[t.id.split(":")[0]]))


def _conditional(
    cube: Cube, settings: AuditSettings, tables: Iterable[TableAudit]
) -> Iterator[ConditionalAudit | Note]:
    for table in tables:
        if table.impact.basis == "selection":
            yield from audit_tables.conditional(cube, table.impact.features, settings, table)


def _scores(cube: Cube, settings: AuditSettings, sections: _Sections) -> dict[str, Any]:
    singles = [(f,) for f in cube.features]
    pairs = [(f, s) for f in singles for s in cube.scores]
    labelled = bool((cube.persons[0].dim("label") >= 0).any())
    return {
        "accuracy": sections.of(
            AccuracyTable,
            (audit_tables.accuracy_by_label(cube, f, settings) for f in singles if labelled),
        ),
        "calibration": sections.of(
            CalibrationTable,
            (audit_scores.calibrated(cube, f, s, settings) for f, s in pairs if labelled),
        ),
        "distances": sections.of(
            Distances, (audit_scores.score_distances(cube, f, s, settings) for f, s in pairs)
        ),
        "distributions": tuple(
            x for x in (audit_scores.distribution(cube, f, s) for f, s in pairs) if x
        ),
        "sweeps": sections.of(
            SweepAudit, (audit_scores.cut_sweep(cube, f, s, settings) for f, s in pairs)
        ),
        "validity": sections.of(
            ValidityAudit,
            (v for f in singles for v in audit_scores.validities(cube, f, settings)),
        ),
    }


def _time(cube: Cube, settings: AuditSettings, sections: _Sections) -> dict[str, Any]:
    singles = [(f,) for f in cube.features]
    staged, dated = bool(cube.levels("stage")), len(cube.levels("period")) > 1
    return {
        "funnels": sections.of(
            FunnelResult, (audit_tables.stages(cube, f, settings) for f in singles if staged)
        ),
        "drift": sections.of(
            Drift, (audit_scores.over_time(cube, f, settings) for f in singles if dated)
        ),
        "intersections": sections.of(
            Intersections,
            (audit_tables.intersection_view(cube, f, settings) for f in cube.intersections),
        ),
    }


def _people(cube: Cube, settings: AuditSettings, sections: _Sections) -> dict[str, Any]:
    singles = [(f,) for f in cube.features]
    return {
        "events": sections.of(
            EventTable,
            (x for f in singles for x in audit_people.event_tables(cube, f, settings)),
        ),
        "settings_compared": sections.of(
            SettingsCompared,
            (x for f in singles for x in audit_people.settings_compared(cube, f, settings)),
        ),
        "validity_gain": sections.of(GainAudit, audit_people.validity_gains(cube, settings)),
    }


def _facts(cube: Cube) -> DataFacts:
    everybody = cube.population(cube.features[:1])
    return DataFacts(
        label="cube",
        kind="cube",
        sha256=None,
        persons=int(everybody.persons.sum()),
        decided=int(everybody.decided.sum()),
        selected=int(everybody.selected.sum()),
        axes={axis: len(levels) for axis, levels in cube.axes.items()},
        scores=cube.scores,
        merged_from=cube.merged_from,
    )


def _feature(cube: Cube, name: str, spec: AuditSpec | None) -> FeatureFacts:
    population = cube.population((name,))
    persons = {g[0]: int(n) for g, n in zip(population.groups, population.persons, strict=True)}
    given = {f.name: f for f in spec.features} if spec else {}
    feature = given.get(name)
    return FeatureFacts(
        name=name,
        kind=feature.kind if feature else "other",
        provenance=(feature.provenance or (spec.provenance if spec else None) if feature else None)
        or "not stated",
        levels=cube.levels(name),
        persons=tuple(persons.get(level, 0) for level in cube.levels(name)),
        unknown=persons.get(None, 0),
    )


def _plain_spec(spec: AuditSpec | None) -> Mapping[str, object]:
    """The specification without what may hold secrets or paths (the query) and without limits."""
    if spec is None:
        return {}
    return spec.model_dump(mode="json", exclude={"query", "limits"}, exclude_defaults=True)


def _cube_notes(cube: Cube, spec: AuditSpec | None) -> Iterator[Note]:
    yield Note(
        "counts_alone",
        "This audit was made from counts alone: single questions were not purified, and "
        "interviews and alternatives were not looked at.",
    )
    if spec is not None and spec.sha256 != cube.spec_hash:
        yield Note(
            "other_spec",
            "The cube was counted under a specification that differs from the one given; the "
            "settings are of the latter.",
        )


def _distinct(notes: Iterable[Note]) -> tuple[Note, ...]:
    return tuple({(note.code, note.text): note for note in notes}.values())


def _share(frame: _Frame, done: float) -> float:
    return frame.start + (1 - frame.start) * done
