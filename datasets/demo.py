"""Self-made material for `fairwitness demo`: a recording with planted faults and a prior photo.

The face is Eileen Collins's official portrait (NASA, public domain) as scikit-image ships it; the
voices are synthetic babble of two made-up speakers. Nothing is fetched, and everything follows
from the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.signal import resample_poly
from skimage import data

from audit.types import Span
from datasets.attacks.clips import AUDIO_RATE, Encoding, make, render
from datasets.attacks.held_photo import held_photo
from datasets.attacks.splices import frozen, repeated
from datasets.voices import HIGH, LOW, RATE, babble

FPS = 25.0
SIZE = (640, 480)
HELD_S = 34.0
SHORT_S = 8.0
SOUND_S = 12.0
LOOP = Span(6.0, 9.5)
FREEZE = Span(21.0, 23.5)
SECOND_VOICE = Span(27.5, 35.5)
ENCODING = Encoding("h264-crf24", ".mp4", "libx264", "aac", quality=24)


@dataclass(frozen=True, slots=True)
class DemoMaterial:
    """What was made.

    Attributes:
        recording: a video file. references: earlier pictures of the claimed person.
        faults: what was planted and where, in words.
    """

    recording: Path
    references: tuple[Path, ...]
    faults: tuple[str, ...]


def portrait() -> NDArray[np.uint8]:
    """Head and shoulders of the portrait, BGR uint8 (360, 340, 3)."""
    rgb = np.asarray(data.astronaut())
    return np.ascontiguousarray(rgb[0:360, 60:400, ::-1])


def make_demo(
    out: Path, *, seed: int, progress: Callable[[str, float], None] = lambda _s, _d: None
) -> DemoMaterial:
    """Write `demo-interview.mp4` and `demo-reference.png` into `out` (made if missing)."""
    out.mkdir(parents=True, exist_ok=True)
    still = portrait()
    frames = []
    for number, frame in enumerate(held_photo(still, seconds=HELD_S, seed=seed, size=SIZE)):
        frames.append(frame)
        progress("making a photo held before a camera", 0.8 * number / (HELD_S * FPS))
    looped = repeated(make(np.stack(frames), FPS), LOOP.start_s, LOOP.duration_s)
    still_standing = frozen(looped.clip, FREEZE.start_s, FREEZE.duration_s)
    length = still_standing.clip.duration_s
    clip = make(still_standing.clip.frames, FPS, _two_voices(length, seed))
    progress("encoding", 0.85)
    recording = render(clip, out / "demo-interview", ENCODING)
    reference = out / "demo-reference.png"
    cv2.imwrite(str(reference), still)
    progress("done", 1.0)
    return DemoMaterial(recording, (reference,), _faults(looped.span))


def _two_voices(length_s: float, seed: int) -> NDArray[np.int16]:
    """One voice throughout, another one in its place for some seconds; 48 kHz."""
    sound = babble(LOW, length_s, seed)
    other = babble(HIGH, SECOND_VOICE.duration_s, seed + 1)
    first = round(SECOND_VOICE.start_s * RATE)
    sound[first : first + len(other)] = other[: max(0, len(sound) - first)]
    return _loud(sound)


def _loud(sound: NDArray[np.int16]) -> NDArray[np.int16]:
    """At the rate of recordings."""
    loud = resample_poly(sound.astype(np.float64), AUDIO_RATE // RATE, 1)
    return np.asarray(np.clip(loud, -32768, 32767), dtype=np.int16)


def _faults(again: Span) -> tuple[str, ...]:
    return (
        "the whole recording: a printed photo held and moved before the camera",
        f"{again.start_s:.1f} to {again.end_s:.1f} s: the pictures of {LOOP.start_s:.1f} to "
        f"{LOOP.end_s:.1f} s shown again",
        f"{FREEZE.start_s:.1f} to {FREEZE.end_s:.1f} s: the picture stands still",
        f"{SECOND_VOICE.start_s:.1f} to {SECOND_VOICE.end_s:.1f} s: another voice",
        "throughout: speech while the visible mouth does not move",
    )


def make_others(out: Path, *, seed: int) -> tuple[Path, Path]:
    """Write two shorter interviews: a photo held before a camera, and sound alone, one voice."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = list(held_photo(portrait(), seconds=SHORT_S, seed=seed + 2, size=SIZE))
    loud = _loud(babble(LOW, SHORT_S, seed + 3))
    short = render(make(np.stack(pictures), FPS, loud), out / "demo-interview-2", ENCODING)
    alone = out / "demo-interview-3.wav"
    wavfile.write(alone, RATE, babble(HIGH, SOUND_S, seed + 4))
    return short, alone
