"""Sessions made of real clips: parts of talking heads, cut, encoded and enrolled as recordings are.

Each clip is cut into equal parts of at least 1.4 s, three at most; each part is written as a file
of its own (H.264 and AAC) and enrolled by `identity.enrolment`. A spliced session is the first half
of one clip with the second half of another after it, as one file; only clips of one size are
spliced.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av

from api.models import open_models
from audit.check import open_interview, reading
from audit.errors import InputError
from audit.settings import Settings
from benchmarks.verification_faces import SAME_SPEAKER
from identity.enrolment import Enrolment, enrolment

LEAST_PART_S = 1.4
MOST_PARTS = 3
ENDINGS = (".mp4", ".mpg")
RATE = 44_100


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a clip as an enrolled session. `person`: the clip's, or both of a splice."""

    clip: str
    person: str
    number: int
    made: Enrolment


def parts_of(folder: Path, scratch: Path, cache: Path) -> tuple[list[Part], list[Part]]:
    """Parts of all clips under a folder, and spliced sessions; what was made before is kept."""
    held: dict[str, Enrolment] = {}
    if cache.exists():
        held = pickle.loads(cache.read_bytes())  # noqa: S301 - written below
    settings = Settings()
    how = reading(settings, open_models(settings), ("face_reference", "voice_reference"))
    files = sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS)
    whole, spliced = [], []
    plans = [*_cuts(files), *_splices(files)]
    for name, person, number, pieces in plans:
        if name not in held:
            target = scratch / "part.mp4"
            joined(pieces, target)
            try:
                held[name] = enrolment(open_interview(target, how, label=name))
            except InputError:
                held[name] = Enrolment((), {})
            cache.write_bytes(pickle.dumps(held))
        part = Part(name.partition("#")[0], person, number, held[name])
        (spliced if len(pieces) > 1 else whole).append(part)
    return whole, spliced


Piece = tuple[Path, float, float]
Plan = tuple[str, str, int, list[Piece]]


def _person(path: Path) -> str:
    return SAME_SPEAKER.get(path.stem, path.stem)


def _cuts(files: Sequence[Path]) -> Iterator[Plan]:
    for path in files:
        length, _ = facts_of(path)
        count = min(MOST_PARTS, int(length / LEAST_PART_S))
        for number in range(count):
            name = f"{path.parent.name}/{path.stem}#{number}"
            start, end = length * number / count, length * (number + 1) / count
            yield name, _person(path), number, [(path, start, end)]


def _splices(files: Sequence[Path]) -> Iterator[Plan]:
    """Each clip's first half with the second half of the next, of another person and one size."""
    for one, other in pairwise([*files, files[0]]):
        (length, size), (second, theirs) = facts_of(one), facts_of(other)
        if size == theirs and _person(one) != _person(other):
            pieces = [(one, 0.0, length / 2), (other, second / 2, second)]
            yield f"{one.stem}+{other.stem}", f"{_person(one)}+{_person(other)}", 0, pieces


def facts_of(path: Path) -> tuple[float, tuple[int, int]]:
    """Seconds, width and height of a clip."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        return float(file.duration or 0) / av.time_base, (stream.width, stream.height)


def joined(pieces: Sequence[Piece], target: Path, *, crf: int = 20) -> None:
    """Pieces of clips one after the other as one file, at the first one's rate and size."""
    with av.open(str(pieces[0][0])) as file:
        first = file.streams.video[0]
        rate, width, height = round(float(first.average_rate or 25)), first.width, first.height
    with av.open(str(target), "w") as out:
        video = out.add_stream(
            "libx264", rate=rate, options={"crf": str(crf), "preset": "veryfast"}
        )
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = out.add_stream("aac", rate=RATE)
        sound.layout = "mono"
        resampler = av.AudioResampler("fltp", "mono", RATE)
        pictures = samples = 0
        for piece in pieces:
            for frame in _frames(piece, "video"):
                fresh = frame.reformat(width, height, "yuv420p")
                fresh.pts, fresh.time_base = pictures, Fraction(1, rate)
                pictures += 1
                out.mux(video.encode(fresh))
            for frame in _frames(piece, "audio"):
                for chunk in resampler.resample(frame):
                    chunk.pts = samples
                    samples += chunk.samples
                    out.mux(sound.encode(chunk))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))


def _frames(piece: Piece, kind: str) -> Iterator[av.VideoFrame | av.AudioFrame]:
    path, start, end = piece
    with av.open(str(path)) as file:
        origin = float(file.start_time or 0) / av.time_base
        streams = {"video": 0} if kind == "video" else {"audio": 0}
        for frame in file.decode(**streams):
            at = float(frame.time or 0.0) - origin
            if start <= at < end:
                frame.pts = None
                yield frame
