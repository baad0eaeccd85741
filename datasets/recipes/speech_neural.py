"""Two small neural vocoders, trained on captured speech, that copy it for `synthetic_speech`.

One predicts magnitudes and phases for an inverse Fourier transform (as Vocos does, Siuzdak 2023),
one builds samples up by transposed convolutions (as HiFi-GAN does, Kong et al. 2020). Both hear 80
mel bands. Without an adversary and after minutes on a CPU they are poor: what counts is that their
copies have the traces of their kind. States along the training are kept, so that copies differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from datasets.attacks.speech import loud_as, mel_bank

Floats = NDArray[np.float32]
Random = np.random.Generator
Copy = Callable[[Floats, Random], Floats]

MELS, SIZE, HOP = 80, 640, 160
CROP_FRAMES = 80
BATCH = 8
STATES = 3
SPECIES = ("copy.neural_spectrum", "copy.neural_upsampling")
LOSS_SIZES = (256, 512, 1024)


class Spectra(nn.Module):
    """Frames of mel bands to magnitudes and phases, and an inverse transform."""

    def __init__(self, width: int = 192, depth: int = 4) -> None:
        super().__init__()
        self.first = nn.Conv1d(MELS, width, 7, padding=3)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(width, width, 7, padding=3, groups=width),
                nn.GroupNorm(1, width),
                nn.Conv1d(width, 2 * width, 1),
                nn.GELU(),
                nn.Conv1d(2 * width, width, 1),
            )
            for _ in range(depth)
        )
        self.last = nn.Conv1d(width, SIZE + 2, 1)

    def forward(self, mels: Tensor) -> Tensor:
        """(n, 80, frames) to samples (n, 160 * (frames - 1))."""
        found = self.first(mels)
        for block in self.blocks:
            found = found + block(found)
        size, phase = self.last(found).chunk(2, 1)
        bins = torch.polar(torch.exp(size.clamp(max=6.0)), phase)
        made: Tensor = torch.istft(bins, SIZE, HOP, window=torch.hann_window(SIZE))
        return made


class Upsampling(nn.Module):
    """Frames of mel bands to samples by transposed convolutions of strides 5, 4, 4 and 2."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.first = nn.Conv1d(MELS, width, 7, padding=3)
        self.ups = nn.ModuleList()
        self.mixes = nn.ModuleList()
        for stride in (5, 4, 4, 2):
            half = width // 2
            # As in HiFi-GAN: kernels of twice the stride, then dilated residual convolutions.
            odd = stride % 2
            self.ups.append(
                nn.ConvTranspose1d(
                    width, half, 2 * stride, stride, padding=(stride + odd) // 2, output_padding=odd
                )
            )
            self.mixes.append(
                nn.ModuleList(
                    nn.Conv1d(half, half, 3, padding=wide, dilation=wide) for wide in (1, 3)
                )
            )
            width = half
        self.last = nn.Conv1d(width, 1, 7, padding=3)

    def forward(self, mels: Tensor) -> Tensor:
        """(n, 80, frames) to samples (n, 160 * (frames - 1))."""
        found = self.first(mels)
        for up, mixes in zip(self.ups, self.mixes, strict=True):
            found = up(nn.functional.leaky_relu(found, 0.1))
            for mix in mixes:
                found = found + mix(nn.functional.leaky_relu(found, 0.1))
        made: Tensor = torch.tanh(self.last(nn.functional.leaky_relu(found, 0.1)))[:, 0]
        return made[:, : HOP * (mels.shape[2] - 1)]


def _mels(samples: Tensor) -> Tensor:
    bank = torch.tensor(mel_bank(MELS, SIZE), dtype=torch.float32)
    bins = torch.stft(samples, SIZE, HOP, window=torch.hann_window(SIZE), return_complex=True)
    logs: Tensor = torch.log((bank @ bins.abs() ** 2).clamp(min=1e-6)) / 4.0
    return logs


def _distance(made: Tensor, wanted: Tensor) -> Tensor:
    """Of log magnitudes and of magnitudes, over three sizes of frame (Yamamoto et al. 2020)."""
    total = torch.zeros(())
    for size in LOSS_SIZES:
        window = torch.hann_window(size)
        one, other = (
            torch.stft(x, size, size // 4, window=window, return_complex=True).abs() + 1e-4
            for x in (made, wanted)
        )
        total = total + (one.log() - other.log()).abs().mean()
        total = total + torch.linalg.norm(one - other) / torch.linalg.norm(other)
    return total


def vocoders(windows: Sequence[Floats], steps: int, *, seed: int) -> dict[str, Copy]:
    """Copies by both kinds of network, by species; `windows` are what they learn from."""
    found = {}
    for name, kind in zip(SPECIES, (Spectra, Upsampling), strict=True):
        torch.manual_seed(seed)
        found[name] = _copier(_states(kind(), windows, steps, seed))
    return found


def _states(
    network: nn.Module, windows: Sequence[Floats], steps: int, seed: int
) -> list[nn.Module]:
    """The network after a third, two thirds and all of the steps."""
    random, kept = np.random.default_rng(seed), []
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, betas=(0.8, 0.99))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    started, losses = time.process_time(), []
    count = CROP_FRAMES * HOP
    for step in range(1, steps + 1):
        crops = []
        for place in random.integers(len(windows), size=BATCH):
            start = int(random.integers(max(1, len(windows[place]) - count)))
            crop = np.resize(windows[place][start : start + count], count)
            crops.append(crop * (0.1 / max(float(np.std(crop)), 1e-3)))
        wanted = torch.from_numpy(np.stack(crops).astype(np.float32))
        made = network(_mels(wanted))
        loss = _distance(made, wanted[:, : made.shape[1]])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.item()))
        if step in {round(steps * n / STATES) for n in range(1, STATES + 1)}:
            kept.append(_frozen(network))
    took = time.process_time() - started
    print(
        f"  {type(network).__name__}: {steps} steps, {took:.0f} CPU-s, loss "
        f"{np.mean(losses[:20]):.2f} to {np.mean(losses[-20:]):.2f}",
        flush=True,
    )
    return kept


def _frozen(network: nn.Module) -> nn.Module:
    copy = type(network)()
    copy.load_state_dict(network.state_dict())
    copy.eval()
    return copy


def _copier(states: Sequence[nn.Module]) -> Copy:
    def copied(samples: Floats, random: Random) -> Floats:
        network = states[int(random.integers(len(states)))]
        gain = np.float32(0.1 / max(float(np.std(samples)), 1e-3))
        with torch.no_grad():
            made = network(_mels(torch.from_numpy(samples[None] * gain)))[0].numpy()
        return loud_as(np.pad(made, (0, max(0, len(samples) - len(made))))[: len(samples)], samples)

    return copied
