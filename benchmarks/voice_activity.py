"""How well speech and overlapping speech are found.

    python -m benchmarks.voice_activity

On AMI meetings against their reference segmentation, and on tracks of one speaker with and without
a second one mixed in for 4 s, in four channels, both halves of the speakers.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from audit.detectors import operating_point
from audit.inference import Models
from audit.interview import Audio, SpeechLog
from audit.perception import overlap, vad
from audit.perception.speech import listen
from audit.settings import Settings
from audit.weights import WeightStore
from benchmarks.speaker_consistency import ROOT
from datasets.attacks.voice_tracks import (
    RATE,
    Track,
    channels,
    faded,
    power,
    read,
    speech_of,
    spoken,
    voices,
)
from identity.voice_activity import overlap_spans

HEARD = ("noise 8 dB", "reverberation", "room, noise 12 dB, Opus")
MIXED_S = 4


def reference(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Turns per recording from the RTTM files."""
    turns: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for path in folder.glob("*.rttm"):
        for line in path.read_text("utf-8").splitlines():
            fields = line.split()
            turns[fields[1]].append((float(fields[3]), float(fields[3]) + float(fields[4])))
    return turns


def auc(score: NDArray[np.float32], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve."""
    ranks, n = rankdata(score), int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / n / (len(positive) - n))


def at(
    values: NDArray[np.float32], step_s: float, times: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Frame values at some times."""
    return values[np.minimum((times / step_s).astype(int), len(values) - 1)]


def meetings(folder: Path, models: Models) -> None:
    """Frame figures on AMI, 10 ms frames."""
    turns = reference(folder)
    speech, both, truth = [], [], []
    for path in sorted(folder.glob("*.flac")):
        samples = read(path).astype(np.int16)
        times = np.arange(len(samples) // 160) * 0.01 + 0.005
        count = np.zeros(len(times), int)
        for first, last in turns[path.stem.replace("ñ", "n")]:
            count[round(first * 100) : round(last * 100)] += 1
        said = vad.voice_probability(samples, models.onnx("silero_vad"))
        two = overlap.overlap_probability(samples, models.onnx("pyannet"))
        speech.append(at(said, vad.STEP_S, times))
        both.append(at(two, overlap.STEP_S, times))
        truth.append(count)
    heard, mixed, people = (np.concatenate(part) for part in (speech, both, truth))
    print(
        f"AMI, {len(truth)} clips: speech AUC {auc(heard, people > 0):.3f}, missed at .5 "
        f"{(heard[people > 0] < 0.5).mean():.3f}, false {(heard[people == 0] >= 0.5).mean():.3f}; "
        f"overlap AUC {auc(mixed, people > 1):.3f}, at .5 precision "
        f"{(people[mixed > 0.5] > 1).mean():.2f}, recall {(mixed[people > 1] > 0.5).mean():.2f}"
    )


def together_s(log: SpeechLog) -> float:
    """Seconds of overlap as voice_activity counts them."""
    point = operating_point("identity", "voice_activity")
    spans = overlap_spans(log, at=point["overlap_at"], least_s=point["overlap_span_s"])
    return sum(s.duration_s for s in spans)


def mixes(folder: Path, models: Models) -> None:
    """Overlap found in tracks of one and of two speakers."""
    least = operating_point("identity", "voice_activity")["review_from_s"]
    changes = {"as recorded": lambda x, _i: x, **channels(folder)}
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for half in (0, 1):
        people, rng = voices(folder, half), np.random.default_rng(half)
        donors = sorted(people.donors)
        for j, utterances in enumerate(people.speakers.values()):
            alone = spoken(utterances, 30, rng)
            for name in ("as recorded", *HEARD):
                for kind in ("one", "two"):
                    track = alone.copy()
                    if kind == "two":
                        piece = faded(speech_of(people.donors[str(rng.choice(donors))], MIXED_S))
                        piece = piece * np.float32(power(alone) / power(piece))
                        track[10 * RATE : 10 * RATE + len(piece)] += piece
                    audio: Audio = Track("", "", "", changes[name](track, j)).audio()
                    found[kind, name].append(together_s(listen(audio, models)))
    for (kind, name), seconds in found.items():
        print(
            f"{kind} speaker(s), {name}: {sum(s >= least for s in seconds)} of {len(seconds)} "
            f"review, largest {max(seconds):.1f} s"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speech", type=Path, default=ROOT.parent / "shared/data/speech/real")
    options = parser.parse_args()
    settings = Settings()
    models = Models(WeightStore(settings.weights_dir), settings=settings)
    meetings(options.speech / "ami", models)
    mixes(options.speech, models)


if __name__ == "__main__":
    main()
