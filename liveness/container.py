"""What the file's wrapping says: which software made it, and how its pictures are timed.

Names of virtual cameras, screen recorders, editing and generating software are worth a look, as
supporting evidence. Timing is measured and described; it decides nothing alone, because platforms
transcode, networks stutter and webcams are uneven.
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.detectors import DetectorSpec, operating_point
from audit.facts import EditList, MediaFacts, Stream
from audit.interview import Interview
from audit.series import thin
from audit.types import Evidence, Question, Reason, Series, Signal, Status, Strength
from liveness.packet_timing import Timing, timing
from liveness.software_names import Kind, Named, named_in

MOST_GAPS = 12

MEANING: dict[Kind, str] = {
    "virtual_camera": (
        "software that stands in for a camera: it can pass on a camera's picture, change it, or "
        "play something else"
    ),
    "screen_recorder": (
        "software that records a screen or a mixed scene, so the picture need not come straight "
        "from a camera"
    ),
    "editor": "editing software, so the recording was opened and saved again after it was made",
    "generator": "software or a label that stands for generated or altered pictures or sound",
}

PRESENCE_KINDS = frozenset({"virtual_camera", "screen_recorder", "generator"})
AUTHENTICITY_KINDS = frozenset({"editor", "generator"})

Value = float | int | str | bool | None


class Container:
    """Tags, encoder settings, edit lists and packet times of the file."""

    spec = DetectorSpec(
        name="container",
        version="1.0.0",
        questions=(Question.AUTHENTICITY, Question.PRESENCE),
        modality="container",
        cause="container",
        strength=Strength.SUPPORTING,
        limits=(
            "Tags can be removed or written by anybody; a file without telling names is the normal "
            "case and says nothing.",
            "Platforms transcode what they store: encoder names and even timing then describe the "
            "platform, not the camera.",
            "A virtual camera is seen only where its name reached the file; through a platform's "
            "own recorder it usually does not.",
        ),
    )

    def inspect(self, interview: Interview) -> Signal:
        """Read the facts of the file; see docs/detectors/container.md."""
        facts = interview.facts
        if facts.format == "image sequence":
            return self.spec.inconclusive(
                "image_sequence", "A set of images has no container whose tags could be read."
            )
        point = operating_point("liveness", "container")
        video = _timing(facts.video, point["gap_s"], point["gap_intervals"])
        audio = _timing(facts.audio, point["gap_s"], point["gap_intervals"])
        named = named_in(facts)
        telling = tuple(n for n in named if n.software.kind in MEANING)
        cuts = _cuts(facts.edits)
        status, by_question = _statuses(telling, cuts)
        return self.spec.signal(
            status,
            _reason(telling, cuts, video),
            score=float(len(telling) + bool(cuts)),
            score_meaning=(
                "Count of telling things in the file: names of capture-replacing, editing or "
                "generating software, and an edit list that joins parts. 0 upwards, higher is more."
            ),
            operating_point="review from 1",
            quality=_quality(facts, video, point["least_frames"]),
            quality_notes=_notes(facts, video, audio, point),
            evidence=(*_named_evidence(telling, cuts, facts), *_gap_evidence(video)),
            series=_series(video),
            measurements=_measurements(facts, video, audio, named),
            status_by_question=by_question,
        )


def _timing(stream: Stream | None, gap_s: float, gap_intervals: float) -> Timing | None:
    return timing(stream, gap_s=gap_s, gap_intervals=gap_intervals) if stream else None


def _cuts(edits: Sequence[EditList]) -> int:
    """Joins that edit lists make: parts of the media played beyond the first, per track."""
    parts: dict[int, int] = {}
    for edit in edits:
        if edit.media_time_s >= 0 and edit.duration_s > 0:
            parts[edit.track] = parts.get(edit.track, 0) + 1
    return max((n - 1 for n in parts.values()), default=0)


def _statuses(telling: Sequence[Named], cuts: int) -> tuple[Status, dict[Question, Status]]:
    kinds = {n.software.kind for n in telling}
    flagged = {
        Question.AUTHENTICITY: bool(kinds & AUTHENTICITY_KINDS) or cuts > 0,
        Question.PRESENCE: bool(kinds & PRESENCE_KINDS),
    }
    by_question = {q: Status.REVIEW if hit else Status.NO_INDICATION for q, hit in flagged.items()}
    overall = Status.REVIEW if any(flagged.values()) else Status.NO_INDICATION
    return overall, by_question


def _reason(telling: Sequence[Named], cuts: int, video: Timing | None) -> Reason:
    if telling:
        names = ", ".join(n.software.name for n in telling)
        return Reason("software_named", f"The file names {names}. {_caution(telling[0])}")
    if cuts:
        return Reason(
            "edit_list_joins_parts",
            "The file's edit list plays several parts of the recording one after the other: parts "
            "were left out or moved without encoding anew. Trimming in a phone does this too.",
        )
    stutter = f" Pictures are missing in {len(video.gaps)} places." if video and video.gaps else ""
    return Reason(
        "nothing_telling",
        "The file names no virtual camera, screen recorder, editing or generating software. "
        f"That is the normal case and proves nothing.{stutter}",
    )


def _caution(first: Named) -> str:
    """What the first name means, with the honest explanation beside it."""
    honest = {
        "virtual_camera": "People use it for backgrounds and lighting as well.",
        "screen_recorder": "Honest recordings are made this way too.",
        "editor": "Trimming the start and end is the commonest use.",
        "generator": "The name alone does not say which part was generated.",
    }
    kind = first.software.kind
    return f"This is {MEANING[kind]}. {honest[kind]}"


def _quality(facts: MediaFacts, video: Timing | None, least_frames: int) -> float:
    """1 with tags and enough timed pictures; half for each that is missing."""
    tagged = bool(facts.tags) or any(s.tags or s.side for s in facts.streams)
    timed = video is not None and len(video.times_s) >= least_frames
    return 0.5 * tagged + 0.5 * (timed or facts.video is None)


def _notes(
    facts: MediaFacts, video: Timing | None, audio: Timing | None, point: dict[str, float]
) -> tuple[str, ...]:
    notes = list(facts.problems)
    if facts.video and video:
        notes += _video_notes(facts.video, video, point["rate_share"])
    if facts.video and facts.audio and video and audio:
        notes += _offset_notes(facts.video, facts.audio, video, audio, point["offset_s"])
    if any(e.rate not in (0.0, 1.0) for e in facts.edits):
        notes.append("The edit list changes the playing speed.")
    if not facts.tags and not any(s.tags or s.side for s in facts.streams):
        notes.append("The file carries no tags at all: they were removed, or never written.")
    return tuple(notes)


def _video_notes(stream: Stream, video: Timing, rate_share: float) -> list[str]:
    notes = []
    declared = stream.declared_rate
    if declared and abs(video.rate - declared) > rate_share * declared:
        notes.append(
            f"The header states {declared:.4g} pictures a second, the file holds {video.rate:.4g}: "
            "pictures were left out while recording, or the rate varies."
        )
    if video.same_time:
        notes.append(f"{video.same_time} pictures have the time of the one before.")
    if video.backwards:
        notes.append(
            f"Decoding times run backwards {video.backwards} times: the file was joined from parts "
            "or written by faulty software."
        )
    if video.untimed:
        notes.append(f"{video.untimed} pictures have no time of their own.")
    settings = {t for t in stream.side if t.startswith("x264")}
    if len(settings) > 1:
        notes.append("Two different encoder settings were found: separately encoded parts.")
    return notes


def _offset_notes(
    video_stream: Stream, audio_stream: Stream, video: Timing, audio: Timing, most_s: float
) -> list[str]:
    notes = []
    start = audio_stream.start_s - video_stream.start_s
    if abs(start) > most_s:
        first = "pictures" if start > 0 else "sound"
        notes.append(f"The {first} start {abs(start):.2f} s before the rest.")
    end = float(audio.times_s[-1] - video.times_s[-1])
    if abs(end) > most_s:
        longer = "sound" if end > 0 else "pictures"
        notes.append(f"The {longer} last {abs(end):.2f} s longer than the rest.")
    return notes


def _named_evidence(telling: Sequence[Named], cuts: int, facts: MediaFacts) -> tuple[Evidence, ...]:
    end = max(0.0, facts.duration_s)
    named = [
        Evidence(
            0.0,
            end,
            f"{n.software.name}: {MEANING[n.software.kind]} (found in '{n.where}': \"{n.quote}\").",
        )
        for n in telling
    ]
    if cuts:
        named.append(Evidence(0.0, end, f"The edit list joins {cuts + 1} parts of one track."))
    return tuple(named)


def _gap_evidence(video: Timing | None) -> tuple[Evidence, ...]:
    if video is None:
        return ()
    longest = sorted(video.gaps, key=lambda g: -g.span.duration_s)[:MOST_GAPS]
    return tuple(
        Evidence(
            gap.span.start_s,
            gap.span.end_s,
            f"No picture for {gap.span.duration_s:.2f} s (about {gap.missing} missing): the "
            "recording stuttered, as on a poor connection, or a part was taken out.",
            frames_s=(gap.span.start_s, gap.span.end_s),
        )
        for gap in sorted(longest, key=lambda g: g.span.start_s)
    )


def _series(video: Timing | None) -> tuple[Series, ...]:
    if video is None:
        return ()
    line = thin("time between pictures", "ms", video.times_s[1:], video.intervals_ms, low=0.0)
    return (line,)


def _measurements(
    facts: MediaFacts, video: Timing | None, audio: Timing | None, named: Sequence[Named]
) -> dict[str, Value]:
    values: dict[str, Value] = {
        "format": facts.format,
        "brand": facts.brand or None,
        "boxes": " ".join(facts.boxes) or None,
        "muxer": _tag(facts.tags, "encoder"),
        "software_named": ", ".join(n.software.name for n in named) or None,
        "edit_list_entries": len(facts.edits),
    }
    if facts.video:
        values |= _stream_values(facts.video)
    if video:
        values |= _timing_values(video)
    if facts.video and facts.audio:
        values["sound_starts_later_s"] = round(facts.audio.start_s - facts.video.start_s, 4)
    if video and audio:
        values["sound_ends_later_s"] = round(float(audio.times_s[-1] - video.times_s[-1]), 3)
    return values


def _tag(tags: object, name: str) -> str | None:
    items = tags.items() if hasattr(tags, "items") else ()
    return next((str(v)[:200] for k, v in items if k.lower() == name), None)


def _stream_values(stream: Stream) -> dict[str, Value]:
    settings = next((t for t in stream.side if "options:" in t), "")
    return {
        "video_codec": stream.codec,
        "video_profile": stream.profile or None,
        "video_encoder": _tag(stream.tags, "encoder"),
        "handler": _tag(stream.tags, "handler_name"),
        "encoder_settings": settings.partition(" - ")[2][:300] or None,
        "declared_rate": stream.declared_rate,
        "average_rate": stream.average_rate,
    }


def _timing_values(video: Timing) -> dict[str, Value]:
    return {
        "pictures": len(video.times_s),
        "counted_rate": round(video.rate, 3),
        "interval_ms": round(video.median_ms, 3),
        "jitter_ms": round(video.jitter_ms, 3),
        "evenly_timed": video.even,
        "uneven_share": round(video.uneven_share, 4),
        "same_time": video.same_time,
        "backwards": video.backwards,
        "untimed": video.untimed,
        "gaps": len(video.gaps),
        "pictures_missing": sum(g.missing for g in video.gaps),
        "key_frames": video.key_frames,
        "key_interval_s": _rounded(video.key_interval_s),
        "key_interval_most_s": _rounded(video.key_interval_most_s),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
