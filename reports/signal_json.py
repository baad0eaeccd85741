"""One signal as an entry of the result.json of a check or a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from audit.types import Evidence, LikelihoodRatio, ModelUse, Series, Signal, WeightUse
from reports import documents as d
from reports.canonical import figure, log_ratio, seconds

Clean = Callable[[str], str]


def signal_entry(signal: Signal, clean: Clean) -> d.SignalEntry:
    """`signal` with rounded figures and cleaned texts."""
    ratio = signal.likelihood_ratio
    return d.SignalEntry(
        name=signal.name,
        version=signal.model.version,
        questions=[q.value for q in signal.questions],
        status=signal.status.value,
        status_by_question={q.value: signal.status_for(q).value for q in signal.questions},
        reason=d.Why(code=signal.reason.code, text=clean(signal.reason.text)),
        score=figure(signal.score),
        score_meaning=clean(signal.score_meaning),
        operating_point=clean(signal.operating_point),
        log10_lr=None if ratio is None else log_ratio(ratio.log10),
        log10_lr_bounds=None if ratio is None else [log_ratio(ratio.lower), log_ratio(ratio.upper)],
        calibration=_calibration(ratio, clean),
        quality=_share(signal.quality),
        quality_notes=[clean(text) for text in signal.quality_notes],
        cause=signal.cause,
        strength=signal.strength.value,
        evidence=[
            evidence_entry(e, f"{signal.name}-{number}", clean)
            for number, e in enumerate(signal.evidence, start=1)
        ],
        series=[series_entry(s, clean) for s in signal.series],
        measurements=_measurements(signal.measurements, clean),
        limits=[clean(text) for text in signal.limits],
        model=_model(signal.model, clean),
    )


def series_entry(series: Series, clean: Clean) -> d.SeriesEntry:
    """`series` with times to the millisecond and values to six significant digits."""
    return d.SeriesEntry(
        name=clean(series.name),
        unit=clean(series.unit),
        times_s=[seconds(t) for t in series.times_s],
        values=[figure(v) for v in series.values],
        low=figure(series.low),
        high=figure(series.high),
        threshold=figure(series.threshold),
    )


def evidence_entry(evidence: Evidence, name: str, clean: Clean) -> d.EvidenceEntry:
    """`evidence` under the id `name`."""
    peer = evidence.peer
    return d.EvidenceEntry(
        id=name,
        start_s=seconds(evidence.start_s),
        end_s=seconds(evidence.end_s),
        start_frame=evidence.start_frame,
        end_frame=evidence.end_frame,
        text=clean(evidence.text),
        score=figure(evidence.score),
        track=evidence.track,
        peer=None if peer is None else stretch(peer.start_s, peer.end_s),
        frames_s=[seconds(t) for t in evidence.frames_s],
        box=None if evidence.box is None else [seconds(x) for x in evidence.box],
    )


def stretch(start_s: float, end_s: float) -> d.Stretch:
    """A stretch with its times rounded to the millisecond."""
    return d.Stretch(start_s=seconds(start_s), end_s=seconds(end_s))


def _calibration(
    ratio: LikelihoodRatio | None, clean: Clean
) -> d.CalibrationEntry | Literal["uncalibrated"]:
    if ratio is None:
        return "uncalibrated"
    return d.CalibrationEntry(
        record=ratio.calibration, hypotheses=[clean(text) for text in ratio.hypotheses]
    )


def _share(value: float | None) -> float | None:
    shown = figure(value)
    return None if shown is None else min(1.0, max(0.0, round(shown, 3)))


def _measurements(values: Mapping[str, object], clean: Clean) -> dict[str, d.Scalar]:
    return {name: _scalar(value, clean) for name, value in sorted(values.items())}


def _scalar(value: object, clean: Clean) -> d.Scalar:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return figure(value)
    if isinstance(value, str):
        return clean(value)
    raise TypeError(f"a measurement is a number, a word or a boolean, not {type(value).__name__}")


def _model(model: ModelUse, clean: Clean) -> d.ModelEntry:
    weights = [weight_entry(w, clean) for w in model.weights]
    return d.ModelEntry(id=model.id, version=model.version, weights=weights)


def weight_entry(weight: WeightUse, clean: Clean) -> d.WeightEntry:
    """`weight` with cleaned texts."""
    return d.WeightEntry(
        id=weight.id,
        sha256=weight.sha256,
        licence=clean(weight.licence),
        commercial_use=weight.commercial_use,
        source=clean(weight.source),
    )
