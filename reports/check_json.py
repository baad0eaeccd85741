"""result.json: a check's result as a document of JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from audit.facts import MediaFacts, Stream
from audit.interview import Interview
from audit.result import CheckResult
from audit.types import EvidenceWeight, Finding, Question
from reports import documents as d
from reports.canonical import canonical, figure, log_ratio, seconds, sha256_of
from reports.signal_json import Clean, signal_entry, weight_entry
from reports.texts import Cleaner, label
from reports.timeline_json import faces_in_view, speech_entry, track_entry

__all__ = ["canonical", "check_document", "cleaner", "read_document"]


def check_document(result: CheckResult, answers: d.AnswersEntry | None = None) -> dict[str, object]:
    """The document of one check, as docs/report.schema.json describes it.

    `answers`: who answered which question (`reports.answers_json`). All but the member `run` is the
    same for the same recording, marks, software, settings and seed.
    """
    content = {**_content(result), "answers": _dump(answers)}
    run = _run(result, sha256_of(content))
    return {**content, "run": run.model_dump(mode="json")}


def read_document(document: Mapping[str, object]) -> d.CheckDocument:
    """The typed form of a document.

    Raises:
        pydantic.ValidationError: it is not a check report of this schema version.
    """
    return d.CheckDocument.model_validate(document)


def cleaner(interviews: Iterable[Interview]) -> Cleaner:
    """A cleaner that knows the paths of these recordings by their labels."""
    return Cleaner({i.source_path: label(i.label) for i in interviews if i.source_path})


def _content(result: CheckResult) -> dict[str, Any]:
    interview = result.interview
    clean = cleaner((interview, *interview.references))
    findings = {f.question: _finding(f, clean) for f in result.findings}
    parts: dict[str, Any] = {
        "software": d.Software(name="fairwitness", version=result.software_version),
        "input": _input(interview, clean),
        "references": [_reference(r, clean) for r in interview.references],
        "coverage": _coverage(result, clean),
        "findings": d.Findings(**{q.value: findings[q] for q in Question}),
        "signals": [signal_entry(s, clean) for s in result.signals],
        "perception_weights": [weight_entry(w, clean) for w in result.perception_weights],
        "tracks": _tracks(interview),
        "faces_in_view": faces_in_view(interview.faces),
        "speech": speech_entry(interview.speech, interview.audio),
    }
    plain = {name: _dump(part) for name, part in parts.items()}
    kind = {"schema_version": d.SCHEMA_VERSION, "kind": "check"}
    return {**kind, **plain, "failed_signals": list(result.failed)}


def _dump(part: Any) -> Any:
    if isinstance(part, list):
        return [_dump(item) for item in part]
    return part.model_dump(mode="json") if isinstance(part, d.Part) else part


def _run(result: CheckResult, content_sha256: str) -> d.RunEntry:
    return d.RunEntry(
        started_at=result.started_at,
        seed=result.interview.seed,
        settings=dict(sorted(_settings(result.settings).items())),
        stage_cpu_s={k: seconds(v) for k, v in sorted(result.stage_cpu_s.items())},
        content_sha256=content_sha256,
    )


def _settings(values: Mapping[str, object], prefix: str = "") -> dict[str, d.Scalar]:
    """Nested settings with dotted names; anything but plain values is left out."""
    kept: dict[str, d.Scalar] = {}
    clean = Cleaner({})
    for name, value in values.items():
        if isinstance(value, Mapping):
            kept |= _settings(value, f"{prefix}{name}.")
        elif isinstance(value, str):
            kept[prefix + name] = clean(value)
        elif value is None or isinstance(value, bool | int | float):
            kept[prefix + name] = value
    return kept


def _input(interview: Interview, clean: Cleaner) -> d.InputFacts:
    facts, pictures = interview.facts, interview.pictures
    video = facts.video
    return d.InputFacts(
        label=label(interview.label),
        sha256=facts.sha256,
        size=facts.size,
        format=clean(facts.format),
        brand=clean(facts.brand),
        duration_s=seconds(facts.duration_s),
        rotation=video.rotation if video else None,
        width=pictures.width if pictures else None,
        height=pictures.height if pictures else None,
        streams=[_stream(s, clean) for s in facts.streams],
        other_streams=[clean(o) for o in facts.others],
        tags=clean.tags(facts.tags),
        problems=_problems(facts, interview, clean),
    )


def _problems(facts: MediaFacts, interview: Interview, clean: Clean) -> list[str]:
    return list(dict.fromkeys(clean(text) for text in (*facts.problems, *interview.notes)))


def _stream(stream: Stream, clean: Cleaner) -> d.StreamFacts:
    video = stream.kind == "video"
    return d.StreamFacts(
        index=stream.index,
        kind=stream.kind,
        codec=clean(stream.codec),
        profile=clean(stream.profile),
        start_s=seconds(stream.start_s),
        duration_s=None if stream.duration_s is None else seconds(stream.duration_s),
        packets=len(stream.packets.size),
        bit_rate=stream.bit_rate,
        width=stream.width if video else None,
        height=stream.height if video else None,
        rotation=stream.rotation if video else None,
        pixel_format=clean(stream.pixel_format) if video else None,
        declared_rate=figure(stream.declared_rate),
        average_rate=figure(stream.average_rate),
        sample_rate=None if video else stream.sample_rate,
        channels=None if video else stream.channels,
        tags=clean.tags(stream.tags),
    )


def _reference(interview: Interview, clean: Clean) -> d.ReferenceFacts:
    return d.ReferenceFacts(
        label=label(interview.label),
        sha256=interview.facts.sha256,
        duration_s=seconds(interview.facts.duration_s),
        problems=_problems(interview.facts, interview, clean),
    )


def _coverage(result: CheckResult, clean: Clean) -> d.CoverageFacts:
    c = result.coverage
    return d.CoverageFacts(
        duration_s=seconds(c.duration_s),
        video_s=seconds(c.video_s),
        audio_s=seconds(c.audio_s),
        frames_in_file=c.frames_in_file,
        frames_decoded=c.frames_decoded,
        frames_searched=c.frames_searched,
        frames_dense_s=seconds(c.frames_dense_s),
        faces_sampled=c.faces_sampled,
        speech_s=seconds(c.speech_s),
        sampling=clean(c.sampling),
    )


def _finding(finding: Finding, clean: Clean) -> d.FindingEntry:
    return d.FindingEntry(
        verdict=finding.verdict.value,
        reasons=[d.Why(code=r.code, text=clean(r.text)) for r in finding.reasons],
        signals=list(finding.signals),
        not_covered=[clean(text) for text in finding.not_covered],
        weight=None if finding.weight is None else _weight(finding.weight),
    )


def _weight(weight: EvidenceWeight) -> d.EvidenceWeightEntry:
    sides: tuple[Literal["attack", "none"], ...] = ("attack", "none")
    return d.EvidenceWeightEntry(
        log10_lr=log_ratio(weight.log10),
        log10_lr_bounds=[log_ratio(-weight.bound), log_ratio(weight.bound)],
        support=weight.support.replace(" ", "_"),
        favours="neither" if weight.support == "no" else sides[weight.log10 < 0],
        prior=weight.prior,
        even_at=log_ratio(weight.even_at),
        causes=[
            d.CauseWeightEntry(
                cause=cause.cause,
                signal=cause.signal,
                channel=cause.channel,
                log10_lr=log_ratio(cause.log10),
                counted=cause.counted,
            )
            for cause in weight.causes
        ],
    )


def _tracks(interview: Interview) -> list[d.TrackEntry]:
    faces = interview.faces
    if faces is None:
        return []
    looked = np.asarray(faces.looked_s, dtype=np.float64)
    return [track_entry(t, looked, main=t.id == faces.main) for t in faces.tracks]
