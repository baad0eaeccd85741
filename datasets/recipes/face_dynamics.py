"""Fits `face_dynamics`: four numbers of a face's unrest to one logit, its meaning and its limits.

    python -m datasets.recipes.face_dynamics DATA --table FILE.csv

`DATA` has `faces/fairface` and `video` (nothing is downloaded). Three parts share no person and no
attack with one another: the model is fitted on photos of FairFace, filmed moving, untouched and
with swapped faces (soft border, flickering); likelihood ratio and limits are set on every other
person of the real recordings, untouched and with trembling swaps; the others are left for the test,
which is the suite (`datasets/suites/face_dynamics.py`). Everything goes through H.264. Measuring
takes a few minutes on a free core; `--table` keeps what was measured and goes on where it stopped.

It prints rows for `liveness/operating_points.toml`, `calibration.toml` and `conformal.toml`, and
the areas under the curve with bootstrap intervals over persons. numpy and scipy only.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from audit.calibration import clopper_pearson
from audit.conformal import conformal_records
from audit.detectors import operating_point
from audit.inference import Models
from audit.media.plan import Picture
from audit.perception.faces import FaceReader, Networks
from audit.settings import Settings
from audit.weights import WeightStore
from datasets.attacks.animated import Take, animated
from datasets.attacks.clips import Clip, read_clip, render
from datasets.attacks.face_videos import SPECIES, filmed
from datasets.limits import Scores, as_toml, calibration, conformal
from datasets.recipes.face_stills import mesh_of
from datasets.talking_heads import FACTORS, Forger, Head, encoding, heads, strength_of
from liveness.part_motion import NAMES, unrest

Floats = NDArray[np.float64]

NAME = "face_dynamics"
FITTED_ON = ("video.swap_soft", "video.flicker")
CALIBRATED_ON = ("video.swap_jittered",)
PERSONS = 14
TAKE = Take(width=256, height=256, face=120.0, rate=25.0, seconds=2.0)
PENALTY = 0.02
ERRORS = (0.10, 0.20)
HYPOTHESES = ("the face was altered", "the face was not altered")
COLUMNS = ("part", "corpus", "person", "id", "species", "strength", "factor", *NAMES)
ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One measured clip: what it is, and its unrest (4,)."""

    part: str
    corpus: str
    person: str
    id: str
    species: str
    strength: str
    factor: int
    values: tuple[float, ...]

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells one clip from another."""
        return self.part, self.id, self.species, self.factor


def part_of(everybody: Sequence[Head]) -> dict[str, str]:
    """`calibration` or `test` for every person, by turns within each set of recordings."""
    found: dict[str, str] = {}
    for corpus in sorted({head.corpus for head in everybody}):
        persons = sorted({head.person for head in everybody if head.corpus == corpus})
        found |= {each: ("calibration", "test")[n % 2] for n, each in enumerate(persons)}
    return found


def photographed(root: Path, networks: Networks, count: int) -> list[Head]:
    """Photos of FairFace's training split, one a group by turns, as filmed heads that move."""
    labels = (root / "labels.csv").open(encoding="utf-8", newline="")
    with labels as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("train/")]
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        groups.setdefault((row["race"], row["gender"]), []).append(row["file"])
    found: list[Head] = []
    names = (group[n] for n in range(len(rows)) for group in groups.values() if n < len(group))
    for name in names:
        if len(found) == count:
            break
        image = cv2.imread(str(root / name))
        mesh = None if image is None else mesh_of(np.asarray(image, np.uint8), networks)
        if image is None or mesh is None:
            continue
        clip = animated(np.asarray(image, np.uint8), mesh, TAKE, seed=len(found))
        film = filmed(clip, networks)
        # The mesh is measured anew in every picture, so that what is laid on it trembles with it.
        if film is not None and len(film.meshes) == len(clip.frames):
            found.append(Head(name, "fairface", name, film))
    return found


class Bench:
    """Measures clips as the check does."""

    def __init__(self, models: Models, networks: Networks) -> None:
        self._models, self._networks = models, networks
        self._most_gap_s = float(operating_point("liveness", NAME)["most_gap_s"])

    def values(self, clip: Clip, factor: int) -> tuple[float, ...] | None:
        """The unrest of a clip through H.264; None where it cannot be measured."""
        with tempfile.TemporaryDirectory() as folder:
            read = read_clip(render(clip, Path(folder) / "clip", encoding(factor)))
        sampling = Settings.model_construct().sampling
        reader = FaceReader(self._models, (), sampling, networks=self._networks)
        nothing = np.zeros((24, 32), np.uint8)
        for number, image in enumerate(read.frames):
            reader.add(Picture(number / read.rate, number, True, nothing, image))
        tracks = [track for track in reader.finish().tracks if track.parts is not None]
        if not tracks:
            return None
        parts = max(tracks, key=lambda track: len(track.times_s)).parts
        found = None if parts is None else unrest(parts, self._most_gap_s)
        return None if found is None else tuple(float(v) for v in found.values)


def measured(
    everybody: Sequence[Head],
    species: Sequence[str],
    factors: Sequence[int],
    part: str,
    bench: Bench,
    known: set[tuple[str, str, str, int]],
) -> Iterator[Row]:
    """Every head untouched and attacked by each species, at each rate factor; not those `known`."""
    forger = Forger(everybody)
    for place, head in enumerate(everybody):
        for kind in ("", *species):
            strength = strength_of(place, kind) if kind else ""
            plain = Row(part, head.corpus, head.person, head.id, kind, strength, 0, ())
            wanted = [replace(plain, factor=f) for f in factors]
            wanted = [row for row in wanted if row.key not in known]
            if not wanted:
                continue
            clip = forger.clip(head, kind, strength) if kind else head.film.clip
            for row in wanted:
                values = bench.values(clip, row.factor)
                if values is not None:
                    yield replace(row, values=values)


def fitted(rows: Sequence[Row]) -> dict[str, list[float] | float]:
    """Centre, scale, weights and offset of the logistic model.

    Numbers are centred and scaled by median and deviation of the untouched. Weights are not
    negative, since every number rises with manipulation by its definition, and are drawn to zero by
    `PENALTY` times their squares. Both kinds weigh alike.
    """
    values = np.array([row.values for row in rows])
    is_attack = np.array([row.species != "" for row in rows])
    genuine = values[~is_attack]
    centre = np.median(genuine, axis=0)
    scale = 1.4826 * np.median(np.abs(genuine - centre), axis=0)
    scaled = (values - centre) / scale
    share = np.where(is_attack, 0.5 / is_attack.sum(), 0.5 / (~is_attack).sum())
    sign = np.where(is_attack, 1.0, -1.0)

    def cost(given: Floats) -> float:
        margin = sign * (scaled @ given[:-1] + given[-1])
        loss = share @ np.logaddexp(0.0, -margin)
        return float(loss + PENALTY * (given[:-1] ** 2).sum())

    bounds = [(0.0, None)] * len(NAMES) + [(None, None)]
    found = minimize(cost, np.zeros(len(NAMES) + 1), method="L-BFGS-B", bounds=bounds).x
    return {
        "centre": [round(float(v), 4) for v in centre],
        "scale": [round(float(v), 4) for v in scale],
        "weights": [round(float(v), 4) for v in found[:-1]],
        "offset": round(float(found[-1]), 4),
    }


def scores(model: dict[str, list[float] | float], rows: Sequence[Row]) -> Floats:
    """The logit of each row."""
    values = np.array([row.values for row in rows]).reshape(-1, len(NAMES))
    scaled = (values - np.array(model["centre"])) / np.array(model["scale"])
    return np.asarray(scaled @ np.array(model["weights"]) + model["offset"])


def area(attacks: Floats, genuine: Floats) -> float:
    """Area under the curve, ties counted half."""
    apart = attacks[:, None] - genuine[None, :]
    return float((apart > 0).mean() + (apart == 0).mean() / 2)


def report(model: dict[str, list[float] | float], rows: Sequence[Row]) -> Iterator[str]:
    """Areas by part and species with 95 % intervals over persons, and of each number alone."""
    for part in sorted({row.part for row in rows}):
        some = [row for row in rows if row.part == part]
        genuine = [row for row in some if not row.species]
        for kind in sorted({row.species for row in some if row.species}):
            attacks = [row for row in some if row.species == kind]
            low, high = _interval(model, attacks, genuine)
            whole = area(scores(model, attacks), scores(model, genuine))
            persons = len({row.person for row in attacks})
            yield (
                f"{part} {kind}: AUC {whole:.3f} ({low:.3f} to {high:.3f}), {len(attacks)} clips, "
                f"{persons} persons; alone: {', '.join(_alone(attacks, genuine))}"
            )


def _alone(attacks: Sequence[Row], genuine: Sequence[Row]) -> Iterator[str]:
    for n, name in enumerate(NAMES):
        one, other = (np.array([row.values[n] for row in kind]) for kind in (attacks, genuine))
        yield f"{name} {area(one, other):.2f}"


def _interval(
    model: dict[str, list[float] | float], attacks: Sequence[Row], genuine: Sequence[Row]
) -> tuple[float, float]:
    persons = sorted({row.person for row in (*attacks, *genuine)})
    kinds = [
        {p: scores(model, [row for row in kind if row.person == p]) for p in persons}
        for kind in (attacks, genuine)
    ]
    random = np.random.default_rng(0)
    drawn = []
    for _ in range(ROUNDS):
        chosen = random.choice(persons, len(persons))
        pair = [np.concatenate([kind[p] for p in chosen]) for kind in kinds]
        if min(map(len, pair)):
            drawn.append(area(*pair))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def limits(model: dict[str, list[float] | float], rows: Sequence[Row], date: str) -> Iterator[str]:
    """Rows for calibration.toml and conformal.toml, from the calibration part."""
    held = [row for row in rows if row.part == "calibration"]
    kinds = [[row for row in held if bool(row.species) is is_attack] for is_attack in (True, False)]
    attacks, genuine = (
        Scores(scores(model, kind), np.array([row.person for row in kind], np.str_))
        for kind in kinds
    )
    label = {
        "id": NAME,
        "score": "logit of the most restless track",
        "model": NAME,
        "model_version": "1",
        "datasets": tuple(sorted({row.corpus for row in held})),
        "conditions": f"h264-23, h264-33, about 2 s; attacks, h264-33: {', '.join(CALIBRATED_ON)}",
        "date": date,
        "source": "python -m datasets.recipes.face_dynamics DATA --table FILE",
    }
    # Rest is no evidence against a smooth alteration: the ratio never speaks for untouched.
    ratio = replace(calibration(attacks, genuine, label | {"hypotheses": HYPOTHESES}), lower=0.0)
    yield "# calibration.toml\n" + as_toml(ratio)
    yield "# conformal.toml\n" + as_toml(conformal(attacks, genuine, label, errors=ERRORS))


def answers(model: dict[str, list[float] | float], rows: Sequence[Row]) -> Iterator[str]:
    """What the shipped limits make of the test part, by species, worst first."""
    held = [row for row in rows if row.part == "test"]
    record = conformal_records("liveness").get(NAME)
    if record is None or not held:
        return
    lines = []
    for kind in {row.species for row in held}:
        some = [record.answer(v) for v in scores(model, [r for r in held if r.species == kind])]
        flagged, passed = some.count("attack"), some.count("bona fide")
        low, high = clopper_pearson(flagged, len(some))
        text = f"test {kind or 'untouched'}: {flagged} of {len(some)} for review"
        lines.append((flagged / len(some), f"{text} ({low:.2f} to {high:.2f}), {passed} passed"))
    yield from (text for _, text in sorted(lines))


def read(path: Path) -> list[Row]:
    """The table as it was kept; empty where there is none."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Row(
                **{name: row[name] for name in COLUMNS[:6]},
                factor=int(row["factor"]),
                values=tuple(float(row[name]) for name in NAMES),
            )
            for row in csv.DictReader(file)
        ]


def everything(data: Path, table: Path, *, test: bool) -> list[Row]:
    """All rows, those that `table` lacks measured and added to it; `test`: the test part too."""
    rows = read(table)
    known = {row.key for row in rows}
    models = Models(WeightStore(Settings().weights_dir))
    networks = Networks.of(models)
    bench = Bench(models, networks)
    real = [head.closer() for head in heads(data / "video", networks)]
    parts = part_of(real)
    held, others = (
        [head for head in real if parts[head.person] == part] for part in ("calibration", "test")
    )
    photos = photographed(data / "faces" / "fairface", networks, PERSONS)
    ways = (
        (photos, FITTED_ON, FACTORS[1:2], "fit"),
        (held, (), (FACTORS[0], FACTORS[2]), "calibration"),
        (held, CALIBRATED_ON, FACTORS[2:], "calibration"),
        (others if test else [], [each.id for each in SPECIES], FACTORS[1:2], "test"),
    )
    with table.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not rows:
            writer.writerow(COLUMNS)
        for some, species, factors, part in ways:
            for row in measured(some, species, factors, part, bench, known):
                writer.writerow([*(getattr(row, n) for n in COLUMNS[:7]), *row.values])
                file.flush()
                rows.append(row)
    return rows


def main(arguments: Sequence[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--test", action="store_true", help="measure the persons left out too")
    parser.add_argument("--date", default="2026-11-23", help="day of the fit, YYYY-MM-DD")
    chosen = parser.parse_args(arguments)
    rows = everything(chosen.data, chosen.table, test=chosen.test)
    model = fitted([row for row in rows if row.part == "fit"])
    lines = [f"{name} = {value}" for name, value in model.items()]
    lines = ["# operating_points.toml", "[face_dynamics.model]", *lines, ""]
    lines += [*limits(model, rows, chosen.date), *report(model, rows), *answers(model, rows)]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
