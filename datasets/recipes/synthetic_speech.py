"""Train the network of `synthetic_speech` on matched copies and measure it where it never was.

    python -m datasets.recipes.synthetic_speech --data DIR --work DIR [--write]

DIR is the folder of real data. Training sees captured speech and its copies through vocoders,
never a text-to-speech engine. Folds leave out one corpus, or one family of vocoders; AASIST and an
LFCC-GMM are measured in the same run. `--write` stores the model in `liveness/models` and prints
the rows of `calibration.toml` and `weights.toml`. torch, pyworld and scikit-learn are needed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from audit.calibration import CalibrationRecord, clopper_pearson
from audit.conformal import ConformalRecord
from audit.inference import Models
from audit.settings import Settings
from audit.weights import WeightStore
from datasets.attacks.speech import COPIES
from datasets.limits import Scores, as_toml, calibration, conformal
from datasets.recipes.speech_baselines import aasist_logits, lfcc_gmm
from datasets.recipes.speech_material import TEST_ONLY, Material, Row, files_hash, material, splits
from datasets.recipes.speech_network import (
    Group,
    Network,
    Shipped,
    exported,
    heard,
    shipped,
    trained,
)
from liveness.speech_channel import describe
from liveness.vocoded_speech import is_clear as is_clear_channel

Whole = NDArray[np.int16]
Array = NDArray[np.float64]
Keep = Callable[[Row], bool]

SEED = 6
FOLD_STEPS = 150
FINAL_STEPS = 700
ERRORS = (0.03, 0.1)  # stated, of captured and of synthetic speech
FAMILIAR = (0.95, 0.98)  # of captured windows, and of conversions, count as like the training's
CALIBRATED_ON = (*TEST_ONLY, "speech_synthesis.espeak_ng", "speech_synthesis.festival")
ENGINES = (*CALIBRATED_ON[-2:], *(f"speech_synthesis.{n}" for n in ("flite", "hibari", "piper")))
LABEL: dict[str, Any] = {
    "score": "logit for speech through a vocoder",
    "model": "vocoded_speech",
    "model_version": "1",
    "hypotheses": ("speech made or copied by a vocoder", "captured speech"),
    "date": "2026-11-23",
    "source": "python -m datasets.recipes.synthetic_speech --data DIR --work DIR",
}
MODELS = Path(__file__).resolve().parents[2] / "liveness" / "models"
PEOPLE = Path(__file__).resolve().parents[1] / "suites" / "synthetic_speech_people.json"
PULSES = ("copy.predictive", "copy.cepstral", "copy.harmonic", "voice_conversion.shifted")
PHASES = ("copy.griffin_lim", "copy.mel", "copy.phase_vocoder")


@dataclass(frozen=True, slots=True)
class Fold:
    """What a training leaves out: corpora and species."""

    name: str
    corpora: tuple[str, ...]
    species: tuple[str, ...]

    def leaves_out(self, row: Row) -> bool:
        """Whether the row is of what this fold may not train on."""
        return row.corpus in self.corpora or row.species in self.species


FOLDS = (
    Fold("LibriSpeech and WORLD", ("libri_clean", "libri_other"), ("copy.world",)),
    Fold("VCTK, web video, GRID and magnitude vocoders", ("vctk", "web", "grid"), PHASES),
    Fold("AMI and pulse vocoders", ("ami",), PULSES),
)
"""Each corpus and each family of vocoders is left out once, two at a time: harder than either."""


class Bench:
    """The material with its splits, and the training and scoring of networks on it."""

    def __init__(self, found: Material) -> None:
        self.found = found
        self.split = splits(found.rows)

    def rows(self, keep: Keep) -> list[int]:
        """Places of the rows that `keep` says yes to."""
        return [place for place, row in enumerate(self.found.rows) if keep(row)]

    def of(self, name: str) -> Keep:
        """Whether a row's person is of this split."""
        return lambda row: self.split.get((row.corpus, row.person)) == name

    def groups(self, fold: Fold | None) -> list[Group]:
        """Pairs of the training persons without what the fold leaves out."""
        is_train, by_key = self.of("train"), dict[tuple[str, int], dict[str, int]]()
        for place, row in enumerate(self.found.rows):
            wanted = row.made and is_train(row) and row.species not in TEST_ONLY
            if wanted and not (fold and fold.leaves_out(row)):
                by_key.setdefault((row.item, row.channel), {})[row.species] = place
        return [
            Group(rows[""], tuple(place for species, place in rows.items() if species))
            for rows in by_key.values()
            if "" in rows and len(rows) > 1
        ]

    def network(self, fold: Fold | None) -> Network:
        """Trained without what the fold leaves out; the shipped one without a fold."""
        steps = FOLD_STEPS if fold else FINAL_STEPS
        return trained(self.found.sound, self.groups(fold), steps, seed=SEED)

    def captured(self, name: str, channels: Sequence[int] = (0, 1)) -> list[int]:
        """Captured speech of a split."""
        of = self.of(name)
        return self.rows(lambda r: not r.species and r.channel in channels and of(r))

    def attacks(
        self, name: str, species: Sequence[str], channels: Sequence[int] = (0, 1)
    ) -> list[int]:
        """Synthetic speech of a split; engines belong to no split and count with any."""
        of = self.of(name)
        return self.rows(
            lambda r: (
                r.species in species
                and r.channel in channels
                and ((of(r) and r.made) or not r.person)
            )
        )

    def scores(self, rows: Sequence[int], values: Array) -> Scores:
        """With a label per row that dependent rows share: the person, else the file."""
        found = (self.found.rows[row] for row in rows)
        people = [f"{row.corpus} {row.person or row.item}" for row in found]
        return Scores(values, np.array(people, np.str_))


@dataclass(frozen=True, slots=True)
class Limits:
    """What goes to `operating_points.toml`, `conformal.toml` and `calibration.toml`."""

    strangest: tuple[float, ...]
    fits: ConformalRecord
    records: tuple[CalibrationRecord, ...]


def area(captured: Array, synthetic: Array) -> float:
    """Area under the ROC curve: how often synthetic speech scores above captured speech."""
    ranks = stats.rankdata(np.concatenate([captured, synthetic]))[len(captured) :]
    count = len(synthetic)
    return float((ranks.sum() - count * (count + 1) / 2) / (count * len(captured)))


def interval(hits: int, count: int) -> str:
    """Hits, count, share and its exact 95 % interval, for a cell of a table."""
    low, high = clopper_pearson(hits, count)
    return f"{hits}/{count} = {hits / count:.0%} [{low:.0%}, {high:.0%}]"


def by_name(bench: Bench, rows: Sequence[int], *, species: bool) -> dict[str, list[int]]:
    """Rows by species, or by corpus."""
    found: dict[str, list[int]] = {}
    for row in rows:
        known = bench.found.rows[row]
        found.setdefault(known.species if species else known.corpus, []).append(row)
    return dict(sorted(found.items()))


def fold_table(bench: Bench, fold: Fold, models: Models, work: Path) -> None:
    """What a network, an LFCC-GMM and AASIST do with what the first two never saw."""
    sound, network, groups = bench.found.sound, bench.network(fold), bench.groups(fold)
    captured = bench.rows(
        lambda r: not r.species and r.corpus in fold.corpora and r.channel in (0, 1)
    )
    others = [
        row
        for row in bench.captured("calibration")
        if bench.found.rows[row].corpus not in fold.corpora
    ]
    kinds = (*fold.species, *TEST_ONLY, *ENGINES)
    attacks = [
        row
        for group in by_name(bench, bench.attacks("test", kinds, (0,)), species=True).values()
        for row in sampled(bench, group)
    ]
    train = bench.of("train")
    plain = [
        row
        for row in captured
        if bench.found.rows[row].channel == 0 and not train(bench.found.rows[row])
    ]
    rows = [*captured, *others, *attacks]
    halves = (
        [g.real for g in groups][::2],
        [g.copies[n % len(g.copies)] for n, g in enumerate(groups)][::2],
    )
    scored = {
        "network": dict(zip(rows, heard(network, sound, rows)[0], strict=True)),
        "LFCC-GMM": dict(zip(rows, lfcc_gmm(sound, *halves, rows, seed=SEED), strict=True)),
    }
    print(f"left out: {fold.name}; {len(groups)} utterances trained on")
    for title, scores in scored.items():
        limit = float(np.quantile(_of(scores, others), 1 - ERRORS[0]))
        for corpus, group in by_name(bench, captured, species=False).items():
            flagged = sum(scores[row] > limit for row in group)
            print(f"  {title}: captured {corpus} flagged {interval(flagged, len(group))}")
    asked = [*plain, *attacks]
    logits = aasist_logits(sound, asked, models, work / "aasist.npz")
    scored["AASIST"] = dict(zip(asked, -logits, strict=True))
    for species, group in by_name(bench, attacks, species=True).items():
        cells = [f"{n} {area(_of(s, plain), _of(s, group)):.2f}" for n, s in scored.items()]
        print(f"  AUC {species:26} ({len(group)})  " + "  ".join(cells), flush=True)


def sampled(bench: Bench, group: Sequence[int]) -> Sequence[int]:
    """At most 15 rows of an engine or 8 of a copy: AASIST takes .3 CPU-s for each."""
    most = 8 if bench.found.rows[group[0]].made else 15
    return group[:: max(1, len(group) // most)][:most]


def _of(scores: dict[int, float], rows: Sequence[int]) -> Array:
    return np.array([scores[row] for row in rows])


def final(bench: Bench, network: Network, folder: Path) -> tuple[Shipped, Limits]:
    """The shipped network with its limit of strangeness, and what its scores mean.

    Limits and ratios are set on people that the training never saw, and on conversions and engines
    that it never saw either.
    """
    train = bench.of("train")
    real = bench.rows(lambda r: r.made and not r.species and train(r))
    copies = bench.rows(lambda r: r.made and r.species in COPIES and train(r))[::8]
    ready = shipped(
        network, *(heard(network, bench.found.sound, rows)[1] for rows in (real, copies))
    )
    exported(ready, folder / "vocoded_speech.onnx")
    genuine, attacks = bench.captured("calibration"), bench.attacks("calibration", CALIBRATED_ON)
    converted = bench.attacks("calibration", TEST_ONLY)
    strangest = tuple(
        round(float(np.quantile(heard(ready, bench.found.sound, rows)[1], share)), 3)
        for rows, share in zip((genuine, converted), FAMILIAR, strict=True)
    )
    kinds = [near(bench, ready, strangest, rows) for rows in (attacks, genuine)]
    label = LABEL | {
        "datasets": tuple(sorted({row.corpus for row in bench.found.rows if row.made}))
    }
    conformal_label = label | {"id": "synthetic_speech", "conditions": "as recorded and degraded"}
    attacked, captured = (bench.scores(*kind) for kind in kinds)
    fits = conformal(attacked, captured, conformal_label, errors=ERRORS)
    records: list[CalibrationRecord] = []
    for name, is_clear in (("clear", True), ("degraded", False)):
        some: list[Scores] = []
        for rows, scores in kinds:
            held = np.array([clear(bench.found.sound[row]) == is_clear for row in rows])
            some.append(
                bench.scores([r for r, h in zip(rows, held, strict=True) if h], scores[held])
            )
        named = {"id": f"vocoded_speech_{name}", "conditions": f"one window each, {name}"}
        records.append(calibration(some[0], some[1], label | named))
    return ready, Limits(strangest, fits, tuple(records))


def near(
    bench: Bench, network: Shipped, strangest: tuple[float, ...], rows: Sequence[int]
) -> tuple[list[int], Array]:
    """The rows that are not too strange, with their logits."""
    logits, strange = heard(network, bench.found.sound, rows)
    fits = is_near(logits, strange, strangest)
    return [row for row, fit in zip(rows, fits, strict=True) if fit], logits[fits]


def is_near(logits: Array, strange: Array, strangest: tuple[float, ...]) -> NDArray[np.bool_]:
    """Which windows count, as `liveness.vocoded_speech.listened` has it."""
    return np.asarray(strange <= np.where(logits > 0, strangest[1], strangest[0]))


def clear(window: Whole) -> bool:
    """Whether a window holds little noise and room, as `operating_points.toml` says."""
    found = describe(window.astype(np.float32) / np.float32(32768))
    return found is not None and is_clear_channel(found)


def test_table(bench: Bench, ready: Shipped, found: Limits, models: Models, work: Path) -> None:
    """Windows of the test split: flagged, abstained, and AUC beside AASIST; worst first."""
    low, high = found.fits.attack_limit, found.fits.bona_fide_limit
    captured = bench.captured("test")
    attacks = bench.attacks("test", (*COPIES, *TEST_ONLY, *ENGINES), (0,))
    rows = [*captured, *attacks]
    logits, strange = heard(ready, bench.found.sound, rows)
    ours = dict(zip(rows, logits, strict=True))
    near_by = dict(zip(rows, is_near(logits, strange, found.strangest), strict=True))
    plain = [row for row in captured if bench.found.rows[row].channel == 0]
    print(f"shipped: captured fits up to {high:.2f}, synthetic from {low:.2f}")
    for title, group in (
        *by_name(bench, captured, species=False).items(),
        *by_name(bench, attacks, species=True).items(),
    ):
        flagged = [near_by[r] and ours[r] > high and ours[r] >= low for r in group]
        cleared = [near_by[r] and ours[r] < low and ours[r] <= high for r in group]
        text = f"  {title:30} review {interval(sum(flagged), len(group))}, cleared {sum(cleared)}, "
        text += f"strange {sum(not near_by[r] for r in group)}"
        if group[0] in attacks:
            asked = sampled(bench, group)
            older = [
                -aasist_logits(bench.found.sound, rows, models, work / "aasist.npz")
                for rows in (plain, asked)
            ]
            text += f"; AUC {area(_of(ours, plain), _of(ours, group)):.3f}"
            text += f", AASIST {area(older[0], older[1]):.3f}"
        print(text)


def people_by_split(bench: Bench) -> dict[str, dict[str, list[str]]]:
    """Corpus, split, people: for the suite, which must test on nobody else."""
    found: dict[str, dict[str, list[str]]] = {}
    for (corpus, person), split in sorted(bench.split.items()):
        found.setdefault(corpus, {}).setdefault(split, []).append(person)
    return found


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="store the model in liveness/models")
    chosen = parser.parse_args(arguments)
    models = Models(WeightStore(Settings().weights_dir))
    found = material(chosen.data, chosen.work, models)
    bench = Bench(Material(np.asarray(found.sound), found.rows))
    folder = MODELS if chosen.write else chosen.work
    folder.mkdir(exist_ok=True)
    ready, limits = final(bench, bench.network(None), folder)
    if chosen.write:
        PEOPLE.write_text(json.dumps(people_by_split(bench), indent=1, sort_keys=True) + "\n")
    model = folder / "vocoded_speech.onnx"
    print(f"files {files_hash(chosen.data)}")
    print(f"{model.name} {hashlib.sha256(model.read_bytes()).hexdigest()} {model.stat().st_size}")
    print(f"most_strangeness = {limits.strangest}\n")
    print("\n".join([as_toml(limits.fits), *map(as_toml, limits.records)]))
    test_table(bench, ready, limits, models, chosen.work)
    for fold in FOLDS:
        fold_table(bench, fold, models, chosen.work)


if __name__ == "__main__":
    main(sys.argv[1:])
