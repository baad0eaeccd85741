"""The shape of result.json of checks and comparisons; the JSON Schemas are made from here.

Times are seconds on the recording's clock, to the millisecond. Scores, series and measurements
have six significant digits, log10 likelihood ratios three decimals.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = "1.0"

Verdict = Literal["no_indication", "review", "inconclusive"]
QuestionName = Literal["authenticity", "presence", "identity", "assistance"]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Scalar = float | int | str | bool | None


class Part(BaseModel):
    """Any object of a document: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Stretch(Part):
    """A stretch of the recording, `start_s` <= `end_s`."""

    start_s: float = Field(description="first moment, seconds")
    end_s: float = Field(description="last moment, seconds")


class Why(Part):
    """A reason: a stable code for programs, a text for people."""

    code: str = Field(description="stable code, lower case with underscores")
    text: str = Field(description="plain words")


class Software(Part):
    """What made the result."""

    name: Literal["fairwitness"]
    version: str = Field(description="version of the package")


class StreamFacts(Part):
    """One audio or video stream, as the container describes it."""

    index: int = Field(description="position in the file, from 0")
    kind: Literal["video", "audio"]
    codec: str = Field(description="libav's name of the codec")
    profile: str = Field(description="the codec's profile, or empty")
    start_s: float = Field(description="first presentation time, seconds")
    duration_s: float | None = Field(description="declared duration, seconds; null if undeclared")
    packets: int = Field(ge=0, description="packets read")
    bit_rate: int | None = Field(description="declared bits per second, or null")
    width: int | None = Field(description="coded width, pixels; null for audio")
    height: int | None = Field(description="coded height, pixels; null for audio")
    rotation: int | None = Field(description="degrees clockwise for display; null for audio")
    pixel_format: str | None = Field(description="libav's name; null for audio")
    declared_rate: float | None = Field(description="declared frames per second, or null")
    average_rate: float | None = Field(description="average frames per second, or null")
    sample_rate: int | None = Field(description="samples per second, hertz; null for video")
    channels: int | None = Field(description="audio channels; null for video")
    tags: dict[str, str] = Field(description="technical tags of the stream; others are left out")


class InputFacts(Part):
    """The recording."""

    label: str = Field(description="what the recording is called in texts; never a path")
    sha256: Sha256 = Field(description="SHA-256 of the whole file, hexadecimal")
    size: int = Field(ge=0, description="bytes")
    format: str = Field(description="libav's name of the container format")
    brand: str = Field(description="major brand of an ISO media file, or empty")
    duration_s: float = Field(ge=0, description="length on the recording's clock, seconds")
    rotation: int | None = Field(description="degrees clockwise of the main video, or null")
    width: int | None = Field(description="displayed width, pixels, or null without pictures")
    height: int | None = Field(description="displayed height, pixels, or null without pictures")
    streams: list[StreamFacts] = Field(description="audio and video streams")
    other_streams: list[str] = Field(description="kinds of the remaining streams")
    tags: dict[str, str] = Field(description="technical tags of the file; others are left out")
    problems: list[str] = Field(description="what could not be read; not empty = partial file")


class ReferenceFacts(Part):
    """An earlier recording that the identity signals were compared with."""

    label: str = Field(description="what the reference is called in texts; never a path")
    sha256: Sha256 = Field(description="SHA-256 of the whole file, hexadecimal")
    duration_s: float = Field(ge=0, description="length, seconds")
    problems: list[str] = Field(description="what could not be read")


class CoverageFacts(Part):
    """How much of the recording was looked at and listened to."""

    duration_s: float = Field(ge=0, description="length of the recording, seconds")
    video_s: float = Field(ge=0, description="stretch of the recording with pictures, seconds")
    audio_s: float = Field(ge=0, description="sound read, seconds")
    frames_in_file: int = Field(ge=0, description="frames that the file holds")
    frames_decoded: int = Field(ge=0, description="frames decoded")
    frames_searched: int = Field(ge=0, description="frames searched for faces")
    frames_dense_s: float = Field(ge=0, description="seconds decoded frame by frame")
    faces_sampled: int = Field(ge=0, description="faces whose pixels were examined")
    speech_s: float = Field(ge=0, description="speech found, seconds")
    sampling: str = Field(description="how frames were chosen, in words")


class CauseWeightEntry(Part):
    """What one cause says of an attack."""

    cause: str = Field(description="signals of one cause count once, the strongest")
    signal: str = Field(description="name of that signal")
    channel: str = Field(description="what it looks at; causes of one channel are dependent")
    log10_lr: float = Field(description="log10 ratio of an attack to none; positive: an attack")
    counted: bool = Field(description="false: a stronger cause of its channel says the same")


class EvidenceWeightEntry(Part):
    """What the signals weigh together; it changes no verdict (docs/combination.md)."""

    log10_lr: float = Field(description="log10 ratio of an attack to none, within the bounds")
    log10_lr_bounds: list[float] = Field(
        min_length=2, max_length=2, description="lowest and highest value that is ever given"
    )
    support: str = Field(description="its size on the verbal scale, a code")
    favours: Literal["attack", "none", "neither"] = Field(description="which it speaks for")
    prior: Share = Field(description="assumed share of recordings with an attack; not used")
    even_at: float = Field(description="log10 ratio at which that prior makes both as likely")
    causes: list[CauseWeightEntry] = Field(description="what it was made from")


class FindingEntry(Part):
    """The answer to one question. Results of versions that weighed nothing have no `weight`."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    verdict: Verdict = Field(description="never worse than `review`: a person must look")
    reasons: list[Why] = Field(description="why the verdict is what it is")
    signals: list[str] = Field(description="names of the signals behind it")
    not_covered: list[str] = Field(description="what no installed signal can see, in words")
    weight: EvidenceWeightEntry | None = Field(
        None, description="authenticity and presence; null where no likelihood ratio counts"
    )


class Findings(Part):
    """The four questions, answered apart."""

    authenticity: FindingEntry = Field(description="captured, or synthesised or manipulated?")
    presence: FindingEntry = Field(description="a live person before a real camera?")
    identity: FindingEntry = Field(description="the same person throughout and as before?")
    assistance: FindingEntry = Field(description="a second voice or a hidden coach?")


class EvidenceEntry(Part):
    """Something that a person can go and look at or listen to."""

    id: str = Field(description="signal name and number; the anchor in the report")
    start_s: float = Field(description="first moment, seconds")
    end_s: float = Field(description="last moment, seconds")
    start_frame: int | None = Field(description="first frame, from 0 in presentation order")
    end_frame: int | None = Field(description="last frame, from 0 in presentation order")
    text: str = Field(description="what is there, in plain words")
    score: float | None = Field(description="value here, in the units of the signal's score")
    track: int | None = Field(description="id of the face track concerned")
    peer: Stretch | None = Field(description="the other place that matches this one")
    frames_s: list[float] = Field(description="times of frames worth looking at, seconds")
    box: list[float] | None = Field(
        min_length=4, max_length=4, description="x0, y0, x1, y1 as shares of the displayed frame"
    )


class SeriesEntry(Part):
    """A measurement over time; `null` where it could not be measured."""

    name: str = Field(description="what is measured")
    unit: str = Field(description="unit of the values, low, high and threshold")
    times_s: list[float] = Field(description="seconds, at most 600 points")
    values: list[float | None] = Field(description="one value per time")
    low: float | None = Field(description="lowest value of the scale, or null")
    high: float | None = Field(description="highest value of the scale, or null")
    threshold: float | None = Field(description="value at which the status turns, or null")


class WeightEntry(Part):
    """A model weight that took part."""

    id: str = Field(description="id in the weight manifest")
    sha256: Sha256 = Field(description="SHA-256 of the file that was run, hexadecimal")
    licence: str = Field(description="licence, as declared by the source")
    commercial_use: bool = Field(description="whether the licence allows commercial use")
    source: str = Field(description="where it comes from")


class ModelEntry(Part):
    """The method behind a signal."""

    id: str = Field(description="name of the method")
    version: str = Field(description="version of the method")
    weights: list[WeightEntry] = Field(description="weights it ran; empty for plain measurements")


class CalibrationEntry(Part):
    """The record that turned the score into a likelihood ratio."""

    record: str = Field(description="id of the calibration record")
    hypotheses: list[str] = Field(
        min_length=2, max_length=2, description="numerator and denominator of the ratio, in words"
    )


class SignalEntry(Part):
    """What one detector found."""

    name: str = Field(description="name of the signal")
    version: str = Field(description="version of its method")
    questions: list[QuestionName] = Field(description="questions that it bears on")
    status: Verdict = Field(description="what it says; `review` asks a person to look")
    status_by_question: dict[QuestionName, Verdict] = Field(
        description="what it says to each of its questions"
    )
    reason: Why = Field(description="why the status is what it is")
    score: float | None = Field(description="the detector's figure; unit as score_meaning says")
    score_meaning: str = Field(description="unit, range and direction of the score")
    operating_point: str = Field(description="the score at which the status turns to `review`")
    log10_lr: float | None = Field(description="log10 likelihood ratio; null = uncalibrated")
    log10_lr_bounds: list[float] | None = Field(
        min_length=2, max_length=2, description="lowest and highest value the calibration supports"
    )
    calibration: Literal["uncalibrated"] | CalibrationEntry = Field(
        description="`uncalibrated`, or the calibration record and its two hypotheses"
    )
    quality: Share | None = Field(description="fit of the input, 0 useless to 1 as in its tests")
    quality_notes: list[str] = Field(description="what limits the quality")
    cause: str = Field(description="signals with one cause are counted once")
    strength: Literal["primary", "supporting"] = Field(
        description="supporting signals need agreement from another cause"
    )
    evidence: list[EvidenceEntry]
    series: list[SeriesEntry]
    measurements: dict[str, Scalar] = Field(description="named figures; units are in the names")
    limits: list[str] = Field(description="what this signal cannot see")
    model: ModelEntry


class TrackEntry(Part):
    """One face followed through time."""

    id: int = Field(description="in order of first sighting")
    main: bool = Field(description="whether the interview is about this face")
    start_s: float = Field(description="first sighting, seconds")
    end_s: float = Field(description="last sighting, seconds")
    sightings: int = Field(ge=1, description="frames in which it was measured")
    spans: list[Stretch] = Field(description="stretches in which it is seen")
    median_size_px: float = Field(description="larger side of the face, pixels")
    median_sharpness: float = Field(description="variance of the Laplacian, grey levels squared")
    median_brightness: float = Field(description="mean luma of the face, 0 to 255")
    median_confidence: float = Field(description="face score of the mesh, 0 to 1")
    median_yaw_deg: float = Field(description="head turn, degrees, positive to viewer's right")
    median_pitch_deg: float = Field(description="head tilt, degrees, positive upwards")


class FacesInView(Stretch):
    """A stretch with one number of faces in view."""

    count: int = Field(ge=0, description="faces; the most in any searched frame of the stretch")


class SpeechEntry(Part):
    """Where somebody speaks."""

    total_s: float = Field(ge=0, description="speech, seconds")
    segments: list[Stretch] = Field(description="speech after smoothing")
    overlap: SeriesEntry | None = Field(
        description="probability of two voices at once; null where no model is installed"
    )
    loudness: SeriesEntry | None = Field(
        description="highest sample of each run of the mono track, as a share of full scale; "
        "null where there is none"
    )


class AnswerTraitEntry(Part):
    """One answer by face or by voice."""

    modality: Literal["face", "voice"]
    person: int | None = Field(
        ge=1, description="a number by first appearance, for each modality apart; null: unknown"
    )
    as_before: bool | None = Field(
        description="whether that is the person of the earlier recordings; null: unknown or none"
    )
    status: Verdict = Field(description="`review`: unlike all other answers together")
    log10_lr: float | None = Field(
        description="log10 likelihood ratio, one person in this and all other answers against two; "
        "null = uncalibrated, or nothing to compare with"
    )
    log10_lr_bounds: list[float] | None = Field(
        min_length=2, max_length=2, description="lowest and highest value the calibration supports"
    )
    text: str = Field(description="all of it in words, or why nothing can be said")


class AnswerEntry(Part):
    """One answer that was marked in the recording."""

    question: str = Field(description="the platform's identifier of the question")
    start_s: float = Field(description="where it begins, seconds")
    end_s: float = Field(description="where it ends, seconds")
    other_voice: Share | None = Field(
        description="share of its speech that is of another voice than the one heard most; "
        "null: too little speech to tell"
    )
    by: list[AnswerTraitEntry] = Field(description="face and voice; empty where not compared")


class AnswersEntry(Part):
    """Who answered which question. It changes no finding (docs/identity.md)."""

    text: str = Field(description="in words; empty where nothing was compared")
    reason: Why | None = Field(description="why nothing was compared; null: it was")
    answers: list[AnswerEntry] = Field(description="in order of time")


class RunEntry(Part):
    """What differs from run to run; everything outside of it repeats byte for byte."""

    started_at: str = Field(description="UTC, ISO 8601")
    seed: int = Field(description="seed of sampled choices")
    settings: dict[str, Scalar] = Field(description="settings in force; folders are not shown")
    stage_cpu_s: dict[str, float] = Field(description="CPU seconds by stage")
    content_sha256: Sha256 = Field(
        description="SHA-256 of the RFC 8785 form of this document without `run`"
    )


class CheckDocument(Part):
    """What Fairwitness measured in one recording. It decides nothing about a person.

    Results of versions that compared no answers have no `answers`.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    schema_version: Literal["1.0"]
    kind: Literal["check"]
    software: Software
    input: InputFacts
    references: list[ReferenceFacts]
    coverage: CoverageFacts
    findings: Findings
    signals: list[SignalEntry] = Field(description="in report order, one per installed detector")
    perception_weights: list[WeightEntry] = Field(
        description="weights that found the faces and the speech which all signals share"
    )
    failed_signals: list[str] = Field(description="signals lost through a fault of the software")
    tracks: list[TrackEntry] = Field(description="faces followed through time")
    faces_in_view: list[FacesInView] = Field(description="number of faces over time")
    speech: SpeechEntry | None = Field(description="null where no sound could be read")
    answers: AnswersEntry | None = Field(None, description="null where no answers were marked")
    run: RunEntry


class PairEntry(Part):
    """Evidence between two recordings."""

    first: str = Field(description="label of the earlier one in the given order")
    second: str = Field(description="label of the later one")
    face: SignalEntry | None = Field(description="null where faces were not compared")
    voice: SignalEntry | None = Field(description="null where voices were not compared")


class ComparisonRun(Part):
    """What differs from run to run."""

    started_at: str = Field(description="UTC, ISO 8601")
    content_sha256: Sha256 = Field(
        description="SHA-256 of the RFC 8785 form of this document without `run`"
    )


class ComparisonDocument(Part):
    """Face and voice evidence between recordings. It decides nothing about a person."""

    schema_version: Literal["1.0"]
    kind: Literal["comparison"]
    software: Software
    recordings: list[str] = Field(description="labels, in the order given")
    pairs: list[PairEntry]
    notes: list[Why]
    run: ComparisonRun
