"""Repeats and freezes planted in real clips, re-encoded: found, and located within a second?

    python -m benchmarks.frame_loop --clips ../shared/data/video [--quick] [--long] [--chance]

Each clip is altered in seven ways and rendered by two encoders at three rates. Untouched clips, as
they are and rendered the same way, show false alarms. `--chance` adds surrogates: movement with a
clip's own spectrum and random phases, as long footage in which nothing truly repeats. `--long` adds
five-minute recordings that are searched where the scout says, through the product's own reader.
`--quick` takes every fourth clip.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np

from audit.facts import MediaFacts, Packets, Stream
from audit.inference import Models
from audit.interview import Interview, PictureLog
from audit.media import plan_pictures, probe, read_pictures
from audit.settings import Settings
from audit.types import Signal, Span, Status
from audit.weights import WeightStore
from datasets.attacks.clips import Clip, Encoding, make, read_clip, render
from datasets.attacks.splices import Planted, frozen, inserted
from datasets.suites.frame_loop import look as pictures_of
from liveness.frame_loop import FrameLoop

UNTOUCHED = "untouched"
WITHIN_S = 1.0
SIDE = 360
LONG_S = 300.0
SETTINGS = Settings()


def encodings(clip: Clip, encoders: tuple[str, ...] = ("x264", "vp8")) -> list[Encoding]:
    """Each of `encoders` at three rates; bit rates follow the size of the picture."""
    pixels = clip.frames.shape[1] * clip.frames.shape[2] * clip.rate
    h264 = [Encoding(f"x264 crf {q}", ".mp4", "libx264", "aac", quality=q) for q in (23, 30, 36)]
    vp8 = [
        Encoding(f"vp8 {b} bit/px", ".webm", "libvpx", "libopus", bit_rate=round(b * pixels))
        for b in (0.10, 0.05, 0.025)
    ]
    mpeg4 = [
        Encoding(f"mpeg4 {b} bit/px", ".mp4", "mpeg4", "aac", bit_rate=round(b * pixels))
        for b in (0.12, 0.06, 0.03)
    ]
    return [e for e in h264 + vp8 + mpeg4 if e.name.split()[0] in encoders]


def faults(clip: Clip, seed: int) -> Iterator[tuple[str, Planted]]:
    """The untouched clip and seven altered ones, by name; places are drawn with `seed`."""
    rng = np.random.default_rng(seed)
    whole, frame = clip.duration_s, 1.0 / clip.rate
    length = min(whole - 2 * frame, 3.0 if whole >= 4.5 else 1.5)
    yield UNTOUCHED, Planted(clip, UNTOUCHED, Span(0.0, whole))
    first = float(rng.uniform(0, whole - length))
    yield "repeated at once", inserted(clip, first, length, first + length)
    early = float(rng.uniform(0, max(frame, (whole - length) / 2)))
    later = float(rng.uniform(early + length, whole))
    yield "repeated later", inserted(clip, early, length, later)
    back = inserted(clip, first, length, first + length, backwards=True)
    yield "played back and forth", back
    for name, seconds in (("frozen 1 s", 1.0), ("frozen 0.72 s", 0.72)):
        at = float(rng.uniform(5 * frame, whole - seconds - 5 * frame))
        yield name, frozen(clip, at, seconds)
    yield "frozen at the start", frozen(clip, 0.0, 1.0)
    yield "frozen at the end", frozen(clip, whole - 1.0, 1.0)


def look(path: Path, settings: Settings = SETTINGS) -> Signal:
    """The detector's signal for a file, through the product's reader and its own scout."""
    models = Models(WeightStore(settings.weights_dir))  # none is used
    return FrameLoop().inspect(pictures_of(path, models, settings))


def look_here(path: Path) -> Signal:
    """The same without a subprocess and with every picture decoded, for many renderings."""
    packets, times, signatures = [], [], []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start = stream.start_time or 0
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                at = float((packet.pts - start) * stream.time_base)
                packets.append((at, packet.size, packet.is_keyframe))
            for frame in packet.decode():
                small = frame.reformat(32, 24, "gray", interpolation="AREA")
                times.append(float((frame.pts - start) * stream.time_base))
                signatures.append(small.to_ndarray())
    at, size, key = (np.array(column) for column in zip(*packets, strict=True))
    seconds = float(times[-1]) + float(np.median(np.diff(times)))
    columns = Packets(at, at, np.full(len(at), np.nan), size, key, np.full(len(at), -1))
    video = Stream(0, "video", "", "", 0.0, seconds, (1, 90_000), columns)
    log = PictureLog(
        np.array(times),
        np.arange(len(times)),
        np.stack(signatures),
        (Span(0.0, seconds),),
        0,
        0,
    )
    return inspect(log, MediaFacts("", 0, "", seconds, (video,)))


def inspect(log: PictureLog, facts: MediaFacts) -> Signal:
    """The detector's signal for a picture log."""
    return FrameLoop().inspect(Interview("clip", facts, None, "", pictures=log))  # type: ignore[arg-type]


def located(signal: Signal, span: Span, source: Span | None = None) -> bool:
    """Is there evidence whose ends lie within a second of the planted span (and its source)?"""

    def near(found: Span | None, truth: Span | None) -> bool:
        if found is None or truth is None:
            return found is truth
        return (
            abs(found.start_s - truth.start_s) <= WITHIN_S
            and abs(found.end_s - truth.end_s) <= WITHIN_S
        )

    return any(
        near(Span(e.start_s, e.end_s), span) and near(e.peer, source) for e in signal.evidence
    )


def clips_of(folder: Path, quick: bool) -> list[Path]:
    """Video files in `folder`, sorted; every fourth with `quick`."""
    found = sorted(p for p in folder.rglob("*") if p.suffix in {".mp4", ".mpg"})
    return found[::4] if quick else found


def planted(paths: list[Path], encoders: tuple[str, ...]) -> None:
    """Prints found and located per fault and encoding, and false alarms."""
    hits: Counter[tuple[str, str]] = Counter()
    totals: Counter[tuple[str, str]] = Counter()
    alarms: list[str] = []
    for seed, path in enumerate(paths):
        if look(path).status is Status.REVIEW:
            alarms.append(f"{path.name} as it is")
        clip = read_clip(path, max_side=SIDE, most_s=25.0)
        with tempfile.TemporaryDirectory() as folder:
            for kind, fault in faults(clip, seed):
                for encoding in encodings(clip, encoders):
                    target = Path(folder) / "clip"
                    file = render(fault.clip, target, encoding)
                    signal = look_here(file)
                    key = (kind, encoding.name)
                    totals[key] += 1
                    if kind == UNTOUCHED:
                        hits[key] += signal.status is Status.REVIEW
                        if signal.status is Status.REVIEW:
                            alarms.append(f"{path.name} {encoding.name}: {signal.reason.text}")
                    else:
                        hits[key] += located(signal, fault.span, fault.peer)
        print(f"  {path.name}", flush=True)
    _table(hits, totals)
    print(f"untouched clips flagged: {len(alarms)}", *alarms, sep="\n  ")


def _table(hits: Counter[tuple[str, str]], totals: Counter[tuple[str, str]]) -> None:
    names = list(dict.fromkeys(name for _, name in totals))
    print("| planted | " + " | ".join(names) + " | all |")
    print("|---" * (len(names) + 2) + "|")
    for kind in dict.fromkeys(kind for kind, _ in totals):
        cells = [f"{hits[kind, n]}/{totals[kind, n]}" for n in names]
        whole = f"{sum(hits[kind, n] for n in names)}/{sum(totals[kind, n] for n in names)}"
        print(f"| {kind} | " + " | ".join(cells) + f" | {whole} |")


def surrogate(log: PictureLog, seconds: float, rng: np.random.Generator) -> PictureLog:
    """Movement with the spectrum of each principal direction of `log`, at random phases.

    What the directions leave out is drawn anew from the clip's own pictures, as noise. Slow drift
    is no slower than the clip is long, so posture recurs more often than in real footage.
    """
    step = float(np.median(np.diff(log.times_s)))
    pictures = log.signatures.reshape(len(log.times_s), -1).astype(np.float64)
    mean = pictures.mean(axis=0)
    _, _, directions = np.linalg.svd(pictures - mean, full_matrices=False)
    directions = directions[:24]
    moves = (pictures - mean) @ directions.T
    rest = pictures - mean - moves @ directions
    there_and_back = np.vstack([moves, moves[::-1]])
    count = round(seconds / step)
    own = np.fft.rfftfreq(len(there_and_back), step)
    wanted = np.fft.rfftfreq(count, step)
    size = np.abs(np.fft.rfft(there_and_back, axis=0))
    size = np.stack([np.interp(wanted, own, size[:, k]) for k in range(size.shape[1])], axis=1)
    phase = rng.uniform(0.0, 2.0 * np.pi, size.shape)
    made = np.fft.irfft(size * np.exp(1j * phase), count, axis=0)
    made *= moves.std(axis=0) / np.maximum(made.std(axis=0), 1e-9)
    frames = mean + made @ directions + rest[rng.integers(0, len(rest), count)]
    signatures = np.clip(np.round(frames), 0, 255).astype(np.uint8).reshape(-1, 24, 32)
    times = np.arange(count) * step
    return PictureLog(times, np.arange(count), signatures, (Span(0.0, seconds),), 32, 24)


def log_of(path: Path) -> tuple[PictureLog, MediaFacts]:
    """All pictures of a short file."""
    facts = probe(path, SETTINGS.limits)
    plan = replace(plan_pictures(facts, SETTINGS.sampling, (), 0), step_s=60.0)
    with contextlib.closing(read_pictures(path, facts, plan, SETTINGS.limits)) as pictures:
        seen = [(p.time_s, p.frame, p.signature) for p in pictures]
    times, frames, signatures = (np.array(column) for column in zip(*seen, strict=True))
    log = PictureLog(times, frames, signatures, (Span(0.0, facts.duration_s),), 0, 0)
    return log, facts


def chance(paths: list[Path]) -> None:
    """Prints how often surrogates are flagged, by length, and what a search costs."""
    logs = [log_of(path) for path in paths]
    for seconds in (20.0, 60.0, 120.0):
        flagged, spent = [], 0.0
        for number, ((log, facts), path) in enumerate(zip(logs, paths, strict=True)):
            for draw in range(3):
                made = surrogate(log, seconds, np.random.default_rng(1000 * draw + number))
                started = time.process_time()
                signal = inspect(made, facts)
                spent += time.process_time() - started
                if signal.status is Status.REVIEW:
                    flagged.append(path.name)
        count = 3 * len(paths)
        print(f"surrogates of {seconds:.0f} s: {len(flagged)}/{count} flagged {flagged}; "
              f"{spent / count:.2f} CPU-s each", flush=True)  # fmt: skip


def long_recording(paths: list[Path], rng: np.random.Generator) -> Clip:
    """Five minutes at 320 x 240 of the clips in random order, each pass warped in time, cropped and
    dimmed anew, so that nothing repeats exactly."""
    pool = [read_clip(p, max_side=320, most_s=25.0).fitted(320, 240, 25.0) for p in paths]
    frames: list[np.ndarray] = []
    while len(frames) < LONG_S * 25:
        clip = pool[int(rng.integers(len(pool)))].frames
        at = np.cumsum(np.clip(rng.normal(1.0, 0.25, 2 * len(clip)), 0.4, 1.6))
        at = np.round(at[at < len(clip) - 1]).astype(int)
        at = at[::-1] if rng.integers(2) else at
        height, width = (int(side / rng.uniform(1.0, 1.12)) // 2 * 2 for side in (240, 320))
        gain = rng.uniform(0.85, 1.1)
        for number in at:
            part = np.clip(clip[number][:height, :width] * gain, 0, 255).astype(np.uint8)
            frames.append(part)
        part_clip = make(np.stack(frames[-len(at) :]), 25.0).fitted(320, 240, 25.0)
        frames[-len(at) :] = list(part_clip.frames)
    return make(np.stack(frames[: round(LONG_S * 25)]), 25.0)


def long(paths: list[Path]) -> None:
    """Prints whether a repeat and a freeze in five minutes are found when the scout leads."""
    for seed, length_s in enumerate((3.0, 3.0, 10.0, 10.0)):
        rng = np.random.default_rng(seed)
        clip = long_recording(paths, rng)
        first, later = (int(25 * rng.uniform(*r)) for r in ((10, 120), (150, 280)))
        freeze = int(25 * rng.uniform(125, 145))
        held = frozen(clip, freeze / 25, 2.0)
        repeat = inserted(held.clip, first / 25, length_s, later / 25)
        with tempfile.TemporaryDirectory() as folder:
            for encoding in encodings(clip)[::2]:
                target = Path(folder) / "long"
                signal = look(render(repeat.clip, target, encoding))
                print(f"long {seed}, repeat of {length_s:.0f} s, {encoding.name}: "
                      f"repeat {located(signal, repeat.span, repeat.peer)}, "
                      f"freeze {located(signal, held.span)}, "
                      f"evidence {len(signal.evidence)}, "
                      f"searched {signal.measurements['searched_s']} s", flush=True)  # fmt: skip


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--encoders", nargs="+", default=["x264", "vp8"], help="x264 vp8 mpeg4")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--chance", action="store_true")
    options = parser.parse_args()
    paths = clips_of(options.clips, options.quick)
    if options.chance:
        chance(paths)
    if options.long:
        long(paths)
    if not options.chance and not options.long:
        planted(paths, tuple(options.encoders))


if __name__ == "__main__":
    main()
