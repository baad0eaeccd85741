"""What the timeline shows beside the signals: face tracks, faces in view, speech."""

from __future__ import annotations

import numpy as np

from audit.interview import Audio, FaceLog, FaceTrack, SpeechLog, Times
from audit.series import MOST_POINTS, thin
from audit.types import Series
from reports import documents as d
from reports.canonical import figure, seconds
from reports.signal_json import series_entry, stretch

LONGEST_LAPSE_S = 1.0
"""A face that a searched frame missed for no longer than this is still counted as seen."""


def track_entry(track: FaceTrack, looked_s: Times, *, main: bool) -> d.TrackEntry:
    """`track` in figures; `looked_s` (m,) are the times searched for faces, seconds."""
    yaw, pitch = np.median(track.pose[:, 0]), np.median(track.pose[:, 1])
    return d.TrackEntry(
        id=track.id,
        main=main,
        start_s=seconds(track.times_s[0]),
        end_s=seconds(track.times_s[-1]),
        sightings=len(track.times_s),
        spans=seen(track.times_s, looked_s),
        median_size_px=_median(track.sizes),
        median_sharpness=_median(track.sharpness),
        median_brightness=_median(track.brightness),
        median_confidence=_median(track.confidence),
        median_yaw_deg=figure(float(yaw)) or 0.0,
        median_pitch_deg=figure(float(pitch)) or 0.0,
    )


def _median(column: np.ndarray) -> float:
    return figure(float(np.median(column))) or 0.0


def seen(times_s: Times, looked_s: Times) -> list[d.Stretch]:
    """Stretches in which a face is seen: sightings (n,) joined where nothing shows it absent.

    Two successive sightings are apart when a frame searched between them missed the face and more
    than `LONGEST_LAPSE_S` seconds passed.
    """
    missed = np.setdiff1d(looked_s, times_s)
    between = np.searchsorted(missed, times_s[1:]) > np.searchsorted(missed, times_s[:-1])
    apart = np.flatnonzero(between & (np.diff(times_s) > LONGEST_LAPSE_S))
    starts = times_s[np.concatenate(([0], apart + 1))]
    ends = times_s[np.concatenate((apart, [len(times_s) - 1]))]
    return [stretch(a, b) for a, b in zip(starts, ends, strict=True)]


def faces_in_view(faces: FaceLog | None) -> list[d.FacesInView]:
    """How many faces are in view, as stretches from one change to the next.

    Logs longer than 600 searched frames are read in 600 equal runs, the most of each run counting.
    """
    if faces is None or not len(faces.looked_s):
        return []
    starts, counts = _most(faces.looked_s, faces.looked_count)
    changes = np.flatnonzero(np.diff(counts)) + 1
    firsts = np.concatenate(([0], changes))
    ends = np.append(starts[changes], faces.looked_s[-1])
    return [
        d.FacesInView(start_s=seconds(starts[i]), end_s=seconds(end), count=int(counts[i]))
        for i, end in zip(firsts, ends, strict=True)
    ]


def _most(times: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First times and highest counts of at most 600 equal runs, shape (n,)."""
    runs = min(len(times), MOST_POINTS)
    edges = np.linspace(0, len(times), runs + 1).astype(int)[:-1]
    return times[edges], np.maximum.reduceat(counts, edges)


def speech_entry(speech: SpeechLog | None, audio: Audio | None) -> d.SpeechEntry | None:
    """Speech segments; the probability of two voices at once and loudness, 600 points at most."""
    if speech is None:
        return None
    return d.SpeechEntry(
        total_s=seconds(speech.total_s),
        segments=[stretch(s.start_s, s.end_s) for s in speech.segments],
        overlap=_overlap(speech),
        loudness=None if audio is None else _loudness(audio),
    )


def _loudness(audio: Audio) -> d.SeriesEntry | None:
    """The outline of the sound, as players draw it."""
    if not len(audio.samples):
        return None
    runs = min(len(audio.samples), MOST_POINTS)
    edges = np.linspace(0, len(audio.samples), runs + 1).astype(np.int64)[:-1]
    # The lowest sample is one further from zero than the highest can be: counted in 32 bits.
    highest = np.maximum.reduceat(audio.samples, edges).astype(np.int32)
    lowest = np.minimum.reduceat(audio.samples, edges).astype(np.int32)
    peaks = np.maximum(highest, -lowest) / 32768.0
    times = audio.start_s + edges / audio.rate
    values = tuple(round(float(v), 3) for v in peaks)
    series = Series("loudness", "share of full scale", tuple(times.tolist()), values, 0.0, 1.0)
    return series_entry(series, str)


def _overlap(speech: SpeechLog) -> d.SeriesEntry | None:
    if speech.overlap is None or not len(speech.overlap):
        return None
    times = speech.start_s + np.arange(len(speech.overlap)) * speech.overlap_step_s
    series = thin("two voices at once", "probability", times, speech.overlap, low=0.0, high=1.0)
    return series_entry(series, str)
