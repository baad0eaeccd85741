"""Presentation attack instruments shown to a simulated camera.

Species in the sense of ISO/IEC 30107-3: prints, displays, cut-outs and masks. A species is an
instrument and how it is made; its strength says how much of the making the camera can see
(`coarse` fills little of the frame with few dots or pixels, `fine` many, with no border visible).
`datasets.attacks.held_photo` makes the simpler held stills of which only the motion matters.

It is a simulation: inks, panels and lenses are models. Species marked `trained_on` were used to fit
and tune `liveness.presentation_attack`; the others differ in instrument and were kept for tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.types import Question
from datasets.attacks.held_photo import Hand, hand_motion, projection, room
from datasets.attacks.masks import moulded, opened, worn_at
from datasets.attacks.prints import Process, bent, bordered, folded, printed
from datasets.attacks.recapture import OVER, Camera, Image, Sheet, before, covering, whole
from datasets.attacks.screens import Panel
from datasets.attacks.species import Species

Floats = NDArray[np.float64]
Points = NDArray[np.float32]

STRENGTHS = ("coarse", "usual", "fine")

_FILL = {"coarse": 0.8, "usual": 0.95, "fine": 1.35}
_LINES = {"coarse": 170.0, "usual": 280.0, "fine": 420.0}
_PIXELS = {"coarse": 270, "usual": 420, "fine": 640}
_MARGIN = {"coarse": 0.07, "usual": 0.04, "fine": 0.0}
_SCALES = np.diag([float(OVER), float(OVER), 1.0])


@dataclass(frozen=True, slots=True)
class Person:
    """Who is shown, or who wears a mask.

    Attributes:
        pictures: BGR uint8, each (height, width, 3); one stands for a still.
        meshes: their 468 points in pixels, one (468, 2 or 3) each; may be empty where only the
            pictures are shown.
    """

    pictures: tuple[Image, ...]
    meshes: tuple[Points, ...] = ()


def _kind(
    id: str, title: str, term: str, *, trained_on: bool = False, strengths: tuple[str, ...] = ()
) -> Species:
    return Species(
        id=id,
        title=title,
        standard="ISO/IEC 30107-3",
        term=term,
        media="video",
        question=Question.PRESENCE,
        signals=("presentation_attack",),
        strengths=strengths or STRENGTHS,
        generator="presentations.present",
        trained_on=trained_on,
    )


_WHOLE = "presentation attack, artefact: complete, "
_PART = "presentation attack, artefact: partial, "

SPECIES: tuple[Species, ...] = (
    _kind("print.laser", "laser print, folded", _WHOLE + "printed photo", trained_on=True),
    _kind("print.inkjet", "inkjet print, matt paper", _WHOLE + "printed photo", trained_on=True),
    _kind("print.bent", "offset print, bent", _WHOLE + "printed photo"),
    _kind("print.photo", "glossy photograph", _WHOLE + "printed photo"),
    _kind("screen.lcd", "photo on an LCD", _WHOLE + "displayed photo", trained_on=True),
    _kind("screen.lcd_video", "video on an LCD", _WHOLE + "replayed video", trained_on=True),
    _kind("screen.oled", "photo on an OLED", _WHOLE + "displayed photo"),
    _kind("screen.oled_video", "video on an OLED", _WHOLE + "replayed video"),
    _kind("cutout.eyes", "print with eyes cut out", _PART + "cut photo", trained_on=True),
    _kind("cutout.face", "face cut out, live eyes and mouth", _PART + "cut photo"),
    _kind("mask.paper", "paper mask, bent", _PART + "2D mask", trained_on=True),
    _kind("mask.moulded", "moulded mask, painted", _PART + "3D mask"),
)
"""Every species here; those not `trained_on` took no part in fitting or choosing anything."""


def present(
    species: str,
    strength: str,
    shown: Person,
    *,
    seed: int,
    wearer: Person | None = None,
    camera: Camera | None = None,
    count: int = 1,
    every: int = 1,
) -> Iterator[Image]:
    """`count` frames (BGR uint8 of the camera's size) of an attack, one `every` 25th of a second.

    Args:
        species, strength: one of `SPECIES` and one of its strengths.
        shown: the person who is imitated; a video species shows the pictures in turn, others the
            first one.
        wearer: the live person behind cut-outs and masks, with meshes; needed for those.
        camera: what records it; one of usual quality by default.
        every: of how many 25ths of a second of the hand's motion one frame is taken. Pictures of
            a video and of the wearer come one per frame.

    Raises:
        ValueError: the species or strength is unknown, or a mask lacks a wearer or meshes.
    """
    known = {each.id: each for each in SPECIES}
    if species not in known or strength not in known[species].strengths:
        raise ValueError(f"no species {species!r} with strength {strength!r}")
    rng = np.random.default_rng(seed)
    recorder = camera or Camera()
    if species.partition(".")[0] in ("cutout", "mask"):
        if wearer is None or not wearer.meshes or not shown.meshes:
            raise ValueError(f"{species} needs a wearer, and the meshes of both faces")
        return _worn(species, strength, shown, wearer, rng, recorder, count)
    return _held(species, strength, shown, rng, recorder, (count, every))


def bona_fide(
    person: Person, *, seed: int, camera: Camera | None = None, count: int = 1
) -> Iterator[Image]:
    """The same camera before the person: pictures stand for the scene and cover the frame.

    Without an instrument between, so that neither lens, noise nor development tell an attack.
    """
    rng = np.random.default_rng(seed)
    recorder = camera or Camera()
    for number in range(count):
        scene = recorder.enlarged(person.pictures[number % len(person.pictures)])
        yield recorder.record(scene * np.float32(rng.uniform(0.97, 1.03)), rng)


# --- held before the camera ---------------------------------------------------------------------


def _held(
    species: str,
    strength: str,
    shown: Person,
    rng: np.random.Generator,
    camera: Camera,
    times: tuple[int, int],
) -> Iterator[Image]:
    family, _, variant = species.partition(".")
    behind = camera.enlarged(room(rng, camera.width, camera.height))
    count, every = times
    poses = hand_motion(rng, count * every, Hand(fill=_FILL[strength]))[::every]
    lamp = rng.uniform(-0.4, 1.4, 2)
    phase = float(rng.uniform(0, 1))
    panel = _panel(variant.partition("_")[0], strength, rng) if family == "screen" else None
    moving = variant.endswith("_video")
    sheet = None
    for number, pose in enumerate(poses):
        if sheet is None or moving:
            picture = shown.pictures[number % len(shown.pictures) if moving else 0]
            sheet = (
                whole(panel.lit(picture), gloss=0.12, lobe=0.12)
                if panel
                else _print(variant, strength, picture, rng)
            )
        fill = _FILL[strength] * sheet.light.shape[0] / _face_rows(sheet, strength)
        matrix = _SCALES @ projection(sheet.light.shape, camera.width, camera.height, pose, fill)
        # A mirror turns the light by twice its own angle.
        spot = (float(lamp[0] + 6 * pose[4]), float(lamp[1] - 6 * pose[3]))
        scene = before(sheet, behind, matrix, spot)
        if panel:
            # The room is lit by the lamp, but hardly any of it is in sight around a screen.
            scene = scene * panel.flicker(number, len(scene), phase)
        yield camera.record(scene * np.float32(1 + 0.02 * np.sin(0.2 * number + phase)), rng)


def _face_rows(sheet: Sheet, strength: str) -> float:
    """Rows of the sheet without its border, so that the picture on it has the wanted height."""
    rows: float = sheet.light.shape[0] / (1 + 2 * _MARGIN[strength])
    return rows


def _print(variant: str, strength: str, picture: Image, rng: np.random.Generator) -> Sheet:
    process: dict[str, Process] = {"inkjet": "frequency", "photo": "continuous"}
    lines = _LINES[strength] * rng.uniform(0.85, 1.15)
    rows = 1000 if variant in ("inkjet", "photo") else round(max(1000.0, 3.4 * lines))
    light = printed(
        picture, process=process.get(variant, "amplitude"), lines=lines, rows=rows, rng=rng
    )
    light = bordered(light, _MARGIN[strength])
    if variant == "laser":
        return whole(folded(light, rng), gloss=0.04, lobe=0.4)
    if variant == "bent":
        angle = float(rng.uniform(0.5, 1.0))
        light = bent(light, angle, float(rng.uniform(-0.6, 0.6)))
        return whole(light, gloss=0.08, lobe=0.25)
    if variant == "photo":
        return whole(light, gloss=0.3, lobe=0.18)
    return whole(light, gloss=0.015, lobe=0.5)


def _panel(variant: str, strength: str, rng: np.random.Generator) -> Panel:
    rows = round(_PIXELS[strength] * rng.uniform(0.85, 1.15))
    blue = float(rng.uniform(1.0, 1.2))
    panel = Panel(
        rows=rows,
        tint=(blue, 1.0, 1.9 - blue if blue < 1.1 else 0.85),
        black=float(rng.uniform(0.008, 0.03)),
        gamma=float(rng.uniform(0.95, 1.2)),
        level=float(rng.uniform(0.8, 1.15)),
        pulse=float(rng.uniform(0.0, 0.12)),
        bands=float(rng.uniform(0.8, 4.5)),
        bezel=_MARGIN[strength],
    )
    if variant == "oled":
        return replace(panel, layout="diamond", black=0.003, tint=(1.05, 1.0, 1.0), pulse=0.1)
    return panel


# --- worn, or held before the face ---------------------------------------------------------------


def _worn(
    species: str,
    strength: str,
    shown: Person,
    wearer: Person,
    rng: np.random.Generator,
    camera: Camera,
    count: int,
) -> Iterator[Image]:
    cover = covering(wearer.pictures[0].shape, camera.width * OVER, camera.height * OVER)
    to_scene = np.vstack([cover, [0, 0, 1]])
    if species == "mask.moulded":
        face = wearer.meshes[0]
        sheet = moulded(
            shown.pictures[0],
            shown.meshes[0],
            face,
            wearer.pictures[0].shape[:2],
            detail={"coarse": 0.0, "usual": 0.3, "fine": 0.6}[strength],
        )
    else:
        sheet, face = _cut(species, strength, shown, rng)
    lamp = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.0, 0.5)))
    for number in range(count):
        at = number % len(wearer.pictures)
        place = worn_at(face, wearer.meshes[at], scale=1.0 if species == "mask.moulded" else 1.06)
        scene = camera.enlarged(wearer.pictures[at])
        yield camera.record(before(sheet, scene, to_scene @ place, lamp), rng)


def _cut(
    species: str, strength: str, shown: Person, rng: np.random.Generator
) -> tuple[Sheet, Points]:
    """The cut sheet and the mesh of the face on it, in its pixels."""
    picture, mesh = shown.pictures[0], shown.meshes[0]
    rows = round(max(1000.0, 3.4 * _LINES[strength]))
    process: Process = "frequency" if species == "cutout.face" else "amplitude"
    light = printed(picture, process=process, lines=_LINES[strength], rows=rows, rng=rng)
    face = (mesh[:, :2] * (rows / picture.shape[0])).astype(np.float32)
    if species == "cutout.eyes":
        return Sheet(light, opened(light, face, oval=False, mouth=True), gloss=0.03), face
    cover = opened(light, face, oval=True, mouth=species == "cutout.face")
    if species == "mask.paper":
        left, right = face[:, 0].min(), face[:, 0].max()
        across = np.clip((np.arange(light.shape[1]) - left) / (right - left) * 2 - 1, -1, 1)
        shade = np.cos(np.radians(65) * across - rng.uniform(-0.4, 0.4))
        light = (light * np.maximum(0.2, shade)[None, :, None]).astype(np.float32)
    return Sheet(light, cv2.GaussianBlur(cover, (0, 0), 1.0), gloss=0.03), face
