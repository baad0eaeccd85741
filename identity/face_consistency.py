"""Is the face in the main position alike throughout? See docs/detectors/face_consistency.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from audit.detectors import DetectorSpec, operating_point
from audit.interview import FaceLog, FaceTrack, Interview
from audit.series import thin
from audit.types import (
    Evidence,
    LikelihoodRatio,
    ModelUse,
    Question,
    Reason,
    Series,
    Signal,
    Status,
)
from identity.embeddings import similarity
from identity.face_encoder import CROPS, FaceEncoder, encoder_for
from identity.face_line import FaceLine, face_line, quality_notes, quality_of
from identity.face_scale import FaceGrade, FaceScale, scale_for
from identity.grade import support
from identity.person_changes import Rows, Stretch, confirmed, divide, people, weakest_split

MOST_EVIDENCE = 12
SUBJECT = (
    "the pooled faces of the two groups that differ most, or of the two most different parts where "
    "there is one group"
)
LIMITS = (
    "A face swap or a stand-in that is there from the first to the last second is not seen: "
    "compare with an earlier recording.",
    "Two people who look alike to the network may pass; it separates some groups of people less "
    "well than others (docs/verification.md).",
    "A change shorter than three sampled faces (about three seconds) is not told apart from a "
    "covered or turned face.",
)


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two sets of samples compared; `score` is the cosine of their pools and stays inside."""

    first: Rows
    second: Rows
    score: float
    grade: FaceGrade

    @property
    def ratio(self) -> LikelihoodRatio | None:
        return self.grade.likelihood_ratio(self.score)

    @property
    def figure(self) -> float:
        """The score as it is shown."""
        return self.grade.figure(self.score)

    @property
    def words(self) -> str:
        """The score in words."""
        return self.grade.words(self.score)


class FaceConsistency:
    """Divides the main face's samples where they change and compares the parts."""

    spec = DetectorSpec(
        name="face_consistency",
        version="1",
        questions=(Question.IDENTITY,),
        modality="video",
        cause="face_identity",
        weights=("dlib_resnet",),
        crops=CROPS,
        limits=LIMITS,
    )

    def inspect(self, interview: Interview) -> Signal:
        """Compare the face in the interview's seat with itself over time."""
        log = interview.faces
        if log is None:
            return self.spec.inconclusive("no_pictures", "The recording has no readable pictures.")
        point = operating_point("identity", self.spec.name)
        encoder = encoder_for(interview)
        line = face_line(
            interview,
            encoder,
            least_quality=point["least_quality"],
            least_size=point["least_relative_size"],
        )
        if line is None:
            return self.spec.inconclusive("no_face", "No face was found.")
        if len(line) < point["least_samples"]:
            return self.spec.inconclusive(
                "few_faces",
                f"{len(line)} of {line.offered} sampled faces are large, sharp and frontal enough "
                f"to compare; at least {point['least_samples']} are needed.",
                model=self._model(encoder),
                quality=quality_of(line),
            )
        return self._judge(log, line, encoder, point)

    def _model(self, encoder: FaceEncoder) -> ModelUse:
        return ModelUse(self.spec.name, f"{self.spec.version}/{encoder.id}", encoder.uses())

    def _judge(
        self, log: FaceLog, line: FaceLine, encoder: FaceEncoder, point: Mapping[str, Any]
    ) -> Signal:
        scale = scale_for(encoder.id, point)
        stretches = stretches_of(line, scale, most=point["least_stretch"])
        found = contrast(line, stretches, scale, most=point["least_stretch"])
        borders = [border_s(log, line, s.first) for s in stretches[1:]]
        ends = [float(line.times_s[0]), *borders, float(line.times_s[-1])]
        status = found.grade.status(found.score)
        if status is Status.REVIEW and min(len(found.first), len(found.second)) < 2:
            status = Status.INCONCLUSIVE  # one odd sample may be one bad frame
        reason = _reason(status, found, stretches, ends)
        unseen = unwatched_share(log, line, point["reach_s"])
        if status is Status.NO_INDICATION and unseen > point["most_unwatched"]:
            status = Status.INCONCLUSIVE
            reason = Reason(
                "faces_partly_unusable",
                f"During {unseen:.0%} of the time with a face in view it is too small, blurred or "
                "turned to compare. Where it could be compared it is alike.",
            )
        return self.spec.signal(
            status,
            reason,
            model=self._model(encoder),
            score=found.figure,
            score_meaning=found.grade.meaning(SUBJECT),
            operating_point=found.grade.operating_point,
            likelihood_ratio=found.ratio,
            quality=quality_of(line),
            quality_notes=quality_notes(line),
            evidence=_evidence(line, stretches, ends, scale) or _unclear(line, found, status),
            series=(_series(line, stretches, scale),),
            measurements=_measurements(line, stretches, found, scale),
        )


def unwatched_share(log: FaceLog, line: FaceLine, reach_s: float) -> float:
    """Share of the searched pictures with a face that lie beyond `reach_s` of a usable sample."""
    seen = log.looked_s[log.looked_count > 0]
    if not len(seen) or not len(line):
        return 0.0
    after = np.clip(np.searchsorted(line.times_s, seen), 1, len(line) - 1)
    near = np.minimum(np.abs(seen - line.times_s[after - 1]), np.abs(seen - line.times_s[after]))
    return float((near > reach_s).mean())


def stretches_of(line: FaceLine, scale: FaceScale, *, most: int) -> list[Stretch]:
    """The stretches of each person along the line; `most` caps the least length of a stretch."""
    least = max(1, min(most, len(line) // 2))
    borders = divide(
        line.embeddings,
        line.quality,
        penalty=1.0 - scale.grade(least, least).review_below,
        least=least,
    )

    def differ(score: float, first: int, second: int) -> bool:
        return score < scale.grade(first, second).review_below

    found = people(line.embeddings, line.quality, borders, differ)
    return confirmed(line.embeddings, line.quality, found, least=least)


def rows_of(stretches: list[Stretch], person: int) -> Rows:
    """All samples of one person."""
    return np.concatenate([s.rows for s in stretches if s.person == person])


def contrast(line: FaceLine, stretches: list[Stretch], scale: FaceScale, *, most: int) -> Contrast:
    """The person seen most against the one that differs most, or the two most different parts."""
    number = max(s.person for s in stretches) + 1
    if number == 1:
        least = max(1, min(most, len(line) // 2))
        cut = weakest_split(line.embeddings, line.quality, least=least)
        pairs = [(np.arange(cut), np.arange(cut, len(line)))]
    else:
        pairs = [(rows_of(stretches, 0), rows_of(stretches, p)) for p in range(1, number)]
    found = [compared(line, a, b, scale) for a, b in pairs]
    return min(found, key=lambda c: c.score - c.grade.review_below)


def compared(line: FaceLine, first: Rows, second: Rows, scale: FaceScale) -> Contrast:
    """Two sets of rows against each other, under the grade of the smaller."""
    score = similarity(line.pool(first), line.pool(second))
    return Contrast(first, second, score, scale.grade(len(first), len(second)))


def border_s(log: FaceLog, line: FaceLine, row: int) -> float:
    """When the sample before `row` gives way to `row`, seconds.

    Half-way between the two samples; where they are of two tracks, half-way between the last
    sighting of the one and the first of the other.
    """
    low, high = float(line.times_s[row - 1]), float(line.times_s[row])
    if line.tracks[row - 1] != line.tracks[row]:
        ended = _sightings(log.track(int(line.tracks[row - 1])), low, high)[-1]
        began = _sightings(log.track(int(line.tracks[row])), low, high)[0]
        if ended <= began:
            low, high = float(ended), float(began)
    return (low + high) / 2.0


def _sightings(track: FaceTrack, low: float, high: float) -> np.ndarray:
    return track.times_s[(track.times_s >= low) & (track.times_s <= high)]


def spans_text(stretches: list[Stretch], ends: list[float]) -> str:
    """When each face is seen: "face 1 at 0.0-10.0 s and 20.0-30.0 s; face 2 at 10.0-20.0 s"."""
    words: list[str] = []
    for person in range(max(s.person for s in stretches) + 1):
        spans = [
            f"{ends[i]:.1f}-{ends[i + 1]:.1f} s"
            for i, s in enumerate(stretches)
            if s.person == person
        ]
        more = f" and {len(spans) - 6} more times" if len(spans) > 6 else ""
        words.append(f"face {person + 1} at {', '.join(spans[:6])}{more}")
    return "; ".join(words)


def _reason(status: Status, found: Contrast, stretches: list[Stretch], ends: list[float]) -> Reason:
    if status is Status.REVIEW:
        return Reason(
            "face_changes",
            "The face in the main position is not alike throughout: "
            f"{spans_text(stretches, ends)}. Between the two that differ most, {found.words}.",
        )
    if status is Status.NO_INDICATION:
        return Reason(
            "one_face",
            f"The face is alike throughout: between the two most different parts, {found.words}.",
        )
    if found.grade.status(found.score) is Status.REVIEW:
        return Reason(
            "unclear",
            f"Between the two most different parts of the recording, {found.words}; but one of "
            "them is a single face, which may be one bad frame.",
        )
    return Reason(
        "unclear",
        "Whether the face is the same throughout cannot be said: between the two most different "
        f"parts of the recording, {found.words}.",
    )


def _evidence(
    line: FaceLine, stretches: list[Stretch], ends: list[float], scale: FaceScale
) -> tuple[Evidence, ...]:
    """One piece for each stretch that is not of the face seen most."""
    main = rows_of(stretches, 0)
    pieces: list[Evidence] = []
    for i, stretch in enumerate(stretches):
        if stretch.person == 0 or len(pieces) == MOST_EVIDENCE:
            continue
        found = compared(line, rows_of(stretches, stretch.person), main, scale)
        middle = (stretch.first + stretch.last) // 2
        shown = (stretch.first - 1, stretch.first, middle, stretch.last - 1, stretch.last)
        pieces.append(
            Evidence(
                start_s=ends[i],
                end_s=ends[i + 1],
                text=f"Face {stretch.person + 1} is seen here. Against face 1, {found.words}.",
                score=found.figure,
                start_frame=int(line.frames[stretch.first]),
                end_frame=int(line.frames[stretch.last - 1]),
                track=int(line.tracks[middle]),
                frames_s=tuple(
                    sorted({float(line.times_s[r]) for r in shown if 0 <= r < len(line)})
                ),
                box=line.box(middle),
            )
        )
    return tuple(sorted([*pieces, *_changes(line, stretches, ends)], key=lambda e: e.start_s))


def _changes(line: FaceLine, stretches: list[Stretch], ends: list[float]) -> list[Evidence]:
    """One piece for each moment at which face 1 comes after another face."""
    return [
        Evidence(
            start_s=ends[i],
            end_s=float(line.times_s[stretch.first]),
            text=f"Face {before.person + 1} gives way to face 1.",
            start_frame=int(line.frames[before.last - 1]),
            end_frame=int(line.frames[stretch.first]),
            track=int(line.tracks[stretch.first]),
            frames_s=(float(line.times_s[before.last - 1]), float(line.times_s[stretch.first])),
            box=line.box(stretch.first),
        )
        for i, (before, stretch) in enumerate(pairwise(stretches[: MOST_EVIDENCE + 1]), start=1)
        if stretch.person == 0
    ]


def _unclear(line: FaceLine, found: Contrast, status: Status) -> tuple[Evidence, ...]:
    """Where to look when the two most different parts are neither alike nor unlike."""
    if status is not Status.INCONCLUSIVE:
        return ()
    before, after = int(found.first[-1]), int(found.second[0])
    return (
        Evidence(
            start_s=float(line.times_s[before]),
            end_s=float(line.times_s[after]),
            text=f"Between the faces before and after, {found.words}.",
            score=found.figure,
            start_frame=int(line.frames[before]),
            end_frame=int(line.frames[after]),
            track=int(line.tracks[after]),
            frames_s=(float(line.times_s[before]), float(line.times_s[after])),
        ),
    )


def _series(line: FaceLine, stretches: list[Stretch], scale: FaceScale) -> Series:
    main, grade = line.pool(rows_of(stretches, 0)), scale.single
    low, high = grade.bounds
    return thin(
        "each face against the face seen most",
        grade.unit,
        line.times_s,
        grade.figures(line.embeddings @ main),
        low=low,
        high=high,
        threshold=grade.figure(grade.review_below),
    )


def _measurements(
    line: FaceLine, stretches: list[Stretch], found: Contrast, scale: FaceScale
) -> dict[str, float | int | str | bool | None]:
    main = line.pool(rows_of(stretches, 0))
    each = line.embeddings @ main
    third = max(1, len(line) // 3)
    ends = compared(line, np.arange(third), np.arange(len(line) - third, len(line)), scale)
    return {
        "faces_compared": len(line),
        "faces_unusable": line.offered - len(line),
        "groups": max(s.person for s in stretches) + 1,
        "changes": len(stretches) - 1,
        f"lowest_sample_{scale.single.suffix}": scale.single.figure(float(each.min())),
        "samples_unlike_the_rest": int((each < scale.single.review_below).sum()),
        f"first_to_last_third_{scale.single.suffix}": ends.figure,
        "support": support(found.ratio),
    }
