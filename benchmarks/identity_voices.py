"""Sessions of one speaker and of others, from utterances, and the records they calibrate.

    python -m benchmarks.identity_voices --embed FILE
    python -m benchmarks.identity_voices --rows FILE

`--embed` hears every utterance of the shared speech folder through six channels, once, and keeps
the vectors in FILE (outside of the project). `--rows` makes sessions of one to three utterances
from them, prints the rows `session_ge2e_*` of identity/calibration.toml, fitted on all speakers
with bounds from folds that leave people out, and how half 1 behaves with and without AS-norm.
Operating points were chosen on half 0; half 1 is what benchmarks report on.
"""

from __future__ import annotations

import argparse
import pickle
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.calibration import Comparisons, cllr_min, equal_error_rate
from audit.detectors import operating_point
from audit.inference import Models
from audit.interview import Floats
from audit.settings import Settings
from audit.weights import WeightStore
from benchmarks.speaker_consistency import ROOT, interview_of
from benchmarks.verification_fit import Label, as_toml, fit
from datasets.attacks.voice_tracks import Samples, Track, channels, read
from identity.embeddings import unit
from identity.score_norm import Cohort, as_norm
from identity.thread import Pool, same_channel
from identity.voice_line import voice_line

CHANNELS = (
    "as recorded",
    "noise 8 dB",
    "reverberation",
    "telephone band",
    "Opus 12 kb/s",
    "room, noise 12 dB, Opus",
)
SEED = 20261123
DATE = "2026-11-23"
SPACE = "voice/ge2e/1/benchmark"


@dataclass(frozen=True, slots=True)
class Heard:
    """One utterance through one channel: its vector, seconds of speech, noise and bandwidth."""

    person: str
    utterance: int
    channel: str
    vector: Floats
    speech_s: float
    snr_db: float
    bandwidth_hz: float


def embed(folder: Path, models: Models) -> Iterator[Heard]:
    """All utterances; every second one through the channels other than the first as well."""
    ways = channels(folder)
    for corpus in ("libri_other", "vctk"):
        for person in sorted(p for p in (folder / corpus).iterdir() if p.is_dir()):
            for number, path in enumerate(sorted(person.iterdir())):
                whole = read(path)
                several = number % 2 == 0
                for i, name in enumerate(CHANNELS if several else CHANNELS[:1]):
                    heard = ways[name](whole, i + number) if i else whole
                    found = _heard(heard, person.name, number, name, models)
                    if found is not None:
                        yield found


def _heard(
    samples: Samples, person: str, number: int, channel: str, models: Models
) -> Heard | None:
    line = voice_line(interview_of(Track("", "", person, samples).audio(), models))
    if line is None or not len(line) or line.sound is None:
        return None
    return Heard(
        person=person,
        utterance=number,
        channel=channel,
        vector=line.embeddings.mean(axis=0),
        speech_s=line.speech_s,
        snr_db=line.sound.snr_db,
        bandwidth_hz=line.sound.bandwidth_hz,
    )


def load(path: Path) -> list[Heard]:
    """What `--embed` kept."""
    with path.open("rb") as file:
        rows = pickle.load(file)  # noqa: S301 - written by this module for its own use
    return [Heard(**row) for row in rows]


def half(heard: Sequence[Heard], number: int) -> dict[str, list[Heard]]:
    """Every second speaker, and of those with one utterance likewise, with their utterances."""
    people: dict[str, list[Heard]] = defaultdict(list)
    for each in heard:
        people[each.person].append(each)
    several = sorted(name for name, own in people.items() if len(own) > 1)
    single = sorted(set(people) - set(several))
    return {name: people[name] for name in (*several[number::2], *single[number::2])}


def session(label: str, parts: Sequence[Heard]) -> Pool:
    """Some utterances as the voice of one session, as enrolment would pool them."""
    amounts = np.array([part.speech_s for part in parts], np.float32)
    mean = unit(np.einsum("n,nd->d", amounts, np.stack([unit(p.vector) for p in parts])))
    channel = (float(np.median([p.snr_db for p in parts])), parts[0].bandwidth_hz)
    return Pool(label, mean, float(amounts.sum()), 1.0, channel)


@dataclass(frozen=True, slots=True)
class Trial:
    """Two sessions compared."""

    first: str
    second: str
    score: float
    normed: float
    shorter_s: float
    changed: bool
    channel: str


def trials(people: dict[str, list[Heard]], cohort: Cohort | None, seed: int) -> Iterator[Trial]:
    """Sessions of 1 to 3 utterances, as recorded, against others through each channel."""
    rng = np.random.default_rng(seed)
    point = operating_point("identity", "thread")
    for name, own in people.items():
        if len(own) == 1:
            continue
        for other, theirs in people.items():
            for channel in CHANNELS:
                for count in (1, 2, 3) * (6 if name == other else 2):
                    plain = [h for h in own if h.channel == CHANNELS[0]]
                    chosen = list(rng.permutation(len(plain)))[:count]
                    first = session(name, [plain[i] for i in chosen])
                    used = {plain[i].utterance for i in chosen} if name == other else set()
                    pool = [h for h in theirs if h.channel == channel and h.utterance not in used]
                    if len(pool) < count:
                        continue
                    second = session(other, [pool[i] for i in rng.permutation(len(pool))[:count]])
                    yield _trial(first, second, channel, cohort, point)


def _trial(
    first: Pool, second: Pool, channel: str, cohort: Cohort | None, point: dict[str, float]
) -> Trial:
    score = float(first.vector @ second.vector)
    normed = as_norm(first.vector, second.vector, cohort) if cohort else score
    changed = second.channel is None or not same_channel(first.channel, second.channel, point)
    shorter = min(first.amount, second.amount)
    return Trial(first.label, second.label, score, normed, shorter, changed, channel)


def compared(found: Sequence[Trial]) -> Comparisons:
    """Trials as comparisons of numbered people."""
    numbers = {n: i for i, n in enumerate(sorted({p for t in found for p in (t.first, t.second)}))}
    first, second = (
        np.array([numbers[getattr(t, side)] for t in found], np.int64)
        for side in ("first", "second")
    )
    return Comparisons(np.array([t.score for t in found], np.float64), first, second)


def records(found: Sequence[Trial]) -> str:
    """One row per length and per whether the channel was seen to change."""
    lengths = [float(each) for each in operating_point("identity", "thread")["voice_from_s"]]
    rows = []
    for low in lengths:
        for changed in (False, True):
            kept = [t for t in found if t.shorter_s >= low and t.changed == changed]
            label = Label(
                id=f"session_ge2e_{low:g}s{'_channel' if changed else ''}",
                score=f"cosine of the voices of two sessions, {low:g} s or more of speech in both",
                model="ge2e",
                model_version="1",
                hypotheses=("the same speaker", "another speaker"),
                datasets=("libri_other", "vctk"),
                conditions="read speech, sessions of one to three utterances, one side through six "
                f"channels; noise or bandwidth {'differs' if changed else 'is alike'}",
                date=DATE,
                source="python -m benchmarks.identity_voices --rows FILE",
            )
            rows.append(as_toml(fit(compared(kept), label, groups=[])))
    return "\n".join(rows)


def normed(found: Sequence[Trial]) -> str:
    """What normalisation changes, per channel and over all: a Markdown table, worst first."""
    lines = [
        "| channel | mated | non-mated | EER as it is | EER with AS-norm |",
        "|---|---|---|---|---|",
    ]
    rows = []
    for channel in (*CHANNELS, "all together"):
        kept = [t for t in found if channel in (t.channel, "all together")]
        own = [t for t in kept if t.first == t.second]
        others = [t for t in kept if t.first != t.second]
        plain, _ = equal_error_rate([t.score for t in own], [t.score for t in others])
        norm, _ = equal_error_rate([t.normed for t in own], [t.normed for t in others])
        rows.append(
            (plain, f"| {channel} | {len(own)} | {len(others)} | {plain:.3f} | {norm:.3f} |")
        )
    return "\n".join([*lines, *(text for _, text in sorted(rows, reverse=True))])


def main() -> None:
    """Embed, or fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embed", type=Path)
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--cohort", type=Path, help="vectors (n, 256) of other voices, .npy")
    parser.add_argument("--speech", type=Path, default=ROOT.parent / "shared/data/speech/real")
    options = parser.parse_args()
    if options.embed:
        settings = Settings()
        models = Models(WeightStore(settings.weights_dir), settings=settings)
        names = Heard.__slots__
        rows = [{n: getattr(h, n) for n in names} for h in embed(options.speech, models)]
        options.embed.write_bytes(pickle.dumps(rows))
    if options.rows:
        heard = load(options.rows)
        cohort = Cohort.of(np.load(options.cohort)) if options.cohort else None
        halves = [half(heard, number) for number in (0, 1)]
        fitted = list(trials({**halves[0], **halves[1]}, None, SEED))
        print(records(fitted))
        tested = list(trials(halves[1], cohort, SEED))
        plain = cllr_min(compared(tested).mated, compared(tested).nonmated)
        print(f"Half 1: {len(tested)} trials, least Cllr {plain:.3f}")
        print(normed(tested))


if __name__ == "__main__":
    main()
