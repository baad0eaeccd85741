"""Compares a scorecard with an accepted one: which figures fell by more than their interval.

The reference holds figures and intervals alone, so that it stays small and can be read in a diff.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from audit.calibration import clopper_pearson
from datasets.scorecard.model import (
    DetectorEntry,
    FigureEntry,
    Interval,
    Part,
    RateEntry,
    ScorecardDocument,
)


class ReferenceFigure(Part):
    """One accepted figure."""

    name: str = Field(description="detector, measure and what it is of")
    value: float
    interval: Interval | None = Field(description="null: only an equal or better figure passes")
    higher_is_better: bool
    of: int = Field(description="trials behind it")


class Reference(Part):
    """Accepted figures of the small scorecard."""

    kind: str = "scorecard_reference"
    seed: int
    trials: int
    figures: list[ReferenceFigure]


def reference(card: ScorecardDocument) -> Reference:
    """What a scorecard has to be compared by, in its order."""
    figures = list(_figures(card))
    return Reference(seed=card.seed, trials=card.trials.test, figures=figures)


def fallen(accepted: Reference, card: ScorecardDocument) -> list[str]:
    """A sentence for each accepted figure that is missing or worse than its interval allows."""
    now = {figure.name: figure for figure in _figures(card)}
    found = []
    for was in accepted.figures:
        figure = now.get(was.name)
        if figure is None:
            found.append(f"{was.name}: was {was.value:.3f}, is no longer measured.")
        elif not _holds(was, figure.value):
            least = (
                "" if was.interval is None else f" ({was.interval[0]:.3f}..{was.interval[1]:.3f})"
            )
            found.append(f"{was.name}: was {was.value:.3f}{least}, is {figure.value:.3f}.")
    return found


def _holds(was: ReferenceFigure, value: float) -> bool:
    low, high = was.interval or (was.value, was.value)
    return value >= low - 1e-9 if was.higher_is_better else value <= high + 1e-9


def _figures(card: ScorecardDocument) -> Iterator[ReferenceFigure]:
    for detector in card.detectors:
        name = detector.name
        for attack in detector.species:
            yield from _rate(f"{name}: strict APCER, {attack.species}", attack.apcer_strict)
            yield from _rate(f"{name}: APCER, {attack.species}", attack.apcer)
        yield from _together(detector)
        for genuine in detector.bona_fide:
            what = f"{genuine.corpus} {genuine.condition}".strip()
            yield from _rate(f"{name}: BPCER, {what}", genuine.bpcer)
            yield from _rate(f"{name}: BPNRR, {what}", genuine.bpnrr)
        for row in detector.discrimination:
            if row.axis in ("all", "trained_on"):
                of = row.attacks + row.bona_fide
                yield from _figure((f"{name}: AUC, {row.axis}", row.auc), of, higher=True)
                yield from _figure((f"{name}: EER, {row.axis}", row.eer), of, higher=False)
        if detector.likelihood is not None:
            held = detector.likelihood
            of = held.attacks + held.bona_fide
            yield from _figure((f"{name}: Cllr", held.cllr), of, higher=False)


def _together(detector: DetectorEntry) -> Iterator[ReferenceFigure]:
    """Attacks of all species together: a small run has too few of each to notice a fall."""
    wrong = sum(row.apcer_strict.errors for row in detector.species)
    of = sum(row.apcer_strict.of for row in detector.species)
    if of:
        yield ReferenceFigure(
            name=f"{detector.name}: not flagged, all attacks",
            value=round(wrong / of, 4),
            interval=_rounded(clopper_pearson(wrong, of)),
            higher_is_better=False,
            of=of,
        )


def _rate(name: str, entry: RateEntry) -> Iterator[ReferenceFigure]:
    if entry.value is not None:
        yield ReferenceFigure(
            name=name,
            value=round(entry.value, 4),
            interval=_rounded(entry.interval),
            higher_is_better=False,
            of=entry.of,
        )


def _figure(
    named: tuple[str, FigureEntry | None], of: int, *, higher: bool
) -> Iterator[ReferenceFigure]:
    name, entry = named
    if entry is not None and entry.interval is not None:  # without one, any machine may differ
        yield ReferenceFigure(
            name=name,
            value=round(entry.value, 4),
            interval=_rounded(entry.interval),
            higher_is_better=higher,
            of=of,
        )


def _rounded(interval: Interval | None) -> Interval | None:
    """Outwards, so that rounding fails nothing that the interval holds."""
    if interval is None:
        return None
    return max(0.0, round(interval[0] - 5e-5, 4)), round(interval[1] + 5e-5, 4)
