"""Gates of NIST SP 800-63A-4 for a face back end: FNMR at FMR, FPIR of a large gallery, by group.

    python -m benchmarks.identity_gates --faces FILE --strangers FILE.npz [--gallery 100000]

Mated comparisons are of lfw10x10_krasserm (10 people), non-mated ones of FairFace adults, a
photograph each (`e` (n, d), `race`, `gender`, `age` in FILE.npz). A gallery beyond those people is
filled with made ones: a person of a perceived race and gender moved by the difference of two others
of that group, times a half, scaled to length 1. Such fill is no more varied than who it was made
from, so FPIR of a true gallery may be higher. Another back end: give files of its vectors.
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np

from audit.calibration import Array, clopper_pearson, threshold_at_fmr
from audit.interview import Floats
from benchmarks.verification_faces import CHILDREN, FaceSet, singles
from identity.embeddings import unit

RATES = (1e-2, 1e-3, 1e-4)
SEED = 20261123
PROBES = 200
CLOSE = 0.25
"""A group passes whose rate is at most this share above the overall rate."""
BLOCK = 2000


def nonmated(vectors: Floats) -> Array:
    """Similarities of all pairs of different people."""
    first, second = np.triu_indices(len(vectors), 1)
    scores = [
        np.einsum("nd,nd->n", vectors[first[i : i + 100_000]], vectors[second[i : i + 100_000]])
        for i in range(0, len(first), 100_000)
    ]
    return np.concatenate(scores).astype(np.float64)


def filled(vectors: Floats, cells: np.ndarray, size: int) -> Floats:
    """A gallery of `size` people: those given, and made ones of their groups."""
    rng = np.random.default_rng(SEED)
    base = rng.integers(0, len(vectors), max(0, size - len(vectors)))
    rows = {cell: np.flatnonzero(cells == cell) for cell in np.unique(cells)}
    one, two = (np.array([rng.choice(rows[cells[i]]) for i in base], np.int64) for _ in range(2))
    made = unit(vectors[base] + 0.5 * (vectors[one] - vectors[two]))
    return np.concatenate([vectors, made])[:size]


def highest(probes: Floats, gallery: Floats) -> Array:
    """The highest similarity of each probe with anybody in the gallery."""
    best = np.full(len(probes), -1.0)
    for first in range(0, len(gallery), BLOCK):
        best = np.maximum(best, (probes @ gallery[first : first + BLOCK].T).max(axis=1))
    return best


def verification(mated: Array, strangers: Array) -> str:
    """FNMR at each FMR, one photograph on either side."""
    lines = ["| FMR at most | threshold | FNMR | 95 % |", "|---|---|---|---|"]
    for rate in reversed(RATES):
        least = threshold_at_fmr(strangers, rate)
        missed = int((mated < least).sum())
        low, high = clopper_pearson(missed, len(mated))
        lines.append(
            f"| {rate:g} | {least:.4f} | {missed}/{len(mated)} ({missed / len(mated):.1%}) | "
            f"{low:.1%}-{high:.1%} |"
        )
    return "\n".join(lines)


def groups(vectors: Floats, cells: np.ndarray, strangers: Array, rate: float) -> str:
    """FMR within each perceived race and gender at the threshold of all, worst first."""
    least = threshold_at_fmr(strangers, rate)
    overall = float((strangers >= least).mean())
    rows = []
    for cell in np.unique(cells):
        own = nonmated(vectors[cells == cell])
        share = float((own >= least).mean())
        verdict = "within 25 %" if share <= overall * (1.0 + CLOSE) else "fails"
        count = int((own >= least).sum())
        rows.append((share, f"| {cell} | {count}/{len(own)} | {share:.2e} | {verdict} |"))
    head = f"| group | false matches, FMR {overall:.1e} overall | FMR | gate |"
    return "\n".join([head, "|---|---|---|---|", *(text for _, text in sorted(rows, reverse=True))])


def search(vectors: Floats, cells: np.ndarray, strangers: Array, size: int) -> str:
    """FPIR of probes that are not in the gallery, at thresholds of FMR and lower ones."""
    order = np.random.default_rng(SEED).permutation(len(vectors))
    probes, kept = vectors[order[:PROBES]], order[PROBES:]
    best = highest(probes, filled(vectors[kept], cells[kept], size))
    lines = ["| threshold | FPIR | 95 % |", "|---|---|---|"]
    for rate in RATES:
        least = threshold_at_fmr(strangers, rate)
        wrong = int((best >= least).sum())
        low, high = clopper_pearson(wrong, len(best))
        lines.append(
            f"| {least:.4f} (FMR {rate:g}) | {wrong}/{len(best)} ({wrong / len(best):.1%}) | "
            f"{low:.1%}-{high:.1%} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--strangers", type=Path, required=True)
    parser.add_argument("--gallery", type=int, default=100_000)
    options = parser.parse_args()
    with options.faces.open("rb") as file:
        lfw: FaceSet = pickle.load(file)["lfw"]  # noqa: S301 - written by our own benchmarks
    held = np.load(options.strangers)
    adult = ~np.isin(held["age"], list(CHILDREN)) & (held["q"] >= 0.15)
    vectors = held["e"][adult]
    cells = np.char.add(np.char.add(held["race"][adult], " "), held["gender"][adult])
    strangers = nonmated(vectors)
    print(f"{len(vectors)} strangers, {len(strangers)} pairs; gallery of {options.gallery}.")
    print(verification(singles(lfw).mated, strangers))
    print(groups(vectors, cells, strangers, 1e-3))
    print(search(vectors, cells, strangers, options.gallery))


if __name__ == "__main__":
    main()
