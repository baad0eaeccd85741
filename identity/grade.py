"""What a similarity says: a bounded likelihood ratio where calibrated, and a status."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.calibration import CalibrationRecord, band
from audit.types import LikelihoodRatio, Status
from audit.wording import times_likelier, weighed


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade(ABC):
    """How comparisons of one kind are read.

    Similarities below `review_below` ask for review, those from `clear_from` on give no
    indication, those between decide nothing. `record` is None for uncalibrated back ends.
    Statuses are decided on similarities; what leaves the package are `figures`. `ONE` and `TWO`
    complete "if ..." in words.
    """

    ONE: ClassVar[str]
    TWO: ClassVar[str]

    review_below: float
    clear_from: float
    record: CalibrationRecord | None = None

    @property
    @abstractmethod
    def scope(self) -> str:
        """The comparisons that it is for: completes "review below ..., "."""

    def status(self, similarity: float) -> Status:
        """What the similarity asks for."""
        if similarity < self.review_below:
            return Status.REVIEW
        return Status.NO_INDICATION if similarity >= self.clear_from else Status.INCONCLUSIVE

    def likelihood_ratio(self, similarity: float) -> LikelihoodRatio | None:
        """Same person against two people, or None where the back end is uncalibrated."""
        return self.record.likelihood_ratio(similarity) if self.record else None

    @property
    def unit(self) -> str:
        """The unit of `figures`."""
        return "log10 LR" if self.record else "cosine, uncalibrated"

    @property
    def suffix(self) -> str:
        """The unit of `figures` in the name of a measurement."""
        return "log10_lr" if self.record else "cosine_uncalibrated"

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest figure there can be."""
        return (self.record.lower, self.record.upper) if self.record else (-1.0, 1.0)

    def figures(self, similarities: ArrayLike) -> NDArray[np.float64]:
        """Bounded log10 likelihood ratios; the similarities themselves where uncalibrated."""
        if self.record:
            return self.record.log10(similarities)
        return np.asarray(similarities, np.float64)

    def figure(self, similarity: float) -> float:
        """One of `figures`, to three decimals."""
        return round(float(self.figures(similarity)), 3) + 0.0  # no -0.0

    def words(self, similarity: float) -> str:
        """What was measured, as the main clause of a sentence."""
        ratio = self.likelihood_ratio(similarity)
        if ratio is None:
            return f"the cosine is {similarity:.3f} (this network is uncalibrated)"
        return f"the measurement is {weighed(ratio, self.ONE, self.TWO)}"

    def meaning(self, subject: str) -> str:
        """Unit, range and direction of `figure` for comparisons of `subject`."""
        if self.record is None:
            return (
                f"Uncalibrated: cosine similarity, -1 to 1, of {subject}; higher = more alike. No "
                "likelihood ratio is known for this network."
            )
        first, second = self.record.hypotheses
        return (
            f"log10 likelihood ratio of {subject}, {self.record.lower:.2f} to "
            f"{self.record.upper:.2f}: {first} against {second}; above 0 favours the first. At "
            "either end it is at least that much."
        )

    @property
    def operating_point(self) -> str:
        """Both thresholds, in the units of `figure`, and what they are for."""
        if self.record is None:
            return (
                f"Uncalibrated cosine: review below {self.review_below:.3f}, no indication from "
                f"{self.clear_from:.3f}, {self.scope}."
            )
        low, high = self.figure(self.review_below), self.figure(self.clear_from)
        return (
            f"Review below {low:.2f} ({times_likelier(low)} if {self.TWO}), no indication from "
            f"{high:.2f} ({times_likelier(high)} if {self.ONE}), {self.scope}."
        )


def support(ratio: LikelihoodRatio | None) -> str:
    """The likelihood ratio in words of the ENFSI scale."""
    if ratio is None:
        return "uncalibrated"
    word = band(ratio.log10)
    if word == "no":
        return "no support either way"
    return f"{word} support for: {ratio.hypotheses[0 if ratio.log10 > 0 else 1]}"
