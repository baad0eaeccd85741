"""Reading the pictures of a recording."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from audit import sandbox
from audit.confined.orders import DROP, SIGNATURE_SIZE, SPARSE
from audit.errors import MediaUnreadable, SandboxFailed
from audit.facts import MediaFacts, Stream
from audit.media.plan import Picture, PicturePlan
from audit.media.schedule import Schedule, schedule, schedule_exactly
from audit.media.sources import MediaSource, image_bytes, opened, resolve
from audit.media.timeline import Timeline, timeline

if TYPE_CHECKING:
    from audit.settings import Limits

SIGNATURE_BYTES = SIGNATURE_SIZE[0] * SIGNATURE_SIZE[1]
SHORT_S = 0.5
"""Pictures that end this much before the last packet are reported as cut off."""

TURNS = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}

DECODING_ORDER = "avi"
"""This format has no presentation times; libav can restore them for some codecs only."""

Image = NDArray[np.uint8]


class PictureStream:
    """Decoded frames as they come. Iterate once, then read `problems`; closing ends the decoder.

    Frames come in order of presentation with strictly rising times.
    """

    def __init__(self, pictures: Generator[Picture, None, None], problems: list[str]) -> None:
        self._pictures = pictures
        self._problems = problems

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be decoded, in plain words; complete once the iteration has ended."""
        return tuple(self._problems)

    def __iter__(self) -> Iterator[Picture]:
        return self

    def __next__(self) -> Picture:
        return next(self._pictures)

    def close(self) -> None:
        """End the decoding process; nothing happens where it has ended."""
        self._pictures.close()

    def __enter__(self) -> PictureStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_pictures(
    source: MediaSource, facts: MediaFacts, plan: PicturePlan, limits: Limits
) -> PictureStream:
    """The frames that `plan` asks for.

    Iterating raises:
        MediaUnreadable: not one frame could be decoded, or the decoder crashed on the file.
        MediaLimitExceeded: a limit was hit; what came before is good.
    """
    problems: list[str] = []
    return PictureStream(_read(source, facts, plan, limits, problems), problems)


def _read(
    source: MediaSource,
    facts: MediaFacts,
    plan: PicturePlan,
    limits: Limits,
    problems: list[str],
) -> Generator[Picture, None, None]:
    video = facts.video
    if video is None or not len(video.packets.size):
        return
    line = timeline(video.packets)
    counted = _by_counting(facts, line)
    orders = schedule(video.packets, line.times_s, plan, whole_groups=counted)
    job = _Job(source, facts, video, line, orders, limits)
    yield from job.run(plan.step_s, plan.max_side, problems)


def grab(
    source: MediaSource,
    facts: MediaFacts,
    times_s: Sequence[float],
    limits: Limits,
    max_side: int,
) -> list[Picture]:
    """The frames nearest to each of `times_s`, in that order; times whose frame cannot be decoded
    get the nearest one that can, and nothing comes where there is none at all."""
    video = facts.video
    if video is None or not len(video.packets.size) or not len(times_s):
        return []
    line = timeline(video.packets)
    order = np.argsort(line.times_s, kind="stable")
    chosen = [int(order[_nearest(line.times_s[order], time)]) for time in times_s]
    counted = _by_counting(facts, line)
    orders = schedule_exactly(video.packets, line.times_s, chosen, whole_groups=counted)
    job = _Job(source, facts, video, line, orders, limits)
    found: list[Picture] = []
    with (
        contextlib.suppress(MediaUnreadable),
        contextlib.closing(job.run(0.0, max_side, [])) as pictures,
    ):
        found.extend(pictures)
    if not found:
        return []
    seen_s = np.array([picture.time_s for picture in found])
    return [found[_nearest(seen_s, time)] for time in times_s]


def _by_counting(facts: MediaFacts, line: Timeline) -> bool:
    """Whether timestamps only follow the order of decoding, so that frames have to be counted."""
    return facts.format == DECODING_ORDER and bool((np.diff(line.times_s) >= 0).all())


def _nearest(sorted_s: NDArray[np.float64], time_s: float) -> int:
    return int(np.argmin(np.abs(sorted_s - time_s)))


class _Job:
    """One pass over the pictures."""

    def __init__(
        self,
        source: MediaSource,
        facts: MediaFacts,
        video: Stream,
        line: Timeline,
        orders: Schedule,
        limits: Limits,
    ) -> None:
        self._where = resolve(source, limits)
        if isinstance(self._where, Path) and facts.format.endswith("_pipe"):
            self._where = (self._where,)
        self._facts = facts
        self._video = video
        self._line = line
        self._orders = orders
        self._limits = limits

    def run(
        self, step_s: float, max_side: int, problems: list[str]
    ) -> Generator[Picture, None, None]:
        last_s = -np.inf
        report: dict[str, Any] = {}
        with contextlib.closing(self._messages(step_s, max_side)) as messages:
            for message in messages:
                if message.header.get("kind") == "report":
                    report = message.header
                    continue
                picture = self._picture(message)
                if picture.time_s > last_s:
                    last_s = picture.time_s
                    yield picture
        problems += self._problems(report, last_s)
        if last_s == -np.inf and (self._orders.how != DROP).any():
            raise MediaUnreadable(
                "The pictures could not be decoded: their data are damaged, encrypted or missing. "
                "Re-encode the file and try again."
            )

    def _messages(self, step_s: float, max_side: int) -> Generator[sandbox.Message, None, None]:
        orders = self._orders.orders
        request = {
            "stream": self._video.index,
            "count": len(orders),
            "step_s": step_s,
            "max_side": max_side,
            "pixels": self._limits.pixels,
            "still_pixels": self._limits.still_pixels,
            "packets": self._limits.packets,
            "sequential": _by_counting(self._facts, self._line),
        }
        body = orders.tobytes() + self._line.times_s.astype(np.float64).tobytes()
        decoded = int((self._orders.how != DROP).sum())
        message_bytes = 4096 + max_side * max_side * 3 + max_side * 64
        bounds = sandbox.Bounds.of(
            self._limits,
            duration_s=self._facts.duration_s,
            output_mb=16 + (decoded * message_bytes >> 20),
            slot_bytes=message_bytes,
        )
        if isinstance(self._where, tuple):
            return self._from_images(self._where, request, body, bounds)
        return self._from_file(self._where, request, body, bounds)

    def _from_file(
        self, path: Path, request: dict[str, Any], body: bytes, bounds: sandbox.Bounds
    ) -> Generator[sandbox.Message, None, None]:
        task = "audit.confined.frames:frames"
        with opened(path, self._limits, size=self._facts.size) as fd:
            yield from sandbox.run(task, request, source=fd, bounds=bounds, body=body)

    def _from_images(
        self,
        paths: tuple[Path, ...],
        request: dict[str, Any],
        body: bytes,
        bounds: sandbox.Bounds,
    ) -> Generator[sandbox.Message, None, None]:
        task = "audit.confined.frames:images"
        wanted = [p for p, how in zip(paths, self._orders.how, strict=True) if how != DROP]
        feed = (image_bytes(path, self._limits) for path in wanted)
        yield from sandbox.run(task, request, source=None, bounds=bounds, body=body, feed=feed)

    def _picture(self, message: sandbox.Message) -> Picture:
        header = message.header
        index = int(header["index"])
        if not 0 <= index < len(self._line.times_s):
            raise SandboxFailed("The decoding process sent a frame that the file does not have.")
        turns, mirrored = int(header["turns"]) % 4, bool(header["mirrored"])
        data = message.payload
        width, height = SIGNATURE_SIZE if turns % 2 == 0 else SIGNATURE_SIZE[::-1]
        # A copy: signatures are kept, and a view would keep the whole picture behind it.
        small = data[:SIGNATURE_BYTES].reshape(height, width).copy()
        signature = _turned(small, turns, mirrored)
        image, scale = None, 1.0
        if "width" in header:
            image = _turned(_image(header, data[SIGNATURE_BYTES:]), turns, mirrored)
            scale = max(image.shape[:2]) / int(header["of"])
        return Picture(
            time_s=float(self._line.times_s[index]),
            frame=int(self._line.frames[index]),
            dense=bool(self._orders.gives[index] != SPARSE),
            signature=signature,
            image=image,
            scale=scale,
        )

    def _problems(self, report: dict[str, Any], last_s: float) -> list[str]:
        problems = [str(note) for note in report.get("notes", [])]
        times = self._line.sorted_s
        wanted = self._line.times_s[self._orders.how != DROP]
        if last_s > -np.inf and len(wanted) and wanted.max() - last_s > SHORT_S:
            problems.append(f"Pictures could be decoded up to {last_s:.1f} s of {times[-1]:.1f} s.")
        errors, damaged = int(report.get("errors", 0)), int(report.get("damaged", 0))
        if errors:
            first = min(max(0, int(report.get("first_error") or 0)), len(times) - 1)
            at_s = max(0.0, float(self._line.times_s[first]))
            problems.append(
                f"{errors} of {len(wanted)} picture packets could not be decoded, the first at "
                f"{at_s:.1f} s."
            )
        if damaged:
            problems.append(f"{damaged} frames are damaged; the decoder filled in what is missing.")
        return problems


def _image(header: dict[str, Any], data: Image) -> Image:
    width, height, stride = (int(header[name]) for name in ("width", "height", "stride"))
    if width < 1 or height < 1 or stride < 3 * width or stride * height > len(data):
        raise SandboxFailed("The decoding process sent a picture of impossible shape.")
    rows = data[: stride * height].reshape(height, stride)
    return np.ascontiguousarray(rows[:, : 3 * width]).reshape(height, width, 3)


def _turned(image: Image, turns: int, mirrored: bool) -> Image:
    """Mirrored left to right where asked, then turned clockwise by quarter turns."""
    if mirrored:
        image = cv2.flip(image, 1)
    if turns:
        image = cv2.rotate(image, TURNS[turns])
    return image
