"""Records from trials: by persons, at the stated error, and readable again."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from audit.calibration import CalibrationRecord
from audit.conformal import ConformalRecord
from audit.errors import InputError
from datasets.limits import as_toml, main, rows
from datasets.trials import Trial, write_trials

LABEL = {
    "id": "toy", "score": "s", "model": "toy", "model_version": "1", "date": "2026-11-23",
    "source": "test", "hypotheses": ("altered", "untouched"),
}  # fmt: skip


def trials(persons: int = 60, *, apart: float = 3.0, split: str = "calibration") -> list[Trial]:
    """Normal scores, two recordings a person and kind, in two conditions."""
    random = np.random.default_rng(5)
    made = []
    for person in range(persons):
        for species in ("", "swap.soft"):
            for word in ("large", "small"):
                for item in range(2):
                    mean = apart * (word == "large") * (species != "")
                    made.append(
                        Trial(
                            detector="toy", corpus="made", item=f"{person}.{item}",
                            source=str(person), person=str(person), species=species,
                            strength="usual" if species else "", condition=f"h264-28 {word}",
                            group="", split=split, status="review", reason="x",
                            score=float(random.normal(mean, 1)), log10_lr=None,
                        )
                    )  # fmt: skip
    return made  # type: ignore[return-value]


def test_what_tells_kinds_apart_gets_wide_bounds_and_what_does_not_none() -> None:
    (large, large_limits), (small, small_limits) = rows(trials(), errors=(0.05, 0.2), label=LABEL)
    assert (large.id, small.id) == ("toy_large", "toy_small")
    assert 0.8 < large.slope < 1.5 and large.upper > 0.8 and large.lower < -0.8 and large.cllr < 0.5
    assert small.upper < 0.3 and small.lower > -0.3 and small.cllr > 0.9
    assert large.n_persons == 60 and large.n_mated == large.n_nonmated == 120
    assert 1.2 < large_limits.bona_fide_limit < 2.4
    assert large_limits.answer(3.5) == "attack" and small_limits.answer(0.0) == "both possible"


def test_the_stated_error_holds_for_others() -> None:
    ((_, found), _) = rows(trials(400), errors=(0.05, 0.2), label=LABEL)
    fresh = np.random.default_rng(9).normal(0, 1, 4000)
    flagged = np.mean([not found.fits_bona_fide(v) for v in fresh])
    assert 0.02 < flagged < 0.08
    assert found.n_bona_fide == found.n_attack == 400


def test_no_bound_is_wider_than_persons_support() -> None:
    ((large, _), _) = rows(trials(30, apart=30.0), errors=(0.05, 0.2), label=LABEL)
    assert large.upper <= np.log10(31) and large.lower >= -np.log10(31)


def test_too_few_persons_are_refused() -> None:
    with pytest.raises(InputError, match="19 attacked"):
        rows(trials(19), errors=(0.05, 0.2), label=LABEL)


def test_only_what_was_set_aside_counts(tmp_path: Path) -> None:
    assert rows(trials(split="test"), errors=(0.05, 0.2), label=LABEL) == []


def test_rows_can_be_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_trials(tmp_path / "t.csv", trials())
    main([str(tmp_path / "t.csv"), "--detector", "toy", "--date", "2026-11-23"])
    said = capsys.readouterr().out
    first, _, second = said.partition("# conformal.toml")
    for text, kind in ((first, CalibrationRecord), (second, ConformalRecord)):
        held = tomllib.loads(text)["record"]
        assert [row["id"] for row in held] == ["toy_large", "toy_small"]
        for row in held:
            made = kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})
            assert tomllib.loads(as_toml(made))["record"] == [row]
