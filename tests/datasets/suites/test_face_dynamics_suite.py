"""The suite without any corpus: the portrait and its mirror image, untouched and altered."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.inference import Models
from datasets.attacks.species import species
from datasets.suites import face_dynamics as suite


@pytest.mark.weights
def test_the_portrait_stands_in_where_no_corpus_is(models: Models, tmp_path: Path) -> None:
    found = list(suite.trials(tmp_path, models, size="small"))
    assert {t.corpus for t in found} == {"portrait"} and {t.split for t in found} == {"test"}
    assert {t.species for t in found} == {"", *suite.SMALL} and len(found) == 6
    assert all(t.score is not None and t.units >= 22 for t in found)
    by = {(t.person, t.species): t.score for t in found}
    # One of them flickers strongly: whatever the limits are, that shows.
    assert max(by[p, "video.flicker"] - by[p, ""] for p in ("portrait", "mirrored")) > 1.0


def test_what_is_tested_was_neither_fitted_nor_calibrated_on() -> None:
    learnt = {*suite.FITTED, *suite.CALIBRATED}
    assert not learnt & set(suite.TESTED)
    assert learnt | set(suite.TESTED) <= set(species())
