"""Keyed rotations of templates: what stays, what cannot be compared, what can be revoked."""

from __future__ import annotations

import pickle
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import pytest

from audit.inference import Models
from audit.interview import Floats
from audit.settings import Settings
from audit.template_rotation import Rotation, rotation
from benchmarks import verification_faces
from identity.embeddings import unit

FIRST, SECOND = bytes(range(32)), bytes(range(1, 33))
SPACE = "face/toy/1/0"


def faces(people: int, each: int, *, noise: float, seed: int) -> tuple[Floats, np.ndarray]:
    """Unit vectors as a face network gives them: near one direction, and nearer for one person."""
    rng = np.random.default_rng(seed)
    common = 2.0 * np.eye(1, 128)
    own = common + rng.standard_normal((people, 128)) / np.sqrt(128)
    who = np.repeat(np.arange(people), each)
    drawn = own[who] + noise * rng.standard_normal((len(who), 128)) / np.sqrt(128)
    return unit(drawn.astype(np.float32)), who


@pytest.mark.parametrize("dim", [2, 3, 128, 512])
def test_a_rotation_keeps_lengths_and_angles(dim: int) -> None:
    matrix = rotation(FIRST, SPACE, dim)
    assert np.allclose(matrix @ matrix.T, np.eye(dim), atol=1e-12)
    vectors = unit(np.random.default_rng(1).standard_normal((50, dim)).astype(np.float32))
    turned = Rotation(FIRST, SPACE, dim).turned(vectors)
    assert np.allclose(turned @ turned.T, vectors @ vectors.T, atol=2e-6)
    assert np.allclose(turned[0], Rotation(FIRST, SPACE, dim).turned(vectors[0]), atol=1e-6)


def test_a_rotation_is_always_the_same_and_never_that_of_another_secret_or_space() -> None:
    same = rotation(FIRST, SPACE, 8)
    assert np.array_equal(same, rotation(FIRST, SPACE, 8))
    assert np.allclose(
        same[0],
        [
            -0.24305174,
            0.02054021,
            -0.20042177,
            -0.06049895,
            0.16750135,
            -0.11579977,
            -0.04757421,
            0.9235504,
        ],
        atol=1e-7,
    )  # stored templates depend on it: a change of this figure would make them useless
    for other in (rotation(SECOND, SPACE, 8), rotation(FIRST, "voice/toy/1/0", 8)):
        assert np.abs(same - other).max() > 0.1


def test_rotations_are_uniform() -> None:
    """First columns of many rotations: coordinates with mean 0 and variance 1/d, as on a sphere."""
    columns = np.array(
        [rotation(bytes([n % 256, n // 256] * 16), SPACE, 6)[:, 0] for n in range(600)]
    )
    assert np.abs(columns.mean(axis=0)).max() < 4 / np.sqrt(6 * 600)
    assert np.abs(columns.var(axis=0) - 1 / 6).max() < 0.04


def test_a_secret_is_whole_and_a_rotation_is_never_written_out() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Rotation(b"short", SPACE, 4)
    with pytest.raises(TypeError, match="written out"):
        pickle.dumps(Rotation(FIRST, SPACE, 4))
    assert repr(Rotation(FIRST, SPACE, 4)) == "Rotation(...)"


def test_revoking_makes_old_references_useless_and_enrolling_again_restores_them() -> None:
    """200 made people, one reference each, one later picture each: who is found first."""
    references, who = faces(200, 1, noise=0.3, seed=2)
    rng = np.random.default_rng(3)
    later = unit(references + 0.02 * rng.standard_normal(references.shape).astype(np.float32))
    old, new = Rotation(FIRST, SPACE, 128), Rotation(SECOND, SPACE, 128)

    def found_first(stored: Floats, asked: Floats) -> float:
        return float(np.mean(np.argmax(asked @ stored.T, axis=1) == who))

    before = found_first(old.turned(references), old.turned(later))
    revoked = found_first(old.turned(references), new.turned(later))
    after = found_first(new.turned(references), new.turned(later))
    assert before == after == found_first(references, later)
    assert before > 0.95
    assert revoked <= 0.03  # 1 in 200 by chance


def test_scores_across_two_transforms_say_nothing() -> None:
    """Mated and non-mated cosines of two tenants' templates: one distribution, around zero."""
    first, who = faces(300, 1, noise=0.3, seed=4)
    second = first  # the very same pictures in both stores: the easiest case for a thief
    crossed = (
        Rotation(FIRST, SPACE, 128).turned(first) @ Rotation(SECOND, SPACE, 128).turned(second).T
    )
    mated = np.diag(crossed)
    other = crossed[~np.eye(len(who), dtype=bool)]
    auc = float(np.mean(mated[:, None] > np.random.default_rng(5).choice(other, 2000)[None, :]))
    assert 0.4 < auc < 0.6


@pytest.mark.shared_data
@pytest.mark.weights
def test_real_faces_are_found_again_only_under_the_transform_in_use(
    shared_data: Path, models: Models, settings: Settings
) -> None:
    """Two photographs of each of five people through the shipped network: one stored, one later."""
    rows = verification_faces.lfw(shared_data)
    people = islice(groupby(rows, key=lambda row: row[1]), 5)
    chosen = [list(islice(photographs, 2)) for _, photographs in people]
    stills = verification_faces.Stills(models, settings)
    found = [[stills.face(path) for path, _, _ in pair] for pair in chosen]
    stored, later = (np.array([pair[n][0] for pair in found if pair[n]]) for n in (0, 1))
    assert len(stored) == len(later) == 5
    old, new = Rotation(FIRST, SPACE, 128), Rotation(SECOND, SPACE, 128)

    def mated(kept: Floats, asked: Floats) -> Floats:
        return np.einsum("nd,nd->n", kept, asked)

    before = mated(old.turned(stored), old.turned(later))
    assert np.allclose(before, mated(stored, later), atol=2e-6)
    assert before.min() > 0.9
    revoked = mated(old.turned(stored), new.turned(later))
    assert np.abs(revoked).max() < 0.45  # five standard deviations of chance in 128 dimensions
    assert np.allclose(mated(new.turned(stored), new.turned(later)), before, atol=4e-6)
