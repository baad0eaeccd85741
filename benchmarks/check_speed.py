"""CPU-seconds per interview-minute of a whole check, beside every-frame processing.

    python -m benchmarks.check_speed [--minutes 10] [--clip FILE] [--naive-s 20]

The input is 720p at 30 frames/s, H.264 at 1.5 Mbit/s with a key frame every 2 s: a face that
moves while two voices babble in turn without a rest, made from a public-domain portrait, or 16 s
of `--clip`. No stretch of it is another one again: a file that repeats itself is decoded at
length, because packets of the same sizes look like a loop. One thread everywhere. The naive way
runs the same models on every frame and all sound of the first `--naive-s` seconds and is scaled to
a minute. CPU time of subprocesses counts on both sides. The ratio is what to quote: absolute times
depend on the machine.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from audit.check import check
from audit.detectors import CropSpec, names
from audit.inference import Models, limited_threads
from audit.media.plan import Picture
from audit.perception.faces import FaceReader
from audit.settings import Sampling, Settings
from audit.weights import WeightStore
from datasets.attacks.clips import AUDIO_RATE, Clip, make, read_clip
from datasets.attacks.held_photo import Hand, hand_course, held_photo
from datasets.demo import portrait
from datasets.voices import HIGH, LOW, RATE, babble
from identity.face_encoder import ALIGNED_150
from liveness.presentation_attack import PresentationAttack

FPS = 30
SIZE = (1280, 720)
UNIT_S = 16.0  # a whole number of AAC frames
BIT_RATE = 1_500_000
SWAY, LIGHT = 6.0, 0.02  # deviations: of the camera, pixels; of the light, share


def cpu_s() -> float:
    """CPU seconds of this process and its finished children."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def unit(clip: Path | None) -> Clip:
    """The stretch of pictures and sound that the input is made of."""
    if clip is not None:
        return read_clip(clip, most_s=UNIT_S).fitted(*SIZE, FPS)
    grip = Hand(fill=1.3, travel=0.01, turn_deg=2.0)
    still = held_photo(portrait(), seconds=UNIT_S * FPS / 25, seed=1, size=SIZE, hand=grip)
    return make(np.stack(list(still)), FPS)


def write_long(piece: Clip, path: Path, minutes: float, *, with_sound: bool) -> None:
    """Encode the piece to the wanted length so that no stretch of the file is another one again.

    It is played back and forth with turns at random, through a camera that sways and a light that
    wanders. The sound is babble throughout, or the piece's own where `with_sound`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count = round(minutes * 60 * FPS)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=Fraction(FPS))
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        video.bit_rate = BIT_RATE
        video.options = {"preset": "veryfast", "bf": "0", "g": str(2 * FPS), "threads": "2"}
        audio = container.add_stream("aac", rate=AUDIO_RATE)
        audio.layout = "mono"
        pictures = _swaying(piece.frames, count)
        for second in range(-(-count // FPS)):
            for image in itertools.islice(pictures, FPS):
                container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
            heard = _second_of(piece, second) if with_sound else _babbled(second)
            block = av.AudioFrame.from_ndarray(heard[None], "s16", "mono")
            block.sample_rate, block.pts = AUDIO_RATE, second * AUDIO_RATE
            container.mux(audio.encode(block))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _swaying(frames: NDArray[np.uint8], count: int) -> Iterator[NDArray[np.uint8]]:
    rng = np.random.default_rng(1)
    sway = hand_course(rng, count, 3) * (SWAY, SWAY, LIGHT)
    at, step = 0, 1
    for across, down, light in sway:
        if not 0 <= at + step < len(frames) or rng.random() < 1 / (4 * FPS):
            step = -step
        at = min(max(at + step, 0), len(frames) - 1)
        moved = cv2.warpAffine(
            frames[at], np.array([[1, 0, across], [0, 1, down]]), SIZE,
            borderMode=cv2.BORDER_REFLECT,
        )  # fmt: skip
        yield cv2.convertScaleAbs(moved, alpha=1.0 + light)


@functools.lru_cache(maxsize=2)
def _babble_of(stretch: int) -> NDArray[np.int16]:
    speaker = (LOW, HIGH)[stretch % 2]
    sound = babble(speaker, UNIT_S, stretch).astype(np.float64)
    high = resample_poly(sound, AUDIO_RATE // RATE, 1)
    return np.clip(high, -32768, 32767).astype(np.int16)


def _babbled(second: int) -> NDArray[np.int16]:
    stretch, within = divmod(second, int(UNIT_S))
    return _babble_of(stretch)[within * AUDIO_RATE : (within + 1) * AUDIO_RATE]


def _second_of(piece: Clip, second: int) -> NDArray[np.int16]:
    whole = max(1, len(piece.audio) // AUDIO_RATE)
    at = second % whole * AUDIO_RATE
    heard = np.zeros(AUDIO_RATE, np.int16)
    part = piece.audio[at : at + AUDIO_RATE]
    heard[: len(part)] = part
    return heard


def naive(path: Path, models: Models, seconds: float) -> float:
    """CPU-seconds per minute of the same models on every frame and every stretch of sound."""
    crops = (*PresentationAttack.spec.crops, ALIGNED_150)
    started = cpu_s()
    for number, image in enumerate(_frames(path, seconds)):
        _every_model(models, image, number, crops)
    _every_sound(path, models, seconds)
    return (cpu_s() - started) * 60.0 / seconds


def _frames(path: Path, seconds: float) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= seconds:
                return
            yield frame.to_ndarray(format="bgr24")


def _every_model(
    models: Models, image: NDArray[np.uint8], number: int, crops: tuple[CropSpec, ...]
) -> None:
    reader = FaceReader(models, crops, Sampling())
    small = cv2.resize(image[:, :, 1], (32, 24), interpolation=cv2.INTER_AREA)
    reader.add(Picture(number / FPS, number, False, small, image))
    for sample in reader.finish().samples:
        chips = sample.crops
        for weight, crop in (("minifasnet_v2", crops[0].name), ("minifasnet_v1se", crops[1].name)):
            chip = chips[crop].transpose(2, 0, 1)[None].astype(np.float32)
            models.onnx(weight).run(None, {"input": chip})
        face = chips[ALIGNED_150.name][:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)
        models.onnx("dlib_resnet").run(None, {"input": face / 256.0})


def _every_sound(path: Path, models: Models, seconds: float) -> None:
    from audit.media import probe, read_audio
    from audit.perception.speech import listen
    from identity.voice_encoder import embed_utterance

    limits = Settings().limits
    audio, _ = read_audio(path, probe(path, limits), limits)
    if audio is None:
        return
    samples = audio.cut(0.0, seconds)
    listen(audio, models)
    for start in range(0, len(samples) - 64_600, 64_600):
        models.onnx("aasist").run(None, {"waveform": samples[None, start : start + 64_600]})
    embed_utterance(samples, models)


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--naive-s", type=float, default=20.0)
    parser.add_argument("--keep", type=Path, help="folder in which the input is kept and reused")
    chosen = parser.parse_args(arguments)
    settings = Settings()
    models = Models(WeightStore(settings.weights_dir), threads=1, settings=settings)
    with tempfile.TemporaryDirectory() as scratch:
        path = (chosen.keep or Path(scratch)) / f"speed-{chosen.minutes:g}.mp4"
        if not path.exists():
            write_long(unit(chosen.clip), path, chosen.minutes, with_sound=chosen.clip is not None)
        started = cpu_s()
        result = check(path, settings, models)
        total = (cpu_s() - started) / chosen.minutes
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with limited_threads(1):
            slow = naive(path, models, chosen.naive_s)
    print(f"machine: {platform.machine()}, {platform.processor() or platform.platform()}")
    print(f"input: {chosen.minutes:g} min, {SIZE[0]}x{SIZE[1]} at {FPS}/s, {len(names())} signals")
    for stage, seconds in sorted(result.stage_cpu_s.items(), key=lambda row: -row[1]):
        print(f"  {stage:22s} {seconds / chosen.minutes:7.3f} CPU-s per minute")
    print(f"whole check            {total:7.3f} CPU-s per interview-minute (1 thread)")
    print(f"every frame, naive     {slow:7.3f} CPU-s per interview-minute (1 thread)")
    print(f"ratio                  {slow / total:7.1f}")
    print(f"peak memory            {peak_mb:7.0f} MB (this process; keep the input)")


if __name__ == "__main__":
    main(sys.argv[1:])
