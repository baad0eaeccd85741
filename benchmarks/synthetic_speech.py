"""How the synthetic-speech signal behaves on real corpora and on speech engines, by corpus.

    python -m benchmarks.synthetic_speech DATA [--held-out] [--limit 30] [--rows FILE.jsonl]

DATA is the folder of real data (its `speech` and `video` parts are read in place). Every file is
one recording; some are also put through other channels (codecs, noise, rooms, level). The
thresholds were chosen on 30 recordings of each corpus, spread over its files in name order;
`--held-out` measures on the others, and in two rooms that had no part in the choice.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from scipy import signal

from audit.detectors import operating_point
from audit.inference import Models
from audit.interview import Audio, Floats
from audit.perception import vad
from audit.perception.speech import VOICE_ACTIVITY
from audit.settings import Settings
from audit.types import ModelUse, Span, Status
from audit.weights import WeightStore
from liveness.speech_channel import describe
from liveness.synthetic_speech import SPEC, WEIGHT, choose_windows, judge, listen_to

RATE = 16_000
REAL = {
    "libri_clean": "speech/real/libri_clean",
    "libri_other": "speech/real/libri_other",
    "vctk": "speech/real/vctk",
    "ami": "speech/real/ami",
    "grid": "video/grid",
    "web_video": "video/latentsync",
    "web_video_2": "video/video_retalking",
}
ENGINES = (
    *("espeak", "festival_hts", "flite_cg", "griffinlim"),
    *("hibari", "piper_joe", "world_copy", "world_vc"),
)
CHOSEN_ON = 30
SUFFIXES = {".flac", ".wav", ".mp4", ".mpg"}
Change = Callable[[Floats, int], Floats]


@dataclass(frozen=True)
class Row:
    """One recording in one channel: what the signal said, and why."""

    corpus: str
    real: bool
    channel: str
    file: str
    status: str
    code: str
    score: float | None
    windows: list[dict[str, float | str]]


def decode(path: Path | io.BytesIO) -> Floats:
    """Mono samples at 16 kHz, -1..1."""
    source = str(path) if isinstance(path, Path) else path
    with av.open(source) as container:
        change = av.AudioResampler("s16", "mono", RATE)
        parts = [f.to_ndarray()[0] for x in container.decode(audio=0) for f in change.resample(x)]
        parts += [f.to_ndarray()[0] for f in change.resample(None)]
    return (np.concatenate(parts) / 32768.0).astype(np.float32)


def coded(codec: str, bit_rate: int, container: str) -> Change:
    """A channel that encodes and decodes at 48 kHz."""

    def through(samples: Floats, _number: int) -> Floats:
        wide = signal.resample_poly(samples, 3, 1)
        frame = av.AudioFrame.from_ndarray(
            (np.clip(wide, -1, 1) * 32767).astype(np.int16)[None], format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=container) as out:
            stream = out.add_stream(codec, rate=48_000, layout="mono")
            stream.bit_rate = bit_rate
            for packet in (*stream.encode(frame), *stream.encode(None)):
                out.mux(packet)
        buffer.seek(0)
        return decode(buffer)

    return through


def channels(data: Path) -> dict[str, Change]:
    """Ways in which a recording may reach us."""
    noises = [decode(f) for f in sorted((data / "speech/real/noise_speechbrain").glob("*.wav"))]
    rooms = [decode(f) for f in sorted((data / "speech/real/rirs_speechbrain").glob("*.wav"))]

    def noisy(snr_db: float) -> Change:
        def through(samples: Floats, number: int) -> Floats:
            found = describe(samples)
            noise = np.resize(noises[number % len(noises)], len(samples))
            level = (found.level_db if found else -60.0) - snr_db
            noise = noise / np.sqrt(np.mean(noise**2)) * 10 ** (level / 20)
            return (samples + noise).astype(np.float32)

        return through

    def room(samples: Floats, number: int) -> Floats:
        response = rooms[number % len(rooms)]
        response = response[np.argmax(np.abs(response)) :]
        wet = signal.fftconvolve(samples, response)[: len(samples)]
        return (wet * np.std(samples) / np.std(wet)).astype(np.float32)

    opus = coded("libopus", 24_000, "webm")
    return {
        "as is": lambda samples, _: samples,
        "opus 24k": opus,
        "aac 64k": coded("aac", 64_000, "mp4"),
        "noise 20 dB": noisy(20.0),
        "room": room,
        "room, noise, opus": lambda samples, n: opus(noisy(20.0)(room(samples, n), n), n),
        "telephone": telephone,
        "20 dB quieter": lambda samples, _: (np.round(samples * 3276.8) / 32768).astype(np.float32),
    }


def telephone(samples: Floats, _number: int) -> Floats:
    """300-3400 Hz at 8 kHz."""
    narrow = signal.resample_poly(samples, 1, 2)
    band = signal.butter(4, (300, 3400), "band", fs=8000, output="sos")
    return signal.resample_poly(signal.sosfilt(band, narrow), 2, 1).astype(np.float32)


def simulated_room(seconds: float) -> Change:
    """A direct sound and a diffuse tail of equal energy with this reverberation time."""
    times = np.arange(round(seconds * RATE)) / RATE

    def through(samples: Floats, number: int) -> Floats:
        tail = np.random.default_rng(number).standard_normal(len(times))
        tail *= 10 ** (-3.0 * times / seconds)
        response = np.concatenate([[1.0], tail / np.sqrt(np.sum(tail**2))])
        wet = signal.fftconvolve(samples, response)[: len(samples)]
        return (wet * np.std(samples) / np.std(wet)).astype(np.float32)

    return through


def spread(files: Sequence[Path], limit: int) -> list[Path]:
    """At most `limit` files, evenly spaced in name order."""
    picked = np.unique(np.linspace(0, len(files) - 1, min(limit, len(files))).astype(int))
    return [files[i] for i in picked]


def corpora(data: Path, given: argparse.Namespace) -> Iterator[tuple[str, bool, list[Path]]]:
    """Name, whether real, and files: those of the choice, or with `--held-out` the others."""
    folders = [(n, True, data / f) for n, f in REAL.items()]
    folders += [(n, False, data / "speech/spoof" / n) for n in ENGINES]
    for name, real, folder in folders:
        files = sorted(f for f in folder.rglob("*") if f.suffix in SUFFIXES)
        if given.held_out:
            chosen = set(spread(files, CHOSEN_ON)) if files else set()
            files = [file for file in files if file not in chosen]
        if files and (not given.corpora or name.removesuffix("_2") in given.corpora):
            yield name.removesuffix("_2"), real, spread(files, given.limit)


def measure(
    samples: Floats, models: Models, seed: int
) -> tuple[str, str, float | None, list[dict]]:
    """Status, reason code, score and windows of one recording."""
    whole = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
    audio = Audio(whole, RATE, 0.0, RATE, 1)
    point = operating_point("liveness", "synthetic_speech")
    speaking = vad.voice_probability(whole, models.onnx(VOICE_ACTIVITY))
    segments = vad.segments(speaking, vad.STEP_S, end_s=audio.duration_s)
    least_s = float(point["least_speech_s"])
    windows = choose_windows(segments, Span(0.0, audio.duration_s), seed=seed, least_s=least_s)
    if not windows:
        return Status.INCONCLUSIVE, "little_speech", None, []
    heard = listen_to(audio, windows, models.onnx(WEIGHT), point)
    found = judge(heard, point, ModelUse(SPEC.name, SPEC.version))
    notes = [
        {"logit": h.logit, "strange": h.strange} | (asdict(h.channel) if h.channel else {})
        for h in heard
    ]
    return found.status, found.reason.code, found.score, notes


def rows(data: Path, models: Models, given: argparse.Namespace) -> Iterator[Row]:
    """Every recording as it is, and `given.others` of each corpus through the other channels."""
    changes = channels(data)
    if given.held_out:
        changes |= {"room of .3 s": simulated_room(0.3), "room of .6 s": simulated_room(0.6)}
    for channel, change in changes.items():
        for name, real, files in corpora(data, given):
            some = files if channel == "as is" else spread(files, given.others)
            for number, file in enumerate(some):
                status, code, score, windows = measure(
                    change(decode(file), number), models, Settings().seed
                )
                place = str(file.relative_to(data))
                yield Row(name, real, channel, place, status, code, score, windows)


def table(found: Sequence[Row]) -> Iterator[str]:
    """One line per channel and corpus: counts of each answer."""
    heads = ("n", "short", "strange", "clear", "review")
    yield f"{'channel':<18}{'corpus':<14}" + "".join(f"{head:>9}" for head in heads)
    for key in dict.fromkeys((r.channel, r.corpus, r.real) for r in found):
        group = [r for r in found if (r.channel, r.corpus, r.real) == key]
        counts = (
            len(group),
            sum(r.code == "little_speech" for r in group),
            sum(r.code == "unfamiliar_channel" for r in group),
            sum(r.status == Status.NO_INDICATION for r in group),
            sum(r.status == Status.REVIEW for r in group),
        )
        name = key[1] + ("" if key[2] else " *")
        yield f"{key[0]:<18}{name:<14}" + "".join(f"{count:>9}" for count in counts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=30, help="recordings per corpus")
    parser.add_argument("--others", type=int, default=8, help="of these through other channels")
    parser.add_argument("--corpora", nargs="+", help="only these, by the table's names")
    parser.add_argument("--held-out", action="store_true", help="recordings of no choice")
    parser.add_argument("--rows", type=Path, help="write every row as JSON lines")
    given = parser.parse_args()
    models = Models(WeightStore(Settings().weights_dir), threads=1)
    found = []
    for row in rows(given.data, models, given):
        found.append(row)
        if given.rows:
            with given.rows.open("a") as out:
                out.write(json.dumps(asdict(row)) + "\n")
    print("\n".join(table(found)))
    print("* made by a speech engine or copied through a vocoder; `short` and `strange` abstain")


if __name__ == "__main__":
    main()
