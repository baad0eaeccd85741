"""How often and how exactly a second voice is found, and how often one voice looks like two.

    python -m benchmarks.speaker_consistency [--half 0|1] [--rows FILE]

Half 0 of the speakers chose the operating points, half 1 is what the documentation reports. Prints
one row per kind of track with counts; `--rows` also writes every track's figures as JSON lines.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from audit.calibration import clopper_pearson
from audit.inference import Models
from audit.interview import Audio, Interview, SpeechLog
from audit.perception import vad
from audit.settings import Settings
from audit.types import Signal, Status
from audit.weights import WeightStore
from datasets.attacks.voice_tracks import (
    RATE,
    Track,
    changed_tracks,
    channels,
    clean_tracks,
    voices,
)
from identity.speaker_consistency import Candidate, SpeakerConsistency, least_alike
from identity.voice_line import voice_line

ROOT = Path(__file__).resolve().parent.parent
SEED = 20261122


def interview_of(audio: Audio, models: Models, label: str = "recording") -> Interview:
    """A recording of sound alone; overlap is left out, as no comparison uses it."""
    probability = vad.voice_probability(audio.samples, models.onnx("silero_vad"))
    return Interview(
        label=label,
        facts=cast("Any", SimpleNamespace(duration_s=audio.duration_s)),
        models=models,
        source_path="",
        audio=audio,
        speech=SpeechLog(probability, vad.STEP_S, 0.0, vad.segments(probability, vad.STEP_S)),
        seed=SEED,
    )


def tracks(folder: Path, half: int, rounds: int) -> Iterator[Track]:
    """All constructed tracks of one half of the speakers."""
    people = voices(folder, half)
    rng = np.random.default_rng(SEED + half)
    yield from clean_tracks(people, rng, rounds)
    yield from changed_tracks(people, channels(folder), rng)


def compared(interview: Interview, signal: Signal) -> Candidate | None:
    """The stretch that the signal is about, with its cosines; None where nothing was compared."""
    line = voice_line(interview)
    return None if line is None or signal.score is None else least_alike(interview, line)


def row_of(track: Track, signal: Signal, found: Candidate | None) -> dict[str, Any]:
    """One track's figures; `error_s` is the larger error of the second voice's borders.

    `score`, `as_recorded` and `in_one_channel` are cosines, which calibration is fitted to.
    """
    error = None
    if signal.status is Status.REVIEW and track.other is not None and signal.evidence:
        edges = np.array([t for e in signal.evidence for t in (e.start_s, e.end_s)])
        wanted = [track.other.start_s, track.other.end_s]
        inside = [t for t in wanted if t < len(track.samples) / RATE - 0.5]
        error = float(max(np.abs(edges - t).min() for t in inside))
    return {
        "kind": track.kind,
        "channel": track.channel,
        "speaker": track.speaker,
        "partner": track.partner or track.speaker,
        "two": track.other is not None,
        "status": signal.status.value,
        "code": signal.reason.code,
        "score": found.score if found else None,
        "as_recorded": found.as_recorded if found else None,
        "in_one_channel": found.in_one_channel if found else None,
        "log10": signal.likelihood_ratio.log10 if signal.likelihood_ratio else None,
        "error_s": error,
        **{k: signal.measurements.get(k) for k in KEPT},
    }


KEPT = (
    "least_alike_s",
    "speech_s",
    "snr_db",
)


def table(rows: list[dict[str, Any]]) -> str:
    """Counts per kind and channel, with 95 % intervals for the review rate."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["kind"], row["channel"]].append(row)
    lines = [
        "| track | channel | n | review | 95 % | inconclusive | within 1 s | median error |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (kind, channel), found in groups.items():
        count = sum(r["status"] == "review" for r in found)
        unclear = sum(r["status"] == "inconclusive" for r in found)
        low, high = clopper_pearson(count, len(found))
        errors = [r["error_s"] for r in found if r["error_s"] is not None]
        near = f"{sum(e <= 1.0 for e in errors)} of {len(errors)}" if errors else ""
        middle = f"{np.median(errors):.2f} s" if errors else ""
        lines.append(
            f"| {kind} | {channel} | {len(found)} | {count} | {low:.2f}-{high:.2f} | {unclear} | "
            f"{near} | {middle} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", type=int, default=1, choices=(0, 1))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--speech", type=Path, default=ROOT.parent / "shared/data/speech/real")
    options = parser.parse_args()
    settings = Settings()
    models = Models(WeightStore(settings.weights_dir), settings=settings)
    detector = SpeakerConsistency()
    rows = []
    for track in tracks(options.speech, options.half, options.rounds):
        interview = interview_of(track.audio(), models)
        signal = detector.inspect(interview)
        rows.append(row_of(track, signal, compared(interview, signal)))
    if options.rows:
        options.rows.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
