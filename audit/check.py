"""One check, end to end: read, measure, inspect, conclude.

The order is that of DESIGN.md section 3: packets and the whole audio track first (cheap), then the
pictures that the packets say are worth it, then one signal per detector, then four findings.
"""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

from audit import detectors as registry
from audit.detectors import CropSpec, Detector, NotRun, Scout
from audit.errors import AuditError, InputError, MediaUnreadable, SettingsInvalid
from audit.facts import MediaFacts
from audit.findings import conclude, with_weak_ones_withheld
from audit.inference import Models, limited_threads
from audit.interview import FaceLog, Interview, PictureLog, Window
from audit.media import (
    MediaSource,
    PictureStream,
    plan_pictures,
    probe,
    read_audio,
    read_pictures,
)
from audit.media.plan import Picture, PicturePlan, stretch_s
from audit.perception.faces import FaceReader
from audit.perception.speech import listen
from audit.result import CheckResult, ComparisonResult, Coverage, PairEvidence
from audit.settings import Settings
from audit.types import Question, Reason, Signal, Span, Status, WeightUse

Progress = Callable[[str, float], None]
"""Called with a stage's name and the share of the whole check that is done, 0..1."""

FAULTS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RuntimeError,
    OSError,
)
"""What a detector may raise through a fault of ours; it costs that signal, not the check."""


def quiet(_stage: str, _done: float) -> None:
    """A `Progress` that says nothing."""


@dataclass
class Stopwatch:
    """CPU seconds per stage, of this process and its finished children together."""

    stages: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the CPU seconds spent inside to stage `name`."""
        before = _cpu_s()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + _cpu_s() - before


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@dataclass(frozen=True, slots=True)
class Reading:
    """How recordings are read for one set of detectors."""

    settings: Settings
    models: Models
    detectors: tuple[Detector, ...]

    @property
    def crops(self) -> tuple[CropSpec, ...]:
        """Every crop that some detector wants, each name once."""
        wanted = {crop.name: crop for d in self.detectors for crop in d.spec.crops}
        return tuple(wanted.values())


def reading(settings: Settings, models: Models, names: Sequence[str] | None = None) -> Reading:
    """A reading with the detectors called `names` (all that are installed by default).

    An optional one that `settings.optional_signals` does not name only says that it was not run.

    Raises:
        SettingsInvalid: a name there is not that of an installed optional detector.
    """
    chosen = registry.names() if names is None else tuple(names)
    wanted = optional_signals(settings.optional_signals)
    loaded = [_as_wanted(registry.load(name), wanted) for name in chosen]
    questions = list(Question)
    loaded.sort(key=lambda d: (questions.index(d.spec.questions[0]), d.spec.name))
    return Reading(settings, models, tuple(loaded))


def optional_signals(named: Sequence[str]) -> frozenset[str]:
    """The names of optional detectors that are to run.

    Raises:
        SettingsInvalid: one is not installed, or is not optional.
    """
    for name in named:
        if not registry.load(name).spec.optional:
            raise SettingsInvalid(f"The signal '{name}' is always run; it cannot be turned on.")
    return frozenset(named)


def _as_wanted(detector: Detector, wanted: frozenset[str]) -> Detector:
    off = detector.spec.optional and detector.spec.name not in wanted
    return NotRun(detector.spec) if off else detector


def open_interview(
    source: MediaSource,
    how: Reading,
    *,
    label: str,
    progress: Progress = quiet,
    watch: Stopwatch | None = None,
) -> Interview:
    """Read and measure one recording.

    Args:
        source: a media file, an image, a folder of images or a list of images.
        label: how texts call the recording (`recording`, `reference 1`).

    Raises:
        InputError: the file cannot be used at all; the message says why and what to do.
    """
    watch = watch or Stopwatch()
    limits = how.settings.limits
    progress("reading headers and packets", 0.0)
    with watch.stage("probe"):
        facts = probe(source, limits)
    notes: list[str] = list(facts.problems)
    progress("decoding and listening", 0.05)
    with watch.stage("audio"):
        audio, audio_problems = read_audio(source, facts, limits) if facts.audio else (None, ())
    notes += audio_problems
    with watch.stage("speech"):
        speech = listen(audio, how.models) if audio is not None else None
    pictures, faces = _look(source, facts, how, progress, watch, notes)
    if audio is None and pictures is None:
        raise MediaUnreadable(_nothing_readable(notes))
    return Interview(
        label=label,
        facts=facts,
        models=how.models,
        source_path=str(source) if isinstance(source, str | Path) else "",
        audio=audio,
        pictures=pictures,
        faces=faces,
        speech=speech,
        notes=tuple(dict.fromkeys(notes)),
        seed=how.settings.seed,
    )


def _nothing_readable(notes: Sequence[str]) -> str:
    detail = f" ({'; '.join(notes[:3])})" if notes else ""
    return (
        f"Neither sound nor pictures could be read from the file{detail}. "
        "Give a video, audio or image file that plays in an ordinary player."
    )


def _look(
    source: MediaSource,
    facts: MediaFacts,
    how: Reading,
    progress: Progress,
    watch: Stopwatch,
    notes: list[str],
) -> tuple[PictureLog | None, FaceLog | None]:
    """The picture pass; problems are added to `notes`."""
    if facts.video is None:
        return None, None
    scouted: list[Window] = []
    with watch.stage("scout"):
        for detector in how.detectors:
            if isinstance(detector, Scout):
                scouted += detector.scout(facts)
    plan = plan_pictures(facts, how.settings.sampling, tuple(scouted), how.settings.seed)
    reader = FaceReader(how.models, how.crops, how.settings.sampling)
    log = _PictureLogBuilder()
    duration = max(facts.duration_s, 1e-6)
    stream = read_pictures(source, facts, plan, how.settings.limits)
    with contextlib.closing(_timed(stream, watch)) as pictures:
        try:
            for picture in pictures:
                log.add(picture)
                with watch.stage("faces"):
                    reader.add(picture)
                progress("looking at pictures", 0.15 + 0.65 * min(1.0, picture.time_s / duration))
        except InputError as error:
            notes.append(str(error))
    notes += stream.problems
    if not log.times:
        return None, None
    with watch.stage("faces"):
        faces = reader.finish()
    return log.build(plan), faces


def _timed(stream: PictureStream, watch: Stopwatch) -> Generator[Picture]:
    """Pictures as they come; the decoder's CPU time counts when its process has ended."""
    try:
        while True:
            with watch.stage("pictures"):
                picture = next(stream, None)
            if picture is None:
                return
            yield picture
    finally:
        with watch.stage("pictures"):
            stream.close()


class _PictureLogBuilder:
    """Collects what every decoded frame leaves behind."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._frames: list[int] = []
        self._signatures: list[np.ndarray] = []
        self._size = (0, 0)

    def add(self, picture: Picture) -> None:
        self.times.append(picture.time_s)
        self._frames.append(picture.frame)
        self._signatures.append(picture.signature)
        if picture.image is not None:
            height, width = picture.image.shape[:2]
            self._size = (round(width / picture.scale), round(height / picture.scale))

    def build(self, plan: PicturePlan) -> PictureLog:
        end = self.times[-1]
        return PictureLog(
            times_s=np.asarray(self.times, dtype=np.float64),
            frames=np.asarray(self._frames, dtype=np.int64),
            signatures=np.stack(self._signatures),
            dense=tuple(Span(w.start_s, min(w.end_s, max(end, w.start_s))) for w in plan.windows),
            width=self._size[0],
            height=self._size[1],
        )


def inspect(
    interview: Interview,
    how: Reading,
    *,
    progress: Progress = quiet,
    watch: Stopwatch | None = None,
) -> tuple[tuple[Signal, ...], tuple[str, ...]]:
    """All signals of a measured recording, and the names of detectors that failed.

    A detector that fails through our own fault gives an inconclusive signal with the code
    `internal_error`; the others still run.
    """
    watch = watch or Stopwatch()
    signals: list[Signal] = []
    failed: list[str] = []
    for number, detector in enumerate(how.detectors):
        name = detector.spec.name
        progress(f"signal {name}", 0.8 + 0.2 * number / max(1, len(how.detectors)))
        with watch.stage(name):
            try:
                signals.append(detector.inspect(interview))
            except (AuditError, *FAULTS) as error:
                failed.append(name)
                signals.append(_failed(detector, error))
    return tuple(signals), tuple(failed)


def _failed(detector: Detector, error: Exception) -> Signal:
    detail = str(error) if isinstance(error, AuditError) else type(error).__name__
    return detector.spec.inconclusive(
        "internal_error", f"This signal could not be computed through a fault of ours: {detail}"
    )


def check(
    source: MediaSource,
    settings: Settings,
    models: Models,
    *,
    references: Sequence[MediaSource] = (),
    progress: Progress = quiet,
    names: Sequence[str] | None = None,
) -> CheckResult:
    """Check one recording, against earlier recordings of the claimed person where given.

    `names`: the detectors to run; all that are installed by default. `without_identity` names
    those that compare nobody.

    Raises:
        InputError: the recording or a reference cannot be used.
        WeightsError: a needed weight is missing or was changed.
    """
    how = reading(settings, models, names)
    with limited_threads(settings.threads):
        return _check(source, how, references, progress)


def without_identity() -> tuple[str, ...]:
    """The installed detectors that compare no face and no voice, for whom there is no consent."""
    loaded = (registry.load(name).spec for name in registry.names())
    return tuple(spec.name for spec in loaded if Question.IDENTITY not in spec.questions)


def _check(
    source: MediaSource, how: Reading, references: Sequence[MediaSource], progress: Progress
) -> CheckResult:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    settings = how.settings
    watch = Stopwatch()
    interview = open_interview(source, how, label="recording", progress=progress, watch=watch)
    earlier = []
    for number, reference in enumerate(references, start=1):
        with watch.stage("references"):
            earlier.append(_open_reference(reference, how, number))
    interview = replace(interview, references=tuple(earlier))
    measured, failed = inspect(interview, how, progress=progress, watch=watch)
    signals = with_weak_ones_withheld(measured)
    progress("done", 1.0)
    return CheckResult(
        interview=interview,
        signals=signals,
        findings=conclude(signals, prior=settings.attack_prior),
        coverage=coverage(interview, settings),
        failed=failed,
        stage_cpu_s={k: round(v, 3) for k, v in watch.stages.items()},
        started_at=started,
        software_version=metadata.version("fairwitness"),
        settings=_recorded(settings),
        perception_weights=_perception_weights(interview),
    )


def _open_reference(source: MediaSource, how: Reading, number: int) -> Interview:
    label = f"reference {number}"
    try:
        return open_interview(source, how, label=label)
    except InputError as error:
        raise type(error)(f"{label}: {error}") from error


def _perception_weights(interview: Interview) -> tuple[WeightUse, ...]:
    """The weights that found the faces and the speech."""
    used: list[str] = []
    if interview.faces is not None:
        used += ["blazeface_back", "face_mesh", "iris_landmark"]
    if interview.speech is not None:
        used.append("silero_vad")
        used += ["pyannet"] if interview.speech.overlap is not None else []
    return interview.models.uses(*used)


def _recorded(settings: Settings) -> dict[str, object]:
    """The settings that decide the result; folders of this machine stay out of reports."""
    kept = settings.model_dump(mode="json", include={"seed", "face_backend", "voice_backend"})
    return {**kept, "sampling": settings.sampling.model_dump(mode="json")}


def coverage(interview: Interview, settings: Settings) -> Coverage:
    """How much of the recording was looked at and listened to."""
    facts, pictures, faces = interview.facts, interview.pictures, interview.faces
    video = facts.video
    dense = sum(s.duration_s for s in pictures.dense) if pictures else 0.0
    whole = facts.duration_s <= settings.sampling.dense_up_to_s
    return Coverage(
        duration_s=facts.duration_s,
        video_s=_covered(pictures.times_s) if pictures else 0.0,
        audio_s=interview.audio.duration_s if interview.audio else 0.0,
        frames_in_file=len(video.packets.size) if video else 0,
        frames_decoded=len(pictures.times_s) if pictures else 0,
        frames_searched=len(faces.looked_s) if faces else 0,
        frames_dense_s=dense,
        faces_sampled=len(faces.samples) if faces else 0,
        speech_s=interview.speech.total_s if interview.speech else 0.0,
        sampling=_sampling_words(
            settings, facts.duration_s, whole=whole, pictures=pictures is not None
        ),
    )


def _covered(times_s: np.ndarray) -> float:
    return float(times_s[-1] - times_s[0]) if len(times_s) else 0.0


def _sampling_words(settings: Settings, duration_s: float, *, whole: bool, pictures: bool) -> str:
    if not pictures:
        return "The recording has no pictures; the whole sound track was heard."
    if whole:
        return "Every frame was decoded, and the whole sound track was heard."
    plan = settings.sampling
    return (
        f"Long recording: key frames throughout (at least one every {plan.max_gap_s:g} s), and "
        f"{plan.burst_s:g} s of every {stretch_s(duration_s, plan):.0f} s frame by frame at places "
        f"drawn with seed {settings.seed}; the whole sound track was heard."
    )


def compare(
    sources: Sequence[MediaSource],
    settings: Settings,
    models: Models,
    *,
    labels: Sequence[str],
    progress: Progress = quiet,
    last_only: bool = False,
) -> ComparisonResult:
    """Pairwise face and voice evidence between recordings.

    `last_only`: only the pairs of the last recording with each of the others.

    Raises:
        InputError: a recording cannot be used; the message names it.
    """
    how = reading(settings, models, ("face_reference", "voice_reference"))
    named = list(zip(sources, labels, strict=True))
    with limited_threads(settings.threads):
        return _compare(named, how, progress, last_only=last_only)


def _compare(
    sources: Sequence[tuple[MediaSource, str]],
    how: Reading,
    progress: Progress,
    *,
    last_only: bool,
) -> ComparisonResult:
    opened: list[Interview] = []
    for number, (source, label) in enumerate(sources):
        progress(f"reading {label}", number / len(sources))
        try:
            opened.append(open_interview(source, how, label=label))
        except InputError as error:
            raise type(error)(f"{label}: {error}") from error
    pairs = [
        _pair(probe, reference, how)
        for number, reference in enumerate(opened)
        for probe in opened[number + 1 :]
        if not last_only or probe is opened[-1]
    ]
    progress("done", 1.0)
    return ComparisonResult(
        labels=tuple(label for _, label in sources),
        pairs=tuple(pairs),
        notes=tuple(Reason("partial", f"{i.label}: {n}") for i in opened for n in i.notes),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        software_version=metadata.version("fairwitness"),
    )


def _pair(probe: Interview, reference: Interview, how: Reading) -> PairEvidence:
    signals, _ = inspect(replace(probe, references=(reference,)), how)
    by_name = {s.name: s for s in signals}
    return PairEvidence(
        first=reference.label,
        second=probe.label,
        face=by_name.get("face_reference"),
        voice=by_name.get("voice_reference"),
    )


def worst(statuses: Sequence[Status]) -> Status:
    """The most noteworthy of several statuses; `inconclusive` where there is none."""
    order = (Status.REVIEW, Status.NO_INDICATION, Status.INCONCLUSIVE)
    return next((s for s in order if s in statuses), Status.INCONCLUSIVE)
