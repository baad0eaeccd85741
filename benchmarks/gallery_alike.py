"""Who stands out of a gallery: FPIR and FNIR of the rule in `identity/alike.py`, by group.

    python -m benchmarks.gallery_alike --data DIR [--cache FILE.npz] [--gallery 100000]

Strangers are adults of FairFace, a photograph each, 450 of each perceived race and gender. Many
people are in FairFace twice: `fairface_same_person.txt` names photographs that are left out, found
by looking at all pairs that stood out; of pairs that were not clearly one person both stay. A fifth
of the people are probes in turn, the others the gallery; beyond their number it is filled with
people made from them (`benchmarks.identity_gates.filled`). Mated searches are of lfw10x10_krasserm:
a photograph is looked for where another one of the same person, and nothing else of that person, is
in the gallery. All are single photographs; templates of interviews pool up to five.

Voices, with `--voices`: speakers of libri_other, libri_clean and vctk, an utterance each.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from api.models import open_models
from audit.calibration import Array, clopper_pearson
from audit.detectors import operating_point
from audit.interview import Floats
from audit.settings import Settings
from benchmarks import verification_faces, verification_voices
from benchmarks.identity_gates import filled
from identity.alike import NEXT_FROM, NEXT_TO, level_for
from identity.embeddings import unit

PER_CELL = 450
LEAST_QUALITY = 0.15
SIZES = (50, 100, 200, 400, 1000, 2500, 10_000)
BY_GROUP = (100, 1000)
FOLDS = 5
PARTS = 20
SEED = 20261123
RATES = (1e-2, 2e-3)
SAME = Path(__file__).with_name("fairface_same_person.txt")


@dataclass(frozen=True, slots=True)
class Searched:
    """Searches of one size of gallery.

    Attributes:
        top, beyond (n,): of strangers: the likest cosine, and by how much it stands out.
        cells (n,): their groups.
        mated_top, mated_beyond (m,): the same of the right person, whatever the rank.
    """

    others: int
    top: Array
    beyond: Array
    cells: np.ndarray
    mated_top: Array
    mated_beyond: Array


def embedded(data: Path, cache: Path | None) -> dict[str, np.ndarray]:
    """Strangers (`e`, `cell`, `file`) and mated photographs (`mated`, `person`)."""
    if cache is not None and cache.is_file():
        with np.load(cache) as held:
            return dict(held)
    settings = Settings()
    stills = verification_faces.Stills(open_models(settings), settings)
    same = set(SAME.read_text(encoding="utf-8").split())
    rows = [row for row in _adults(data) if row[1] not in same]
    strangers = stills.read("fairface", iter(rows)).of_quality(LEAST_QUALITY)
    lfw = stills.read("lfw", verification_faces.lfw(data))
    found = {
        "e": np.array([face.embedding for face in strangers.faces]),
        "cell": np.array([face.cell for face in strangers.faces]),
        "mated": np.array([face.embedding for face in lfw.faces]),
        "person": np.array([face.person for face in lfw.faces]),
    }
    if cache is not None:
        np.savez(cache, **found)  # type: ignore[arg-type]
    return found


def _adults(data: Path) -> Iterator[tuple[Path, str, str]]:
    folder = data / "faces/fairface"
    seen: Counter[str] = Counter()
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            cell = f"{row['race']} {row['gender']}"
            if row["age"] not in verification_faces.CHILDREN and seen[cell] < PER_CELL:
                seen[cell] += 1
                yield folder / row["file"], row["file"], cell


def likest(probes: Floats, gallery: Floats) -> Floats:
    """The 30 highest cosines of each probe (n, 30), the highest first."""
    found = []
    for first in range(0, len(probes), 100):
        scores = probes[first : first + 100] @ gallery.T
        best = np.partition(scores, -NEXT_TO, axis=1)[:, -NEXT_TO:]
        found.append(-np.sort(-best, axis=1))
    return np.concatenate(found)


def mated(vectors: Floats, people: np.ndarray, gallery: Floats) -> tuple[Array, Array]:
    """Right persons' cosines (m,), and by how much they stand out of a gallery with them."""
    tops, beyond = [], []
    ranked = likest(vectors, gallery)
    for i, person in enumerate(people):
        for j in np.flatnonzero(people == person):
            if i != j:
                score = float(vectors[i] @ vectors[j])
                all_of = -np.sort(-np.append(ranked[i], score))
                tops.append(score)
                beyond.append(score - all_of[NEXT_FROM - 1 : NEXT_TO].mean())
    return np.array(tops), np.array(beyond)


def searched(held: dict[str, np.ndarray], others: int) -> Searched:
    """Every stranger once against a gallery that it is not in; every mated pair against each."""
    rng = np.random.default_rng(SEED)
    vectors, cells = held["e"], held["cell"]
    folds = np.array_split(rng.permutation(len(vectors)), FOLDS)
    tops, found, right = [], [], []
    for number, probes in enumerate(folds):
        rest = np.concatenate([fold for n, fold in enumerate(folds) if n != number])
        parts = np.array_split(probes, PARTS if others < len(rest) else 1)
        for part in parts:
            if others < len(rest):
                gallery = vectors[rng.choice(rest, others, replace=False)]
            else:
                gallery = filled(vectors[rest], cells[rest], others)
            tops.append(likest(vectors[part], gallery))
            found.append(cells[part])
        right.append(mated(held["mated"], held["person"], gallery))
    best = np.concatenate(tops).astype(np.float64)
    return Searched(
        others=others,
        top=best[:, 0],
        beyond=best[:, 0] - best[:, NEXT_FROM - 1 : NEXT_TO].mean(axis=1),
        cells=np.concatenate(found),
        mated_top=np.concatenate([top for top, _ in right]),
        mated_beyond=np.concatenate([beyond for _, beyond in right]),
    )


def needed(found: Searched, least: float, rate: float) -> float:
    """By how much a stranger's likest stands out in at most this share of searches."""
    over = np.sort(found.beyond[found.top >= least])[::-1]
    most = int(rate * len(found.beyond))
    return float(over[most]) if most < len(over) else 0.0


def rates(found: Searched, hit: np.ndarray, right: np.ndarray) -> str:
    """FPIR and FNIR as cells of a table."""
    wrong, missed = int(hit.sum()), int((~right).sum())
    low, high = clopper_pearson(wrong, len(hit))
    return (
        f"{wrong}/{len(hit)} ({wrong / len(hit):.2%}, {low:.2%}-{high:.2%}) | "
        f"{missed}/{len(right)} ({missed / len(right):.1%})"
    )


def table(runs: list[Searched], least: float) -> str:
    """By size: what would be needed, the rates of the rule in use, and of a cosine alone."""
    lines = [
        "| others | 1 of 100 stand out by | 1 of 500 by | FPIR | FNIR | FNIR of a cosine alone |",
        "|---|---|---|---|---|---|",
    ]
    for run in runs:
        by = [f"{needed(run, least, rate):.4f}" for rate in RATES]
        level = level_for("face", "dlib_resnet", run.others)
        cut = float(np.quantile(run.top, 1 - RATES[0]))
        alone = f"{(run.mated_top < cut).mean():.1%} (from {cut:.4f}, same FPIR of 1 %)"
        if level is None:
            lines.append(f"| {run.others:,} | {' | '.join(by)} | - | - | {alone} |")
            continue
        hit = (run.top >= level.least) & (run.beyond >= level.alike)
        right = (run.mated_top >= level.least) & (run.mated_beyond >= level.alike)
        lines.append(f"| {run.others:,} | {' | '.join(by)} | {rates(run, hit, right)} | {alone} |")
    return "\n".join(lines)


def groups(run: Searched) -> str:
    """FPIR of the rule in use within each perceived race and gender, worst first."""
    level = level_for("face", "dlib_resnet", run.others)
    if level is None:
        return ""
    hit = (run.top >= level.least) & (run.beyond >= level.alike)
    overall = float(hit.mean())
    rows = []
    for cell in np.unique(run.cells):
        own = hit[run.cells == cell]
        low, high = clopper_pearson(int(own.sum()), len(own))
        verdict = "within 25 %" if own.mean() <= 1.25 * overall else "fails"
        text = f"| {cell} | {own.sum()}/{len(own)} | {own.mean():.2%} | {low:.2%}-{high:.2%} |"
        rows.append((float(own.mean()), f"{text} {verdict} |"))
    head = f"| group, gallery of {run.others:,} | flagged | FPIR | 95 % | against {overall:.2%} |"
    return "\n".join([head, "|---|---|---|---|---|", *(text for _, text in sorted(rows)[::-1])])


def voices(data: Path) -> str:
    """Strangers' voices in a gallery of all other speakers, and the right one among them."""
    models = open_models(Settings())
    libri, vctk = verification_voices.sets(data, models)
    who = np.array([*libri.speakers, *vctk.speakers])
    vectors = unit(np.concatenate([libri.embeddings, vctk.embeddings]))
    people = np.unique(who)
    first = np.array([np.flatnonzero(who == each)[0] for each in people])
    top, beyond, right = [], [], []
    for i, person in enumerate(who):
        others = first[people != person]
        ranked = -np.sort(-(vectors[others] @ vectors[i]))
        top.append(ranked[0])
        beyond.append(ranked[0] - ranked[NEXT_FROM - 1 : NEXT_TO].mean())
        for j in np.flatnonzero(who == person):
            if j != i:
                right.append(vectors[i] @ vectors[j] - ranked[NEXT_FROM - 2 : NEXT_TO - 1].mean())
    by = np.quantile(beyond, [1 - rate for rate in RATES])
    missed = [f"{float((np.array(right) < cut).mean()):.1%}" for cut in by]
    return (
        f"{len(who)} utterances of {len(people)} speakers, one utterance of each in the gallery: "
        f"1 of 100 stand out by {by[0]:.3f} (FNIR {missed[0]} of {len(right)}), 1 of 500 by "
        f"{by[1]:.3f} (FNIR {missed[1]}); median cosine of the likest {np.median(top):.3f}."
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--gallery", type=int, default=100_000)
    parser.add_argument("--voices", action="store_true")
    options = parser.parse_args()
    held = embedded(options.data, options.cache)
    least = float(operating_point("identity", "gallery_search")["face_dlib_resnet"][0]["least"])
    runs = [searched(held, size) for size in (*SIZES, options.gallery)]
    print(f"{len(held['e'])} strangers; {len(held['mated'])} mated photographs.")
    print(table(runs, least))
    for run in reversed(runs):
        if run.others in (*BY_GROUP, options.gallery):
            print(groups(run))
    if options.voices:
        print(voices(options.data))


if __name__ == "__main__":
    main()
