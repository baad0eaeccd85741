"""What transforms of templates cost in accuracy, and whether two stores can be joined.

    python -m benchmarks.template_protection [--data ../shared/data] [--vectors FILE.npz]

Faces: lfw10x10_krasserm (10 people, 10 photographs each) through the shipped network; `--vectors`
takes a file with the arrays `v` (n, d) and `person` instead.

- Accuracy: equal error rate of all pairs, before and after each transform.
- Joining two stores: every photograph is in both, each store under a secret of its own; cosines
  across them of the same person and of two. AUC .5 and D_sys 0 mean that nothing can be joined
  (Gomez-Barrero et al. 2018, IEEE TIFS 13(6), with equal priors); intervals by drawing people anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from audit.interview import Floats
from audit.template_rotation import rotation
from identity.embeddings import unit

SPACE = "face/dlib_resnet/1/benchmark"
SECRETS = tuple(bytes([n]) * 32 for n in range(1, 13))
DRAWN = 200
Transform = Callable[[Floats, bytes], Floats]


def turned(vectors: Floats, secret: bytes) -> Floats:
    """What is used: all dimensions, turned."""
    return (vectors @ rotation(secret, SPACE, vectors.shape[1])).astype(np.float32)


def halved(vectors: Floats, secret: bytes) -> Floats:
    """Half of the turned dimensions."""
    return unit(turned(vectors, secret)[:, : vectors.shape[1] // 2])


def signs(vectors: Floats, secret: bytes) -> Floats:
    """Signs of the turned dimensions."""
    return unit(np.sign(turned(vectors, secret)))


def plain(vectors: Floats, secret: bytes) -> Floats:
    """As the network gives them."""
    del secret
    return vectors


TRANSFORMS: dict[str, Transform] = {
    "none": plain,
    "rotation (used)": turned,
    "half of the dimensions": halved,
    "signs": signs,
}


def eer(mated: Floats, other: Floats) -> float:
    """Equal error rate of scores, higher = more alike."""
    limits = np.sort(np.concatenate([mated, other]))
    missed = np.searchsorted(np.sort(mated), limits, side="left") / len(mated)
    matched = 1 - np.searchsorted(np.sort(other), limits, side="left") / len(other)
    at = int(np.argmin(np.abs(missed - matched)))
    return float((missed[at] + matched[at]) / 2)


def auc(mated: Floats, other: Floats) -> float:
    """How often a mated score exceeds another one; ties count half."""
    held = np.sort(other)
    low, high = np.searchsorted(held, mated, "left"), np.searchsorted(held, mated, "right")
    return float(np.mean((low + high) / 2) / len(held))


def d_sys(mated: Floats, other: Floats, bins: int = 40) -> float:
    """Linkability of a system, 0..1, with equal priors, from histograms."""
    edges = np.histogram_bin_edges(np.concatenate([mated, other]), bins)
    first = np.histogram(mated, edges)[0] / len(mated)
    second = np.histogram(other, edges)[0] / len(other)
    ratio = np.divide(first, second, out=np.full(bins, np.inf), where=second > 0)
    local = np.where(ratio <= 1, 0.0, 2 / (1 + 1 / np.maximum(ratio, 1e-12)) - 1)
    return float(np.sum(np.where(first > 0, local * first, 0.0)))


def pairs(scores: Floats, who: np.ndarray) -> tuple[Floats, Floats]:
    """Scores of one person, and of two, of different pictures."""
    first, second = np.triu_indices(len(who), 1)
    same = who[first] == who[second]
    values = scores[first, second]
    return values[same], values[~same]


def crossed(vectors: Floats, who: np.ndarray, transform: Transform) -> list[tuple[float, float]]:
    """AUC and D_sys of two stores, for each of several pairs of secrets."""
    found = []
    for one, other in zip(SECRETS[0::2], SECRETS[1::2], strict=True):
        scores = transform(vectors, one) @ transform(vectors, other).T
        same = who[:, None] == who[None, :]
        found.append((auc(scores[same], scores[~same]), d_sys(scores[same], scores[~same])))
    return found


def interval(vectors: Floats, who: np.ndarray, transform: Transform) -> tuple[float, float]:
    """95 % interval of the mean AUC over pairs of secrets, people drawn anew."""
    rng = np.random.default_rng(0)
    same = who[:, None] == who[None, :]
    scores = [
        transform(vectors, one) @ transform(vectors, other).T
        for one, other in zip(SECRETS[0::2], SECRETS[1::2], strict=True)
    ]
    people = np.unique(who)
    means = []
    for _ in range(DRAWN):
        drawn = np.concatenate([np.flatnonzero(who == p) for p in rng.choice(people, len(people))])
        kept = np.ix_(drawn, drawn)
        mask = same[kept]
        means.append(np.mean([auc(s[kept][mask], s[kept][~mask]) for s in scores]))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def read(data: Path, held: Path | None) -> tuple[Floats, np.ndarray]:
    """Vectors and whose they are."""
    if held is not None:
        loaded = np.load(held)
        return loaded["v"], np.unique(loaded["person"], return_inverse=True)[1]
    from api.models import open_models
    from audit.settings import Settings
    from benchmarks import verification_faces as faces

    settings = Settings()
    found = faces.Stills(open_models(settings), settings).read("lfw", faces.lfw(data))
    names = np.array([face.person for face in found.faces])
    return np.array([face.embedding for face in found.faces]), np.unique(
        names, return_inverse=True
    )[1]


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description="cost and linkability of template transforms")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--vectors", type=Path)
    given = parser.parse_args()
    vectors, who = read(given.data, given.vectors)
    print(f"{len(vectors)} photographs of {len(np.unique(who))} people\n")
    print("| transform | EER, mean of 12 secrets | across two stores: AUC, 95 % | D_sys |")
    print("|---|---|---|---|")
    for name, transform in TRANSFORMS.items():
        rates = []
        for secret in SECRETS:
            held = transform(vectors, secret)
            rates.append(eer(*pairs(held @ held.T, who)))
        joined = crossed(vectors, who, transform)
        low, high = interval(vectors, who, transform)
        print(
            f"| {name} | {np.mean(rates):.2%} ({min(rates):.2%} to {max(rates):.2%}) | "
            f"{np.mean([a for a, _ in joined]):.3f} ({low:.3f} to {high:.3f}) | "
            f"{np.mean([d for _, d in joined]):.3f} |"
        )


if __name__ == "__main__":
    main()
