"""The scorecard as a whole, and what makes it fail against an accepted one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audit.detectors import names
from audit.errors import InputError, WeightsUnavailable
from datasets.scorecard import running
from datasets.scorecard.build import scorecard
from datasets.scorecard.gate import Reference, fallen, reference
from datasets.scorecard.model import ScorecardDocument
from datasets.scorecard.resampling import Plan
from datasets.trials import Trial, read_trials, write_trials
from tests.datasets.made_trials import registry, scored, species, trial, trials

REGISTRY = registry(
    species("face.swap"), species("face.blend", trained_on=True), species("face.unmade")
)


def made(shift: float = 2.0, flagged: int = 1) -> list[Trial]:
    chance = np.random.default_rng(4)
    people = {"group": "x", "units": 1.0, "seconds": 0.01}
    genuine = scored((chance.normal(size=40) - 3).tolist(), **people)
    genuine = [
        trial(**{f: getattr(t, f) for f in t.__dataclass_fields__} | {"status": "review"})
        if n < flagged
        else t
        for n, t in enumerate(genuine)
    ]
    attacks = scored((chance.normal(size=40) + shift).tolist(), species="face.swap")
    trained = scored((chance.normal(size=40) + 9).tolist(), species="face.blend")
    return [*genuine, *attacks, *trained]


def card(held: list[Trial], **more: Any) -> ScorecardDocument:
    return scorecard(held, REGISTRY, size="given", sha256="0" * 64, plan=Plan(rounds=100), **more)


def test_only_trials_for_testing_count() -> None:
    leaked = trials("n" * 50, species="face.blend", split="train", start="t")
    (with_leak,) = card([*made(), *leaked]).detectors
    (without,) = card(made()).detectors
    assert with_leak.attacks == without.attacks
    assert (with_leak.trials, with_leak.other) == (120, 50)


def test_a_species_that_calibration_used_counts_as_trained_on() -> None:
    """Whatever the registry says of it."""
    used = trials("n", species="face.swap", split="calibration", start="elsewhere")
    (detector,) = card([*made(), *used]).detectors
    assert {row.trained_on for row in detector.attacks} == {"yes"}
    assert detector.discrimination[0].attacks == 0


def test_people_and_recordings_that_training_used_are_left_out_and_it_is_said() -> None:
    own = trials("nnrr", person="known", start="x")
    copy = [trial(item="again", source="s0")]
    used = [
        trial(split="train", person="known", source="other"),
        trial(split="calibration", source="s0"),
        trial(split="train", person="known", source="far", corpus="elsewhere"),
    ]
    (detector,) = card([*own, *copy, *trials("nn", start="free"), *used]).detectors
    assert detector.trials == 2
    assert any(entry.what == "5 trials for testing" for entry in detector.missing)


def test_each_detector_is_measured_by_itself() -> None:
    other = trials("nnnn", species="face.swap", detector="other")
    found = card([*made(), *other])
    assert [d.name for d in found.detectors] == ["other", "toy"]
    assert found.detectors[1] == card(made()).detectors[0]


def test_what_was_not_measured_is_said() -> None:
    (detector,) = card(made()).detectors
    said = {entry.what for entry in detector.missing}
    assert "Title of face.unmade" in said
    assert "Likelihood ratios" in said
    assert "People behind some trials" in said
    assert "Cost" not in said
    assert "Demographic groups" not in said
    (bare,) = card(trials("rr", species="face.blend")).detectors
    assert {"False flags", "Attacks that it was not trained on", "Cost", "Demographic groups"} <= {
        entry.what for entry in bare.missing
    }


def test_the_same_trials_give_the_same_scorecard_from_their_file(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    write_trials(path, made())
    assert card(read_trials(path)) == card(made())


def test_a_scorecard_survives_its_json() -> None:
    found = card(made())
    assert ScorecardDocument.model_validate_json(found.model_dump_json()) == found


def test_the_reference_accepts_itself_and_a_better_one() -> None:
    accepted = reference(card(made()))
    assert fallen(accepted, card(made())) == []
    assert fallen(accepted, card(made(shift=6.0, flagged=0))) == []
    assert Reference.model_validate(json.loads(accepted.model_dump_json())) == accepted


def test_a_figure_that_falls_by_more_than_its_interval_is_named() -> None:
    accepted = reference(card(made()))
    worse = fallen(accepted, card(made(shift=-3.0)))
    assert any(line.startswith("toy: strict APCER, face.swap: was") for line in worse)
    assert any(line.startswith("toy: AUC, all: was") for line in worse)
    assert not any("face.blend" in line for line in worse)
    flagged = fallen(accepted, card(made(flagged=20)))
    assert any(line.startswith("toy: BPCER, home: was 0.025") for line in flagged)


def test_a_small_fall_within_the_interval_passes() -> None:
    assert fallen(reference(card(made())), card(made(flagged=3))) == []


def test_a_figure_that_is_gone_is_named() -> None:
    found = fallen(reference(card(made())), card(trials("nnn")))
    assert any("no longer measured" in line for line in found)


def one_suite(give: Any) -> SimpleNamespace:
    def each(data: Path, models: object, *, size: str, seed: int = 0) -> Iterator[Trial]:
        yield from give(data, size, seed)

    return SimpleNamespace(trials=each)


def test_suites_are_run_with_their_size_and_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> Iterator[Trial]:
        yield trial()
        raise WeightsUnavailable("Weight toy is not installed.")

    held = {
        "good": one_suite(lambda data, size, seed: [trial(item=f"{data.name} {size} {seed}")]),
        "bare": one_suite(lambda *_: []),
        "poor": one_suite(refuses),
    }
    monkeypatch.setattr(running, "import_module", lambda name: held[name.rpartition(".")[2]])
    told: list[tuple[str, int]] = []
    found, missing = running.run(
        ("good", "bare", "poor"),
        tmp_path,
        None,  # type: ignore[arg-type]
        size="small",
        seed=5,
        told=lambda *each: told.append(each),
    )
    assert [t.item for t in found] == [f"{tmp_path.name} small 5"]
    assert {entry.what: entry.why for entry in missing} == {
        "bare": "Its suite found nothing to run on.",
        "poor": "Weight toy is not installed.",
    }
    assert ("good", 1) in told


def test_a_detector_without_a_suite_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="nothing_like_it"):
        running.chosen(["nothing_like_it"])
    assert running.chosen([]) == running.suite_names()


def test_every_suite_is_of_a_detector_and_the_others_are_named() -> None:
    assert set(running.suite_names()) <= set(names())
    left = {entry.what for entry in running.without_suite()}
    assert left == set(names()) - set(running.suite_names())
