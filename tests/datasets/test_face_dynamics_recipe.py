"""The recipe on made-up rows: what it fits, how parts are kept apart, what it prints."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import numpy as np
import pytest

from datasets.attacks.face_videos import SPECIES
from datasets.recipes import face_dynamics as recipe
from datasets.recipes.face_dynamics import NAMES, Row, area, fitted, limits, report, scores
from datasets.talking_heads import Head
from tests.datasets.test_talking_heads import head


def rows(part: str, species: str, *, count: int = 24, gain: float = 2.0) -> list[Row]:
    """Of `count` persons; attacks have more `flicker` and less `change` than untouched clips."""
    random = np.random.default_rng([count, len(species)])
    made = []
    for number in range(count):
        values = random.normal(0, 1, 4) * [1, 2, 0.5, 1] + [0, 1, -1, 0]
        values += np.array([0, 0, 0.5, -1]) * gain * bool(species)
        person = f"{part} {number}"
        made.append(Row(part, "drawn", person, person, species, "", 28, tuple(values.tolist())))
    return made


FIT = [*rows("fit", ""), *rows("fit", recipe.FITTED_ON[0])]


def test_the_model_weighs_what_tells_and_never_weighs_against_its_definition() -> None:
    model = fitted(FIT)
    weights = np.array(model["weights"])
    assert NAMES[int(np.argmax(weights))] == "flicker" and weights.min() >= 0
    assert weights[NAMES.index("change")] == 0
    untouched = np.array([row.values for row in FIT if not row.species])
    assert model["centre"] == pytest.approx(np.median(untouched, axis=0), abs=1e-4)
    attacks, genuine = ([r for r in FIT if bool(r.species) is b] for b in (True, False))
    assert area(scores(model, attacks), scores(model, genuine)) > 0.8
    assert fitted(FIT) == model


def test_equal_scores_count_half() -> None:
    assert area(np.array([1.0, 2.0]), np.array([1.0, 0.0])) == pytest.approx(0.875)


def test_the_printed_rows_can_be_read_and_never_speak_for_untouched() -> None:
    held = [*rows("calibration", ""), *rows("calibration", recipe.CALIBRATED_ON[0], gain=4.0)]
    model = fitted(FIT)
    ratio, limit = (tomllib.loads(text)["record"][0] for text in limits(model, held, "2026-11-23"))
    assert ratio["lower"] == 0.0 < ratio["upper"] and ratio["n_persons"] == 24
    assert limit["n_bona_fide"] == 24 and limit["bona_fide_error"] == recipe.ERRORS[0]
    genuine = scores(model, [row for row in held if not row.species])
    assert (genuine > limit["bona_fide_limit"]).mean() <= recipe.ERRORS[0]
    lines = list(report(model, [*FIT, *held]))
    assert len(lines) == 2 and all("AUC" in line and "24 persons" in line for line in lines)


def test_persons_go_by_turns_within_each_set_and_stay_whole() -> None:
    made = [head(f"grid/{n}", 1, person=f"grid {n // 2}") for n in range(6)]
    made += [Head("web/x", "web", "web x", made[0].film)]
    parts = recipe.part_of(made)
    assert sorted(parts.values()).count("calibration") == 3
    assert parts["web x"] == "calibration" and len(parts) == 4


def test_attacks_of_fit_calibration_and_test_are_not_the_same() -> None:
    learnt = {*recipe.FITTED_ON, *recipe.CALIBRATED_ON}
    assert not set(recipe.FITTED_ON) & set(recipe.CALIBRATED_ON)
    assert all(each.trained_on for each in SPECIES if each.id in learnt)


def test_the_table_is_kept_and_read(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    assert recipe.read(path) == []
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(recipe.COLUMNS)
        writer.writerows([*(getattr(r, n) for n in recipe.COLUMNS[:7]), *r.values] for r in FIT)
    assert recipe.read(path) == FIT
