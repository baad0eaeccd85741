"""Do pictures repeat or stand still although the recording goes on?

Works on the luma signatures of stretches that were decoded frame by frame; see
`liveness.repeated_pictures` and `liveness.frozen_pictures` for the two searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.detectors import DetectorSpec, operating_point
from audit.facts import MediaFacts
from audit.interview import Interview, PictureLog, Window
from audit.series import thin
from audit.types import Evidence, Question, Reason, Series, Signal, Span, Status
from liveness.frozen_pictures import Frozen, Stillness, stillness
from liveness.motion_space import Grid, grid
from liveness.packet_scout import hints
from liveness.repeated_pictures import Repeat, Repetition, repetition

MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Search:
    samples: Grid
    repeats: Repetition | None
    still: Stillness | None

    @property
    def repeated(self) -> tuple[Repeat, ...]:
        """Repeats of the pictures."""
        return self.repeats.found if self.repeats else ()

    @property
    def frozen(self) -> tuple[Frozen, ...]:
        """Standstills of the picture."""
        return self.still.found if self.still else ()

    @property
    def dense_s(self) -> float:
        """Seconds that were looked at frame by frame."""
        return len(self.samples) * self.samples.step_s


class FrameLoop:
    """Repeated and frozen stretches of pictures."""

    spec = DetectorSpec(
        name="frame_loop",
        version="1.0.0",
        questions=(Question.AUTHENTICITY, Question.PRESENCE),
        modality="video",
        cause="frame_repetition",
        limits=(
            "Of long recordings only the stretches decoded frame by frame are searched; coverage "
            "says how much that is.",
            "Loops shorter than about 1.3 s cannot be told from rhythmic movement such as nodding, "
            "and repeats without movement cannot be told from sitting still.",
            "A short freeze is common on poor connections and says nothing about the person.",
        ),
    )

    def inspect(self, interview: Interview) -> Signal:
        """Search the pictures; see docs/detectors/frame_loop.md."""
        point = operating_point("liveness", "frame_loop")
        log, video = interview.pictures, interview.facts.video
        if log is None or video is None or len(log.times_s) < 2:
            return self.spec.inconclusive("no_pictures", "There are no moving pictures to compare.")
        samples = grid(log, video.packets, least_s=point["least_s"], cut_levels=point["cut_levels"])
        if samples is None:
            return self.spec.inconclusive(
                "too_few_pictures",
                f"No stretch of {point['least_s']:g} s was seen at 6 or more pictures a second.",
            )
        search = _Search(samples, repetition(samples, point), stillness(samples, point))
        if not search.repeated and not search.frozen:
            return self._quiet(search, interview, point)
        return self._found(search, interview, log)

    def scout(self, facts: MediaFacts) -> tuple[Window, ...]:
        """Stretches whose packet sizes repeat or nearly vanish, most promising first."""
        if facts.video is None:
            return ()
        return hints(facts.video.packets, operating_point("liveness", "frame_loop"))

    def _quiet(self, search: _Search, interview: Interview, point: dict[str, Any]) -> Signal:
        typical = search.still.typical if search.still else 0.0
        if typical < point["freeze_least_motion"]:
            return self.spec.inconclusive(
                "hardly_moves",
                "The picture hardly moves at any time, so neither a repeat nor a freeze could be "
                "told from sitting still.",
                **_common(search, interview),
            )
        return self.spec.signal(
            Status.NO_INDICATION,
            Reason(
                "nothing_repeats",
                f"No stretch repeats or stands still in {search.dense_s:.0f} s looked at frame by "
                "frame.",
            ),
            score=0.0,
            **_common(search, interview),
        )

    def _found(self, search: _Search, interview: Interview, log: PictureLog) -> Signal:
        repeated, frozen = search.repeated, search.frozen
        longest = max(
            s.duration_s for s in [*(r.span for r in repeated), *(f.span for f in frozen)]
        )
        evidence = [_repeat_evidence(r, log) for r in repeated[:MOST_SHOWN]]
        evidence += [_frozen_evidence(f, log) for f in frozen[:MOST_SHOWN]]
        authenticity = Status.REVIEW if repeated else Status.NO_INDICATION
        return self.spec.signal(
            Status.REVIEW,
            _found_reason(repeated, frozen),
            score=round(longest, 3),
            evidence=tuple(sorted(evidence, key=lambda e: e.start_s)),
            status_by_question={
                Question.AUTHENTICITY: authenticity,
                Question.PRESENCE: Status.REVIEW,
            },
            **_common(search, interview),
        )


def _found_reason(repeated: Sequence[Repeat], frozen: Sequence[Frozen]) -> Reason:
    if not repeated:
        seconds = sum(f.span.duration_s for f in frozen)
        return Reason(
            "frozen",
            f"The picture stands still {_times(len(frozen))}, {seconds:.1f} s in all, while the "
            "recording otherwise moves. Poor connections do this often.",
        )
    first = repeated[0]
    way = "backwards " if first.backwards else ""
    also = f" The picture also stands still {_times(len(frozen))}." if frozen else ""
    return Reason(
        "repeated",
        f"The pictures of {_clock(first.source)} are shown again {way}at {_clock(first.span)}"
        f"{_more(len(repeated) - 1)}.{also} Movements do not repeat this exactly by themselves.",
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _more(count: int) -> str:
    return f", and {count} more such {'stretch' if count == 1 else 'stretches'}" if count else ""


def _clock(span: Span) -> str:
    return f"{span.start_s:.1f} to {span.end_s:.1f} s"


def _frames(log: PictureLog, span: Span) -> tuple[int, int]:
    first = min(int(np.searchsorted(log.times_s, span.start_s - 1e-6)), len(log.times_s) - 1)
    last = max(first, int(np.searchsorted(log.times_s, span.end_s - 1e-6)) - 1)
    return int(log.frames[first]), int(log.frames[last])


def _repeat_evidence(repeat: Repeat, log: PictureLog) -> Evidence:
    span, source = repeat.span, repeat.source
    first, last = _frames(log, span)
    way = " in reverse order" if repeat.backwards else ""
    shares = (0.2, 0.5, 0.8)
    partners = shares[::-1] if repeat.backwards else shares
    return Evidence(
        span.start_s,
        span.end_s,
        f"Same pictures{way} as at {_clock(source)}: the movement correlates "
        f"{repeat.correlation:.2f} and the remaining difference is {repeat.difference:.0%} of it.",
        score=round(span.duration_s, 3),
        start_frame=first,
        end_frame=last,
        peer=source,
        frames_s=tuple(
            round(at, 3)
            for share, partner in zip(shares, partners, strict=True)
            for at in (
                source.start_s + partner * source.duration_s,
                span.start_s + share * span.duration_s,
            )
        ),
    )


def _frozen_evidence(frozen: Frozen, log: PictureLog) -> Evidence:
    span = frozen.span
    first, last = _frames(log, span)
    return Evidence(
        span.start_s,
        span.end_s,
        f"The picture stands still for {span.duration_s:.2f} s: what is left of the movement is "
        f"{frozen.share:.1%} of the recording's usual. Lost data on the way does this as well.",
        score=round(span.duration_s, 3),
        start_frame=first,
        end_frame=last,
        frames_s=(round(span.start_s, 3), round(span.end_s - 1e-3, 3)),
    )


def _common(search: _Search, interview: Interview) -> dict[str, Any]:
    covered = search.dense_s / max(search.dense_s, interview.facts.duration_s)
    notes = []
    if covered < 0.95:
        notes.append(f"{search.dense_s:.0f} s of {interview.facts.duration_s:.0f} s were searched.")
    return {
        "score_meaning": (
            "Seconds of the longest stretch that repeats or stands still; 0 when none does, higher "
            "is more."
        ),
        "operating_point": (
            "review for any stretch found: 1.0 s or more repeated, or 0.64 s or more frozen"
        ),
        "quality": round(covered * _liveliness(search), 3),
        "quality_notes": tuple(notes),
        "series": _series(search),
        "measurements": _measurements(search),
    }


def _liveliness(search: _Search) -> float:
    """1 where there is movement to compare at least half of the time, less where there is not."""
    moving = search.repeats.moving_s if search.repeats else 0.0
    return min(1.0, 2.0 * moving / max(search.dense_s, 1e-6))


def _series(search: _Search) -> tuple[Series, ...]:
    series = []
    if search.still is not None:
        still = search.still
        series.append(
            thin("movement of the picture", "grey levels", still.times_s, still.spread, low=0.0)
        )
    if search.repeats is not None and len(search.repeats.times_s):
        found = search.repeats
        series.append(
            thin("best match elsewhere", "correlation", found.times_s, found.best, low=-1, high=1)
        )
    return tuple(series)


def _measurements(search: _Search) -> dict[str, float | int | str | bool | None]:
    values: dict[str, float | int | str | bool | None] = {
        "searched_s": round(search.dense_s, 2),
        "repeats": len(search.repeated),
        "freezes": len(search.frozen),
        "frozen_s": round(sum(f.span.duration_s for f in search.frozen), 2),
        "pictures_per_s": round(1.0 / search.samples.step_s, 2),
    }
    if search.repeats is not None:
        values["moving_s"] = round(search.repeats.moving_s, 2)
        values["evidence_needed"] = round(search.repeats.needed, 2)
        values["best_match"] = round(float(search.repeats.best.max(initial=-1.0)), 3)
    if search.repeated:
        values["strongest_evidence"] = round(search.repeated[0].evidence, 2)
    if search.still is not None:
        values["usual_movement"] = round(search.still.typical, 2)
        values["least_movement"] = round(float(search.still.spread.min()), 3)
    return values
