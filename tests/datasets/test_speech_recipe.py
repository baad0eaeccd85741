"""Who trains and who tests never mix; the same channel meets an utterance and its copies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audit.inference import Models
from datasets.recipes.speech_material import CORPORA, person_of, split_of, through
from datasets.suites.synthetic_speech import PEOPLE, sounds, trials
from datasets.voices import LOW, babble


def test_every_person_has_one_split_and_each_split_people() -> None:
    people = [("vctk", f"p{number}") for number in range(40) for _ in range(3)]
    found = split_of(people)
    assert len(found) == 40
    assert [list(found.values()).count(name) for name in ("train", "calibration", "test")] == [
        20,
        10,
        10,
    ]
    assert split_of(people[::-1]) == found


def test_the_shipped_list_holds_nobody_twice() -> None:
    people = json.loads(PEOPLE.read_text("utf-8"))
    assert set(people) == {name.rstrip("23") for name in CORPORA}
    for parts in people.values():
        everyone = [person for part in parts.values() for person in part]
        assert len(set(everyone)) == len(everyone)


def test_a_speaker_is_read_from_the_name() -> None:
    assert person_of("libri_other", "2414-128291-0008") == "2414"
    assert person_of("vctk", "p228_023") == "p228"
    assert person_of("ami", "dev00") == "dev00"


def test_an_item_meets_the_same_channel_each_time() -> None:
    samples = (babble(LOW, 4.1, 1) / 32768.0).astype(np.float32)
    first = [through(samples, "item", number) for number in (0, 1)]
    assert np.array_equal(first[1], through(samples, "item", 1))
    assert not np.array_equal(first[0], first[1])
    # Linear channels: half the sound gives the same window, brought to the same level.
    np.testing.assert_allclose(first[0], through(samples / 2, "item", 0), atol=2)


def test_items_with_like_names_meet_different_channels() -> None:
    samples = (babble(LOW, 4.1, 1) / 32768.0).astype(np.float32)
    heard = [through(samples, f"libri_clean_{number}", 1).tobytes() for number in range(6)]
    assert len(set(heard)) >= 5


def test_without_data_only_made_up_speech_is_judged(tmp_path: Path) -> None:
    found = list(sounds(tmp_path / "absent", "small", 0))
    assert found
    assert all(sound.item.species for sound in found)


@pytest.mark.weights
def test_the_small_suite_yields_trials_without_data(models: Models, tmp_path: Path) -> None:
    found = list(trials(tmp_path / "absent", models, size="small"))
    assert found
    assert {trial.detector for trial in found} == {"synthetic_speech"}
    assert all(trial.is_attack for trial in found)
    assert any(trial.status == "review" for trial in found)
