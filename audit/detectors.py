"""The detector protocol and the registry of installed detectors."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata, resources
from typing import Any, Literal, Protocol, cast, runtime_checkable

from audit.errors import SettingsInvalid
from audit.facts import MediaFacts
from audit.interview import Interview, Window
from audit.types import Question, Reason, Signal, Status, Strength

GROUP = "audit.detectors"

Modality = Literal["container", "video", "audio", "audiovisual"]


@dataclass(frozen=True, slots=True)
class CropSpec:
    """A face crop that a detector wants kept for each sampled face.

    `scale`: the mesh box times this (its proportions kept), centred on the box, clamped to the
    frame (shrunk to fit first, then moved inside), resized to `size` x `size`.
    `template`: five target points in pixels (left eye, right eye, nose, mouth left, mouth right,
    as seen in the picture); the crop is the similarity transform that fits them best. Exactly
    one of the two is given. Crops are BGR uint8, `size` x `size` x 3.
    """

    name: str
    size: int
    scale: float | None = None
    template: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """What a detector is, before it is run."""

    name: str
    version: str
    questions: tuple[Question, ...]
    modality: Modality
    cause: str
    strength: Strength = Strength.PRIMARY
    weights: tuple[str, ...] = ()
    crops: tuple[CropSpec, ...] = ()
    limits: tuple[str, ...] = ()
    optional: bool = False
    """Off unless whoever runs the check turns it on: `Settings.optional_signals`."""

    def inconclusive(self, code: str, text: str, **more: Any) -> Signal:
        """A signal that says why nothing can be said. `more` may add quality, series, evidence."""
        return self.signal(Status.INCONCLUSIVE, Reason(code, text), **more)

    def signal(self, status: Status, reason: Reason, **more: Any) -> Signal:
        """A signal of this detector; `more` are the other fields of `Signal`.

        `model` may be left out by detectors without weights.
        """
        from audit.types import ModelUse

        more.setdefault("model", ModelUse(id=self.name, version=self.version))
        more.setdefault("strength", self.strength)
        more.setdefault("limits", self.limits)
        return Signal(
            name=self.name,
            questions=self.questions,
            status=status,
            reason=reason,
            cause=self.cause,
            **more,
        )


@runtime_checkable
class Detector(Protocol):
    """One file, one class, one method. Made without arguments."""

    spec: DetectorSpec

    def inspect(self, interview: Interview) -> Signal:
        """Look at the recording. Never raises for weak input: returns an inconclusive signal."""
        ...


class NotRun:
    """Stands in a check for an optional detector that was not turned on, and says so."""

    def __init__(self, spec: DetectorSpec) -> None:
        self.spec = replace(spec, crops=(), weights=())

    def inspect(self, _interview: Interview) -> Signal:
        """An inconclusive signal; nothing is measured."""
        return self.spec.inconclusive(
            "not_run", "This signal is off by default and was not turned on for this check."
        )


@runtime_checkable
class Scout(Protocol):
    """A detector that can say from packets alone where frames are worth decoding in full."""

    def scout(self, facts: MediaFacts) -> tuple[Window, ...]:
        """Windows to decode, most promising first; empty where nothing stands out."""
        ...


def names() -> tuple[str, ...]:
    """Installed detectors' names, in the order of a report. Imports none of them."""
    return tuple(point.name for point in metadata.entry_points(group=GROUP))


def load(name: str) -> Detector:
    """The detector called `name`.

    Raises:
        SettingsInvalid: no such detector is installed.
    """
    points = metadata.entry_points(group=GROUP, name=name)
    if not points:
        known = ", ".join(sorted(names()))
        raise SettingsInvalid(f"No detector is called '{name}'. Installed: {known}.")
    return cast("Detector", next(iter(points)).load()())


@cache
def operating_point(package: str, name: str) -> dict[str, Any]:
    """The thresholds of one detector, from `operating_points.toml` of its package.

    Thresholds live in data with their source beside them, never in code.
    """
    text = resources.files(package).joinpath("operating_points.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)[name]
    return table
