"""Windows of captured speech, their copies through vocoders, and both through the same channels.

What `datasets.recipes.synthetic_speech` trains and measures on. Made once into a working folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audit.inference import Models
from audit.interview import Audio
from audit.perception.speech import listen
from audit.types import Span
from datasets.attacks import speech_channels as channels
from datasets.attacks.speech import COPIES, Copy, Floats, swapped
from datasets.trials import Split
from liveness.speech_channel import describe
from liveness.synthetic_speech import SAMPLES, choose_windows

Whole = NDArray[np.int16]
Neural = Callable[[Sequence[Floats]], Mapping[str, Copy]]

RATE = 16_000
LEVEL_DB = -26.0
CHANNELS = 2  # random channels for every utterance, beside the recording as it is
MOST = 3  # windows of a recording
# What keeps the run short: recordings of a person; copies of a window for training, of those in
# each random channel, and for testing; recordings of a person that are copied, and windows of each.
RECORDINGS = 8
COPIES_EACH, PER_CHANNEL, COPIES_TESTED = 4, 2, 5
RECORDINGS_COPIED: Mapping[Split, int] = {"train": 6, "calibration": 2, "test": 1}
WINDOWS_COPIED: Mapping[Split, int] = {"train": 2, "calibration": 2, "test": 1}
READ = ("libri_clean", "libri_other", "vctk")  # what the neural vocoders learn from
SPONTANEOUS = ("ami", "web")  # few recordings: all of their windows train
CORPORA = {
    "libri_clean": "speech/real/libri_clean",
    "libri_other": "speech/real/libri_other",
    "vctk": "speech/real/vctk",
    "ami": "speech/real/ami",
    "grid": "video/grid",
    "web": "video/latentsync",
    "web2": "video/video_retalking",
    "web3": "video/facenet_pytorch",
}
"""Folders; the three of web video are one corpus."""
ENGINES = {
    "espeak": "speech_synthesis.espeak_ng",
    "festival_hts": "speech_synthesis.festival",
    "flite_cg": "speech_synthesis.flite",
    "hibari": "speech_synthesis.hibari",
    "piper_joe": "speech_synthesis.piper",
}
SUFFIXES = {".flac", ".wav", ".mp4", ".mpg"}
TEST_ONLY = ("voice_conversion.swapped", "voice_conversion.world")
"""Conversions that no training sees; the engines are the others."""


@dataclass(frozen=True, slots=True)
class Row:
    """One window.

    Attributes:
        item: the window; `recording`: the file that it is of.
        person: the speaker, or the recording where nobody is named; "" for an engine.
        split: of the person; "" for an engine, which counts with any.
        species: "" for captured speech. channel: 0 for as it was recorded.
        made: copied here from the captured window of the same item; else read from a file.
    """

    corpus: str
    recording: str
    item: str
    person: str
    split: Split | Literal[""]
    species: str
    channel: int
    made: bool


@dataclass(frozen=True, slots=True)
class Material:
    """Windows at -26 dB of full scale, shape (n, 64600), and what each is."""

    sound: Whole
    rows: tuple[Row, ...]


def material(data: Path, work: Path, models: Models, neural: Neural) -> Material:
    """Made where `work` does not hold it yet: some 8 minutes of one core.

    `neural` gives further copies by species, from captured windows of the training people.
    """
    if not (work / "rows.json").exists():
        work.mkdir(parents=True, exist_ok=True)
        rows = []
        with (work / "sound.raw").open("wb") as out:
            for sound, row in _all(data, models, neural):
                out.write(sound.tobytes())
                rows.append(asdict(row))
        (work / "rows.json").write_text(json.dumps(rows))
    found = tuple(Row(**row) for row in json.loads((work / "rows.json").read_text()))
    sound = np.memmap(work / "sound.raw", np.int16, "r").reshape(len(found), SAMPLES)
    return Material(sound, found)


def split_of(people: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Split]:
    """By hash within its corpus: of four people two train, one each calibrates and tests."""
    found: dict[tuple[str, str], Split] = {}
    order: tuple[Split, ...] = ("train", "train", "test", "calibration")
    for corpus in sorted({corpus for corpus, _ in people}):
        named = {person for other, person in people if other == corpus}
        ranked = sorted(named, key=lambda p: hashlib.sha256(f"{corpus}:{p}".encode()).hexdigest())
        for place, person in enumerate(ranked):
            found[corpus, person] = order[place % 4]
    return found


def person_of(corpus: str, stem: str) -> str:
    """The speaker of a LibriSpeech or VCTK file, else the recording itself."""
    if corpus.startswith("libri"):
        return stem.partition("-")[0]
    return stem[:4] if corpus == "vctk" else stem


def files_hash(data: Path) -> str:
    """SHA-256 over the sorted lines `hash path` of every file used."""
    folders = [*CORPORA.values(), *(f"speech/spoof/{name}" for name in ENGINES)]
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(data)}"
        for folder in folders
        for path in files_of(data / folder)
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Every recording below a folder, in name order."""
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)


@dataclass(frozen=True, slots=True)
class _Captured:
    """A window of captured speech as it was recorded; copies are made of a few per person."""

    corpus: str
    recording: str
    number: int
    person: str
    split: Split
    samples: Floats
    is_copied: bool


def _windows(samples: Floats, models: Models, most: int) -> list[Floats]:
    whole = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
    audio = Audio(whole, RATE, 0.0, RATE, 1)
    spans = choose_windows(listen(audio, models).segments, Span(0.0, audio.duration_s), seed=0)
    return [np.asarray(audio.cut(s.start_s, s.end_s), np.float32) for s in spans][:most]


def _all(data: Path, models: Models, neural: Neural) -> Iterator[tuple[Whole, Row]]:
    """Captured windows with their copies, then the spoof folder."""
    captured = list(_captured(data, models))
    learnt = [c.samples for c in captured if c.split == "train" and c.corpus in READ]
    copies = {**COPIES, **neural(learnt)}
    for place, one in enumerate(captured):
        if one.split != "train":
            yield from _measured_on(one, captured[place - 1], copies)
            continue
        yield from _trained_on(one, copies)
        others = [c for c in captured if c.split == "train" and c.corpus == one.corpus]
        others = [c for c in others if c.recording != one.recording]
        if place % 4 == 0 and one.is_copied and others:
            yield from _trained_on(one, copies, over=others[place % len(others)])
    yield from _spoofed(data, models)


def _few(corpus: str, files: Sequence[Path]) -> list[Path]:
    """The first recordings of each person."""
    count: dict[str, int] = {}
    kept = []
    for path in files:
        person = person_of(corpus, path.stem)
        count[person] = count.get(person, 0) + 1
        if count[person] <= RECORDINGS:
            kept.append(path)
    return kept


def _captured(data: Path, models: Models) -> Iterator[_Captured]:
    found = [
        (name.rstrip("23"), f"{name}_{path.stem}", path.stem, number, window)
        for name, folder in CORPORA.items()
        for path in _few(name.rstrip("23"), files_of(data / folder))
        for number, window in enumerate(_windows(channels.read_speech(path), models, MOST))
    ]
    people = [(corpus, person_of(corpus, stem)) for corpus, _, stem, _, _ in found]
    split, copied = split_of(people), dict[tuple[str, str], set[str]]()
    for (corpus, recording, _, number, window), person in zip(found, people, strict=True):
        part = split[person]
        known = copied.setdefault(person, set())
        if len(known) < RECORDINGS_COPIED[part]:
            known.add(recording)
        all_train = part == "train" and corpus in SPONTANEOUS
        wanted = number < (MOST if all_train else WINDOWS_COPIED[part])
        is_copied = recording in known and wanted
        yield _Captured(corpus, recording, number, person[1], part, window, is_copied)


def _trained_on(
    one: _Captured, copies: Mapping[str, Copy], *, over: _Captured | None = None
) -> Iterator[tuple[Whole, Row]]:
    """A window with all copies as recorded, and with some of them through random channels.

    With `over`, two people speak at once, as in meetings, and are copied together.
    """
    random = _random_for(one.recording, one.number, over is not None)
    item, window = f"{one.recording}_{one.number}", one.samples
    if over is not None:
        gain = 10 ** (-float(random.uniform(3, 18)) / 20) * float(np.std(window))
        added = np.resize(over.samples, len(window)) / max(float(np.std(over.samples)), 1e-5)
        window = (window + gain * added).astype(np.float32)
        item += "_overlapped"
    kinds = [name for name in copies if name not in TEST_ONLY] if one.is_copied else []
    chosen = random.permutation(kinds).tolist()[:COPIES_EACH]
    versions = {"": window} | {name: copies[name](window, random) for name in chosen}
    for channel in range(CHANNELS + 1 if one.is_copied else 2):
        some = chosen if not channel else random.permutation(chosen).tolist()[:PER_CHANNEL]
        for name in ("", *some):
            row = Row(one.corpus, one.recording, item, one.person, one.split, name, channel, True)
            yield through(versions[name], item, channel), row


def _measured_on(
    one: _Captured, other: _Captured, copies: Mapping[str, Copy]
) -> Iterator[tuple[Whole, Row]]:
    """A window as captured, its conversions and, of the test persons, all copies."""
    random = _random_for(one.recording, one.number, False)
    item, versions = f"{one.recording}_{one.number}", {"": one.samples}
    if one.is_copied:
        chosen = [name for name in copies if name not in TEST_ONLY]
        chosen = random.permutation(chosen).tolist()[: COPIES_TESTED if one.split == "test" else 0]
        for name in (*chosen, "voice_conversion.world"):
            versions[name] = copies[name](one.samples, random)
        versions["voice_conversion.swapped"] = swapped(one.samples, other.samples, random)
    for name, samples in versions.items():
        for channel in (0, 1) if not name or name in TEST_ONLY else (0,):
            row = Row(one.corpus, one.recording, item, one.person, one.split, name, channel, True)
            yield through(samples, one.recording, channel), row


def _random_for(*what: object) -> np.random.Generator:
    digest = hashlib.sha256(" ".join(map(str, what)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def _spoofed(data: Path, models: Models) -> Iterator[tuple[Whole, Row]]:
    """Speech of engines, as it is and through one random channel."""
    for name, species in ENGINES.items():
        for path in files_of(data / "speech/spoof" / name):
            recording = f"{name}_{path.stem}"
            for number, window in enumerate(_windows(channels.read_speech(path), models, MOST)):
                for channel in (0, 1):
                    item = f"{recording}_{number}"
                    row = Row(name, recording, item, "", "", species, channel, False)
                    yield through(window, recording, channel), row


def through(samples: Floats, item: str, number: int) -> Whole:
    """A window through the item's channel of that number (0: none), at one level, 64,600 long."""
    if number:
        channel = random_channel(_random_for("channel", item, number))
        samples = channel(samples, _random_for("noise", item, number))
    found = describe(samples)
    gain = 10 ** ((LEVEL_DB - found.level_db) / 20) if found else 1.0
    return (np.clip(np.resize(samples * gain, SAMPLES), -1, 1) * 32767).astype(np.int16)


def random_channel(random: np.random.Generator) -> channels.Channel:
    """A microphone, a room, noise and a codec, each present or not."""
    parts: list[channels.Channel] = []
    if random.random() < 0.4:
        parts.append(channels.balance)
    if random.random() < 0.35:
        parts.append(channels.room(_random_room(random)))
    if random.random() < 0.6:
        parts.append(channels.noise(float(random.uniform(15, 50))))
    draw = random.random()
    if draw < 0.15:
        parts.append(channels.codec("libopus", int(random.choice([16_000, 24_000, 32_000]))))
    elif draw < 0.25:
        parts.append(channels.codec("aac", int(random.choice([48_000, 64_000, 96_000]))))
    elif draw < 0.33:
        parts.append(channels.codec("libmp3lame", 64_000))
    return channels.chained(*parts)


def _random_room(random: np.random.Generator) -> Floats | Callable[[channels.Random], Floats]:
    if random.random() < 0.6:
        return channels.small_room
    seconds, direct = float(random.uniform(0.15, 0.6)), float(random.uniform(-2, 12))
    own = np.random.default_rng(int(random.integers(1 << 30)))
    return channels.exponential_response(seconds, direct, own)
