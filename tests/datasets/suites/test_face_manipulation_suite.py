"""The suite without any corpus: the portrait, filmed untouched and altered."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.inference import Models
from datasets.attacks.species import species
from datasets.suites import face_manipulation as suite


@pytest.mark.weights
def test_the_portrait_stands_in_where_no_corpus_is(models: Models, tmp_path: Path) -> None:
    found = list(suite.trials(tmp_path, models, size="small"))
    assert {t.corpus for t in found} == {"portrait"} and {t.split for t in found} == {"test"}
    kinds = {t.species for t in found}
    assert kinds == {"", *suite.TESTED, *suite.TRAINED_ON}
    assert {t.condition for t in found} == {"h264-28 large", "h264-28 small"}
    assert all(t.score is not None and t.units >= 3 for t in found)


def test_no_attack_of_the_test_was_trained_on_or_calibrated_on() -> None:
    known = species()
    assert not any(known[id].trained_on for id in suite.TESTED)
    assert all(known[id].trained_on for id in suite.TRAINED_ON)
    assert not set(suite.CALIBRATED_ON) & {*suite.TESTED, *suite.TRAINED_ON}


def test_persons_are_drawn_from_all_groups_alike(shared_data: Path) -> None:
    root = shared_data / "faces" / "fairface"
    rows = suite._listed(root, 28, seed=1)
    assert len(rows) == 28
    groups = [(row["race"], row["gender"]) for row in rows]
    assert len(set(groups)) == 14 and all(groups.count(g) == 2 for g in groups)
    assert suite._listed(root, 28, seed=1) == rows != suite._listed(root, 28, seed=2)
