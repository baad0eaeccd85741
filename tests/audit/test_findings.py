"""The rules from signals to findings, each with a known answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.findings import REQUIRED, conclude, with_weak_ones_withheld
from audit.types import Finding, ModelUse, Question, Reason, Signal, Status, Strength


def signal(
    name: str,
    status: Status,
    *,
    question: Question = Question.PRESENCE,
    cause: str = "",
    strength: Strength = Strength.PRIMARY,
) -> Signal:
    return Signal(
        name=name,
        questions=(question,),
        status=status,
        reason=Reason(f"{name}_{status}", f"{name} says {status}."),
        model=ModelUse(name, "1"),
        cause=cause or name,
        strength=strength,
    )


def answer(signals: list[Signal], question: Question = Question.PRESENCE) -> Finding:
    return next(f for f in conclude(signals) if f.question is question)


def test_four_findings_in_order() -> None:
    assert [f.question for f in conclude([])] == list(Question)
    assert all(f.verdict is Status.INCONCLUSIVE for f in conclude([]))


def test_no_signal_at_all_is_inconclusive_and_says_so() -> None:
    finding = answer([])
    assert finding.verdict is Status.INCONCLUSIVE
    assert [r.code for r in finding.reasons] == ["not_measured"]


def test_a_primary_signal_is_enough() -> None:
    finding = answer([signal("presentation_attack", Status.REVIEW)])
    assert finding.verdict is Status.REVIEW


def test_one_supporting_cause_is_not_enough_but_is_told() -> None:
    weak = Strength.SUPPORTING
    signals = [
        signal("container", Status.REVIEW, strength=weak),
        signal("presentation_attack", Status.NO_INDICATION),
    ]
    finding = answer(signals)
    assert finding.verdict is Status.NO_INDICATION
    assert finding.reasons[0].code == "single_supporting_signal"


@pytest.mark.parametrize(
    ("second_cause", "verdict"), [("b", Status.REVIEW), ("a", Status.INCONCLUSIVE)]
)
def test_supporting_signals_count_once_per_cause(second_cause: str, verdict: Status) -> None:
    weak = Strength.SUPPORTING
    signals = [
        signal("one", Status.REVIEW, cause="a", strength=weak),
        signal("two", Status.REVIEW, cause=second_cause, strength=weak),
    ]
    assert answer(signals).verdict is verdict


def test_a_shared_cause_gives_one_reason_and_the_primary_one() -> None:
    signals = [
        signal("weak", Status.REVIEW, cause="a", strength=Strength.SUPPORTING),
        signal("strong", Status.REVIEW, cause="a"),
    ]
    assert [r.code for r in answer(signals).reasons] == ["strong_review"]


def test_a_pass_needs_a_required_signal() -> None:
    finding = answer([signal("faces", Status.NO_INDICATION)])
    assert finding.verdict is Status.INCONCLUSIVE


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted({n for names in REQUIRED.values() for n in names} | {"other"})),
            st.sampled_from(list(Status)),
            st.sampled_from(list(Strength)),
            st.sampled_from("abc"),
        ),
        max_size=8,
    )
)
def test_insufficient_data_never_reads_as_a_pass(
    rows: list[tuple[str, Status, Strength, str]],
) -> None:
    signals = [
        signal(name, status, cause=cause, strength=strength)
        for name, status, strength, cause in rows
    ]
    finding = answer(signals)
    concluded = [s for s in signals if s.status is Status.NO_INDICATION]
    if not any(s.name in REQUIRED[Question.PRESENCE] for s in concluded):
        assert finding.verdict is not Status.NO_INDICATION
    if not any(s.status is Status.REVIEW for s in signals):
        assert finding.verdict is not Status.REVIEW
    assert finding.reasons


def test_a_signal_may_answer_its_questions_differently() -> None:
    both = replace(
        signal("speaker_consistency", Status.REVIEW),
        questions=(Question.IDENTITY, Question.ASSISTANCE),
        status_by_question={Question.IDENTITY: Status.NO_INDICATION},
    )
    assert answer([both], Question.IDENTITY).verdict is Status.NO_INDICATION
    assert answer([both], Question.ASSISTANCE).verdict is Status.REVIEW


ASSISTED = "assisted_answering"
ASSISTANCE = Question.ASSISTANCE


def reading_aloud(status: Status = Status.REVIEW) -> Signal:
    weak = signal(ASSISTED, status, question=ASSISTANCE, strength=Strength.SUPPORTING)
    return replace(weak, score=0.4, measurements={"gaze": 0.4})


@pytest.mark.parametrize("helpers", [0, 1, 2])
def test_signs_of_reading_add_nothing_to_supporting_signals(helpers: int) -> None:
    others = [
        signal(f"other_{n}", Status.REVIEW, question=ASSISTANCE, strength=Strength.SUPPORTING)
        for n in range(helpers)
    ]
    without, added = (answer([*others, *weak], ASSISTANCE) for weak in ([], [reading_aloud()]))
    assert added.verdict is without.verdict
    assert added.verdict is (Status.REVIEW if helpers == 2 else Status.INCONCLUSIVE)
    assert [r.code for r in added.reasons] == [r.code for r in without.reasons]


def test_signs_of_reading_are_withheld_without_primary_evidence() -> None:
    beside = signal("speaker_consistency", Status.NO_INDICATION, question=ASSISTANCE)
    elsewhere = signal("presentation_attack", Status.REVIEW)
    kept = with_weak_ones_withheld([reading_aloud(), beside, elsewhere])
    assert kept[1:] == (beside, elsewhere)
    assert kept[0].status is Status.INCONCLUSIVE
    assert kept[0].reason.code == "withheld"
    assert kept[0].score is None
    assert not kept[0].measurements
    found = answer([reading_aloud(), beside], ASSISTANCE)
    assert found.verdict is Status.NO_INDICATION
    assert ASSISTED not in {r.code.rsplit("_", 1)[0] for r in found.reasons}


@pytest.mark.parametrize("status", [Status.REVIEW, Status.NO_INDICATION])
def test_signs_of_reading_are_shown_beside_primary_evidence(status: Status) -> None:
    primary = signal("speaker_consistency", Status.REVIEW, question=ASSISTANCE)
    weak = reading_aloud(status)
    assert with_weak_ones_withheld([weak, primary]) == (weak, primary)
    codes = [r.code for r in answer([weak, primary], ASSISTANCE).reasons]
    assert codes[0] == "speaker_consistency_review"
    assert (f"{ASSISTED}_review" in codes) is (status is Status.REVIEW)
