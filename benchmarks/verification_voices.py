"""Voices of the shared data sets as embeddings, and comparisons of people made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from audit.calibration import Comparisons
from audit.inference import Models
from audit.interview import Floats
from identity.voice_encoder import embed_utterance

RATE = 16_000


@dataclass(frozen=True, slots=True)
class VoiceSet:
    """One embedding (d,) per utterance with its speaker; `missed` had too little speech."""

    name: str
    speakers: tuple[str, ...]
    embeddings: Floats
    utterances: int
    missed: int


def samples(path: Path) -> Floats:
    """The whole file as 16 kHz mono, -1..1."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        parts = [
            out.to_ndarray()[0]
            for frame in container.decode(audio=0)
            for out in resampler.resample(frame)
        ]
        parts += [out.to_ndarray()[0] for out in resampler.resample(None)]
    return np.concatenate(parts).astype(np.float32)


def voices(name: str, files: list[Path], models: Models) -> VoiceSet:
    """A set from files that lie in one folder per speaker."""
    speakers: list[str] = []
    rows: list[Floats] = []
    for path in files:
        found = embed_utterance(samples(path), models)
        if found is not None:
            speakers.append(path.parent.name)
            rows.append(found)
    return VoiceSet(name, tuple(speakers), np.array(rows), len(files), len(files) - len(rows))


def pairs(found: VoiceSet) -> Comparisons:
    """Every utterance with every other."""
    people = {speaker: n for n, speaker in enumerate(dict.fromkeys(found.speakers))}
    who = np.array([people[speaker] for speaker in found.speakers], np.int64)
    first, second = np.triu_indices(len(who), 1)
    scores = np.einsum("nd,nd->n", found.embeddings[first], found.embeddings[second])
    return Comparisons(scores.astype(np.float64), who[first], who[second])


def sets(data: Path, models: Models) -> list[VoiceSet]:
    """LibriSpeech with one-utterance speakers as further impostors, and VCTK."""
    real = data / "speech" / "real"
    other, clean = (
        sorted((real / part).glob("*/*.flac")) for part in ("libri_other", "libri_clean")
    )
    return [
        voices("libri_other + libri_clean", other + clean, models),
        voices("vctk", sorted((real / "vctk").glob("*/*.flac")), models),
    ]
