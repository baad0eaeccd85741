"""Voices of the shared data sets as embeddings, and comparisons of people made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from audit.calibration import CalibrationRecord, Comparisons
from audit.inference import Models
from audit.interview import Floats
from benchmarks.verification_fit import Label, fit
from benchmarks.verification_table import Evaluated
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


def sets(data: Path, models: Models) -> tuple[VoiceSet, VoiceSet]:
    """LibriSpeech with one-utterance speakers as further strangers, and VCTK."""
    real = data / "speech" / "real"
    other, clean = (
        sorted((real / part).glob("*/*.flac")) for part in ("libri_other", "libri_clean")
    )
    return (
        voices("libri_other + libri_clean", other + clean, models),
        voices("vctk", sorted((real / "vctk").glob("*/*.flac")), models),
    )


def evaluated_voices(data: Path, models: Models) -> tuple[list[Evaluated], CalibrationRecord]:
    """Both sets on a scale fitted on LibriSpeech alone: none of VCTK's speakers was in the fit."""
    libri, vctk = sets(data, models)
    label = Label(
        id="fitted on libri_other + libri_clean",
        score="cosine similarity of two utterances",
        model="ge2e",
        model_version="1",
        hypotheses=("the same speaker", "another speaker"),
        datasets=(libri.name,),
        conditions="read speech, one microphone per speaker",
        date="",
        source="",
    )
    record = fit(pairs(libri), label, groups=[])
    found: list[Evaluated] = []
    for one in (libri, vctk):
        compared = pairs(one)
        found.append(
            Evaluated(
                name=one.name,
                kind="1 utterance with 1",
                comparisons=compared,
                log10=record.log10(compared.scores),
                review_below=record.score_at(-1.0),
                clear_from=record.score_at(0.3),
                note="in the fit" if one is libri else "not in the fit",
            )
        )
    return found, record
