"""The suites of loops, sound, second voices and injection: what they make, and what they test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audit.inference import Models
from audit.types import Span
from audit.weights import WeightStore
from datasets.attacks import audiovisual, injection, second_voices
from datasets.attacks.voice_tracks import RATE
from datasets.suites import av_sync, container, frame_loop, speaker_consistency
from datasets.trials import Trial
from datasets.voices import LOW, babble
from tests.datasets.made_trials import trial

ABSENT = Path("absent")


@pytest.fixture(scope="module")
def models() -> Models:
    """No network is installed: nothing here needs one."""
    return Models(WeightStore(ABSENT))


@pytest.fixture(scope="module")
def injected(models: Models) -> list[Trial]:
    return list(container.trials(ABSENT, models, size="small"))


def test_every_injection_is_made_and_what_a_list_names_is_flagged(injected: list[Trial]) -> None:
    wanted = {(s.id, strength) for s in injection.SPECIES for strength in s.strengths}
    assert {(t.species, t.strength) for t in injected if t.is_attack} == wanted
    flagged = {(t.species, t.strength) for t in injected if t.status == "review"}
    assert flagged == {("injection.named", "device"), ("injection.named", "recorder")}
    assert {t.condition for t in injected if not t.is_attack} == {"webcam"}


def test_loops_and_freezes_of_a_held_portrait(models: Models) -> None:
    found = list(frame_loop.trials(ABSENT, models, size="small"))
    loops = {s.id for s in audiovisual.SPECIES if s.signals == ("frame_loop",)}
    assert {t.species for t in found} == {"", *loops}
    assert all(t.status == "no_indication" for t in found if not t.is_attack)
    at_once = next(t for t in found if t.species == "loop.at_once")
    assert (at_once.status, at_once.score) == ("review", pytest.approx(3.0, abs=0.2))
    assert {t.split for t in found} == {"test"}
    assert len({t.item for t in found}) == len(found)


def judged(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> list[str]:
    """Puts an answer in place of a detector's; the names of the items that were to be judged."""
    seen: list[str] = []

    def answered(item: object, *rest: object, **more: object) -> Trial:
        seen.append(str(item))
        return trial(score=-250.0)

    monkeypatch.setattr(module, name, answered)
    return seen


def test_shifts_both_ways_score_by_their_size(
    monkeypatch: pytest.MonkeyPatch, models: Models
) -> None:
    seen = judged(monkeypatch, av_sync, "judged")
    monkeypatch.setattr(av_sync, "heard", lambda audio, models: _Silent())
    found = list(av_sync.trials(ABSENT, models, size="small"))
    assert {t.score for t in found} == {250.0}
    strengths = sum(len(s.strengths) for s in audiovisual.SPECIES if s.signals == ("av_sync",))
    assert len(seen) == len(found) == 3 * (1 + strengths)
    assert len(set(seen)) == len(seen)


class _Silent:
    facts = None
    speech = None


def test_a_mouth_opens_with_the_voice() -> None:
    speech = babble(LOW, 6.0, 1).astype(np.float32)
    speech[2 * RATE : 4 * RATE] = 0.0
    mouth = av_sync.talking(speech, np.random.default_rng(0))
    assert len(mouth) == round(6.0 * av_sync.FPS) and mouth.min() >= 0.0
    pause, said = mouth[60:90], mouth[:40]
    assert said.mean() > 2 * pause.mean()
    assert mouth.max() < 2 * av_sync.OPEN


def test_each_made_up_person_is_judged_alone_and_with_the_next(
    monkeypatch: pytest.MonkeyPatch, models: Models
) -> None:
    seen: list[tuple[str, str, str]] = []

    def answered(item: object, track: object, models: Models, seed: int) -> Trial:
        made = replace(trial(), **{n: getattr(item, n) for n in ("person", "species", "split")})
        seen.append((made.person, made.species, made.split))
        return made

    monkeypatch.setattr(speaker_consistency, "_trial", answered)
    list(speaker_consistency.trials(ABSENT, models, size="small"))
    kinds = ("", *(s.id for s in second_voices.SPECIES))
    assert seen == [(person, kind, "test") for person in ("low", "high") for kind in kinds]


def test_who_speaks_alone_is_cut_from_a_meeting(tmp_path: Path) -> None:
    rows = [("a", 0.0, 5.0), ("b", 2.0, 1.0), ("a", 6.0, 2.0), ("b", 7.5, 3.0)]
    text = "".join(f"SPEAKER m 1 {at} {long} <NA> <NA> {who} <NA> <NA>\n" for who, at, long in rows)
    (tmp_path / "x.rttm").write_text(text)
    turns = speaker_consistency._turns(tmp_path)
    assert speaker_consistency._alone_in("a", turns["m"]) == [
        Span(0.0, 2.0), Span(3.0, 5.0), Span(6.0, 7.5),
    ]  # fmt: skip
    assert speaker_consistency._alone_in("b", turns["m"]) == [Span(8.0, 10.5)]


def test_people_of_meetings_were_not_calibrated_on(shared_data: Path) -> None:
    speech = shared_data / "speech" / "real"
    people = speaker_consistency._meetings(speech / "ami")
    assert len(people) >= 8
    assert len({v.person for v in people}) == len(people)
    assert {v.split for v in people} == {"test"}
    assert all(sum(map(len, v.utterances)) >= speaker_consistency.LEAST_S * RATE for v in people)
