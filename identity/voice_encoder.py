"""Voice comparison back ends: windows of speech in, unit vectors out.

The back end is chosen in settings (`voice_backend`): `ge2e` (default weights) or `speechbrain`
(an encoder that the user supplies, see identity/speechbrain_encoder.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from audit.errors import SettingsInvalid
from audit.interview import Audio, Floats, Interview
from audit.perception import vad
from audit.perception.mel import mel_power
from audit.settings import Settings
from audit.types import WeightUse
from identity.embeddings import unit
from identity.speechbrain_encoder import SpeechBrainEncoder
from identity.voice_windows import (
    MEL_FRAME,
    MEL_HOP,
    RATE,
    WINDOW,
    SpeechTimeline,
    levelled,
    windows_of,
)

if TYPE_CHECKING:
    from audit.inference import Models

BANDS = 40
BATCH = 16
SHORTEST = RATE
"""Less than a second of speech is not made into an embedding, samples."""


class VoiceEncoder(Protocol):
    """A speaker recognition network.

    Attributes:
        id: name of the back end, as calibration records call it.
        version: of its pre-processing.
    """

    id: str
    version: str

    def embed(self, windows: Floats) -> Floats:
        """Unit vectors (n, d) of windows (n, WINDOW), 16 kHz mono, -1..1."""
        ...

    def uses(self) -> tuple[WeightUse, ...]:
        """The weights, as reports name them."""
        ...


class Ge2eEncoder:
    """Three-layer LSTM trained with the GE2E loss, 256 dimensions (Wan et al. 2018).

    40 linear mel powers per 10 ms as its authors made them, 160 frames per window.
    """

    id = "ge2e"
    version = "1"

    def __init__(self, models: Models) -> None:
        self._models = models
        self._session = models.onnx("ge2e")

    def embed(self, windows: Floats) -> Floats:
        """Unit vectors (n, 256) of windows (n, WINDOW), 16 kHz mono, -1..1."""
        found: list[Floats] = []
        for first in range(0, len(windows), BATCH):
            mels = mel_power(
                levelled(windows[first : first + BATCH]),
                rate=RATE,
                size=MEL_FRAME,
                hop=MEL_HOP,
                bands=BANDS,
            )
            found.append(self._session.run(None, {"mels": mels})[0])
        return unit(np.concatenate(found)) if found else np.empty((0, 256), np.float32)

    def uses(self) -> tuple[WeightUse, ...]:
        """The weights, as reports name them."""
        return self._models.uses("ge2e")


def encoder_for(interview: Interview) -> VoiceEncoder:
    """The back end that the settings choose.

    Raises:
        SettingsInvalid: the settings name no such back end, or its files are missing.
        WeightsUnavailable: the default weights are not installed.
    """
    return encoder_of(interview.models)


def encoder_of(models: Models) -> VoiceEncoder:
    """The back end that the settings of these models choose; raises as `encoder_for`."""
    settings: Settings | None = getattr(models, "settings", None)
    backend = settings.voice_backend if settings is not None else "ge2e"
    if backend == "ge2e":
        return Ge2eEncoder(models)
    if backend == "speechbrain" and settings is not None:
        return SpeechBrainEncoder.of(settings.speechbrain_dir)
    raise SettingsInvalid(
        f"voice_backend '{backend}' is not known: choose 'ge2e' or 'speechbrain'."
    )


def embed_utterance(samples: Floats, models: Models) -> Floats | None:
    """One unit vector of an utterance by the default back end, or None with too little speech.

    `samples`: float32, 16 kHz mono, -1..1; silence is left out first. At least 1 s of speech is
    needed. The vector is the normalised mean over windows of 1.6 s every .8 s.
    """
    whole = np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16)
    audio = Audio(whole, RATE, 0.0, RATE, 1)
    probability = vad.voice_probability(whole, models.onnx("silero_vad"))
    timeline = SpeechTimeline.of(audio, vad.segments(probability, vad.STEP_S))
    if timeline.length < SHORTEST:
        return None
    speech = timeline.cut(0, timeline.length)
    return unit(Ge2eEncoder(models).embed(windows_of(speech, WINDOW // 2)).mean(axis=0))
