"""How a compared group is classed; the first rule that holds, in this order.

1. `adverse`: the impact ratio is below 4/5, the difference is significant, and moving one selection
   would not reverse it.
2. `small_numbers`: the ratio is below 4/5, but the difference is not significant, or one moved
   selection would reverse it.
3. `significant_above_four_fifths`: the ratio is at or above 4/5, and the difference is significant.
4. `undetectable`: neither, and the chance to find a true ratio of 4/5 with these numbers is below
   .8, or is not defined.
5. `no_indication`: neither, and that chance is at least .8.

Significant means a two-sided p below alpha, not corrected for the number of groups: of the pooled Z
test where both groups have at least 30 persons and every expected cell is at least 5, else of the
exact test that the policy names. "Below 4/5", "reverses", 30 and 5 are decided on integers.

Sources: 29 CFR 1607.4D (four fifths, and larger differences that small numbers explain); UGESP
Questions and Answers no. 21 (one person); Cochran (1954), Biometrics 10:417 (the 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fairness.power import FOUR_FIFTHS, TARGET_POWER, Power
from fairness.rates import Pair, below_four_fifths, impact_ratio, reversed_by_one
from fairness.significance import Significance
from fairness.types import FindingClass

FEWEST_PERSONS = 30
FEWEST_EXPECTED = 5


class ExactTest(StrEnum):
    """The test that decides on small numbers, two-sided: Fisher's, or Lancaster's doubled mid-p.

    Fisher's never errs on the side of finding too much; the mid-p is less cautious, with an error
    nearer to alpha (Biddle and Morris 2011).
    """

    FISHER = "fisher"
    MID_P = "mid_p"


@dataclass(frozen=True, slots=True)
class Deciding:
    """The test that decided: `pooled_z`, `fisher` or `mid_p`; its two-sided p and corrected ones.

    `holm` and `benjamini_hochberg` are corrected over the compared groups of the table.
    """

    test: str
    p_value: float
    holm: float | None = None
    benjamini_hochberg: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A class and the sentence that says why."""

    finding: FindingClass
    reason: str


_TEST_WORDS = {
    "pooled_z": "pooled Z test",
    "fisher": "Fisher's exact test",
    "mid_p": "Lancaster's mid-p, doubled",
}


def large_enough_for_z(pair: Pair) -> bool:
    """Whether both groups have 30 persons or more and every expected cell is 5 or more."""
    few = min(pair.n1, pair.n2)
    rare = min(pair.selected, pair.assessed - pair.selected)
    return few >= FEWEST_PERSONS and few * rare >= FEWEST_EXPECTED * pair.assessed


def deciding_test(pair: Pair, tests: Significance, *, exact: ExactTest) -> Deciding:
    """The test that decides on this pair, and its p."""
    if large_enough_for_z(pair) and tests.pooled_z is not None:
        return Deciding("pooled_z", tests.pooled_z.p_value)
    p_value = tests.fisher if exact is ExactTest.FISHER else tests.mid_p.doubled
    return Deciding(exact.value, p_value)


def judge(pair: Pair, deciding: Deciding, *, power: Power, alpha: float) -> Verdict:
    """The class of one compared group, by the rules at the top of this module."""
    significant = deciding.p_value < alpha
    ratio = _ratio_words(pair)
    test = _test_words(deciding, alpha)
    if below_four_fifths(pair):
        reverses = bool(reversed_by_one(pair))
        finding = (
            FindingClass.ADVERSE if significant and not reverses else FindingClass.SMALL_NUMBERS
        )
        return Verdict(finding, f"{ratio}, below four fifths; {test}.{_moved(reverses)}")
    if significant:
        return Verdict(FindingClass.SIGNIFICANT_ABOVE_FOUR_FIFTHS, f"{ratio}, but {test}.")
    chance = power.at_four_fifths
    if chance is None:
        text = f"{ratio}; {test}. No chance to find a ratio of four fifths can be computed."
        return Verdict(FindingClass.UNDETECTABLE, text)
    found = f"a true ratio of four fifths would have been found with a chance of {chance:.0%}"
    if chance < TARGET_POWER:
        text = f"{ratio}; {test}. Nothing can be concluded: {found}, under {TARGET_POWER:.0%}."
        return Verdict(FindingClass.UNDETECTABLE, text)
    return Verdict(FindingClass.NO_INDICATION, f"{ratio}; {test}. With these numbers {found}.")


def _moved(reverses: bool) -> str:
    return " One selection moved to this group would reverse the difference." if reverses else ""


def _ratio_words(pair: Pair) -> str:
    ratio = impact_ratio(pair)
    if ratio is None:
        return "No impact ratio, because nobody of the reference group was selected"
    value, digits = float(ratio), 3
    while digits < 12 and ratio * 5 != 4 and round(value, digits) == FOUR_FIFTHS:
        digits += 1
    side = "" if below_four_fifths(pair) else ", not below four fifths"
    return f"Impact ratio {value:.{digits}f}{side}"


def _test_words(deciding: Deciding, alpha: float) -> str:
    significant = deciding.p_value < alpha
    name, p_value = _TEST_WORDS[deciding.test], p_words(deciding.p_value)
    words = f"the difference is {'' if significant else 'not '}significant ({name}, {p_value})"
    if significant and deciding.holm is not None and deciding.holm >= alpha:
        words += f", though not after Holm's correction ({p_words(deciding.holm)})"
    return words


def p_words(p_value: float) -> str:
    """A p value for a sentence: "p = 0.0324", "p < 0.0001"."""
    return "p < 0.0001" if p_value < 0.0001 else f"p = {p_value:.4f}"
