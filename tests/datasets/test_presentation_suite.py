from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit.inference import Models
from datasets.attacks.presentations import SPECIES
from datasets.suites import presentation_attack as suite


@pytest.mark.weights
def test_without_data_a_portrait_is_shown_in_every_way_that_a_still_can(
    tmp_path: Path, models: Models
) -> None:
    found = list(suite.trials(tmp_path, models, size="small"))
    stills = {s.id for s in SPECIES if not s.id.endswith("_video")}
    assert {t.species for t in found} == {"", *stills}
    assert all(t.detector == suite.NAME and t.split == "test" for t in found)
    bona_fide = [t for t in found if not t.is_attack]
    assert bona_fide and all(t.status != "review" for t in bona_fide)
    printed = next(t for t in found if t.species == "print.laser")
    assert printed.status == "review" and printed.log10_lr is not None and printed.log10_lr > 0


def test_a_restless_hand_moves_the_whole_scene_and_keeps_its_size() -> None:
    rng = np.random.default_rng(0)
    frames = np.tile(rng.integers(0, 255, (1, 60, 80, 3), dtype=np.uint8), (10, 1, 1, 1))
    moved = np.stack(list(suite.shaken(frames, 1)))
    assert moved.shape == frames.shape
    assert np.abs(moved[9].astype(int) - moved[0]).mean() > 5
