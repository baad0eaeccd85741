"""Is the face alike in earlier recordings of the person? See docs/detectors/face_reference.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audit.detectors import DetectorSpec, operating_point
from audit.interview import Interview
from audit.types import Evidence, ModelUse, Question, Reason, Signal, Status
from identity.embeddings import similarity
from identity.face_consistency import rows_of, stretches_of
from identity.face_encoder import CROPS, FaceEncoder, encoder_for
from identity.face_line import FaceLine, face_line, quality_notes
from identity.face_scale import FaceGrade, FaceScale, scale_for
from identity.grade import support
from identity.person_changes import Rows

SUBJECT = "the pooled best faces of this recording and of the earlier one that it resembles least"
LIMITS = (
    "A face swap that imitates the claimed person matches: a match says nothing about whether the "
    "picture is genuine.",
    "Two people who look alike to the network may match; it separates some groups of people less "
    "well than others (docs/verification.md).",
    "Years between the recordings, heavy make-up, glasses or masks lower the likeness.",
)


@dataclass(frozen=True, slots=True)
class _Pool:
    """The best samples of the face seen most in one recording."""

    line: FaceLine
    rows: Rows

    @property
    def quality(self) -> float:
        """Median quality of the samples, 0..1; how many there are enters through the grade."""
        return round(float(np.median(self.line.quality[self.rows])), 3)


@dataclass(frozen=True, slots=True)
class _Match:
    """One earlier recording compared with this one; `score` is the cosine and stays inside."""

    label: str
    probe: _Pool
    reference: _Pool
    score: float
    grade: FaceGrade

    @property
    def margin(self) -> float:
        """How far the cosine lies above the review threshold (negative below)."""
        return self.score - self.grade.review_below

    @property
    def figure(self) -> float:
        """The score as it is shown."""
        return self.grade.figure(self.score)

    @property
    def words(self) -> str:
        """The score in words."""
        return self.grade.words(self.score)


class FaceReference:
    """Compares the face seen most with the face seen most in each earlier recording."""

    spec = DetectorSpec(
        name="face_reference",
        version="1",
        questions=(Question.IDENTITY,),
        modality="video",
        cause="face_identity_reference",
        weights=("dlib_resnet",),
        crops=CROPS,
        limits=LIMITS,
    )

    def inspect(self, interview: Interview) -> Signal:
        """Compare with every reference; the least similar one decides."""
        if not interview.references:
            return self.spec.inconclusive("no_reference", "No earlier recording was given.")
        point = operating_point("identity", self.spec.name)
        encoder = encoder_for(interview)
        scale = scale_for(encoder.id, point)
        probe = _pool(interview, encoder, scale, point)
        if probe is None:
            return self._unusable(interview.label, encoder)
        matches: list[_Match] = []
        missing: list[str] = []
        for reference in interview.references:
            pool = _pool(reference, encoder, scale, point)
            if pool is None:
                missing.append(reference.label)
            else:
                matches.append(_match(reference.label, probe, pool, scale))
        if not matches:
            return self._unusable(", ".join(missing), encoder)
        return self._judge(matches, missing, encoder)

    def _model(self, encoder: FaceEncoder) -> ModelUse:
        return ModelUse(self.spec.name, f"{self.spec.version}/{encoder.id}", encoder.uses())

    def _unusable(self, label: str, encoder: FaceEncoder) -> Signal:
        return self.spec.inconclusive(
            "no_usable_face",
            f"No face that is large, sharp and frontal enough to compare was found in {label}.",
            model=self._model(encoder),
            quality=0.0,
        )

    def _judge(self, matches: list[_Match], missing: list[str], encoder: FaceEncoder) -> Signal:
        least = min(matches, key=_rank)
        status = least.grade.status(least.score)
        if status is Status.NO_INDICATION and missing:
            status = Status.INCONCLUSIVE
        ratio = least.grade.likelihood_ratio(least.score)
        notes = tuple(f"No usable face in {label}." for label in missing)
        for pool in (least.probe, least.reference):
            notes += quality_notes(pool.line)
        return self.spec.signal(
            status,
            _reason(status, least, len(matches), missing),
            model=self._model(encoder),
            score=least.figure,
            score_meaning=least.grade.meaning(SUBJECT),
            operating_point=least.grade.operating_point,
            likelihood_ratio=ratio,
            quality=min(least.probe.quality, least.reference.quality),
            quality_notes=notes,
            evidence=tuple(_evidence(m) for m in matches[:12]),
            measurements={
                "references_compared": len(matches),
                "references_unusable": len(missing),
                "least_similar": least.label,
                "faces_of_this_recording": len(least.probe.rows),
                "faces_of_the_reference": len(least.reference.rows),
                "support": support(ratio),
            },
        )


def _rank(match: _Match) -> tuple[int, float]:
    """The reference that asks most for attention first.

    Margins of pools of different size are not comparable, so the status goes before the margin.
    """
    order = (Status.REVIEW, Status.INCONCLUSIVE, Status.NO_INDICATION)
    return order.index(match.grade.status(match.score)), match.margin


def compare_faces(probe: Interview, reference: Interview) -> Signal:
    """The signal of `probe` against one earlier recording (or a single image)."""
    return FaceReference().inspect(replace(probe, references=(reference,)))


def _pool(
    interview: Interview, encoder: FaceEncoder, scale: FaceScale, point: Mapping[str, Any]
) -> _Pool | None:
    """The best samples, spread over time, of the face seen most; None where there is none."""
    line = face_line(
        interview,
        encoder,
        least_quality=point["least_quality"],
        least_size=point["least_relative_size"],
    )
    if line is None or not len(line):
        return None
    rows = rows_of(stretches_of(line, scale, most=point["least_stretch"]), 0)
    return _Pool(line, best_rows(line, rows, point["most_samples"]))


def best_rows(line: FaceLine, rows: Rows, most: int) -> Rows:
    """The best row of each of `most` equal runs of `rows`, in time order."""
    runs = np.array_split(rows, min(most, len(rows)))
    return np.array([run[int(np.argmax(line.quality[run]))] for run in runs], np.int64)


def _match(label: str, probe: _Pool, reference: _Pool, scale: FaceScale) -> _Match:
    score = similarity(probe.line.pool(probe.rows), reference.line.pool(reference.rows))
    grade = scale.grade(len(probe.rows), len(reference.rows))
    return _Match(label, probe, reference, score, grade)


def _reason(status: Status, least: _Match, compared: int, missing: list[str]) -> Reason:
    whom = least.label if compared == 1 else f"{least.label}, the least similar of {compared}"
    found = least.grade.status(least.score)
    if found is Status.REVIEW:
        return Reason("face_differs", f"The face is not like the one in {whom}: {least.words}.")
    if status is Status.NO_INDICATION:
        return Reason("face_matches", f"The face is like the one in {whom}: {least.words}.")
    if found is Status.NO_INDICATION:
        return Reason(
            "partly_compared",
            f"The face is like the one in {whom}: {least.words}; but no usable face was found in "
            f"{', '.join(missing)}.",
        )
    return Reason(
        "unclear",
        f"Whether the face is the one in {whom} cannot be said: {least.words}.",
    )


def _evidence(match: _Match) -> Evidence:
    """Where to look in this recording; the best frames of the compared face."""
    line, rows = match.probe.line, match.probe.rows
    best = rows[np.argsort(-line.quality[rows], kind="stable")[:3]]
    middle = int(best[0])
    return Evidence(
        start_s=float(line.times_s[rows[0]]),
        end_s=float(line.times_s[rows[-1]]),
        text=f"Faces compared with {match.label}: {match.words}.",
        score=match.figure,
        start_frame=int(line.frames[rows[0]]),
        end_frame=int(line.frames[rows[-1]]),
        track=int(line.tracks[middle]),
        frames_s=tuple(sorted(float(line.times_s[r]) for r in best)),
        box=line.box(middle),
    )
