"""Threads of sessions: changes placed by trait, abstention, spaces kept apart, channels named."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from audit.errors import InputError
from audit.types import Status
from identity.embeddings import unit
from identity.enrolment import Segment, pooled_segments
from identity.score_norm import Cohort, as_norm
from identity.thread import Session, TraitThread, threads

FACE = "face/dlib_resnet/1/0011223344556677"
VOICE = "voice/ge2e/1/0011223344556677"
NEAR = {"face": 0.985, "voice": 0.9}
FAR = {"face": 0.85, "voice": 0.4}
QUIET, NARROW = (40.0, 8000.0), (40.0, 3400.0)


def segment(
    trait: str,
    person: str,
    number: int,
    *,
    space: str | None = None,
    amount: float = 12.0,
    quality: float = 0.8,
    channel: tuple[float, float] = QUIET,
) -> Segment:
    """A vector that is `NEAR` to others of its person and `FAR` from those of others."""
    size = 64
    vector = np.zeros(size, np.float32)
    vector[0] = np.sqrt(FAR[trait])
    vector[1 + ord(person) - ord("A")] = np.sqrt(NEAR[trait] - FAR[trait])
    vector[20 + number] = np.sqrt(1.0 - NEAR[trait])
    conditions = {"snr_db": channel[0], "bandwidth_hz": channel[1]} if trait == "voice" else {}
    return Segment(
        trait="face" if trait == "face" else "voice",
        space=space or (FACE if trait == "face" else VOICE),
        number=0,
        start_s=0.0,
        end_s=5.0,
        amount=amount if trait == "voice" else 3.0,
        quality=quality,
        conditions=conditions,
        vector=vector,
    )


def sessions(faces: str, voices: str) -> list[Session]:
    """Sessions with the faces and voices of these persons; "-" has none."""
    return [
        Session(
            f"s{n}",
            tuple(
                segment(trait, person, n)
                for trait, person in (("face", face), ("voice", voice))
                if person != "-"
            ),
        )
        for n, (face, voice) in enumerate(zip(faces, voices, strict=True), start=1)
    ]


def by_trait(given: list[Session]) -> tuple[TraitThread, TraitThread]:
    face, voice = threads(given)
    return face, voice


def asked(thread: TraitThread) -> list[int]:
    """After which sessions a change is asked to be reviewed."""
    return [n for n, b in enumerate(thread.boundaries, 1) if b.status is Status.REVIEW]


@pytest.mark.parametrize("plan", ["AAAA", "AAAB", "ABBB", "AABA", "AABBC"])
def test_a_change_is_placed_in_the_trait_that_changes(plan: str) -> None:
    face, voice = by_trait(sessions(plan, "A" * len(plan)))
    wanted = [n for n, (a, b) in enumerate(pairwise(plan), 1) if a != b]
    assert asked(face) == wanted
    assert asked(voice) == []
    names = list(dict.fromkeys(plan))
    assert face.people == tuple(names.index(p) for p in plan)
    assert set(voice.people) == {0}
    assert face.status is (Status.REVIEW if wanted else Status.NO_INDICATION)


def test_who_returns_is_named() -> None:
    face, _ = by_trait(sessions("AABA", "AAAA"))
    assert face.returned == ("s4",)


def test_no_change_weighs_more_than_one_comparison_may() -> None:
    face, _ = by_trait(sessions("AAAABBBB", "AAAAAAAA"))
    changed = face.boundaries[3]
    assert changed.log10_change == pytest.approx(changed.upper)
    assert changed.upper == pytest.approx(-face.pairs[0].lower)


def test_what_a_session_does_not_show_is_left_out_and_named() -> None:
    face, voice = by_trait(sessions("AA-A", "A-AA"))
    assert face.missing == ("s3",)
    assert voice.sessions == ("s1", "s3", "s4")
    poor = Session("poor", (segment("face", "B", 9, quality=0.05),))
    face, _ = by_trait([*sessions("AA", "AA"), poor])
    assert "poor" in face.missing
    assert asked(face) == []


def test_one_session_or_none_says_nothing() -> None:
    face, voice = by_trait(sessions("A", "-"))
    assert (face.status, face.people, face.pairs) == (Status.INCONCLUSIVE, (0,), ())
    assert (voice.status, voice.people) == (Status.INCONCLUSIVE, ())


def test_vectors_of_another_model_are_never_compared() -> None:
    old = Session("old", (segment("face", "B", 0, space="face/dlib_resnet/0/ffff"),))
    face, _ = by_trait([old, *sessions("AA", "AA")])
    assert face.missing == ("old",)
    assert {pair.first for pair in face.pairs} == {("s1",)}


def test_without_calibration_nothing_is_divided() -> None:
    given = [
        Session(f"s{n}", (segment("face", person, n, space="face/other_net/1/00"),))
        for n, person in enumerate("AB")
    ]
    face, _ = by_trait(given)
    assert not face.calibrated
    assert face.boundaries == ()
    assert face.status is Status.INCONCLUSIVE
    assert face.pairs[0].log10 is None


def test_another_channel_is_named_and_judged_by_records_of_its_own() -> None:
    first = Session("s1", (segment("voice", "A", 1),))
    same = Session("s2", (segment("voice", "A", 2),))
    narrow = Session("s2", (segment("voice", "A", 2, channel=NARROW),))
    _, plain = by_trait([first, same])
    _, changed = by_trait([first, narrow])
    assert not plain.pairs[0].channel_changed
    assert changed.pairs[0].channel_changed
    assert changed.boundaries[0].channel_changed
    records = [t.pairs[0].grade.record for t in (plain, changed)]
    assert [r.id.endswith("_channel") for r in records if r] == [False, True]


def test_little_speech_is_judged_by_the_record_of_little_speech() -> None:
    short = [Session(f"s{n}", (segment("voice", "A", n, amount=4.0),)) for n in (1, 2)]
    _, voice = by_trait(short)
    record = voice.pairs[0].grade.record
    assert record is not None
    assert record.id == "session_ge2e_3s"


def test_segments_of_a_session_weigh_as_their_amounts() -> None:
    one, two = segment("voice", "A", 1, amount=9.0), segment("voice", "B", 2, amount=3.0)
    vector, amount = pooled_segments([one, two])
    assert amount == 12.0
    np.testing.assert_allclose(vector, unit(0.75 * one.vector + 0.25 * two.vector), atol=1e-6)


def test_normalised_scores_are_deviations_from_the_cohort() -> None:
    rng = np.random.default_rng(0)
    voices = unit(rng.standard_normal((40, 16)).astype(np.float32))
    cohort = Cohort.of(voices)
    a, b = unit(rng.standard_normal((2, 16)).astype(np.float32))
    sides = [voices @ a, voices @ b]
    by_hand = np.mean([(float(a @ b) - s.mean()) / s.std() for s in sides])
    assert as_norm(a, b, cohort) == pytest.approx(by_hand, rel=1e-4)
    assert as_norm(a, b, cohort) == pytest.approx(as_norm(b, a, cohort))
    with pytest.raises(InputError):
        Cohort.of(voices[:5])
