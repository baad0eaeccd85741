"""Fit the mouth model of `liveness/mouth_speech.py` and report lags on clips left out.

    python -m datasets.recipes.av_sync --clips DIR [--write]

`DIR` holds videos of one talking person each (any depth). Every figure printed is for a clip whose
whole source folder or whose own recording was left out of the fit. `--write` stores coefficients
fitted on all clips in `liveness/mouth_speech.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from audit.inference import Models
from audit.media import plan_pictures, probe, read_audio, read_pictures
from audit.perception.faces import FaceReader
from audit.settings import Settings
from audit.weights import WeightStore
from liveness.av_sync import Stretch, lag_curve, peak, stretches_of
from liveness.mouth_speech import Array, MouthModel, context

RIDGE = 10_000.0
SUFFIXES = {".mp4", ".mpg", ".mov", ".mkv", ".webm"}
SHIFTS_MS = (-400, -200, 0, 200, 400)


@dataclass(frozen=True, slots=True)
class Example:
    """The dense stretches of one clip."""

    name: str
    group: str
    sha256: str
    stretches: tuple[Stretch, ...]


def examples(folder: Path, models: Models, settings: Settings) -> Iterable[Example]:
    """Every clip with sound and one face followed for at least two seconds."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES):
        facts = probe(path, settings.limits)
        audio, _ = read_audio(path, facts, settings.limits)
        if audio is None or not facts.video or not np.any(audio.samples):
            continue
        reader = FaceReader(models, (), settings.sampling)
        plan = plan_pictures(facts, settings.sampling, (), settings.seed)
        for picture in read_pictures(path, facts, plan, settings.limits):
            reader.add(picture)
        log = reader.finish()
        if log.main is None:
            continue
        found = stretches_of(log.track(log.main), audio)
        if found:
            yield Example(path.name, str(path.parent.name), facts.sha256, tuple(found))


def fit(chosen: Iterable[Example]) -> MouthModel:
    """Ridge regression on all rows of the chosen clips."""
    stretches = [s for e in chosen for s in e.stretches]
    inputs = np.concatenate([context(s.mels)[s.before :][: len(s.motion)] for s in stretches])
    targets = np.concatenate([s.motion[: len(s.mels) - s.before] for s in stretches])
    mean, scale = inputs.mean(0), inputs.std(0) + 1e-6
    scaled = (inputs - mean) / scale
    gram = scaled.T @ scaled + RIDGE * np.eye(scaled.shape[1])
    weights: Array = np.linalg.solve(gram, scaled.T @ targets)
    return MouthModel(mean, scale, weights)


def shifted(example: Example, shift_ms: int) -> list[Stretch]:
    """The clip's stretches with the sound later by `shift_ms` (edges repeated)."""
    rows = round(shift_ms / 10)
    out = []
    for s in example.stretches:
        index = np.clip(np.arange(len(s.mels)) - rows, 0, len(s.mels) - 1)
        out.append(replace(s, mels=s.mels[index]))
    return out


def report(found: list[Example], *, whole_folder: bool) -> None:
    """Print, per clip, the lag found at each planted shift with that clip left out."""
    print("left out:", "whole folder" if whole_folder else "the clip")
    for example in found:
        rest = [
            e
            for e in found
            if (e.group != example.group if whole_folder else e.sha256 != example.sha256)
        ]
        model = fit(rest)
        cells = []
        for shift in SHIFTS_MS:
            best = peak(lag_curve(shifted(example, shift), model))
            cells.append(f"{shift:+d}: {best.lag_s * 1000:+.0f} ms (z {best.z:.1f})")
        seconds = sum(len(s.mels) for s in example.stretches) / 100
        print(f"  {example.group}/{example.name} {seconds:.1f} s  " + "  ".join(cells))


def write(found: list[Example], path: Path) -> None:
    """Store coefficients fitted on all clips, with what they were fitted on."""
    model = fit(found)
    stored = {
        "about": "coefficients of liveness/mouth_speech.py, from datasets/recipes/av_sync.py",
        "ridge": RIDGE,
        "clips": [
            {
                "folder": e.group,
                "sha256": e.sha256,
                "seconds": sum(len(s.mels) for s in e.stretches) / 100,
            }
            for e in found
        ],
        "mean": [round(float(v), 5) for v in model.mean],
        "scale": [round(float(v), 5) for v in model.scale],
        "weights": [round(float(v), 6) for v in model.weights.ravel()],
    }
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"wrote {path} ({len(found)} clips, sha256 {digest[:16]})")


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--skip", nargs="*", default=[], help="file or folder names to leave out")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args(arguments)
    settings = Settings()
    models = Models(WeightStore(settings.weights_dir))
    found = [
        e
        for e in examples(chosen.clips, models, settings)
        if e.name not in chosen.skip and e.group not in chosen.skip
    ]
    report(found, whole_folder=False)
    report(found, whole_folder=True)
    if chosen.write:
        write(found, Path(__file__).resolve().parents[2] / "liveness" / "mouth_speech.json")


if __name__ == "__main__":
    main(sys.argv[1:])
