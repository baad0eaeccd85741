"""Made-up results of checks and comparisons: what the report must be able to show."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, cast

import cv2
import numpy as np

from audit.facts import MediaFacts, Packets, Stream
from audit.findings import conclude
from audit.inference import Models
from audit.interview import Audio, FaceLog, FaceTrack, Interview, PictureLog, SpeechLog
from audit.result import CheckResult, ComparisonResult, Coverage, PairEvidence
from audit.series import thin
from audit.types import (
    Evidence,
    LikelihoodRatio,
    ModelUse,
    Question,
    Reason,
    Signal,
    Span,
    Status,
    Strength,
    WeightUse,
)

HOSTILE = (
    '"><script src="https://evil.example/x.js"></script><img src=x onerror=alert(1)>\u202e\x1b[31m'
)
SECRET_PATH = "/home/somebody/interviews/jane-doe.mp4"
Q = Question
S = Status


@cache
def rich(duration_s: float = 252.0, *, seed: int = 3) -> CheckResult:
    """A video with three faces, speech, a repeated span, a second voice and weak signals."""
    interview = interview_of(duration_s, seed=seed)
    return result_of(interview, rich_signals(duration_s, seed=seed))


@cache
def clean() -> CheckResult:
    """Nothing to look at: no evidence at all."""
    signals = [
        replace(s, status=S.NO_INDICATION, evidence=(), reason=Reason("ok", "Nothing stood out."))
        for s in rich_signals(60.0, seed=1)
    ]
    return result_of(interview_of(60.0, seed=1, faces=1), signals)


@cache
def audio_only() -> CheckResult:
    """A sound file: no pictures, so visual signals are inconclusive."""
    full = interview_of(95.0, seed=5)
    facts = replace(full.facts, streams=full.facts.streams[1:], format="wav", brand="")
    interview = replace(full, facts=facts, pictures=None, faces=None)
    signals = [
        s if s.cause in {"voice", "speech"} else blind(s) for s in rich_signals(95.0, seed=5)
    ]
    return result_of(interview, signals)


@cache
def partial() -> CheckResult:
    """A broken file with hostile tags, a failed detector and a path in its messages."""
    full = interview_of(31.0, seed=7, faces=1)
    facts = replace(
        full.facts,
        problems=(f"The last 12 s could not be decoded: {SECRET_PATH} ends early.",),
        tags={"encoder": HOSTILE, "title": "Interview with Jane Doe", "major_brand": "isom"},
    )
    interview = replace(full, facts=facts, notes=(f"Bad packet {HOSTILE}",))
    signals = [
        replace(blind(s), reason=Reason("internal_error", "Lost through a fault of ours."))
        if s.name == "av_sync"
        else s
        for s in rich_signals(31.0, seed=7)
    ]
    return replace(result_of(interview, signals), failed=("av_sync",))


@cache
def long() -> CheckResult:
    """A recording of two hours with many faces passing by."""
    interview = interview_of(7200.0, seed=9, faces=12)
    return result_of(interview, rich_signals(7200.0, seed=9))


def result_of(interview: Interview, signals: list[Signal]) -> CheckResult:
    """The result that these signals lead to."""
    pictures, duration = interview.pictures, interview.facts.duration_s
    return CheckResult(
        interview=interview,
        signals=tuple(signals),
        findings=conclude(signals),
        coverage=Coverage(
            duration_s=duration,
            video_s=duration - 0.04 if pictures else 0.0,
            audio_s=duration,
            frames_in_file=round(duration * 25) if pictures else 0,
            frames_decoded=len(pictures.times_s) if pictures else 0,
            frames_searched=len(interview.faces.looked_s) if interview.faces else 0,
            frames_dense_s=min(120.0, duration / 6) if pictures else 0.0,
            faces_sampled=143 if pictures else 0,
            speech_s=interview.speech.total_s if interview.speech else 0.0,
            sampling="Key frames throughout, and 5 s of every 60 s frame by frame.",
        ),
        stage_cpu_s={"probe": 0.0312, "pictures": 11.25, "faces": 7.125, "speech": 1.5},
        started_at="2026-11-22T13:45:10+00:00",
        software_version="0.1.0.dev0",
        perception_weights=(weight("blazeface_back"), weight("silero_vad", "MIT")),
        settings={"seed": 20261122, "face_backend": "dlib", "sampling": {"burst_s": 5.0}},
    )


def interview_of(duration_s: float, *, seed: int, faces: int = 3) -> Interview:
    """A measured recording with synthetic logs."""
    random = np.random.default_rng(seed)
    looked = np.round(np.arange(0.0, duration_s, 1.0), 3)
    tracks = tuple(track(n, duration_s, faces, random) for n in range(faces))
    counts = sum(np.isin(looked, t.times_s).astype(np.int64) for t in tracks)
    return Interview(
        label="recording",
        facts=facts_of(duration_s, random),
        models=cast("Models", None),
        source_path=SECRET_PATH,
        audio=Audio(np.zeros(16, np.int16), 16000, 0.0, 48000, 2),
        pictures=PictureLog(
            looked, np.arange(len(looked)), np.zeros((len(looked), 24, 32), np.uint8), (), 1280, 720
        ),
        faces=FaceLog(tracks, (), looked, np.asarray(counts), main=0),
        speech=speech_of(duration_s, random),
        seed=20261122,
    )


def track(number: int, duration_s: float, of: int, random: np.random.Generator) -> FaceTrack:
    """Face 0 is there throughout but for one absence; the others pass by."""
    times = np.round(np.arange(0.0, duration_s, 1.0), 3)
    if number == 0:
        times = times[(times < duration_s * 0.55) | (times > duration_s * 0.6)]
    else:
        start = duration_s * number / (of + 1)
        times = times[(times > start) & (times < start + duration_s * 0.06)]
    n = len(times)
    boxes = np.tile(np.array([400.0, 150, 700, 480]) - 40 * number, (n, 1))
    return FaceTrack(
        id=number,
        times_s=times,
        frames=(times * 25).astype(np.int64),
        boxes=(boxes + random.normal(0, 4, (n, 4))).astype(np.float32),
        points=np.zeros((n, 5, 2), np.float32),
        confidence=np.full(n, 0.97, np.float32),
        pose=random.normal(0, 6, (n, 3)).astype(np.float32),
        mouth_open=np.full(n, 0.1, np.float32),
        eye_open=np.full((n, 2), 0.3, np.float32),
        sharpness=random.normal(180, 20, n).astype(np.float32),
        brightness=random.normal(120, 8, n).astype(np.float32),
        dense=np.zeros(n, np.bool_),
    )


def facts_of(duration_s: float, random: np.random.Generator) -> MediaFacts:
    """An mp4 with H.264 pictures and AAC sound."""
    packets = packets_of(duration_s, 25.0, random)
    video = Stream(
        0, "video", "h264", "High", 0.0, duration_s, (1, 12800), packets, width=1280, height=720,
        pixel_format="yuv420p", declared_rate=25.0, average_rate=24.987, bit_rate=1_243_113,
        tags={"handler_name": "VideoHandler", "language": "und"},
    )  # fmt: skip
    audio = Stream(
        1, "audio", "aac", "LC", 0.0, duration_s - 0.021, (1, 48000), packets, sample_rate=48000,
        channels=2, bit_rate=128_004, tags={"handler_name": "SoundHandler"},
    )  # fmt: skip
    return MediaFacts(
        sha256="3f" * 32,
        size=41_822_719,
        format="mov,mp4,m4a,3gp,3g2,mj2",
        duration_s=duration_s,
        streams=(video, audio),
        tags={"encoder": "Lavf61.7.100", "artist": "Jane Doe"},
        brand="isom",
    )


def packets_of(duration_s: float, rate: float, random: np.random.Generator) -> Packets:
    """Regular packets."""
    n = round(duration_s * rate)
    times = np.arange(n) / rate
    return Packets(
        times, times, np.full(n, 1 / rate), random.integers(900, 9000, n),
        np.arange(n) % 50 == 0, np.arange(n) * 5000,
    )  # fmt: skip


def speech_of(duration_s: float, random: np.random.Generator) -> SpeechLog:
    """Turns of some seconds, with two voices at once in the last third."""
    edges = np.cumsum(random.uniform(2, 9, round(duration_s / 5)))
    edges = edges[edges < duration_s]
    segments = tuple(
        Span(float(a), float(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)
    )
    steps = round(duration_s / 0.5)
    overlap = np.clip(random.normal(0.03, 0.03, steps), 0, 1)
    overlap[round(steps * 0.7) : round(steps * 0.74)] = 0.8
    return SpeechLog(np.zeros(4, np.float32), 0.032, 0.0, segments, overlap.astype(np.float32), 0.5)


def weight(name: str, licence: str = "Apache-2.0", *, commercial: bool = True) -> WeightUse:
    """A weight with a hash of its own."""
    sha256 = (name.encode().hex() * 8)[:64].ljust(64, "0")
    return WeightUse(name, sha256, licence, commercial, "registry package 1.0, member weights.onnx")


def ratio(log10: float, hypotheses: tuple[str, str]) -> LikelihoodRatio:
    """A calibrated ratio within -2..2."""
    return LikelihoodRatio(log10, -2.0, 2.0, hypotheses, "grid-2026-11")


def blind(signal: Signal) -> Signal:
    """The same signal where there is nothing to measure."""
    return replace(
        signal,
        status=S.INCONCLUSIVE,
        reason=Reason("no_pictures", "The recording has no pictures that could be read."),
        score=None,
        likelihood_ratio=None,
        quality=0.0,
        evidence=(),
        series=(),
        measurements={},
    )


def signal(name: str, status: Status, text: str, cause: str, **more: Any) -> Signal:
    """A signal with less typing."""
    more.setdefault("questions", (Q.AUTHENTICITY,))
    more.setdefault("model", ModelUse(name, "1.0"))
    return Signal(name=name, status=status, reason=Reason("measured", text), cause=cause, **more)


def curve(name: str, unit: str, duration_s: float, seed: int, **more: float) -> Any:
    """A wandering series with a hole."""
    random = np.random.default_rng(seed)
    times = np.arange(0.5, duration_s, max(0.5, duration_s / 900))
    values = np.clip(0.85 + np.cumsum(random.normal(0, 0.012, len(times))), 0.05, 0.99)
    values[len(values) // 3 : len(values) // 3 + len(values) // 20] = np.nan
    return thin(name, unit, times, values, **more)


def rich_signals(t: float, *, seed: int) -> list[Signal]:
    """One signal per installed detector, of every kind that the page must show."""
    return [*_file_signals(t), *_face_signals(t, seed), *_voice_signals(t, seed)]


def _file_signals(t: float) -> list[Signal]:
    loop = Evidence(
        t * 0.4, t * 0.4 + 3.0,
        "75 successive frames are the same as 75 earlier ones; only the compression differs.",
        score=0.991, start_frame=round(t * 10), end_frame=round(t * 10) + 75,
        peer=Span(t * 0.2, t * 0.2 + 3.0),
        frames_s=(t * 0.4, t * 0.4 + 1.5, t * 0.2, t * 0.2 + 1.5),
    )  # fmt: skip
    return [
        signal(
            "container", S.NO_INDICATION, "The headers are those of a common camera application.",
            "file", score=0.0, score_meaning="unusual traits, 0 or more; more is stranger",
            operating_point="review at 2 or more unusual traits", quality=1.0,
            strength=Strength.SUPPORTING,
            measurements={"encoder": "Lavf61.7.100", "timestamp_jitter_ms": 0.0213, "gaps": 0,
                          "declared_frame_rate": 25.0, "measured_frame_rate": 24.9871,
                          "screen_recorder": False, "virtual_camera_name": None},
            limits=("Headers can be rewritten.",),
        ),
        signal(
            "provenance", S.INCONCLUSIVE, "The file carries no Content Credentials.", "provenance",
            quality=None, limits=("Most cameras write none.",),
        ),
        signal(
            "frame_loop", S.REVIEW,
            "One stretch of 3.0 s is repeated frame by frame 50.4 s later.", "timing",
            questions=(Q.AUTHENTICITY, Q.PRESENCE), score=0.991, quality=0.94,
            score_meaning="correlation of repeated frames, 0 to 1; higher is more alike",
            operating_point="review at 0.98 or higher over 1 s or longer", evidence=(loop,),
            series=(curve("best match", "correlation", t, 4, low=0.0, high=1.0, threshold=0.98),),
            measurements={"repeated_s": 3.0, "frozen_s": 0.0, "longest_run_frames": 75},
        ),
    ]  # fmt: skip


def _face_signals(t: float, seed: int) -> list[Signal]:
    away = Evidence(
        t * 0.55, t * 0.6, "No face is in view.", track=0, frames_s=(t * 0.57,), start_frame=140
    )
    change = Evidence(
        t * 0.61, t * 0.66, "The face differs from the one seen before.", score=0.412, track=0,
        start_frame=3800, end_frame=4120, frames_s=(t * 0.5, t * 0.61, t * 0.63, t * 0.65),
        box=(0.3, 0.2, 0.55, 0.65),
    )  # fmt: skip
    pad = ModelUse("presentation_attack", "1.2", (weight("minifasnet_v2"), weight("mesh")))
    embed = ModelUse("face_consistency", "1.0", (weight("dlib_resnet", "CC0-1.0"),))
    same = ("the same person throughout", "more than one person")
    return [
        signal(
            "faces", S.NO_INDICATION, "One face is in view nearly throughout.", "faces",
            questions=(Q.PRESENCE, Q.ASSISTANCE), score=1.0, quality=0.9, evidence=(away,),
            score_meaning="most faces in view at once", operating_point="review at 2 for 3 s",
            series=(curve("face size", "pixels / 100", t, 5),), strength=Strength.SUPPORTING,
            measurements={"absence_s": round(t * 0.05, 3), "median_size_px": 301.25},
        ),
        signal(
            "presentation_attack", S.NO_INDICATION, "The main face scores as bona fide.",
            "face_appearance", questions=(Q.PRESENCE,), score=0.1034, quality=0.71, model=pad,
            score_meaning="attack probability of the model, 0 to 1; higher is more like an attack",
            operating_point="review at 0.60 or higher for 2 s", likelihood_ratio=ratio(
                -1.234, ("a photo or screen before the camera", "a live person")),
            quality_notes=("Dim light in the second half.",),
            series=(curve("attack score", "probability", t, 6, low=0.0, high=1.0, threshold=0.6),),
            limits=("Masks.", "Swapped or generated faces pass as live."),
        ),
        signal(
            "face_consistency", S.REVIEW, "The main face changes once.", "face_identity",
            questions=(Q.IDENTITY,), score=0.412, quality=0.83, model=embed, evidence=(change,),
            score_meaning="lowest cosine between neighbouring stretches, -1 to 1; lower differs",
            operating_point="review below 0.80", likelihood_ratio=ratio(-1.71, same),
            series=(curve("cosine to the start", "cosine", t, seed, low=0.0, high=1.0,
                          threshold=0.8), curve("drift", "cosine", t, 8)),
        ),
        blind(signal("face_reference", S.REVIEW, "", "face_reference", questions=(Q.IDENTITY,),
                     model=ModelUse("face_reference", "1.0"))),
        signal("physiology", S.NO_INDICATION, "14 blinks a minute.", "motion",
               questions=(Q.PRESENCE,), score=14.0, score_meaning="blinks per minute",
               quality=0.35, strength=Strength.SUPPORTING, operating_point="no review alone",
               measurements={"blinks": 58, "head_motion_deg_s": 4.10233}),
    ]  # fmt: skip


def _voice_signals(t: float, seed: int) -> list[Signal]:
    voices = tuple(
        Evidence(t * place, t * place + 2.5 + n, "A second voice.", score=0.31 + 0.05 * n)
        for n, place in enumerate((0.1, 0.105, 0.33, 0.5, 0.71, 0.9))
    )
    ge2e = ModelUse("speaker_consistency", "1.0", (weight("ge2e"), weight("silero_vad", "MIT")))
    aasist = ModelUse("synthetic_speech", "1.0", (weight("aasist", "MIT", commercial=False),))
    return [
        signal("voice_activity", S.NO_INDICATION, "Speech was found.", "speech",
               questions=(Q.ASSISTANCE,), score=0.51, score_meaning="share of the time with speech",
               quality=1.0, strength=Strength.SUPPORTING),
        signal(
            "speaker_consistency", S.REVIEW, "A second voice is heard six times.", "voice",
            questions=(Q.IDENTITY, Q.ASSISTANCE), score=0.31, quality=0.6, model=ge2e,
            score_meaning="lowest cosine to the main voice, -1 to 1; lower differs more",
            operating_point="review below 0.55 for 2 s", evidence=voices,
            likelihood_ratio=ratio(-2.0, ("one voice", "more than one voice")),
            series=(curve("cosine to the main voice", "cosine", t, seed + 1, threshold=0.55),),
            quality_notes=("Background noise.",),
        ),
        signal("voice_reference", S.INCONCLUSIVE, "No earlier recording was given.", "voice_ref",
               questions=(Q.IDENTITY,)),
        signal("av_sync", S.NO_INDICATION, "The mouth moves with the sound.", "av_sync",
               questions=(Q.ASSISTANCE, Q.AUTHENTICITY), score=0.04, quality=0.5,
               score_meaning="lag of the sound, seconds; positive is late",
               operating_point="review beyond 0.12 either way",
               series=(curve("lag", "s", t, 12, low=-0.4, high=1.0, threshold=0.5),)),
        signal("synthetic_speech", S.INCONCLUSIVE,
               "The channel is unlike those the model was tested on.", "voice_synthesis",
               score=None, quality=0.2, model=aasist, quality_notes=("8 kHz bandwidth.",),
               limits=("Neural voices.",)),
    ]  # fmt: skip


def jpeg(time_s: float, *, width: int = 320, height: int = 180) -> bytes:
    """A picture that tells its time by its shade."""
    shade = int(60 + time_s * 7 % 120)
    image = np.full((height, width, 3), (150, shade + 20, shade), np.uint8)
    middle, axes = (width // 2, height // 2), (height // 5, height // 3)
    cv2.ellipse(image, middle, axes, 0, 0, 360, (150, 180, 225), -1)
    cv2.rectangle(image, (0, height * 6 // 7), (width, height), (60, 50, 40), -1)
    return cv2.imencode(".jpg", image)[1].tobytes()


@cache
def comparison() -> ComparisonResult:
    """Three recordings; one pair without voices, one without enough of a face."""
    same = ("the same person", "different persons")

    def face(log10: float, status: Status) -> Signal:
        return signal(
            "face_reference", status, "Compared over 24 faces of each recording.", "face_identity",
            questions=(Q.IDENTITY,), score=0.9, likelihood_ratio=ratio(log10, same), quality=0.8,
            score_meaning="cosine, -1 to 1; higher is more alike",
            model=ModelUse("face_reference", "1.0", (weight("dlib_resnet", "CC0-1.0"),)),
        )  # fmt: skip

    voice = signal(
        "voice_reference", S.NO_INDICATION, "Compared over 41 s and 38 s of speech.", "voice",
        questions=(Q.IDENTITY,), score=0.81, likelihood_ratio=ratio(1.5, same), quality=0.7,
        score_meaning="cosine, -1 to 1; higher is more alike",
        model=ModelUse("voice_reference", "1.0", (weight("ge2e"),)),
    )  # fmt: skip
    short = replace(blind(voice), reason=Reason("short", "Only 3 s of speech in one of the two."))
    return ComparisonResult(
        labels=("first.mp4", "second.mp4", "third.wav"),
        pairs=(
            PairEvidence("first.mp4", "second.mp4", face(1.9, S.NO_INDICATION), voice),
            PairEvidence("first.mp4", "third.wav", None, short),
            PairEvidence("second.mp4", "third.wav", face(-1.2, S.REVIEW), short),
        ),
        notes=(Reason("partial", "third.wav: the last second could not be read."),),
        started_at="2026-11-22T13:45:10+00:00",
        software_version="0.1.0.dev0",
    )
