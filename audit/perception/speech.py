"""Listening to a track once, for all detectors: where somebody speaks, and where two do."""

from __future__ import annotations

from audit.inference import Models
from audit.interview import Audio, SpeechLog
from audit.perception import overlap, vad

VOICE_ACTIVITY = "silero_vad"
SEGMENTATION = "pyannet"


def listen(audio: Audio, models: Models) -> SpeechLog:
    """Speech segments of the whole track, and overlap where the segmentation model is installed.

    `audio` is mono at 16 kHz; a track of hours is walked in frames, never copied as a whole.

    Raises:
        WeightsUnavailable: the voice activity network is not installed.
    """
    if audio.rate != vad.RATE:
        raise ValueError(f"speech is measured at {vad.RATE} Hz, not {audio.rate}")
    probability = vad.voice_probability(audio.samples, models.onnx(VOICE_ACTIVITY))
    found = vad.segments(
        probability,
        vad.STEP_S,
        start_s=audio.start_s,
        end_s=audio.start_s + audio.duration_s,
    )
    both = (
        overlap.overlap_probability(audio.samples, models.onnx(SEGMENTATION))
        if found and models.available(SEGMENTATION)
        else None
    )
    return SpeechLog(
        probability=probability,
        step_s=vad.STEP_S,
        start_s=audio.start_s,
        segments=found,
        overlap=both,
        overlap_step_s=overlap.STEP_S if both is not None else 0.0,
    )
