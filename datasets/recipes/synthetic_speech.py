"""Train the network of `synthetic_speech` on matched copies and measure it where it never was.

    OMP_NUM_THREADS=1 python -m datasets.recipes.synthetic_speech --data DIR --work DIR [--write]

DIR is the folder of real data. Training sees captured speech and its copies through vocoders,
never a text-to-speech engine. Folds leave out one corpus and one family of vocoders at a time;
AASIST and an LFCC-GMM are measured in the same run. `--write` stores the model in
`liveness/models`, the tables in `docs/training/synthetic_speech.md` and the split of people of the
suite; it prints the rows of `operating_points.toml`, `conformal.toml`, `calibration.toml` and
`weights.toml`. torch, pyworld and scikit-learn are needed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

from audit.calibration import CalibrationRecord
from audit.conformal import ConformalRecord
from audit.inference import Models
from audit.settings import Settings
from audit.weights import WeightStore
from datasets.limits import as_toml, calibration, conformal
from datasets.recipes.speech_baselines import aasist_logits, lfcc_gmm
from datasets.recipes.speech_bench import (
    CALIBRATED_ON,
    ENGINES,
    ERRORS,
    NOTHING,
    Bench,
    Fitted,
    Fold,
    Judged,
    Recording,
    kinds_of_copies,
    scores_of,
)
from datasets.recipes.speech_material import TEST_ONLY, files_hash, material
from datasets.recipes.speech_network import exported
from datasets.recipes.speech_neural import SPECIES as NEURAL
from datasets.recipes.speech_neural import vocoders
from datasets.recipes.speech_tables import HEAD, beside, first_rows, outcomes, share, table
from liveness.speech_spectrogram import spectrogram

SEED = 6
FOLD_STEPS = 600
FINAL_STEPS = 600
VOCODER_STEPS = 100
MOST_ENGINE = 15  # files of an engine in the folds
MOST_ASKED = 12  # recordings of a corpus or species that the slower methods hear
ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "liveness" / "models"
PAGE = ROOT / "docs" / "training" / "synthetic_speech.md"
PEOPLE = ROOT / "datasets" / "suites" / "synthetic_speech_people.json"
COMMAND = "python -m datasets.recipes.synthetic_speech --data DIR --work DIR --write"
LABEL: dict[str, Any] = {
    "id": "synthetic_speech",
    "score": "median over the windows of the logit for speech through a vocoder",
    "model": "vocoded_speech",
    "model_version": "2",
    "conditions": "recordings of one to three windows, as recorded and degraded",
    "hypotheses": ("speech made or copied by a vocoder", "captured speech"),
    "date": "2026-11-23",
    "source": COMMAND.removesuffix(" --write"),
}
PULSES = ("copy.predictive", "copy.cepstral", "copy.harmonic", "voice_conversion.shifted")
PHASES = ("copy.griffin_lim", "copy.mel", "copy.phase_vocoder", "copy.phase_noise")
FOLDS = (
    Fold("LibriSpeech train-clean", ("libri_clean",), ("copy.world",)),
    Fold("LibriSpeech test-other", ("libri_other",), ("copy.subband", "copy.upsampled")),
    Fold("VCTK", ("vctk",), PHASES),
    Fold("AMI meetings", ("ami",), PULSES),
    Fold("web video and GRID", ("web", "grid"), NEURAL),
)
"""Each corpus and each family of vocoders is left out once, two at a time: harder than either."""


def records(bench: Bench, found: Fitted) -> list[CalibrationRecord]:
    """Likelihood ratios of recordings of the calibration people, in clear and in degraded ones."""
    kinds = [
        bench.scored(found.network, found.point, kind)
        for kind in (bench.attacks(CALIBRATED_ON, "calibration"), bench.captured("calibration"))
    ]
    made = []
    for name, is_clear in (("clear", True), ("degraded", False)):
        some = [
            scores_of([(one, score) for one, score in kind if bench.is_clear(one) == is_clear])
            for kind in kinds
        ]
        named = {"id": f"vocoded_speech_{name}", "conditions": f"recordings, {name}"}
        made.append(calibration(some[0], some[1], LABEL | datasets(bench) | named))
    return made


def datasets(bench: Bench) -> dict[str, Any]:
    """The corpora of captured speech, for a record."""
    return {"datasets": tuple(sorted({row.corpus for row in bench.rows if row.split}))}


def engines_left_out(bench: Bench, found: Fitted) -> str:
    """Each engine before limits that the others set; no engine ever trained the network.

    The limit for captured speech does not depend on engines: what an engine's absence changes is
    from which score on a recording may be synthetic speech, that is what is cleared.
    """
    lines = []
    genuine = scores_of(bench.scored(found.network, found.point, bench.captured("calibration")))
    for engine in ENGINES:
        others = (*TEST_ONLY, *(name for name in ENGINES if name != engine))
        attacks = bench.scored(found.network, found.point, bench.attacks(others, "calibration"))
        fits = conformal(scores_of(attacks), genuine, LABEL | datasets(bench), errors=ERRORS)
        for judged in by_channel(bench, replace(found, fits=fits), bench.attacks((engine,))):
            count = {o: sum(j.outcome == o for j in judged) for o in ("review", "cleared")}
            away = sum(j.outcome == "abstained" for j in judged)
            part = count["review"] / len(judged)
            name = engine.partition(".")[2] + (", degraded" if judged[0].recording.channel else "")
            lines.append(
                (
                    part,
                    [
                        name,
                        share(count["review"], len(judged)),
                        str(count["cleared"]),
                        str(len(judged) - sum(count.values()) - away),
                        share(away, len(judged)),
                        f"{fits.attack_limit:.2f}",
                    ],
                )
            )
    lines.sort(key=lambda line: line[0])
    head = ("engine", "review", "cleared", "undecided", "abstained", "may be synthetic from")
    return table(head, [line for _, line in lines])


def by_channel(bench: Bench, found: Fitted, recordings: Sequence[Recording]) -> list[list[Judged]]:
    """Judged recordings, as recorded and degraded apart."""
    judged = bench.judged(found, recordings)
    parts = ([j for j in judged if j.recording.channel == channel] for channel in (0, 1))
    return [part for part in parts if part]


def fold_tables(bench: Bench, fold: Fold, models: Models) -> str:
    """What a network, AASIST and an LFCC-GMM do with what the first and the last never saw."""
    kept = bench.work / f"left_out_{fold.corpora[0]}.md"
    if kept.exists():
        return kept.read_text("utf-8")
    found = bench.fitted(fold, FOLD_STEPS, LABEL | datasets(bench), seed=SEED)
    captured = [
        one for one in bench.captured("train", "calibration", "test") if one.corpus in fold.corpora
    ]
    kinds = (*fold.species, *TEST_ONLY, *ENGINES)
    attacks = sampled(bench.attacks(kinds, "test"))
    limits = bench.captured("calibration", "test", but=fold)
    text = f"## Left out: {fold.name}, {', '.join(fold.species)}\n\n"
    text += outcomes(bench.judged(found, captured), species=False) + "\n"
    text += outcomes(bench.judged(found, attacks), species=True) + "\n"
    text += "First windows as recorded, no abstention:\n\n"
    text += rivals(bench, fold, found, (captured, attacks, limits), models)
    kept.write_text(text, "utf-8")
    return text


def rivals(
    bench: Bench,
    fold: Fold,
    found: Fitted,
    kinds: tuple[Sequence[Recording], Sequence[Recording], Sequence[Recording]],
    models: Models,
) -> str:
    """The three methods on the same windows; each limit is set by the captured speech of others.

    `kinds`: captured speech and attacks to measure, and the captured speech that sets the limits.
    """
    captured, attacks, others = kinds
    limit_rows = [row for rows in first_rows(others, lambda _: "").values() for row in rows]
    rows = [
        row for rows in first_rows((*captured, *attacks), lambda _: "").values() for row in rows
    ]
    rows = list(dict.fromkeys([*limit_rows, *rows]))
    groups = bench.groups(fold)
    halves = (
        [g.real for g in groups][::2],
        [g.copies[n % len(g.copies)] for n, g in enumerate(groups)][::2],
    )
    scored = {
        "network": bench.heard(found.network, rows)[0],
        "AASIST": -aasist_logits(bench.sound, rows, models, bench.work / "aasist.npz"),
        "LFCC-GMM": lfcc_gmm(bench.sound, *halves, rows, seed=SEED),
    }
    methods = {}
    for name, values in scored.items():
        by_row = dict(zip(rows, values.tolist(), strict=True))
        limit = float(np.quantile([by_row[row] for row in limit_rows], 1 - ERRORS[0]))
        methods[name] = (by_row, limit)
    return beside(captured, attacks, methods) + "\n"


def thinned(recordings: Sequence[Recording]) -> list[Recording]:
    """At most 12 recordings of a corpus or species as recorded: AASIST takes .3 CPU-s for each."""
    kept: list[Recording] = []
    for one in recordings:
        same = sum(k.species == one.species and k.corpus == one.corpus for k in kept)
        if one.channel == 0 and same < MOST_ASKED:
            kept.append(one)
    return kept


def sampled(attacks: Sequence[Recording]) -> list[Recording]:
    """At most 15 files of an engine, in each channel."""
    kept, seen = [], dict[tuple[str, int], int]()
    for one in attacks:
        key = (one.species, one.channel)
        seen[key] = seen.get(key, 0) + 1
        if one.split or seen[key] <= MOST_ENGINE:
            kept.append(one)
    return kept


def cost(model: Path, bench: Bench) -> str:
    """CPU time of spectrogram and network for one window, median of 30, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options)
    took = []
    for row in range(30):
        window = bench.sound[row].astype(np.float32) / np.float32(32768)
        started = time.process_time()
        session.run(None, {"spectrogram": spectrogram(window)[None, None]})
        took.append(time.process_time() - started)
    return f"One window of 4.04 s costs {np.median(took):.3f} CPU-s (median of 30)."


def people_by_split(bench: Bench) -> dict[str, dict[str, list[str]]]:
    """Corpus, split, people: for the suite, which must test on nobody else."""
    found: dict[str, dict[str, set[str]]] = {}
    for row in bench.rows:
        if row.split:
            found.setdefault(row.corpus, {}).setdefault(row.split, set()).add(row.person)
    return {c: {s: sorted(p) for s, p in parts.items()} for c, parts in found.items()}


def rows_of(found: Fitted, made: Sequence[CalibrationRecord], model: Path) -> str:
    """Rows for the files that the service reads."""
    weight = f'sha256 = "{sha256(model)}"\nsize = {model.stat().st_size}'
    point = "\n".join(f"{name} = {value}" for name, value in found.point.items())
    fits: ConformalRecord = found.fits
    return "\n".join([weight, point, as_toml(fits), *map(as_toml, made)])


def sha256(path: Path) -> str:
    """Of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="store what the project ships")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    models = Models(WeightStore(Settings().weights_dir))
    found = material(
        chosen.data,
        chosen.work,
        models,
        lambda windows: vocoders(windows, VOCODER_STEPS, seed=SEED),
    )
    bench = Bench(found, chosen.work)
    started = time.process_time()
    fitted = bench.fitted(NOTHING, FINAL_STEPS, LABEL | datasets(bench), seed=SEED)
    trained = time.process_time() - started
    model = (MODELS if chosen.write else chosen.work) / "vocoded_speech.onnx"
    exported(fitted.network, model)
    sys.stdout.write(rows_of(fitted, records(bench, fitted), model) + "\n")
    sys.stdout.flush()
    parts = ["## Shipped, on people that nothing was trained or set on\n"]
    parts.append(outcomes(bench.judged(fitted, bench.captured("test")), species=False))
    kinds = (*kinds_of_copies(neural=NEURAL), *TEST_ONLY, *ENGINES)
    parts.append(outcomes(bench.judged(fitted, bench.attacks(kinds, "test")), species=True))
    parts.append("## One engine left out\n\n" + engines_left_out(bench, fitted))
    parts.append("The three methods, first windows as recorded, no abstention:\n")
    parts.append(
        rivals(
            bench,
            NOTHING,
            fitted,
            (
                bench.captured("test"),
                sampled(bench.attacks(ENGINES)),
                bench.captured("calibration"),
            ),
            models,
        )
    )
    parts += [fold_tables(bench, fold, models) for fold in FOLDS]
    head = HEAD.format(
        command=COMMAND,
        seed=SEED,
        seconds=time.process_time(),
        trained=trained,
        files=files_hash(chosen.data),
        model=sha256(model),
        size=model.stat().st_size,
        torch=torch.__version__,
        cost=cost(model, bench),
    )
    page = PAGE if chosen.write else chosen.work / PAGE.name
    page.write_text("\n".join([head, *parts]).rstrip() + "\n")
    if chosen.write:
        PEOPLE.write_text(json.dumps(people_by_split(bench), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
