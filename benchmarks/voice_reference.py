"""How well the voice of one recording is told from that of another, by length and channel.

    python -m benchmarks.voice_reference [--half 0|1] [--rows FILE]

The reference is as recorded; the probe goes through each channel. Half 0 of the speakers chose the
operating points, half 1 is what the documentation reports. Prints error counts per length and
channel; `--rows` also writes every comparison as JSON lines.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from audit.calibration import equal_error_rate
from audit.detectors import operating_point
from audit.inference import Models
from audit.interview import Interview
from audit.settings import Settings
from audit.weights import WeightStore
from benchmarks.speaker_consistency import ROOT, SEED, interview_of
from datasets.attacks.voice_tracks import RATE, Samples, Track, channels, spoken, voices
from identity.voice_reference import match, voice_of

LENGTHS_S = (3, 8, 20)
CHANNELS = (
    "as recorded",
    "noise 8 dB",
    "reverberation",
    "telephone band",
    "Opus 12 kb/s",
    "room, noise 12 dB, Opus",
)
STRANGERS = 5


def recording(samples: Samples, label: str, models: Models) -> Interview:
    """A recording without overlap measurement, which comparison does not use."""
    return interview_of(Track("", "", label, samples).audio(), models, label=label)


def comparisons(folder: Path, half: int, models: Models) -> Iterator[dict[str, Any]]:
    """Each speaker's probes against their own reference and those of strangers."""
    people, change = voices(folder, half), channels(folder)
    rng = np.random.default_rng(SEED + half)
    point = operating_point("identity", "voice_reference")
    for length in LENGTHS_S:
        total = length * 1.35 + 0.5  # about a quarter of read speech is pauses
        references = {
            name: voice_of(recording(spoken(parts[5:], total, rng), name, models), point)
            for name, parts in people.speakers.items()
        }
        for name in sorted(people.donors):
            whole = people.donors[name][: round(total * RATE)]
            references[name] = voice_of(recording(whole, name, models), point)
        strangers = sorted(references)
        for number, (name, parts) in enumerate(people.speakers.items()):
            plain = spoken(parts[:5], total, rng)
            others = [s for s in rng.permutation(strangers) if s != name][:STRANGERS]
            for i, channel in enumerate(CHANNELS):
                heard = plain if not i else change[channel](plain, i + number)
                probe = voice_of(recording(heard, "probe", models), point)
                for other in (name, *others):
                    reference = references[str(other)]
                    if probe is None or reference is None:
                        continue
                    found = match(probe, reference, point, SEED)
                    yield {
                        "length_s": length,
                        "channel": channel,
                        "probe": name,
                        "reference": str(other),
                        "score": found.score,
                        "as_recorded": found.as_recorded,
                        "in_one_channel": found.in_one_channel,
                        "shorter_s": min(probe.speech_s, reference.speech_s),
                        "snr_db": probe.snr_db,
                        "from_s": found.grade.from_s,
                        "review": found.score < found.grade.review_below,
                        "clear": found.score >= found.grade.clear_from,
                    }


def table(rows: list[dict[str, Any]]) -> str:
    """Errors at the operating points, and EER, per length and channel."""
    groups: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["length_s"], row["channel"]].append(row)
    lines = [
        "| speech | probe's channel | mated | review | clear | non-mated | review | clear | EER |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (length, channel), found in groups.items():
        cells = []
        sides = [
            [r for r in found if (r["probe"] == r["reference"]) == own] for own in (True, False)
        ]
        for side in sides:
            cells += [len(side), sum(r["review"] for r in side), sum(r["clear"] for r in side)]
        rate, _ = equal_error_rate(*([r["score"] for r in side] for side in sides))
        values = " | ".join(str(c) for c in cells)
        lines.append(f"| {length} s | {channel} | {values} | {rate:.3f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", type=int, default=1, choices=(0, 1))
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--speech", type=Path, default=ROOT.parent / "shared/data/speech/real")
    options = parser.parse_args()
    settings = Settings()
    models = Models(WeightStore(settings.weights_dir), settings=settings)
    rows = list(comparisons(options.speech, options.half, models))
    if options.rows:
        options.rows.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
