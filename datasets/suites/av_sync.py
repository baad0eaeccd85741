"""Trials of `av_sync`: scripted mouths that follow speech, and sound that belongs to no mouth.

Nearly all real clips at hand were used to fit what the detector expects of a mouth, so they are
listed as training; how it does on each of them left out is in docs/detectors/av_sync.md. Tested on:
speech of people that it never heard, with a mouth that opens with their voice and some noise.
That shows that shifts are measured, not how real mouths move.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from audit.check import reading
from audit.inference import Models
from audit.interview import Audio, FaceLog, Interview
from audit.settings import Settings
from datasets.attacks.answering import face_of
from datasets.attacks.audiovisual import SPECIES, planted
from datasets.attacks.clips import AUDIO_RATE, Clip, make
from datasets.attacks.voice_tracks import RATE, Samples, read, spoken
from datasets.suites._judging import Item, Size, heard, judged, judged_file, recordings
from datasets.trials import Trial
from datasets.voices import HIGH, LOW, Speaker, babble
from liveness.av_sync import AvSync

NAME = "av_sync"
FPS = 25.0
SECONDS = 20.0
BAND_HZ = (300.0, 3400.0)
"""Where speech is loud with the mouth open: the telephone band."""
OPEN = 0.25
"""Of the mouth's width, at the loudest: `FaceTrack.mouth_open` of a talking person is 0 to .3."""
AROUND_S = 2.0
SOFTEST = 0.08
"""Of the amplitude of the loudest word: what is softer counts as pause (22 dB below)."""
EVENED = 0.7
"""Exponent: an unstressed vowel opens the mouth by more than its share of the amplitude."""
RESTLESS = 0.03
"""Standard deviation of what the mouth does by itself, in the same unit."""

_SPECIES = tuple(s for s in SPECIES if s.signals == (NAME,))
_BABBLERS = {"low": LOW, "high": HIGH, "middle": Speaker(pitch_hz=150.0, tract=1.1, breath=0.05)}
_CORPORA = ("libri_other", "vctk")


@dataclass(frozen=True, slots=True)
class Talker:
    """A person's speech and the mouth that goes with it."""

    corpus: str
    person: str
    clip: Clip
    mouth: NDArray[np.float64]


def trials(data: Path, models: Models, *, size: Size, seed: int = 0) -> Iterator[Trial]:
    """Every talker in step, shifted and dubbed; in the full size real recordings as well."""
    if size == "full":
        how = reading(Settings(), models, [NAME])
        for corpus, path in recordings(data / "video"):
            item = Item(corpus, path.name, path.name, path.stem, split="train")
            yield _sized(judged_file(item, path, how))
    talkers = (_readers(data / "speech" / "real", seed) if size == "full" else []) or _made_up()
    for place, talker in enumerate(talkers):
        other = talkers[(place + 1) % len(talkers)]
        yield _trial(talker, talker.clip, "", "", models)
        for number, species in enumerate(_SPECIES):
            for strength in species.strengths:
                random = np.random.default_rng([seed, place, number])
                made = planted(species.id, strength, talker.clip, other.clip, random)
                yield _trial(talker, made.clip, species.id, strength, models)


def _trial(talker: Talker, clip: Clip, species: str, strength: str, models: Models) -> Trial:
    audio = Audio(_at_rate(clip.audio, AUDIO_RATE, RATE), RATE, 0.0, AUDIO_RATE, 1)
    interview = heard(audio, models)
    times = np.arange(len(talker.mouth)) / FPS
    track = face_of(times, talker.mouth)
    faces = FaceLog((track,), (), times, np.ones(len(times), np.int64), track.id)
    seen = Interview(
        "recording", interview.facts, models, "", audio=audio, faces=faces, speech=interview.speech
    )
    name = f"{talker.person} {species} {strength}".strip()
    item = Item(talker.corpus, name, talker.person, talker.person, species, strength)
    return _sized(judged(item, AvSync(), seen, units=SECONDS))


def _sized(trial: Trial) -> Trial:
    """With the size of the lag as its score: early and late sound are suspicious alike."""
    return replace(trial, score=None if trial.score is None else abs(trial.score))


def talking(speech: Samples, random: np.random.Generator) -> NDArray[np.float64]:
    """A mouth that opens with the amplitude of speech at 16 kHz, one value per picture.

    The amplitude is smoothed over about a tenth of a second and taken relative to the loudest of
    the seconds around, since soft words are spoken with a moving mouth too; pauses stay shut. Slow
    movement that has nothing to do with the sound is added.
    """
    band = signal.butter(4, BAND_HZ, "bandpass", fs=RATE, output="sos")
    power = gaussian_filter1d(signal.sosfiltfilt(band, speech.astype(float)) ** 2, 0.02 * RATE)
    opened = gaussian_filter1d(np.sqrt(np.maximum(power, 0.0)), 0.05 * RATE)
    count = round(len(speech) / RATE * FPS)
    at = np.minimum((np.arange(count) / FPS * RATE).astype(int), len(speech) - 1)
    own = gaussian_filter1d(random.normal(size=count), 2.0, mode="wrap")
    around = gaussian_filter1d(maximum_filter1d(opened, round(AROUND_S * RATE)), 0.5 * RATE)
    loud = np.maximum(around, SOFTEST * max(float(opened.max()), 1e-9))
    mouth = OPEN * (opened[at] / loud[at]) ** EVENED
    return np.asarray(np.maximum(mouth + RESTLESS * own / float(own.std()), 0.0), np.float64)


def _talker(corpus: str, person: str, speech: Samples, seed: int) -> Talker:
    mouth = talking(speech, np.random.default_rng([seed, len(person)]))
    frames = np.zeros((len(mouth), 2, 2, 3), np.uint8)
    clip = make(frames, FPS, _at_rate(speech.astype(np.int16), RATE, AUDIO_RATE))
    return Talker(corpus, person, clip, mouth)


def _at_rate(samples: NDArray[np.int16], given: int, wanted: int) -> NDArray[np.int16]:
    changed = signal.resample_poly(samples.astype(np.float64), wanted, given)
    return np.asarray(np.clip(np.round(changed), -32768, 32767), np.int16)


def _readers(folder: Path, seed: int) -> list[Talker]:
    """People of the corpora of read speech; those of one corpus side by side."""
    found = []
    for corpus in _CORPORA:
        for person in sorted(p for p in (folder / corpus).glob("*") if p.is_dir()):
            said = [read(file) for file in sorted(person.iterdir())]
            speech = spoken(said, SECONDS, np.random.default_rng(seed))
            found.append(_talker(f"scripted {corpus}", person.name, speech, seed))
    return found


def _made_up() -> list[Talker]:
    return [
        _talker("scripted babble", name, babble(one, SECONDS, seed).astype(np.float32), seed)
        for seed, (name, one) in enumerate(_BABBLERS.items(), start=5)
    ]
