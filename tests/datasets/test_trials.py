from dataclasses import replace
from pathlib import Path

import pytest

from datasets.attacks import species as registry
from datasets.attacks.species import Species
from datasets.trials import Trial, read_trials, write_trials

TRIAL = Trial(
    detector="frame_loop",
    corpus="made",
    item="a, with a comma",
    source="a",
    person="",
    species="replay.screen",
    strength="weak",
    condition="h264-28",
    group="",
    split="test",
    status="review",
    reason="loop",
    score=0.1 + 0.2,
    log10_lr=None,
)


def test_what_was_written_is_read_again_to_the_last_digit(tmp_path: Path) -> None:
    trials = [TRIAL, replace(TRIAL, species="", score=None, units=3.0, seconds=0.25)]
    assert write_trials(tmp_path / "t.csv", trials) == 2
    assert read_trials(tmp_path / "t.csv") == trials
    assert [t.is_attack for t in trials] == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("test,review", "check,review", "row 2: split 'check'"),
        ("test,review", "test,fake", "status 'fake'"),
        ("0.30000000000000004", "high", "row 2: could not convert"),
        ("detector,corpus", "detector,set", "columns must be"),
        ("loop,0.3", "loop,extra,0.3", "more or fewer cells"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "t.csv"
    write_trials(path, [TRIAL])
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=said) as caught:
        read_trials(path)
    assert str(path) in str(caught.value)


def test_every_species_is_made_by_a_function_that_exists() -> None:
    from importlib import import_module

    for each in registry.species().values():
        module, _, function = each.generator.rpartition(".")
        assert callable(getattr(import_module(f"datasets.attacks.{module}"), function)), each.id


@pytest.mark.parametrize(
    ("name", "strengths", "said"),
    [("Swap", ("weak",), "family.variant"), ("a.b", (), "once"), ("a.b", ("x", "x"), "once")],
)
def test_a_species_needs_a_name_and_strengths(
    name: str, strengths: tuple[str, ...], said: str
) -> None:
    from audit.types import Question

    with pytest.raises(ValueError, match=said):
        Species(
            id=name, title="", standard="none", term="", media="still",
            question=Question.PRESENCE, signals=(), strengths=strengths, generator="",
        )  # fmt: skip
