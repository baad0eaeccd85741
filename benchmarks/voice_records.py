"""Calibration records of the voice detectors, from the figures that their benchmarks wrote.

    python -m benchmarks.speaker_consistency --half 0 --rows C0; ... --half 1 --rows C1
    python -m benchmarks.voice_reference --half 0 --rows R0; ... --half 1 --rows R1
    python -m benchmarks.voice_records --consistency C0 C1 --reference R0 R1

Prints `[[record]]` rows for identity/calibration.toml.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audit.calibration import Comparisons
from audit.detectors import operating_point
from benchmarks.verification_fit import Label, as_toml, fit

DATE = "2026-11-22"
SETS = ("libri_other", "vctk", "libri_clean")


def rows_of(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """All rows of some files."""
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def comparisons(scores: Sequence[float], pairs: Sequence[tuple[str, str]]) -> Comparisons:
    """Scores with the people they compare."""
    numbers = {name: n for n, name in enumerate(sorted({p for pair in pairs for p in pair}))}
    first, second = (np.array([numbers[p[k]] for p in pairs], np.int64) for k in (0, 1))
    return Comparisons(np.array(scores, np.float64), first, second)


def consistency(rows: list[dict[str, Any]]) -> str:
    """Records of speaker_consistency, one per length of the stretch least alike."""
    lengths = [
        float(r["from_s"]) for r in operating_point("identity", "speaker_consistency")["lengths"]
    ]
    found = []
    for low, high in zip(lengths, [*lengths[1:], np.inf], strict=True):
        # tracks of one voice count for every length: their least alike part has an arbitrary one
        kept = [
            r
            for r in rows
            if r["score"] is not None and (not r["two"] or low <= r["least_alike_s"] < high)
        ]
        label = Label(
            id=f"speaker_ge2e_{low:.0f}s",
            score=f"least similarity within one track, stretches from {low:g} s",
            model="ge2e",
            model_version="1",
            hypotheses=("one voice throughout", "a second voice"),
            datasets=SETS,
            conditions="constructed tracks of 10 to 60 s of read speech, as recorded and with "
            "channels that change, datasets/attacks/voice_tracks.py; smallest value within a track",
            date=DATE,
            source="python -m benchmarks.voice_records --consistency",
        )
        compared = comparisons(
            [r["score"] for r in kept], [(r["speaker"], r["partner"]) for r in kept]
        )
        found.append(as_toml(fit(compared, label, groups=[])))
    return "\n".join(found)


def reference(rows: list[dict[str, Any]]) -> str:
    """Records of voice_reference, one per length of the shorter speech."""
    found = []
    for low, high in ((2.0, 5.0), (5.0, np.inf)):  # too few strangers spoke for 15 s
        kept = [r for r in rows if low <= r["from_s"] < high]
        label = Label(
            id=f"voice_ge2e_{low:.0f}s",
            score=f"similarity of two recordings, {low:g} s of speech or more on both sides",
            model="ge2e",
            model_version="1",
            hypotheses=("the same speaker", "another speaker"),
            datasets=SETS,
            conditions="read speech, one session per speaker; reference as recorded, probe through "
            "six channels, benchmarks/voice_reference.py",
            date=DATE,
            source="python -m benchmarks.voice_records --reference",
        )
        compared = comparisons(
            [r["score"] for r in kept], [(r["probe"], r["reference"]) for r in kept]
        )
        found.append(as_toml(fit(compared, label, groups=[])))
    return "\n".join(found)


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--consistency", type=Path, nargs="*", default=())
    parser.add_argument("--reference", type=Path, nargs="*", default=())
    options = parser.parse_args()
    if options.consistency:
        print(consistency(rows_of(options.consistency)))
    if options.reference:
        print(reference(rows_of(options.reference)))


if __name__ == "__main__":
    main()
