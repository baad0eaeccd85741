"""Pairs for training: alike in all but the manipulation, and the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from audit.inference import Models
from datasets.recipes.curves import auc, auc_interval
from datasets.recipes.face_stills import PairMaker, Photos, measured, recorded
from tests.datasets.test_faces import material

COUNT = 6


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    made = [material(seed) for seed in range(COUNT)]
    files = [f"{'train' if n < 4 else 'val'}/{n}.png" for n in range(COUNT)]
    for name, (image, _) in zip(files, made, strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), image)
    alike = np.array(["x"] * COUNT)
    points = np.stack([mesh for _, mesh in made])
    return Photos(tmp_path, np.array(files), points, alike, alike, alike)


def maker(photos: Photos, kind: str, **more: object) -> PairMaker:
    rows = np.arange(COUNT)
    return PairMaker(photos, rows, photos.shapes(), {kind: 1.0}, 96, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["self_blended", "cross_blended", "poisson", "mouth_warped"])
def test_a_pair_differs_where_the_mask_says(photos: Photos, kind: str) -> None:
    pair = maker(photos, kind, is_varied=False).pair(0, np.random.default_rng(5))
    assert pair.real.shape == pair.forged.shape == (96, 96, 3) and pair.mask.shape == (6, 6)
    apart = np.abs(pair.real.astype(int) - pair.forged.astype(int)).mean(axis=2)
    parts = cv2.resize(apart, (6, 6), interpolation=cv2.INTER_AREA)
    assert parts[pair.mask > 0.5].mean() > 1.0
    assert parts[pair.mask == 0].max(initial=0.0) < 0.5


def test_the_same_seed_gives_the_same_pair(photos: Photos) -> None:
    first, again, other = (
        maker(photos, "cross_blended").pair(1, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert np.array_equal(first.real, again.real) and np.array_equal(first.forged, again.forged)
    assert not np.array_equal(first.forged, other.forged)


def test_both_of_a_pair_come_through_the_same_recording(photos: Photos) -> None:
    """Outside of the mask nothing but the encoder's own choices differs."""
    for seed in range(12):
        pair = maker(photos, "self_blended").pair(2, np.random.default_rng(seed))
        outside = cv2.resize(pair.mask, (96, 96), interpolation=cv2.INTER_NEAREST) == 0
        if outside.mean() < 0.05:
            continue
        apart = (pair.real.astype(float) - pair.forged.astype(float))[outside]
        assert abs(apart.mean()) < 2.0 and np.median(np.abs(apart)) <= 3.0


def test_resynthesis_needs_its_model(photos: Photos) -> None:
    with pytest.raises(ValueError, match="face model"):
        maker(photos, "resynthesised").pair(0, np.random.default_rng(1))


def test_splits_and_the_name_of_the_data(photos: Photos) -> None:
    assert photos.is_train.tolist() == [True] * 4 + [False] * 2
    fewer = Photos(photos.root, *(getattr(photos, n)[:5] for n in ("files", "points")), *[photos.race[:5]] * 3)  # fmt: skip  # noqa: E501
    assert len(photos.list_sha256) == 64 and fewer.list_sha256 != photos.list_sha256
    (photos.root / "train" / "0.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"0\.png"):
        photos.read(0)


def test_a_higher_rate_factor_loses_more() -> None:
    image, _ = material(3)
    lost = [
        np.abs(recorded(image, crf, 2, np.random.default_rng(1)).astype(int) - image).mean()
        for crf in (18, 28, 38)
    ]
    assert lost[0] < lost[1] < lost[2]


@pytest.mark.shared_data
@pytest.mark.weights
def test_faces_of_the_corpus_are_measured_once(
    shared_data: Path, models: Models, tmp_path: Path
) -> None:
    corpus = shared_data / "faces" / "fairface"
    root = tmp_path / "faces"
    root.mkdir()
    lines = (corpus / "labels.csv").read_text().splitlines()[:5]
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    for split in ("train", "val"):
        (root / split).symlink_to(corpus / split)
    found = measured(root, models, tmp_path / "kept.npz")
    assert 1 <= len(found.files) <= 4 and found.points.shape[1:] == (468, 3)
    again = measured(root, models, tmp_path / "kept.npz")
    assert np.array_equal(found.points, again.points)


def test_the_area_under_the_curve() -> None:
    real, forged = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0])
    assert auc(real, forged) == pytest.approx((1.5 + 3) / 6)
    assert auc(real, real) == 0.5
    random = np.random.default_rng(2)
    low = random.normal(0, 1, 200)
    first, last = auc_interval(low, low + 1)
    assert first < auc(low, low + 1) < last and last - first < 0.2
