"""Speech played by a loudspeaker before the microphone: simulated replay attacks.

ISO/IEC 30107-3: a presentation attack on the microphone, the loudspeaker is the instrument. What
was said live is taken down once (`stolen`), played by a small loudspeaker, heard in a room for the
second time, and taken down by another microphone. Speech is mono at 16 kHz, -1..1; everything
follows from the generator that is passed in.

Two kinds of loudspeaker, so that one can be held out: filters with a memoryless distortion, and the
moving mass on a spring of a driver whose stiffness and force depend on its excursion (Klippel,
"Loudspeaker Nonlinearities", JAES 54(10), 2006). A simulation has no real driver, cabinet or room:
rates measured on it say that the physics is found, not that every loudspeaker is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from audit.types import Question
from datasets.attacks.species import Species
from datasets.attacks.speech_channels import (
    RATE,
    Channel,
    balance,
    exponential_response,
    image_response,
    noise,
    room,
)

Floats = NDArray[np.float32]
Array = NDArray[np.float64]
Random = np.random.Generator
RoomModel = Callable[[str, Random], Floats]

STRENGTHS = ("far", "usual", "near")
"""From the easiest to the hardest: loud and across the room, at arm's length, close and quiet."""

DRIVE = {"far": 1.0, "usual": 0.5, "near": 0.2}
DIRECT_DB = {"far": (-6.0, 2.0), "usual": (2.0, 9.0), "near": (9.0, 16.0)}


@dataclass(frozen=True, slots=True)
class Driver:
    """A small loudspeaker; each pair is the range that one is drawn from.

    Attributes:
        low_hz: resonance, below which sound falls by 12 dB per octave (24 where `ported`).
        quality: of the resonance (total Q); .7 is flat, more is boomy.
        high_hz: where the highs begin to fall.
        ripple_db: standard deviation of the response between, smooth over a third of an octave.
        distortion: share of the peak at full drive that is distortion, about 10 % for a phone at
            its loudest.
        ported: has a vented box, which falls twice as fast.
    """

    low_hz: tuple[float, float]
    quality: tuple[float, float]
    high_hz: tuple[float, float]
    ripple_db: float
    distortion: tuple[float, float]
    ported: bool = False


# Resonances and bandwidths: makers' data sheets of micro speakers (phones 700-1000 Hz, laptops
# 350-700 Hz), desktop and bookshelf boxes (80-200 Hz), smart speakers (70-150 Hz, limited).
DRIVERS: Mapping[str, Driver] = {
    "phone": Driver((450, 900), (0.8, 1.8), (6500, 7900), 4.0, (0.03, 0.12)),
    "laptop": Driver((250, 500), (0.7, 1.5), (6000, 7900), 3.5, (0.02, 0.08)),
    "desktop": Driver((90, 180), (0.6, 1.1), (7000, 7900), 2.0, (0.005, 0.03), ported=True),
    "tablet": Driver((300, 600), (0.8, 1.6), (6500, 7900), 3.5, (0.03, 0.1)),
    "smart_speaker": Driver((90, 160), (0.7, 1.1), (6500, 7900), 2.5, (0.01, 0.05)),
}


Loudspeaker = Callable[[Driver, float], Channel]


# --- loudspeakers -------------------------------------------------------------------------------


def filtered(driver: Driver, drive: float) -> Channel:
    """A loudspeaker of filters: distortion without memory, resonance, ripple, band limits."""

    def through(samples: Floats, random: Random) -> Floats:
        bent = _bent(samples, driver, drive, random)
        return _loud_as(_response(bent, driver, random), samples)

    return through


def moving(driver: Driver, drive: float) -> Channel:
    """A loudspeaker of a mass on a spring, to first order in its nonlinearity.

    Excursion is the force through the resonance; a spring that stiffens with the cube of the
    excursion and a magnet whose force falls with its square (and leans to one side) change the
    force; pressure follows the acceleration.
    """

    def through(samples: Floats, random: Random) -> Floats:
        resonance = float(random.uniform(*driver.low_hz))
        quality = float(random.uniform(*driver.quality))
        excursion = _excursion(samples, resonance, quality)
        excursion /= max(float(np.abs(excursion).max()), 1e-9)
        share = drive * float(random.uniform(*driver.distortion))
        lean = float(random.uniform(-0.6, 0.6))
        wide = np.asarray(samples, dtype=np.float64)
        peak = float(np.abs(wide).max())
        force = wide * (1.0 - 2.0 * share * (excursion**2 + lean * excursion))
        force -= 2.0 * share * peak * excursion**3
        heard = _pressure(force, resonance, quality)
        return _loud_as(_rippled(heard, driver, random), samples)

    return through


def _bent(samples: Floats, driver: Driver, drive: float, random: Random) -> Array:
    """Soft clipping that leans to one side: odd and even harmonics."""
    wide = np.asarray(samples, dtype=np.float64)
    peak = max(float(np.abs(wide).max()), 1e-9)
    share = drive * float(random.uniform(*driver.distortion))
    even = float(random.uniform(0.0, 1.0))
    unit = wide / peak
    return np.asarray((unit + share * (even * (unit**2 - np.mean(unit**2)) - unit**3)) * peak)


def _response(wide: Array, driver: Driver, random: Random) -> Array:
    resonance = float(random.uniform(*driver.low_hz))
    quality = float(random.uniform(*driver.quality))
    for _ in range(2 if driver.ported else 1):
        wide = _pressure(wide, resonance, quality)
    return _rippled(wide, driver, random)


def _pressure(wide: Array, resonance: float, quality: float) -> Array:
    """Second-order high-pass with the resonance's quality."""
    angular = 2 * np.pi * resonance
    analog = ([1.0, 0.0, 0.0], [1.0, angular / quality, angular**2])
    return np.asarray(signal.lfilter(*signal.bilinear(*analog, fs=RATE), wide))


def _excursion(samples: Floats, resonance: float, quality: float) -> Array:
    """Second-order low-pass at the resonance: how far the cone moves."""
    angular = 2 * np.pi * resonance
    analog = ([angular**2], [1.0, angular / quality, angular**2])
    return np.asarray(signal.lfilter(*signal.bilinear(*analog, fs=RATE), samples), dtype=np.float64)


def _rippled(wide: Array, driver: Driver, random: Random) -> Array:
    """Ripple of the response (third octaves) and the fall of the highs."""
    centres = np.geomspace(100.0, RATE / 2, 20)
    gains = random.standard_normal(20) * driver.ripple_db
    hertz = np.linspace(0.0, RATE / 2, 257)
    shape = np.interp(np.log(np.maximum(hertz, 50.0)), np.log(centres), gains)
    taps = signal.firwin2(511, hertz / (RATE / 2), 10 ** (shape / 20))
    heard = signal.fftconvolve(wide, taps, "same")
    high = float(random.uniform(*driver.high_hz))
    return np.asarray(signal.sosfilt(signal.butter(2, high, fs=RATE, output="sos"), heard))


def _loud_as(wide: Array, samples: Floats) -> Floats:
    gain = float(np.std(samples)) / max(float(np.std(wide)), 1e-9)
    return np.asarray(wide * gain, dtype=np.float32)


# --- the way of the sound ------------------------------------------------------------------------


def stolen(samples: Floats, random: Random) -> Floats:
    """What the attacker took down: the recording itself, or one in a small room."""
    if random.random() < 0.5:
        return samples
    seconds, direct_db = float(random.uniform(0.1, 0.4)), float(random.uniform(4.0, 14.0))
    return room(exponential_response(seconds, direct_db, random))(samples, random)


def diffuse_room(strength: str, random: Random) -> Floats:
    """A response of Polack's model; the strength says how much is direct sound."""
    return exponential_response(
        float(random.uniform(0.15, 0.6)), float(random.uniform(*DIRECT_DB[strength])), random
    )


def shoebox_room(strength: str, random: Random) -> Floats:
    """A response of a shoebox room, the direct sound raised as the strength says."""
    size = (random.uniform(2.5, 6.0), random.uniform(2.5, 5.0), random.uniform(2.3, 3.0))
    response = image_response(size, float(random.uniform(0.25, 0.7)), random).astype(np.float64)
    first = int(np.argmax(np.abs(response)))
    direct, tail = response[: first + 8].copy(), response.copy()
    tail[: first + 8] = 0.0
    wanted = 10 ** (float(random.uniform(*DIRECT_DB[strength])) / 10)
    gain = np.sqrt(np.sum(direct**2) / max(float(np.sum(tail**2)), 1e-12) / wanted)
    response = tail * gain
    response[: first + 8] += direct
    return np.asarray(response, dtype=np.float32)


def microphone(samples: Floats, random: Random) -> Floats:
    """The second microphone: its response, its room's noise, its gain."""
    heard = noise(float(random.uniform(18.0, 45.0)))(balance(samples, random), random)
    peak = max(float(np.abs(heard).max()), 1e-9)
    return np.asarray(heard / peak * 10 ** (random.uniform(-14, -1) / 20), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Chain:
    """One way to replay: the kind of loudspeaker, how it is simulated, and the room's model."""

    driver: str
    loudspeaker: Loudspeaker
    room: RoomModel


CHAINS: Mapping[str, Chain] = {
    "phone": Chain("phone", filtered, diffuse_room),
    "laptop": Chain("laptop", filtered, diffuse_room),
    "desktop": Chain("desktop", filtered, diffuse_room),
    "tablet": Chain("tablet", moving, shoebox_room),
    "smart_speaker": Chain("smart_speaker", moving, shoebox_room),
}


def replayed(
    samples: Floats, random: Random, *, chain: str = "phone", strength: str = "usual"
) -> Floats:
    """`samples` as a microphone hears them from a loudspeaker; as long as they were.

    Raises:
        KeyError: no such chain or strength.
    """
    way = CHAINS[chain]
    played = way.loudspeaker(DRIVERS[way.driver], DRIVE[strength])(stolen(samples, random), random)
    heard = room(way.room(strength, random))(played, random)
    return microphone(heard, random)


def live(samples: Floats, random: Random, *, shoebox: bool = False) -> Floats:
    """The bona fide counterpart: the same rooms and microphones, and no loudspeaker between."""
    if random.random() < 0.7:
        strength = STRENGTHS[int(random.integers(3))]
        response = (shoebox_room if shoebox else diffuse_room)(strength, random)
        samples = room(response)(samples, random)
    return microphone(samples, random)


def _species(chain: str, title: str, *, trained_on: bool) -> Species:
    return Species(
        id=f"voice_replay.{chain}",
        title=title,
        standard="ISO/IEC 30107-3",
        term="presentation attack (replayed speech)",
        media="speech",
        question=Question.PRESENCE,
        signals=("replayed_voice",),
        strengths=STRENGTHS,
        generator="voice_replay.replayed",
        trained_on=trained_on,
    )


SPECIES: tuple[Species, ...] = (
    _species("phone", "Played by a phone (filters, diffuse room)", trained_on=True),
    _species("laptop", "Played by a laptop (filters, diffuse room)", trained_on=True),
    _species("desktop", "Played by desktop boxes (filters, diffuse room)", trained_on=True),
    _species("tablet", "Played by a tablet (moving mass, shoebox room)", trained_on=False),
    _species("smart_speaker", "Played by a smart speaker (moving mass, shoebox)", trained_on=False),
)
