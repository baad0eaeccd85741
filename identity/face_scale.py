"""What a face similarity says, by back end and by how many faces were pooled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from audit.calibration import records
from identity.grade import Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceGrade(Grade):
    """How comparisons of pools of at least `samples` faces on either side are read."""

    ONE: ClassVar[str] = "this is one person"
    TWO: ClassVar[str] = "these are two people"

    samples: int

    @property
    def scope(self) -> str:
        """The pools that it is for."""
        return f"for pools of {self.samples} or more faces"


@dataclass(frozen=True, slots=True)
class FaceScale:
    """The grades of one back end, ascending by samples; pooling sharpens a comparison."""

    grades: tuple[FaceGrade, ...]

    @property
    def single(self) -> FaceGrade:
        """The grade for single samples."""
        return self.grades[0]

    def grade(self, first: int, second: int) -> FaceGrade:
        """The grade for pools of `first` and `second` samples: the smaller pool decides."""
        fewer = min(first, second)
        fitting = [grade for grade in self.grades if grade.samples <= fewer]
        return fitting[-1] if fitting else self.single


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
        return FaceScale((FaceGrade(samples=1, review_below=float(low), clear_from=float(high)),))
    return FaceScale(
        tuple(
            FaceGrade(
                samples=samples,
                review_below=record.score_at(point["review_log10"]),
                clear_from=float(point["clear_from"][record.id]),
                record=record,
            )
            for samples, record in sorted(rows.items())
        )
    )
