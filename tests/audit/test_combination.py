"""What signals weigh together: by hand, under change, and beside the finding."""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from importlib import resources
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.combination import Structure, combine, structure
from audit.findings import conclude
from audit.types import (
    EvidenceWeight,
    LikelihoodRatio,
    ModelUse,
    Question,
    Reason,
    Signal,
    Status,
)

HELD = Structure(
    bound=3.0,
    attacks=frozenset({"altered"}),
    channels={"face": "picture", "screen": "picture", "voice": "sound"},
)
RATIOS = st.floats(-2.0, 2.0)


def signal(
    cause: str,
    log10: float | None,
    *,
    status: Status = Status.NO_INDICATION,
    turned: bool = False,
    name: str = "",
) -> Signal:
    hypotheses = ("untouched", "altered") if turned else ("altered", "untouched")
    ratio = None
    if log10 is not None:
        ratio = LikelihoodRatio(-log10 if turned else log10, -2.0, 2.0, hypotheses, "made up")
    return Signal(
        name=name or cause,
        questions=(Question.AUTHENTICITY,),
        status=status,
        reason=Reason("made_up", "Made up."),
        model=ModelUse("made_up", "1"),
        cause=cause,
        likelihood_ratio=ratio,
    )


def weight(*signals: Signal) -> EvidenceWeight:
    found = combine(Question.AUTHENTICITY, signals, given=HELD)
    assert found is not None
    return found


def test_one_signal_weighs_what_it_says() -> None:
    found = weight(signal("face", 1.25))
    assert (found.log10, found.support) == (1.25, "moderate")


def test_a_ratio_is_read_towards_the_attack_whichever_way_it_is_written() -> None:
    assert weight(signal("face", 1.25, turned=True)) == weight(signal("face", 1.25))


def test_one_cause_counts_once_with_its_strongest_ratio() -> None:
    found = weight(signal("face", 0.5, name="a"), signal("face", -1.5, name="b"))
    assert found.log10 == -1.5
    assert [c.signal for c in found.causes] == ["b"]


def test_causes_of_one_channel_that_agree_add_nothing() -> None:
    found = weight(signal("face", 0.5), signal("screen", 1.5))
    assert found.log10 == 1.5
    assert {c.cause: c.counted for c in found.causes} == {"face": False, "screen": True}


def test_causes_of_one_channel_that_disagree_both_count() -> None:
    assert weight(signal("face", -0.5), signal("screen", 1.5)).log10 == 1.0


def test_two_channels_by_hand() -> None:
    """Ratios 10 and 10: (10 + 10 + 100) / 3 = 40. Ratios 100 and 1/100: (100 + .01 + 1) / 3."""
    assert weight(signal("face", 1.0), signal("voice", 1.0)).log10 == round(math.log10(40), 3)
    mixed = weight(signal("face", 2.0), signal("voice", -2.0)).log10
    assert mixed == round(math.log10(101.01 / 3), 3)
    assert mixed > 1.5, "a genuine voice does not cancel an altered face"


def test_the_total_is_bounded() -> None:
    close = Structure(bound=1.0, attacks=HELD.attacks, channels=HELD.channels)
    for log10, expected in ((2.0, 1.0), (-2.0, -1.0)):
        found = combine(Question.AUTHENTICITY, [signal("face", log10)], given=close)
        assert found is not None
        assert found.log10 == expected


def test_what_does_not_count() -> None:
    silent = signal("face", 2.0, status=Status.INCONCLUSIVE)
    bare = signal("face", None)
    other = Structure(bound=3.0, attacks=frozenset({"something else"}), channels={})
    assert combine(Question.AUTHENTICITY, [silent, bare], given=HELD) is None
    assert combine(Question.AUTHENTICITY, [signal("face", 2.0)], given=other) is None
    assert combine(Question.IDENTITY, [signal("face", 2.0)], given=HELD) is None


def test_the_prior_is_stated_and_changes_nothing_else() -> None:
    one, two = (
        combine(Question.AUTHENTICITY, [signal("face", 1.0)], prior=prior, given=HELD)
        for prior in (0.01, 0.5)
    )
    assert one is not None and two is not None
    assert one.log10 == two.log10
    assert (one.prior, one.even_at) == (0.01, round(math.log10(99), 3))
    assert two.even_at == 0.0
    for wrong in (0.0, 1.0):
        with pytest.raises(ValueError, match="prior"):
            combine(Question.AUTHENTICITY, [], prior=wrong)


@given(RATIOS, RATIOS, RATIOS)
def test_more_evidence_of_an_attack_never_weighs_less(
    face: float, voice: float, more: float
) -> None:
    low, high = sorted((face, more))
    lesser = weight(signal("face", low), signal("voice", voice))
    assert weight(signal("face", high), signal("voice", voice)).log10 >= lesser.log10


@given(RATIOS, RATIOS, RATIOS)
def test_order_changes_nothing_and_the_total_lies_within_what_independence_gives(
    face: float, screen: float, voice: float
) -> None:
    held = [signal("face", face), signal("screen", screen), signal("voice", voice)]
    totals = {weight(*each).log10 for each in permutations(held)}
    assert len(totals) == 1
    most = sum(max(0.0, each) for each in (face, screen, voice))
    least = sum(min(0.0, each) for each in (face, screen, voice))
    assert least - 1e-3 <= totals.pop() <= most + 1e-3


def test_a_heavy_weight_changes_no_verdict() -> None:
    """Every verdict is the same with ratios and without."""
    words = sorted(structure().attacks)[0]
    ratio = LikelihoodRatio(2.0, -2.0, 2.0, (words, "none"), "made up")
    for status in Status:
        bare = signal("face_manipulation", None, status=status)
        rated = replace(bare, likelihood_ratio=ratio)
        with_, without = conclude([rated]), conclude([bare])
        assert [f.verdict for f in with_] == [f.verdict for f in without]
        assert [f.reasons for f in with_] == [f.reasons for f in without]
        assert (with_[0].weight is None) is (status is Status.INCONCLUSIVE)
        assert without[0].weight is None


def test_every_calibration_record_of_attacks_can_count() -> None:
    """Each record of `liveness` has exactly one hypothesis that is known as an attack."""
    file = resources.files("liveness").joinpath("calibration.toml")
    if not file.is_file():
        pytest.skip("no detector of `liveness` is calibrated")
    known = structure().attacks
    rows = tomllib.loads(file.read_text("utf-8"))["record"]
    wrong = [r["id"] for r in rows if sum(h in known for h in r["hypotheses"]) != 1]
    assert not wrong, "add the wording of the attack to audit/combination.toml"
