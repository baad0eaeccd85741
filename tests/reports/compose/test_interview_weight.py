"""What signals weigh together, in result.json and in the report, beside an unchanged answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audit.combination import structure
from audit.findings import conclude
from audit.result import CheckResult
from audit.types import LikelihoodRatio, Question, Signal, Status
from reports.check_json import check_document, read_document
from reports.document.check import faults
from tests.reports import material
from tests.reports.compose.told import ACCUSING, composed, told

ATTACK = sorted(structure().attacks)[0]


def rated(name: str, cause: str, log10: float, question: Question) -> Signal:
    ratio = LikelihoodRatio(log10, -2.0, 2.0, (ATTACK, "none of it"), "made up")
    return material.signal(
        name,
        Status.NO_INDICATION,
        "Nothing stands out.",
        cause,
        questions=(question,),
        likelihood_ratio=ratio,
    )


def result(*signals: Signal, prior: float = 0.01) -> CheckResult:
    made = material.clean()
    names = {s.name for s in signals}
    bare = [s for s in made.signals if s.likelihood_ratio is None and s.name not in names]
    found = material.result_of(made.interview, [*bare, *signals])
    return replace(found, findings=conclude(found.signals, prior=prior))


def weight(made: CheckResult, question: str) -> Any:
    return read_document(check_document(made)).model_dump()["findings"][question]["weight"]


def said(made: CheckResult) -> str:
    document = composed(read_document(check_document(made)).model_dump(mode="json"))
    assert faults(document) == []
    return " ".join(told(document))


BOTH = (
    rated("face_manipulation", "face_manipulation", 1.5, Question.AUTHENTICITY),
    rated("synthetic_speech", "voice_synthesis", -1.0, Question.AUTHENTICITY),
)


def test_the_result_says_what_was_weighed_and_how() -> None:
    """(10**1.5 + 0.1 + 10**0.5) / 3 = 11.63, log10 1.066."""
    found = weight(result(*BOTH), "authenticity")
    assert found["log10_lr"] == 1.066
    assert (found["support"], found["favours"]) == ("moderate", "attack")
    assert (found["prior"], found["even_at"]) == (0.01, 1.996)
    assert [(c["cause"], c["channel"], c["log10_lr"]) for c in found["causes"]] == [
        ("face_manipulation", "picture", 1.5),
        ("voice_synthesis", "sound", -1.0),
    ]
    assert weight(result(*BOTH), "presence") is None


def test_the_report_says_it_in_words_with_the_prior_beside_it() -> None:
    text = said(result(*BOTH))
    assert "moderate support for altered or generated media (log10 LR +1.07, never beyond" in text
    assert "If 1.0% of recordings held an attack, it would take a log10 LR of +2.00" in text
    assert "this weight does not reach it" in text
    assert "has not changed it" in text
    assert not ACCUSING.search(text)


def test_another_prior_moves_the_sentence_and_not_the_weight() -> None:
    common, rare = result(*BOTH, prior=0.5), result(*BOTH)
    assert weight(common, "authenticity")["log10_lr"] == weight(rare, "authenticity")["log10_lr"]
    assert "this weight reaches it" in said(common)


@pytest.mark.parametrize("log10", [-1.5, 0.1])
def test_what_speaks_for_nothing_or_for_what_is_genuine_is_said_so(log10: float) -> None:
    one = rated("presentation_attack", "presentation", log10, Question.PRESENCE)
    text = said(result(one))
    assert ("support for a live person before a camera" in text) is (log10 < -1)
    assert ("give no support either way" in text) is (log10 > 0)


def test_a_dependent_signal_is_named_as_adding_nothing() -> None:
    two = (
        rated("presentation_attack", "presentation", 1.5, Question.PRESENCE),
        rated("physiology", "physiology", 1.0, Question.PRESENCE),
    )
    assert weight(result(*two), "presence")["log10_lr"] == 1.5
    assert "add nothing to it:" in said(result(*two))


def test_without_ratios_nothing_is_said_and_older_results_are_still_read() -> None:
    plain = result()
    assert weight(plain, "authenticity") is None
    assert "Weighed together" not in said(plain)
    older: Any = read_document(check_document(plain)).model_dump(mode="json")
    for finding in older["findings"].values():
        del finding["weight"]
    assert read_document(older).findings.authenticity.weight is None
    assert faults(composed(older)) == []
