"""What is known of weights and signals: which use which, thresholds and errors with sources.

All of it is read from the installed packages: nothing here is typed in twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from audit import detectors
from audit.calibration import CalibrationRecord, records
from audit.conformal import ConformalRecord, conformal_records
from audit.detectors import DetectorSpec, operating_point
from audit.weights import WeightRow, WeightStore


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """One signal: what it is, its thresholds, and what was measured.

    Attributes:
        thresholds: name and value, as operating_points.toml has them. source: where they are from.
        fitted: fits of its score to likelihood ratios. stated: errors that its answers keep to.
    """

    spec: DetectorSpec
    thresholds: tuple[tuple[str, str], ...]
    source: str
    fitted: tuple[CalibrationRecord, ...]
    stated: tuple[ConformalRecord, ...]


@cache
def signals() -> tuple[SignalFacts, ...]:
    """All installed signals, by name. The first call imports them: about two seconds."""
    found = (detectors.load(name) for name in detectors.names())
    return tuple(_signal(each.spec, type(each).__module__.partition(".")[0]) for each in found)


def users_of(weight_id: str) -> list[str]:
    """Which signals run a weight."""
    return [each.spec.name for each in signals() if weight_id in each.spec.weights]


def state(store: WeightStore, row: WeightRow) -> str:
    """Whether a weight is there. Its bytes are compared with the manifest when it is opened."""
    if row.runtime == "folder":
        return "settings"
    if store.installed(row.id):
        return "present"
    return "missing" if row.default else "optional"


def _signal(spec: DetectorSpec, package: str) -> SignalFacts:
    point = _point(package, spec.name)
    models = {spec.name, *spec.weights}
    return SignalFacts(
        spec=spec,
        thresholds=tuple(each for each in _flat(point) if each[0] != "source"),
        source=str(point.get("source", "")),
        fitted=tuple(each for each in records(package).values() if _is_of(each, spec, models)),
        stated=tuple(each for each in _stated(package) if _is_of(each, spec, models)),
    )


def _is_of(record: CalibrationRecord | ConformalRecord, spec: DetectorSpec, all_: set[str]) -> bool:
    """A record is of the signals that run its model; `speaker_` and `voice_` say which of two."""
    if record.model not in all_:
        return False
    start = record.id.partition("_")[0]
    return start not in ("speaker", "voice", "session") or spec.name.startswith(start)


def _stated(package: str) -> tuple[ConformalRecord, ...]:
    """Those of a package; one whose answers never abstain by a stated error has none."""
    if not resources.files(package).joinpath("conformal.toml").is_file():
        return ()
    return tuple(conformal_records(package).values())


def _point(package: str, name: str) -> dict[str, Any]:
    try:
        return operating_point(package, name)
    except KeyError:
        return {}


def _flat(point: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each value with its name; of a table within, under both names."""
    for name, value in point.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", _said(each)) for inner, each in value.items())
        else:
            yield name, _said(value)


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(each)}" for name, each in value.items())
    if isinstance(value, list):
        return "; ".join(_said(each) for each in value)
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:g}"
    return str(value)
