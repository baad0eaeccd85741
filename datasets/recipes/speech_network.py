"""The network of `synthetic_speech`: training on pairs, and its export with a test of strangeness.

Each pair is an utterance and its copy through a vocoder, cut at the same place after the same
channel, so that only the vocoder tells them apart.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liveness.speech_spectrogram import spectrogram

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Whole = NDArray[np.int16]

WIDTHS = (8, 16, 32, 64, 64)
STRIDES = ((2, 2), (2, 2), (2, 2), (2, 1), (1, 1))
EMBEDDED = 48
GROUPS = 4
# Of the norms, over one window each. A batch holds each utterance twice, as captured and copied:
# with norms over the batch a network compares the two, which no recording offers, and on speakers
# whom it does not know its logits drift (14 of 14 windows of two readers lay above the limit).
CROP = 32_640  # 2.04 s
GATE = 320  # 20 ms
PAIRS = 12
RATE_TOP = 2e-3


@dataclass(frozen=True, slots=True)
class Group:
    """An utterance in one channel: rows of the sound array, its own and its copies'.

    It is drawn for training in proportion to `weight`.
    """

    real: int
    copies: tuple[int, ...]
    weight: float = 1.0


class Network(nn.Module):
    """Five convolutions; mean and spread over time in four bands; a linear score. 86k weights.

    The input is (n, 1, 256, frames); the outputs are the logit for a copy (n,) and the embedding
    before the last layer (n, 48).
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for width, stride in zip(WIDTHS, STRIDES, strict=True):
            layers += [
                nn.Conv2d(before, width, 3, stride, 1, bias=False),
                nn.GroupNorm(GROUPS, width),
                nn.ReLU(),
            ]
            before = width
        self.body = nn.Sequential(*layers)
        self.bands = nn.AvgPool2d((4, 1))
        self.embed = nn.Linear(2 * 4 * before, EMBEDDED)
        self.drop = nn.Dropout(0.3)
        self.last = nn.Linear(EMBEDDED, 1)

    def forward(self, spectra: Tensor) -> tuple[Tensor, Tensor]:
        """Logit and embedding."""
        found = self.bands(self.body(spectra)).flatten(1, 2)
        mean = found.mean(2)
        spread = torch.sqrt(((found - mean[:, :, None]) ** 2).mean(2) + 1e-5)
        embedding = self.embed(torch.cat([mean, spread], 1))
        return self.last(self.drop(torch.relu(embedding)))[:, 0], embedding


class Shipped(nn.Module):
    """The network with the distance of its embedding from what it was trained on.

    Strangeness is the smaller of the Mahalanobis distances to the means of captured and copied
    speech, with one covariance for both (Lee et al. 2018), over the root of the dimensions.
    """

    def __init__(self, network: Network, means: Array, precision: Array) -> None:
        super().__init__()
        self.network = network
        self.means = nn.Parameter(torch.tensor(means, dtype=torch.float32))
        self.precision = nn.Parameter(torch.tensor(precision, dtype=torch.float32))

    def forward(self, spectra: Tensor) -> tuple[Tensor, Tensor]:
        """Logit and strangeness, both (n,)."""
        logit, embedding = self.network(spectra)
        away = embedding[:, None, :] - self.means[None]
        squared = ((away @ self.precision) * away).sum(2).amin(1)
        return logit, torch.sqrt(squared / EMBEDDED)


def trained(sound: Whole, groups: Sequence[Group], steps: int, *, seed: int) -> Network:
    """A network after `steps` batches of 12 pairs.

    The loss is the cross entropy of each half plus half the ranking loss of the pairs: the copy's
    logit shall exceed its own utterance's.
    """
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    random = np.random.default_rng(seed)
    network = Network()
    network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), RATE_TOP, weight_decay=1e-2)
    truth = torch.cat([torch.zeros(PAIRS), torch.ones(PAIRS)])
    started, losses = time.process_time(), []
    for step in range(steps):
        rate = min(1.0, 20 * step / steps) * (0.5 * (1 + math.cos(math.pi * step / steps)) + 0.01)
        for part in optimiser.param_groups:
            part["lr"] = RATE_TOP * rate
        spectra = torch.from_numpy(spectrogram(_batch(sound, groups, random)))[:, None]
        logits, _ = network(spectra.contiguous(memory_format=torch.channels_last))
        ranking = nn.functional.softplus(logits[:PAIRS] - logits[PAIRS:]).mean()
        loss = nn.functional.binary_cross_entropy_with_logits(logits, truth) + 0.5 * ranking
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.item()))
    took = time.process_time() - started
    print(f"  {steps} steps, {took:.0f} CPU-s, loss {np.mean(losses[-50:]):.3f}", flush=True)
    network.eval()
    return network


def _batch(sound: Whole, groups: Sequence[Group], random: np.random.Generator) -> Floats:
    """Crops of 12 utterances and then of a copy of each, with the same faint noise, (24, CROP)."""
    first, second = [], []
    weights = np.array([group.weight for group in groups])
    for place in random.choice(len(groups), PAIRS, p=weights / weights.sum()):
        group = groups[place]
        start = int(random.integers(sound.shape[1] - CROP))
        copy = group.copies[int(random.integers(len(group.copies)))]
        first.append(sound[group.real, start : start + CROP])
        second.append(sound[copy, start : start + CROP])
    both = np.array(first + second, dtype=np.float64) / 32768.0
    both = _gated(_half_copied(both, random), random)
    faint = 10 ** (-random.uniform(45, 105, PAIRS) / 20)
    noise = random.standard_normal(both.shape) * np.tile(faint, 2)[:, None]
    return np.asarray(both + noise, dtype=np.float32)


def _half_copied(both: Array, random: np.random.Generator) -> Array:
    """A quarter of the copies keep the utterance itself below or above a frequency.

    So that no single band, and nothing coarse, is enough to tell a copy.
    """
    hertz = np.fft.rfftfreq(CROP, 1 / 16_000)
    for place in np.flatnonzero(random.random(PAIRS) < 0.25):
        low, high = place, PAIRS + place
        if random.random() < 0.4:
            low, high = high, low
        edge = random.uniform(1500, 4500)
        share = 1 / (1 + np.exp((hertz - edge) / 100))
        bins = np.fft.rfft(both[[low, high]])
        both[PAIRS + place] = np.fft.irfft(bins[0] * share + bins[1] * (1 - share), CROP)
    return both


def _gated(both: Array, random: np.random.Generator) -> Array:
    """Some pairs with their pauses muted: engines have none of a room's noise, nor have gates."""
    muted = np.tile((random.random(PAIRS) < 0.4) * random.uniform(25, 50, PAIRS), 2)
    blocks = both.reshape(len(both), -1, GATE)
    level = 10 * np.log10(np.mean(blocks**2, axis=2) + 1e-12)
    loud = np.percentile(level, 95, axis=1)
    kept = (level > (loud - muted)[:, None]) | (muted == 0)[:, None]
    gated: Array = (blocks * kept[:, :, None]).reshape(both.shape)
    return gated


def heard(network: nn.Module, sound: Whole, rows: Sequence[int]) -> tuple[Array, Array]:
    """Both outputs of a network for rows of the sound array, over the whole window."""
    firsts, seconds = [], []
    for start in range(0, len(rows), 16):
        part = sound[list(rows[start : start + 16])].astype(np.float32) / np.float32(32768)
        spectra = torch.from_numpy(spectrogram(part))[:, None]
        with torch.no_grad():
            first, second = network(spectra.contiguous(memory_format=torch.channels_last))
        firsts.append(first.numpy())
        seconds.append(second.numpy())
    if not firsts:
        return np.zeros(0), np.zeros(0)
    return np.concatenate(firsts).astype(float), np.concatenate(seconds).astype(float)


def shipped(network: Network, captured: Array, copied: Array) -> Shipped:
    """With means and shrunken precision of embeddings (n, 48) of captured and copied speech."""
    means = np.stack([captured.mean(0), copied.mean(0)])
    within = np.concatenate([captured - means[0], copied - means[1]])
    covariance = np.cov(within.T)
    covariance += 0.05 * np.trace(covariance) / EMBEDDED * np.eye(EMBEDDED)
    found = Shipped(network, means, np.linalg.inv(covariance))
    found.eval()
    return found


def exported(network: Shipped, path: Path) -> None:
    """Written as ONNX: `spectrogram` (n, 1, 256, frames) to `logit` and `strangeness` (n,)."""
    torch.onnx.export(
        network.to(memory_format=torch.contiguous_format),
        (torch.zeros(2, 1, 256, 401),),
        str(path),
        input_names=["spectrogram"],
        output_names=["logit", "strangeness"],
        dynamic_axes={"spectrogram": {0: "n", 3: "frames"}},
        opset_version=17,
        dynamo=False,
    )
