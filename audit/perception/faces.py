"""Reads faces off a stream of pictures: finds, follows and measures them, keeps some crops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audit.detectors import CropSpec
from audit.interview import FaceLog
from audit.media.plan import Picture
from audit.perception.blazeface import BlazeFace
from audit.perception.crops import crop
from audit.perception.cuts import CutFinder
from audit.perception.eyes import Lids, nearer
from audit.perception.geometry import Face, measure
from audit.perception.mesh import FaceMesh, Mesh, region_of
from audit.perception.samples import Crops, Place, Samples
from audit.perception.table import Table
from audit.perception.tracks import Thread, assign, distance, doubled, kept, main_track
from audit.settings import Sampling

if TYPE_CHECKING:
    from audit.inference import Models

SEARCH_EVERY_S = 0.5  # in dense stretches the detector looks again this often
SEARCH_EMPTY_S = 0.2  # ... and this often while no face is followed
SEARCH_SMALL_S = 2.0  # ... and at most this often for small ones, where there are no others
SEARCH_SPARSE_S = 3.0  # between sampled pictures a sure face is followed this long without it
LEAST_FLAG = 0.5  # the mesh's own score below which there is no face
SURE_FLAG = 0.8  # ... and below which a face needs the detector's word
FOLLOW_S = 0.5  # a face is followed over no more than this without a picture
FOLLOW_SPARSE_S = 2.5  # ... and between sampled pictures, where the mesh is sure
KEEP_S = 2.0  # how long a face that is not seen in dense frames is waited for
KEEP_SPARSE_S = 12.0  # the same between sampled frames
MOST_LOST = 8  # searches in a row that may miss a face which the mesh still sees
MOST_FACES = 8  # per picture
LEAST_EYES = 40.0  # face size in pixels below which lids are not measured
MOST_COMPARED = 2  # faces per picture whose inner movement is measured


@dataclass(frozen=True, slots=True)
class Networks:
    """What finds faces, fits meshes and watches eyelids."""

    detector: BlazeFace
    mesh: FaceMesh
    lids: Lids

    @classmethod
    def of(cls, models: Models) -> Networks:
        """The installed networks."""
        return cls(
            BlazeFace(models.tflite("blazeface_back")),
            FaceMesh(models.tflite("face_mesh")),
            Lids(models.tflite("iris_landmark")),
        )


class FaceReader:
    """Takes pictures in time order; `finish` gives the log.

    In dense stretches a face is followed by the mesh alone, in the square around its last points,
    and the detector looks for others every half second or when a face is lost. Between sampled
    pictures faces are found anew and joined to tracks by place and size; where the last one is
    near, the mesh may find them all in every second one. A cut ends all tracks.
    """

    def __init__(
        self,
        models: Models,
        crops: tuple[CropSpec, ...],
        sampling: Sampling,
        *,
        networks: Networks | None = None,
    ) -> None:
        nets = networks or Networks.of(models)
        self._detector, self._mesh, self._lids = nets.detector, nets.mesh, nets.lids
        self._specs = crops
        self._samples = Samples(sampling.sample_step_s, sampling.max_samples)
        self._cuts = CutFinder()
        self._live: list[Thread] = []
        self._done: list[Thread] = []
        self._looked = Table(2)
        self._sightings: list[list[int]] = []
        self._searched_s = -np.inf
        self._last_s = self._tiled_s = -np.inf
        self._last_frame = -2
        self._unbroken = False
        self._next_id = 0

    def add(self, picture: Picture) -> None:
        """Look at one picture; those without pixels only tell where cuts are."""
        if self._cuts.add(picture):
            self._end(self._live)
        follows = picture.dense and picture.frame == self._last_frame + 1
        self._unbroken = self._unbroken and follows
        self._last_frame = picture.frame
        image = picture.image
        if image is None:
            return
        joined = self._unbroken and picture.time_s - self._last_s <= FOLLOW_S
        self._unbroken = True
        near = joined or self._is_near(picture)
        followed = [t for t in self._live if near and self._seen_in_last_picture(t)]
        seen = self._follow(image, picture.time_s, followed, joined=joined)
        due = picture.time_s - self._searched_s >= _pause(seen, joined=joined)
        if due or (not seen and not joined) or len(seen) < len(followed):
            self._search(image, picture.time_s, seen)
        self._last_s = picture.time_s
        if seen or self._searched_s == picture.time_s:
            self._write(picture, image, seen)
        self._compare(picture, image, seen, joined)
        limit = KEEP_S if picture.dense else KEEP_SPARSE_S
        self._end([t for t in self._live if picture.time_s - t.seen_s > limit])

    def finish(self) -> FaceLog:
        """Everything that was seen."""
        self._end(self._live)
        looked = self._looked.rows
        built = [t.finish() for t in sorted(self._done, key=lambda t: t.id) if len(t.table)]
        tracks = kept(built, len(looked))
        ids = {t.id for t in tracks}
        counts = [sum(i in ids for i in seen) for seen in self._sightings]
        times = looked[:, 0].copy()
        return FaceLog(
            tracks=tracks,
            samples=self._samples.finish(ids),
            looked_s=times,
            looked_count=np.array(counts, np.int64),
            main=main_track(tracks, times),
        )

    def _is_near(self, picture: Picture) -> bool:
        """Whether faces of the last sampled picture may be looked for at their places in this one.

        Where the detector is due they are found anew, so that no track lives on by the mesh alone.
        """
        recent = picture.time_s - self._last_s <= FOLLOW_SPARSE_S
        return recent and picture.time_s - self._searched_s < SEARCH_SPARSE_S

    def _follow(
        self, image: NDArray[np.uint8], time_s: float, threads: list[Thread], *, joined: bool
    ) -> dict[int, Mesh]:
        """Fit each track near its last place; those that no longer fit are left out.

        Over a gap (not `joined`) the mesh must be sure, and fits again around its first points.
        """
        least, passes = (LEAST_FLAG, 1) if joined else (SURE_FLAG, 2)
        seen: dict[int, Mesh] = {}
        for thread in threads:
            mesh = self._mesh.fit(image, thread.mesh.region, passes=passes)
            apart = distance(thread.mesh.box, mesh.box, time_s - thread.seen_s)
            if mesh.score >= least and np.isfinite(apart):
                seen[thread.id] = mesh
        return self._without_doubles(seen)

    def _seen_in_last_picture(self, thread: Thread) -> bool:
        return thread.seen_s >= self._last_s

    def _without_doubles(self, seen: dict[int, Mesh]) -> dict[int, Mesh]:
        """Where two tracks have slid onto one face the older one keeps it."""
        held: dict[int, Mesh] = {}
        for track_id, mesh in seen.items():
            if not doubled(mesh.box, [m.box for m in held.values()]):
                held[track_id] = mesh
        return held

    def _search(self, image: NDArray[np.uint8], time_s: float, seen: dict[int, Mesh]) -> None:
        """Let the detector look; joins what it finds to live tracks or starts new ones."""
        self._searched_s = time_s
        detections = self._detector.find(image)[:MOST_FACES]
        if not detections and not seen and time_s - self._tiled_s >= SEARCH_SMALL_S:
            self._tiled_s = time_s
            detections = self._detector.find_small(image)[:MOST_FACES]
        boxes = [d.box for d in detections]
        for thread in self._live:
            if thread.id in seen:
                known = doubled(seen[thread.id].box, boxes, 0.2)
                thread.lost = 0 if known else thread.lost + 1
                if thread.lost and (thread.lost > MOST_LOST or seen[thread.id].score < SURE_FLAG):
                    del seen[thread.id]
        fresh: list[Mesh] = []
        for detection in detections:
            taken = [m.box for m in (*seen.values(), *fresh)]
            if doubled(detection.box, taken, 0.2):
                continue
            mesh = self._mesh.fit(image, region_of(detection), passes=2)
            if mesh.score >= LEAST_FLAG and not doubled(mesh.box, taken):
                fresh.append(mesh)
        self._join(fresh, time_s, seen)
        self._look_where_it_was(image, time_s, seen)

    def _join(self, fresh: list[Mesh], time_s: float, seen: dict[int, Mesh]) -> None:
        waiting = [t for t in self._live if t.id not in seen]
        given = assign([m.box for m in fresh], waiting, time_s)
        for i, mesh in enumerate(fresh):
            thread = given.get(i)
            if thread is None:
                thread = Thread(self._next_id, mesh, time_s)
                self._next_id += 1
                self._live.append(thread)
            thread.lost = 0
            seen[thread.id] = mesh

    def _look_where_it_was(
        self, image: NDArray[np.uint8], time_s: float, seen: dict[int, Mesh]
    ) -> None:
        """The mesh often still sees a turned or covered face that the detector misses."""
        for thread in self._live:
            if thread.id in seen or thread.lost > MOST_LOST:
                continue
            mesh = self._mesh.fit(image, thread.mesh.region, passes=2)
            near = np.isfinite(distance(thread.mesh.box, mesh.box, time_s - thread.seen_s))
            alone = not doubled(mesh.box, [m.box for m in seen.values()])
            if mesh.score >= SURE_FLAG and near and alone:
                thread.lost += 1
                seen[thread.id] = mesh

    def _write(self, picture: Picture, image: NDArray[np.uint8], seen: dict[int, Mesh]) -> None:
        for thread in self._live:
            mesh = seen.get(thread.id)
            if mesh is None:
                continue
            thread.mesh = mesh
            face = measure(image, mesh.points, mesh.score, picture.scale)
            row = thread.add(face, self._eyes(picture, mesh, face), picture)
            place = Place(thread.id, row, picture.time_s, picture.frame)
            self._offer(place, image, face)
        self._looked.append((picture.time_s, picture.frame))
        self._sightings.append(sorted(seen))

    def _eyes(self, picture: Picture, mesh: Mesh, face: Face) -> tuple[float, float, float, float]:
        """The nearer eye, in dense stretches only: a lone picture shows no blink."""
        if picture.image is None or not picture.dense or face.size < LEAST_EYES:
            return np.nan, np.nan, np.nan, np.nan
        side = nearer(face.pose[0])
        gap, across, up = self._lids.look(picture.image, mesh.points, side)
        lids = (gap, np.nan) if side == "left" else (np.nan, gap)
        return (*lids, across, up)

    def _compare(
        self, picture: Picture, image: NDArray[np.uint8], seen: dict[int, Mesh], joined: bool
    ) -> None:
        """Measure movement within the largest faces of a dense stretch."""
        ranked = sorted(seen.items(), key=lambda item: -item[1].size)
        chosen = {track_id for track_id, _ in ranked[:MOST_COMPARED]} if picture.dense else set()
        for thread in self._live:
            if not joined or thread.id not in seen:
                thread.motion.pause()
                thread.parts.pause()
            if thread.id in chosen:
                thread.motion.add(image, seen[thread.id], picture.time_s)
                thread.parts.add(image, seen[thread.id], picture.time_s)

    def _offer(self, place: Place, image: NDArray[np.uint8], face: Face) -> None:
        def cut() -> Crops:
            return {s.name: crop(image, face.box, face.points, s) for s in self._specs}

        self._samples.offer(place, face.quality, cut)

    def _end(self, threads: list[Thread]) -> None:
        ended = {t.id for t in threads}
        self._done.extend(t for t in self._live if t.id in ended)
        self._live = [t for t in self._live if t.id not in ended]


def _pause(seen: dict[int, Mesh], *, joined: bool) -> float:
    """Seconds after which the detector looks again, given what the mesh follows."""
    if not joined:
        return SEARCH_SPARSE_S
    return SEARCH_EVERY_S if seen else SEARCH_EMPTY_S
