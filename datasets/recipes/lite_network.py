"""EfficientNet-Lite0 with a head for each picture and one for each part of it (torch).

The network is that of the TPU team (M. Tan and Q. Le, ICML 2019; the Lite variant leaves out
squeeze-and-excitation and swish), its names those of the published ImageNet weights.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

# Blocks of the network: kernel, stride, expansion, channels in and out.
BLOCKS = (
    (3, 1, 1, 32, 16),
    (3, 2, 6, 16, 24), (3, 1, 6, 24, 24),
    (5, 2, 6, 24, 40), (5, 1, 6, 40, 40),
    (3, 2, 6, 40, 80), (3, 1, 6, 80, 80), (3, 1, 6, 80, 80),
    (5, 1, 6, 80, 112), (5, 1, 6, 112, 112), (5, 1, 6, 112, 112),
    (5, 2, 6, 112, 192), (5, 1, 6, 192, 192), (5, 1, 6, 192, 192), (5, 1, 6, 192, 192),
    (3, 1, 6, 192, 320),
)  # fmt: skip
MIDDLE = 10
"""The block whose result, one place for 16 pixels, the part head reads."""
MIDDLE_CHANNELS = 112
LAST_CHANNELS = 1280
GRAIN_CHANNELS = 16
GRAIN_BLOCK = 1
"""The block to whose result, one place for 4 pixels, the branch for fine grain adds."""
GRAIN_GAIN = 16.0
"""Differences of more than 8 grey levels are cut off: edges would drown what noise tells."""
NORM = {"eps": 1e-3, "momentum": 0.01}
OWN = ("whole", "middle", "parts", "grain")
"""What the published weights do not have, by the start of its name."""


def padding(kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's `same` padding of an even side: before and after."""
    total = kernel - stride
    return total // 2, total - total // 2


def high_pass() -> Any:
    """Kernels (2, 5, 5) that leave noise and fine grain; both sum to nothing.

    The square 5 x 5 kernel of the spatial rich model (J. Fridrich and J. Kodovsky, TIFS 2012) and
    its 3 x 3 one.
    """
    outer = [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2]]
    wide = np.array([*outer, outer[1], outer[0]], np.float32) / 12
    narrow = np.zeros((5, 5), np.float32)
    narrow[1:4, 1:4] = np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]], np.float32) / 4
    return np.stack([wide, narrow])


class _Depthwise(torch.autograd.Function):
    """Depthwise convolution with the gradient of its kernel from every n-th picture.

    The library's own backward pass of this layer takes two thirds of a training step on CPUs. The
    gradient of the input is a convolution again, which is fast; that of the kernel is estimated
    from a part of the batch, without bias.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, stride: int, every: int) -> Any:
        ctx.save_for_backward(x, weight)
        ctx.how = stride, every
        return functional.conv2d(x, weight, stride=stride, groups=weight.shape[0])

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        x, weight = ctx.saved_tensors
        stride, every = ctx.how
        edge = weight.shape[-1] - 1
        grad = grad.contiguous(memory_format=torch.channels_last)
        to_input = to_weight = None
        if ctx.needs_input_grad[0]:
            size = (*grad.shape[:2], x.shape[2] + edge, x.shape[3] + edge)
            wide = torch.zeros(size, dtype=grad.dtype).contiguous(memory_format=torch.channels_last)
            last = (edge + (n - 1) * stride + 1 for n in grad.shape[2:])
            down, right = (slice(edge, end, stride) for end in last)
            wide[:, :, down, right] = grad
            to_input = functional.conv2d(wide, weight.flip(2, 3), groups=weight.shape[0])
        if ctx.needs_input_grad[1]:
            some = slice(int(torch.randint(0, every, (1,))), None, every)
            parts = (p[some].contiguous(memory_format=torch.channels_last) for p in (grad, x))
            part, seen = parts
            to_weight = torch.ops.aten.convolution_backward(
                part, seen, weight, None, [stride] * 2, [0, 0], [1, 1], False, [0, 0],
                weight.shape[0], [False, True, False],
            )[1] * (len(x) / len(seen))  # fmt: skip
        return to_input, to_weight, None, None


class Depthwise(nn.Module):
    """A depthwise convolution with `same` padding."""

    def __init__(self, channels: int, kernel: int, stride: int, every: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels, 1, kernel, kernel))
        self.stride, self.every = stride, every
        before, after = padding(kernel, stride)
        self.pad = (before, after, before, after)

    def forward(self, x: Any) -> Any:
        weight = self.weight
        if torch.is_autocast_enabled("cpu"):
            x, weight = x.bfloat16(), weight.bfloat16()
        x = functional.pad(x, self.pad).contiguous(memory_format=torch.channels_last)
        return _Depthwise.apply(x, weight, self.stride, self.every)


class Block(nn.Module):
    """Widen, convolve each channel, narrow; added to its input where the shapes agree."""

    def __init__(self, shape: tuple[int, int, int, int, int], every: int) -> None:
        super().__init__()
        kernel, stride, expansion, into, out = shape
        wide = into * expansion
        self.is_added = stride == 1 and into == out
        self._expand_conv = nn.Conv2d(into, wide, 1, bias=False) if expansion > 1 else None
        self._bn0 = nn.BatchNorm2d(wide, **NORM) if expansion > 1 else None
        self._depthwise_conv = Depthwise(wide, kernel, stride, every)
        self._bn1 = nn.BatchNorm2d(wide, **NORM)
        self._project_conv = nn.Conv2d(wide, out, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(out, **NORM)

    def forward(self, x: Any) -> Any:
        made = x
        if self._expand_conv is not None and self._bn0 is not None:
            made = functional.relu6(self._bn0(self._expand_conv(made)))
        made = functional.relu6(self._bn1(self._depthwise_conv(made)))
        made = self._bn2(self._project_conv(made))
        return made + x if self.is_added else made


class Grain(nn.Module):
    """Fine grain of the three colours, (n, 3, s, s) to (n, 24, s / 4, s / 4).

    Starts as no change: the last layer is zero (networks that also see noise residuals transfer
    better to other manipulations, Y. Luo et al., CVPR 2021).
    """

    fixed: Any

    def __init__(self) -> None:
        super().__init__()
        kernels = torch.from_numpy(np.tile(high_pass(), (3, 1, 1))[:, None])
        self.register_buffer("fixed", kernels)
        self.first = nn.Conv2d(len(kernels), GRAIN_CHANNELS, 3, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(GRAIN_CHANNELS, **NORM)
        self.last = nn.Conv2d(GRAIN_CHANNELS, BLOCKS[GRAIN_BLOCK][-1], 3, stride=2, bias=False)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Any) -> Any:
        grain = functional.conv2d(x, self.fixed.to(x.dtype), padding=2, groups=3)
        grain = (grain * GRAIN_GAIN).clamp(-1, 1)
        pad = padding(3, 2) * 2
        made = functional.relu6(self.norm(self.first(functional.pad(grain, pad))))
        return self.last(functional.pad(made, pad))


class Network(nn.Module):
    """Pictures (n, 3, s, s), RGB, (x - 127) / 128, to a logit each (n,) and for parts (n, h, w).

    High logits speak for manipulation.
    """

    def __init__(self, *, every: int = 4, has_grain: bool = False) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, stride=2, bias=False)
        self._bn0 = nn.BatchNorm2d(32, **NORM)
        self._blocks = nn.ModuleList([Block(shape, every) for shape in BLOCKS])
        self._conv_head = nn.Conv2d(BLOCKS[-1][-1], LAST_CHANNELS, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(LAST_CHANNELS, **NORM)
        self.whole = nn.Linear(LAST_CHANNELS, 1)
        self.middle = nn.Linear(MIDDLE_CHANNELS, 1)
        self.parts = nn.Conv2d(MIDDLE_CHANNELS, 1, 1)
        self.grain = Grain() if has_grain else None

    def forward(self, x: Any) -> tuple[Any, Any]:
        grain = None if self.grain is None else self.grain(x)
        x = functional.relu6(self._bn0(self._conv_stem(functional.pad(x, padding(3, 2) * 2))))
        middle = x
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number == GRAIN_BLOCK and grain is not None:
                x = x + grain
            middle = x if number == MIDDLE else middle
        pooled = functional.relu6(self._bn1(self._conv_head(x))).mean((2, 3))
        whole = self.whole(functional.dropout(pooled, 0.2, self.training))[:, 0]
        return whole + self.middle(middle.mean((2, 3)))[:, 0], self.parts(middle)[:, 0]

    def norms(self) -> list[nn.Module]:
        """All batch normalisations."""
        return [layer for layer in self.modules() if isinstance(layer, nn.BatchNorm2d)]

    def first_layers(self) -> list[nn.Module]:
        """What keeps its ImageNet weights: the stem and the first block."""
        return [self._conv_stem, self._bn0, self._blocks[0]]


def pretrained(data: bytes, *, every: int = 4, has_grain: bool = False) -> Network:
    """The network with ImageNet weights, from the bytes of the published checkpoint.

    Raises:
        ValueError: the checkpoint lacks a tensor of the network.
    """
    network = Network(every=every, has_grain=has_grain)
    held: Mapping[str, Any] = torch.load(io.BytesIO(data), weights_only=True)
    missing, _ = network.load_state_dict(held, strict=False)
    own = {name for name in missing if not name.startswith(OWN)}
    if own:
        raise ValueError(f"the checkpoint lacks {', '.join(sorted(own)[:3])}")
    network.to(memory_format=torch.channels_last)
    return network


def tensor(pictures: Any) -> Any:
    """BGR uint8 (n, s, s, 3) as the network wants them."""
    rgb = np.ascontiguousarray(np.asarray(pictures)[..., ::-1])
    x = torch.from_numpy(rgb).permute(0, 3, 1, 2).float().sub_(127).div_(128)
    return x.contiguous(memory_format=torch.channels_last)
