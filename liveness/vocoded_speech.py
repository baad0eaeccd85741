"""Does speech sound like a copy through a vocoder? A small network trained here on matched copies.

The network (`datasets/recipes/synthetic_speech.py`) gives two numbers per window: a logit for
copied speech, and how far the window lies from all that it was trained on. Where that is too far,
or the channel takes away what the network listens to, there is no answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.calibration import CalibrationRecord, records
from audit.interview import Floats
from liveness.speech_channel import SpeechChannel
from liveness.speech_spectrogram import spectrogram

WEIGHT = "vocoded_speech"
CLEAR = "vocoded_speech_clear"
DEGRADED = "vocoded_speech_degraded"
# The condition of a calibration record, not a threshold of the verdict.
CLEAR_SNR_DB = 28.0
CLEAR_DECAY_DB_S = 400.0


def listened(
    waveform: Floats, channel: SpeechChannel, session: Any, point: Mapping[str, Any]
) -> tuple[float, float, str]:
    """Logit for copied speech, strangeness, and why it does not count ("" where it does).

    `waveform`: 4.04 s at one level, shape (64600,). The network does not run (and both numbers are
    NaN) where the channel is out of range.
    """
    why = unfit(channel, point)
    if why:
        return float("nan"), float("nan"), why
    logit, strangeness = session.run(None, {"spectrogram": spectrogram(waveform)[None, None]})
    found, strange = float(logit[0]), float(strangeness[0])
    most = point["most_strangeness_copied" if found > 0 else "most_strangeness_captured"]
    return found, strange, "unlike all recordings that it knows" if strange > most else ""


def unfit(channel: SpeechChannel, point: Mapping[str, Any]) -> str:
    """Which figure of the channel is unlike the captured speech that is known, or ""."""
    checks = (
        ("too quiet", channel.level_db >= point["level_low_db"]),
        ("clipped", channel.clipped <= point["most_clipped"]),
        ("too noisy", channel.snr_db >= point["least_snr_db"]),
        ("too reverberant", channel.decay_db_s >= point["least_decay_db_s"]),
        ("too narrow in frequency", channel.bandwidth_hz >= point["least_bandwidth_hz"]),
        ("too dull", channel.tilt_db >= point["tilt_low_db"]),
        ("too shrill", channel.tilt_db <= point["tilt_high_db"]),
    )
    return next((words for words, fine in checks if not fine), "")


def recording_score(logits: Sequence[float]) -> float | None:
    """The median of the windows that count, or None where fewer than half do.

    `logits`: one per window, NaN where the window does not count.
    """
    known = [logit for logit in logits if not math.isnan(logit)]
    return float(np.median(known)) if known and 2 * len(known) >= len(logits) else None


def is_clear(channel: SpeechChannel) -> bool:
    """Whether there is little noise and room: which calibration holds."""
    return channel.snr_db >= CLEAR_SNR_DB and channel.decay_db_s >= CLEAR_DECAY_DB_S


def record_for(channels: list[SpeechChannel]) -> CalibrationRecord:
    """The calibration of a recording: the one of most of its windows."""
    clear = 2 * sum(is_clear(channel) for channel in channels) >= len(channels)
    return records("liveness")[CLEAR if clear else DEGRADED]
