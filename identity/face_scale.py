"""What a face similarity says: a bounded likelihood ratio where calibrated, and a status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.calibration import CalibrationRecord, band, records
from audit.types import LikelihoodRatio, Status


@dataclass(frozen=True, slots=True)
class Grade:
    """How comparisons of pools of at least `samples` samples on either side are read.

    Similarities below `review_below` ask for review, those from `clear_from` on give no
    indication, those between decide nothing. `record` is None for uncalibrated back ends.
    """

    samples: int
    review_below: float
    clear_from: float
    record: CalibrationRecord | None = None

    def status(self, similarity: float) -> Status:
        """What the similarity asks for."""
        if similarity < self.review_below:
            return Status.REVIEW
        return Status.NO_INDICATION if similarity >= self.clear_from else Status.INCONCLUSIVE

    def likelihood_ratio(self, similarity: float) -> LikelihoodRatio | None:
        """Same person against two people, or None where the back end is uncalibrated."""
        return self.record.likelihood_ratio(similarity) if self.record else None


@dataclass(frozen=True, slots=True)
class FaceScale:
    """The grades of one back end, ascending by samples; pooling sharpens a comparison."""

    grades: tuple[Grade, ...]

    def grade(self, first: int, second: int) -> Grade:
        """The grade for pools of `first` and `second` samples: the smaller pool decides."""
        fewer = min(first, second)
        fitting = [grade for grade in self.grades if grade.samples <= fewer]
        return fitting[-1] if fitting else self.grades[0]


def scale_for(encoder_id: str, point: Mapping[str, Any]) -> FaceScale:
    """The scale of a back end under a detector's operating point.

    Calibrated back ends have rows `face_<encoder>_<samples>` in calibration.toml: review is asked
    for below the similarity of the point's `review_log10`, and its table `clear_from` has the other
    threshold by row. Other back ends have similarities in the point itself,
    `uncalibrated_review_below` and `uncalibrated_clear_from`.
    """
    prefix = f"face_{encoder_id}_"
    rows = {
        int(name.removeprefix(prefix)): record
        for name, record in records("identity").items()
        if name.startswith(prefix)
    }
    if not rows:
        low, high = point["uncalibrated_review_below"], point["uncalibrated_clear_from"]
        return FaceScale((Grade(1, float(low), float(high)),))
    return FaceScale(
        tuple(
            Grade(
                samples,
                review_below=record.score_at(point["review_log10"]),
                clear_from=float(point["clear_from"][record.id]),
                record=record,
            )
            for samples, record in sorted(rows.items())
        )
    )


def support(ratio: LikelihoodRatio | None) -> str:
    """The likelihood ratio in words of the ENFSI scale."""
    if ratio is None:
        return "uncalibrated"
    side = ratio.hypotheses[0] if ratio.log10 >= 0 else ratio.hypotheses[1]
    return f"{band(ratio.log10)} support for: {side}"
