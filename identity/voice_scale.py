"""What a voice similarity says, by back end and by how much speech was compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from audit.calibration import CalibrationRecord, records
from identity.grade import Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceGrade(Grade):
    """How comparisons of at least `from_s` seconds of speech are read."""

    ONE: ClassVar[str] = "this is one voice"
    TWO: ClassVar[str] = "these are two voices"

    from_s: float


class StretchGrade(VoiceGrade):
    """For a stretch of a recording against the rest of it."""

    __slots__ = ()

    @property
    def scope(self) -> str:
        """The stretches that it is for."""
        return f"for stretches of {self.from_s:g} s of speech or more"


class PairGrade(VoiceGrade):
    """For two recordings."""

    __slots__ = ()

    @property
    def scope(self) -> str:
        """The recordings that it is for."""
        return f"for {self.from_s:g} s of speech or more on both sides"


def stretch_grade(encoder_id: str, point: Mapping[str, Any], speech_s: float) -> StretchGrade:
    """The grade for a stretch of `speech_s` seconds under speaker_consistency's operating point.

    Rows `speaker_<encoder>_<from>s` of calibration.toml have the ratios, seconds rounded.
    """
    row = _reached(point["lengths"], speech_s)
    record = records("identity").get(f"speaker_{encoder_id}_{row['from_s']:.0f}s")
    return StretchGrade(record=record, **_thresholds(row))


def pair_grade(encoder_id: str, point: Mapping[str, Any], speech_s: float) -> PairGrade:
    """The grade for two recordings under voice_reference's operating point.

    `speech_s` is the shorter speech of both. Rows `voice_<encoder>_<from>s` of calibration.toml
    have the ratios; lengths without a row take that of the next shorter one.
    """
    if encoder_id == point["measured_with"]:
        row = _reached(point["lengths"], speech_s)
    else:
        row = point["other_back_ends"]
    return PairGrade(record=_pair_record(encoder_id, row["from_s"]), **_thresholds(row))


class ThreadGrade(VoiceGrade):
    """For the pooled voices of two sessions."""

    __slots__ = ()

    @property
    def scope(self) -> str:
        """The sessions that it is for."""
        return f"for {self.from_s:g} s of speech or more in both sessions"


def thread_grade(
    encoder_id: str, point: Mapping[str, Any], speech_s: float, *, channel_changed: bool
) -> ThreadGrade:
    """The grade for the pooled voices of two sessions under the thread's operating point.

    `speech_s` is the shorter speech of both. Rows `session_<encoder>_<from>s` of calibration.toml
    have the ratios, those of sessions that sound recorded in another way with `_channel` behind.
    """
    ending = "_channel" if channel_changed else ""
    held = records("identity")
    rows = {
        float(seconds): held[f"session_{encoder_id}_{seconds:g}s{ending}"]
        for seconds in point["voice_from_s"]
        if f"session_{encoder_id}_{seconds:g}s{ending}" in held
    }
    if not rows:
        low, high = point["uncalibrated_review_below"], point["uncalibrated_clear_from"]
        return ThreadGrade(review_below=float(low), clear_from=float(high), from_s=0.0)
    from_s = max((each for each in rows if each <= speech_s), default=min(rows))
    record = rows[from_s]
    return ThreadGrade(
        review_below=record.score_at(point["review_log10"]),
        clear_from=record.score_at(point["clear_log10"]),
        from_s=from_s,
        record=record,
    )


def _reached(rows: list[Mapping[str, Any]], speech_s: float) -> Mapping[str, Any]:
    """The row of the longest speech that is reached; the first where none is."""
    fitting = [row for row in rows if speech_s >= row["from_s"]]
    return fitting[-1] if fitting else rows[0]


def _thresholds(row: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(row[name]) for name in ("from_s", "review_below", "clear_from")}


def _pair_record(encoder_id: str, from_s: float) -> CalibrationRecord | None:
    prefix = f"voice_{encoder_id}_"
    fitting = {
        float(name.removeprefix(prefix).removesuffix("s")): record
        for name, record in records("identity").items()
        if name.startswith(prefix)
    }
    reached = [seconds for seconds in fitting if seconds <= from_s]
    return fitting[max(reached)] if reached else None
