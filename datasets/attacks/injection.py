"""Recorded pictures fed in as if a camera gave them: names, times and encoding that remain.

Camera injection as CEN/TS 18099 has it. What is simulated is the file that a recorder then
writes. Its bona fide counterpart, `captured`, has the times of a webcam: their spread and the
share of lost pictures are assumptions, for want of a measured set.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.types import Question
from datasets.attacks.clips import Clip, Encoding, make, read_clip, render
from datasets.attacks.species import Species

FINAL = Encoding("h264-crf23", ".mp4", "libx264", "aac", quality=23)
JITTER_S = 0.002
LOST = 0.01
DEVICE = {"comment": "Video input: OBS Virtual Camera"}
RECORDER = {"encoder_settings": "Bandicam Screen Recorder", "title": "screen capture"}
NAMED = {"device": DEVICE, "recorder": RECORDER, "removed": {}}
FACTORS = {"coarse first": 36, "alike": 23, "fine first": 14}
BURST = 4

Times = NDArray[np.float64]


def captured(clip: Clip, path: Path, random: np.random.Generator) -> Path:
    """The clip as a webcam's recorder writes it; the path written."""
    kept = np.flatnonzero(random.uniform(size=len(clip.frames)) >= LOST)
    times = kept / clip.rate + random.normal(0.0, JITTER_S, len(kept))
    frames = replace(clip, frames=clip.frames[kept])
    return render(frames, path, FINAL, times_s=_rising(times))


def injected(
    species: str, strength: str, clip: Clip, path: Path, random: np.random.Generator
) -> Path:
    """The clip fed in by a species of this module; the path written.

    Raises:
        KeyError: no species or strength of this module is called so.
    """
    if strength not in _STRENGTHS[species]:
        raise KeyError(strength)
    if species == "injection.named":
        return render(clip, path, FINAL, tags=NAMED[strength])
    if species == "injection.encoded_twice":
        return _encoded_twice(clip, path, FACTORS[strength])
    if strength == "changed rate":
        return render(_at_rate(clip, clip.rate * 1.2), path, FINAL)
    times = np.arange(len(clip.frames)) / clip.rate
    return render(clip, path, FINAL, times_s=times if strength == "even" else _bursts(times))


def _encoded_twice(clip: Clip, path: Path, factor: int) -> Path:
    first = Encoding("first", ".mp4", "libx264", "aac", quality=factor)
    with tempfile.TemporaryDirectory() as folder:
        once = read_clip(render(clip, Path(folder) / "once", first))
    return render(once, path, FINAL)


def _at_rate(clip: Clip, rate: float) -> Clip:
    """At a higher rate by showing pictures twice, as a virtual camera of a fixed rate does."""
    count = round(clip.duration_s * rate)
    chosen = np.minimum((np.arange(count) * clip.rate / rate).astype(int), len(clip.frames) - 1)
    return make(clip.frames[chosen], rate, clip.audio)


def _bursts(times: Times) -> Times:
    """A buffer that is emptied at once: some pictures within a hundredth of a second, a wait."""
    return _rising(times - (np.arange(len(times)) % BURST) * (times[1] - times[0]) * 0.9)


def _rising(times: Times) -> Times:
    """Times from zero on, at least a millisecond apart."""
    steps = np.arange(len(times)) * 0.001
    rising = np.asarray(np.maximum.accumulate(times - steps) + steps, np.float64)
    return np.asarray(rising - rising[0], np.float64)


def _species(variant: str, title: str, strengths: tuple[str, ...]) -> Species:
    return Species(
        id=f"injection.{variant}",
        title=title,
        standard="CEN/TS 18099",
        term="injection by a virtual camera",
        media="video",
        question=Question.PRESENCE,
        signals=("container",),
        strengths=strengths,
        generator="injection.injected",
    )


SPECIES: tuple[Species, ...] = (
    _species("named", "Fed in, the software's name in the file or removed", tuple(NAMED)),
    _species("timed", "Fed in, by its times", ("bursts", "changed rate", "even")),
    _species("encoded_twice", "Fed in from a file that was encoded before", tuple(FACTORS)),
)

_STRENGTHS = {each.id: each.strengths for each in SPECIES}
