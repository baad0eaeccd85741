"""Corpora that a user brings are scored by their usual protocol, by detectors they are about."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from audit.errors import InputError
from audit.inference import Models
from audit.weights import WeightStore
from datasets.attacks.species import species
from datasets.corpora import CORPORA
from datasets.scorecard import corpora, running
from datasets.scorecard.build import scorecard
from datasets.scorecard.resampling import Plan
from datasets.suites._judging import Item
from datasets.trials import Trial
from datasets.voices import LOW, RATE, babble
from tests.datasets.corpora.test_corpora import COUNTS, TREES
from tests.datasets.made_trials import trial

SCORED = [
    (name, signal)
    for name, each in CORPORA.items()
    if name not in corpora.OWN
    for signal in each.signals
    if signal in running.suite_names()
]


def answered(item: Item, path: Path, how: object) -> Trial:
    assert path.is_file()
    if item.species and item.item.endswith("unreadable"):
        raise InputError("It cannot be read.")
    return trial(**{name: getattr(item, name) for name in Item.__slots__})


@pytest.fixture
def models() -> Models:
    return Models(WeightStore(Path("absent")))


@pytest.mark.parametrize(("name", "signal"), SCORED)
def test_the_test_part_of_each_corpus_is_scored(
    name: str, signal: str, tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "judged_file", answered)
    TREES[name](tmp_path / "unpacked")
    found = list(corpora.corpus_trials(signal, tmp_path, models))
    genuine, attacks = COUNTS[name]["test"]
    assert (sum(not t.is_attack for t in found), sum(t.is_attack for t in found)) == (
        genuine, attacks,
    )  # fmt: skip
    assert {t.corpus for t in found} == {name} and {t.split for t in found} == {"test"}
    assert all(t.species.startswith(f"{name}.") for t in found if t.is_attack)
    assert len({t.item for t in found}) == len(found)
    assert all(t.source for t in found)


def test_corpora_appear_in_the_scorecard_by_name(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "judged_file", answered)
    for name in ("oulu_npu", "casia_fasd", "faceforensics", "fairface"):
        TREES[name](tmp_path / name)
    found = list(corpora.corpus_trials("presentation_attack", tmp_path, models))
    card = scorecard(found, species(), size="full", sha256="0" * 64, plan=Plan(seed=0))
    rows = {row.corpus for row in card.detectors[0].bona_fide}
    assert rows == {"oulu_npu", "casia_fasd"}
    kinds = {row.species.partition(".")[0] for row in card.detectors[0].attacks}
    assert kinds == rows


def test_the_small_size_reads_no_corpus(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    TREES["oulu_npu"](tmp_path)
    monkeypatch.setattr(corpora, "judged_file", answered)
    monkeypatch.setattr(running, "_suite", lambda name: lambda *_, **__: iter([trial()]))
    counts = {}
    for size in ("small", "full"):
        found, _ = running.run(
            ("presentation_attack",), tmp_path, models, size=size, seed=0, told=lambda *_: None  # type: ignore[arg-type]
        )  # fmt: skip
        counts[size] = len(found)
    assert counts["small"] == 1 < counts["full"]


@pytest.mark.weights
def test_files_are_really_read_and_an_empty_one_is_an_abstention(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    root = TREES["in_the_wild"](tmp_path / "release")
    first, second = sorted(root.rglob("*.wav"))
    with wave.open(str(first), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(babble(LOW, 4.0, 1).tobytes())
    shipped = Models(WeightStore(request.getfixturevalue("settings").weights_dir))
    found = {t.item: t for t in corpora.corpus_trials("synthetic_speech", tmp_path, shipped)}
    assert len(found) == 2
    said = {name.rpartition("/")[2]: t.reason for name, t in found.items()}
    assert said[second.name] == "media_unreadable" != said[first.name]
