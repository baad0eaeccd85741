"""Whether somebody speaks when digits are to be said, with lips that move with the sound.

Nobody transcribes what is said: no speech recogniser is part of this service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.challenges import Cue, Outcome
from audit.interview import Audio, Interview
from liveness.challenge.following import Following, following
from liveness.challenge.reading import SETTLED_S, Faces
from liveness.leading_face import speech_within

Array = NDArray[np.float64]
Found = tuple[Outcome, str, str, tuple[float, float, float] | None]
_FRAME_S = 0.02
_SMOOTH = 8  # frames
_AHEAD_S = 0.3
_LAGS_S = np.arange(0.0, 0.61, 0.1)
_PER_SECOND = 3.0  # syllables: what counts as independent in a second of speech


def said(cue: Cue, faces: Faces, interview: Interview, point: Mapping[str, Any]) -> Found:
    """Voice in the cue's time, and lips that move there. Never which digits."""
    start, end = cue.start_s, cue.end_s + SETTLED_S
    spoken = speech_within(interview, start, end)
    audio = interview.audio
    if spoken is None or audio is None or _silent(audio):
        return Outcome.NOT_SEEN, "no_sound", "The recording has no sound to listen to.", None
    if spoken < point["least_spoken_s"]:
        text = f"Digits were to be said; {spoken:.1f} s of speech were heard then."
        return Outcome.NOT_FOLLOWED, "not_spoken", text, (spoken, spoken, spoken)
    here = faces.within(start, end)
    if here.sum() < 10:
        text = f"{spoken:.1f} s of speech were heard; the mouth was not seen."
        return Outcome.NOT_SEEN, "mouth_not_seen", text, None
    moved = float(faces.mouth[here].std())
    if moved < point["mouth_still"]:
        text = f"{spoken:.1f} s of speech were heard while the lips stayed still ({moved:.3f})."
        return Outcome.NOT_FOLLOWED, "lips_still", text, (moved, moved, moved)
    found = _in_step(faces.times_s[here], faces.mouth[here], audio)
    if found is None or moved < point["mouth_moves"]:
        text = f"{spoken:.1f} s of speech were heard; the lips moved too little to tell."
        return Outcome.NOT_SEEN, "lips_unclear", text, None
    value = (found.value, found.low, found.high)
    words = (
        f"{spoken:.1f} s of speech were heard; the lips moved with the sound by a correlation of "
        f"{found.value:.2f}, 95 % interval {found.low:.2f} to {found.high:.2f}."
    )
    if found.low > 0 and found.value >= point["lips_follow"]:
        return Outcome.FOLLOWED, "spoken", words, value
    return Outcome.NOT_SEEN, "lips_unclear", words, value


def _in_step(times: Array, mouth: Array, audio: Audio) -> Following | None:
    """How the opening of the mouth follows the loudness of the sound, both smoothed over .16 s.

    Sound may come up to a third of a second before or after the picture.
    """
    size = round(_FRAME_S * audio.rate)
    whole = len(audio.samples) // size
    frames = audio.samples[: whole * size].reshape(whole, size).astype(np.float64)
    level = np.log10(np.sqrt((frames**2).mean(axis=1)) + 10.0)
    level = np.convolve(level, np.full(_SMOOTH, 1 / _SMOOTH), "same")
    at = audio.start_s + (np.arange(whole) + 0.5) * _FRAME_S
    even = np.arange(times[0], times[-1], _FRAME_S)
    opened = np.convolve(np.interp(even, times, mouth), np.full(_SMOOTH, 1 / _SMOOTH), "same")

    def heard(moments: Array) -> Array:
        return np.interp(moments + _AHEAD_S, at, level)[:, None]

    independent = int(_PER_SECOND * (even[-1] - even[0])) if len(even) else 0
    return following(heard, even, opened[:, None], independent=independent, lags=_LAGS_S)


def _silent(audio: Audio) -> bool:
    """A microphone that is off gives zeros, or nearly."""
    return not len(audio.samples) or int(np.abs(audio.samples.astype(np.int32)).max()) < 20
