"""The outcome of one check, and of a comparison of several recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.interview import Interview
from audit.types import Finding, Reason, Signal, WeightUse


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the recording was looked at and listened to.

    `sampling` says in words how frames were chosen; `frames_dense_s` counts seconds decoded frame
    by frame; `faces_sampled` counts faces whose pixels were examined.
    """

    duration_s: float
    video_s: float
    audio_s: float
    frames_in_file: int
    frames_decoded: int
    frames_searched: int
    frames_dense_s: float
    faces_sampled: int
    speech_s: float
    sampling: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Everything a report says about one recording.

    Attributes:
        interview: the measured recording (its facts and logs feed the timeline).
        signals: in report order, one per installed detector.
        findings: one per question.
        failed: names of detectors that failed through our own fault (their signals are
            inconclusive with code `internal_error`).
        stage_cpu_s: CPU seconds per stage, parent and subprocesses together.
        started_at: UTC, ISO 8601.
        perception_weights: weights that found the faces and the speech which all signals share.
    """

    interview: Interview
    signals: tuple[Signal, ...]
    findings: tuple[Finding, ...]
    coverage: Coverage
    failed: tuple[str, ...] = ()
    stage_cpu_s: Mapping[str, float] = field(default_factory=dict)
    started_at: str = ""
    software_version: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    perception_weights: tuple[WeightUse, ...] = ()

    def signal(self, name: str) -> Signal:
        """The signal called `name` (KeyError where there is none)."""
        for signal in self.signals:
            if signal.name == name:
                return signal
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """Face and voice evidence between two recordings; a modality without enough input is None.

    Each of `face` and `voice` is a signal of the reference detectors, `first` being the probe and
    `second` the reference.
    """

    first: str
    second: str
    face: Signal | None
    voice: Signal | None


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """Pairwise evidence over several recordings, in the order they were given."""

    labels: tuple[str, ...]
    pairs: tuple[PairEvidence, ...]
    notes: tuple[Reason, ...] = ()
    started_at: str = ""
    software_version: str = ""
