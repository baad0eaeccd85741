"""Splices of real recordings, each with the place where it was planted.

Terms follow CEN/TS 18099 (injection attack methods) where one exists; a splice is an injection
attack by pre-recorded and edited media.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audit.types import Span
from datasets.attacks.clips import AUDIO_RATE, Clip, make


@dataclass(frozen=True, slots=True)
class Planted:
    """An altered clip and the truth about it.

    Attributes:
        kind: which generator made it.
        span: where the alteration is; for a change of person or voice it starts at the change.
        peer: the source of a repeated span, else None.
        lag_s: how much later the sound is than the pictures (audio shifts only).
    """

    clip: Clip
    kind: str
    span: Span
    peer: Span | None = None
    lag_s: float | None = None


def person_change(first: Clip, second: Clip) -> Planted:
    """The recording of one person goes on with another person (pictures and sound)."""
    height, width = first.frames.shape[1:3]
    other = second.fitted(width, height, first.rate)
    frames = np.concatenate([first.frames, other.frames])
    joined = make(frames, first.rate, np.concatenate([first.audio, other.audio]))
    return Planted(joined, "person_change", Span(first.duration_s, joined.duration_s))


def dubbed(clip: Clip, voice: Clip, start_s: float, length_s: float) -> Planted:
    """Another person's voice in place of the sound between two times; pictures untouched."""
    first, last = clip.sample_at(start_s), clip.sample_at(start_s + length_s)
    sound = clip.audio.copy()
    sound[first:last] = _looped(voice.audio, last - first)
    span = Span(first / AUDIO_RATE, last / AUDIO_RATE)
    return Planted(replace(clip, audio=sound), "dubbed", span)


def audio_shift(clip: Clip, lag_s: float) -> Planted:
    """The whole sound later (positive) or earlier (negative) than the pictures."""
    shift = round(lag_s * AUDIO_RATE)
    sound = np.zeros_like(clip.audio)
    if shift >= 0:
        sound[shift:] = clip.audio[: len(sound) - shift]
    else:
        sound[:shift] = clip.audio[-shift:]
    whole = Span(0.0, clip.duration_s)
    return Planted(replace(clip, audio=sound), "audio_shift", whole, lag_s=lag_s)


def repeated(clip: Clip, start_s: float, length_s: float, *, times: int = 1) -> Planted:
    """The pictures between two times are shown again `times` times, inserted right after.

    The sound goes on meanwhile (looped at its end), as when
    a talking person plays a loop before the camera.
    """
    first, last = clip.frame_at(start_s), clip.frame_at(start_s + length_s)
    part = clip.frames[first:last]
    frames = np.concatenate([clip.frames[:last], *[part] * times, clip.frames[last:]])
    wanted = round(len(frames) / clip.rate * AUDIO_RATE)
    out = make(frames, clip.rate, _looped(clip.audio, wanted))
    source = Span(first / clip.rate, last / clip.rate)
    again = Span(last / clip.rate, (last + times * len(part)) / clip.rate)
    return Planted(out, "repeated", again, peer=source)


def inserted(
    clip: Clip,
    start_s: float,
    length_s: float,
    at_s: float,
    *,
    backwards: bool = False,
    flipped: bool = False,
) -> Planted:
    """The pictures of a stretch shown again at another time, while the sound goes on.

    Args:
        at_s: where they are inserted, on the clock of the untouched clip.
        backwards: last picture first, as a loop that is played back and forth.
        flipped: left and right changed over.
    """
    first, last = clip.frame_at(start_s), clip.frame_at(start_s + length_s)
    at = clip.frame_at(at_s)
    part = clip.frames[first:last][:: -1 if backwards else 1]
    part = part[:, :, ::-1] if flipped else part
    frames = np.concatenate([clip.frames[:at], part, clip.frames[at:]])
    sound = _looped(clip.audio, round(len(frames) / clip.rate * AUDIO_RATE))
    moved = len(part) if at <= first else 0  # the source moves when pictures come in before it
    source = Span((first + moved) / clip.rate, (last + moved) / clip.rate)
    again = Span(at / clip.rate, (at + len(part)) / clip.rate)
    return Planted(make(frames, clip.rate, sound), "inserted", again, peer=source)


def frozen(clip: Clip, start_s: float, length_s: float) -> Planted:
    """The picture stands still while the sound goes on."""
    first, last = clip.frame_at(start_s), clip.frame_at(start_s + length_s)
    frames = clip.frames.copy()
    frames[first:last] = frames[first]
    span = Span(first / clip.rate, last / clip.rate)
    return Planted(replace(clip, frames=frames), "frozen", span)


def second_voice(
    clip: Clip, voice: Clip, start_s: float, length_s: float, gain_db: float
) -> Planted:
    """Another voice mixed into the sound, `gain_db` against its own level."""
    first, last = clip.sample_at(start_s), clip.sample_at(start_s + length_s)
    sound = clip.audio.astype(np.float64)
    sound[first:last] += _looped(voice.audio, last - first) * 10.0 ** (gain_db / 20.0)
    mixed = np.clip(sound, -32768, 32767).astype(np.int16)
    span = Span(first / AUDIO_RATE, last / AUDIO_RATE)
    return Planted(replace(clip, audio=mixed), "second_voice", span)


def _looped(audio: np.ndarray, count: int) -> np.ndarray:
    if len(audio) == 0:
        return np.zeros(count, np.int16)
    return np.resize(audio, count)
