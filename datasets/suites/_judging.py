"""What the suites share: from a recording and what it is to what the detector said of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from audit.check import Reading, inspect, open_interview
from audit.detectors import Detector
from audit.facts import MediaFacts
from audit.inference import Models
from audit.interview import Audio, Interview
from audit.perception.speech import VOICE_ACTIVITY, listen
from audit.types import Signal
from datasets.trials import BONA_FIDE, Split, Trial

Size = Literal["small", "full"]

VIDEO = (".mp4", ".mpg", ".webm", ".mov", ".avi")
"""Endings of the names of files that hold moving pictures."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a trial is about: the fields of `Trial` of the same names."""

    corpus: str
    item: str
    source: str
    person: str
    species: str = BONA_FIDE
    strength: str = ""
    condition: str = ""
    group: str = ""
    split: Split = "test"


def trial_of(
    item: Item, detector: str, signal: Signal, *, units: float = 0.0, seconds: float = 0.0
) -> Trial:
    """The trial of one item; `units` and `seconds` as `Trial` has them."""
    ratio = signal.likelihood_ratio
    return Trial(
        **asdict(item),
        detector=detector,
        status=signal.status.value,
        reason=signal.reason.code,
        score=signal.score,
        log10_lr=None if ratio is None else ratio.log10,
        units=units,
        seconds=seconds,
    )


def judged(item: Item, detector: Detector, interview: Interview, *, units: float = 0.0) -> Trial:
    """The trial of a measured recording, with the CPU seconds that the detector took."""
    began = time.process_time()
    signal = detector.inspect(interview)
    seconds = time.process_time() - began
    return trial_of(item, detector.spec.name, signal, units=units, seconds=seconds)


def judged_file(item: Item, path: Path, how: Reading) -> Trial:
    """The trial of a file before the one detector of `how`, per face that it judged."""
    interview = open_interview(path, how, label="recording")
    began = time.process_time()
    (signal,), _ = inspect(interview, how)
    seconds = time.process_time() - began
    faces = signal.measurements.get("faces_judged")
    units = float(faces) if isinstance(faces, int) else 0.0
    return trial_of(item, how.detectors[0].spec.name, signal, units=units, seconds=seconds)


def heard(audio: Audio, models: Models, *, seed: int = 0) -> Interview:
    """A recording of sound alone.

    Raises:
        WeightsUnavailable: the voice activity network is not installed.
    """
    models.onnx(VOICE_ACTIVITY)  # without it there are no trials, rather than empty ones
    facts = MediaFacts("0" * 64, 1, "wav", audio.duration_s, streams=())
    speech = listen(audio, models)
    return Interview("recording", facts, models, "", audio=audio, speech=speech, seed=seed)


def recordings(root: Path) -> Iterator[tuple[str, Path]]:
    """Every video below a folder, with the name of the set: the folder's child that holds it."""
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in VIDEO):
        yield path.relative_to(root).parts[0], path
