"""Converted face networks against plain arithmetic on small random weights."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import correlate2d

from audit.errors import WeightsInstallFailed
from audit.inference import session
from audit.weights import convert_dlib, convert_minifasnet
from tests.audit import tiny_weights as tiny

Array = NDArray[np.float64]


def random(*shape: int, seed: int) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).standard_normal(shape) * 0.4).astype(np.float32)


def convolved(x: Array, kernel: Array, *, stride: int = 1, pad: int = 0) -> Array:
    """Cross-correlation of x (channels, h, w) with kernel (out, in, kh, kw), by definition."""
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    maps = [
        sum(correlate2d(c, k, "valid") for c, k in zip(padded, ks, strict=True)) for ks in kernel
    ]
    return np.stack(maps)[:, ::stride, ::stride]


def channels(values: Array) -> Array:
    return values[:, None, None]


class Dlib:
    """The residual network as its definition reads, with four channels at most."""

    widths: Mapping[str, int] = {"32": 2, "64": 3, "128": 3, "256": 4}

    def __init__(self) -> None:
        self.weights: dict[str, NDArray[np.float32]] = {}
        self.add("conv32_down", 3, 2, 7)
        width = 2
        for name in convert_dlib.BLOCKS:
            out = self.widths[name.removeprefix("conv").split("_")[0]]
            self.add(f"{name}/conv1", width, out, 3)
            self.add(f"{name}/conv2", out, out, 3)
            width = out
        self.weights["fc"] = random(width, 128, seed=99)

    def add(self, name: str, width: int, out: int, side: int) -> None:
        seed = len(self.weights)
        self.weights |= {
            f"{name}/conv/filters": random(side, side, width, out, seed=seed),
            f"{name}/conv/bias": random(out, seed=seed + 1),
            f"{name}/scale/weights": 1 + random(out, seed=seed + 2),
            f"{name}/scale/biases": random(out, seed=seed + 3),
        }

    def conv(self, x: Array, name: str, *, stride: int = 1) -> Array:
        part = {
            key: self.weights[f"{name}/{key}"].astype(float)
            for key in ("conv/filters", "conv/bias", "scale/weights", "scale/biases")
        }
        kernel = part["conv/filters"].transpose(3, 2, 0, 1)
        y = convolved(x, kernel, stride=stride, pad=1 if stride == 1 else 0)
        y = y + channels(part["conv/bias"])
        return y * channels(part["scale/weights"]) + channels(part["scale/biases"])

    def block(self, x: Array, name: str) -> Array:
        halving = "_down" in name
        y = np.maximum(self.conv(x, f"{name}/conv1", stride=2 if halving else 1), 0)
        y = self.conv(y, f"{name}/conv2")
        if halving:
            side = x.shape[1] // 2
            cut = x[:, : 2 * side, : 2 * side]
            x = cut.reshape(len(x), side, 2, side, 2).mean(axis=(2, 4))
        total = np.zeros(np.maximum(x.shape, y.shape))
        for part in (x, y):
            total[tuple(slice(n) for n in part.shape)] += part
        return np.maximum(total, 0)

    def run(self, x: Array) -> Array:
        x = np.maximum(self.conv(x, "conv32_down", stride=2), 0)
        x = np.stack(
            [
                [[m[i : i + 3, j : j + 3].max() for j in range(0, 70, 2)] for i in range(0, 70, 2)]
                for m in x
            ]
        )
        for name in convert_dlib.BLOCKS:
            x = self.block(x, name)
        return x.mean(axis=(1, 2)) @ self.weights["fc"]

    def files(self) -> tuple[bytes, bytes]:
        """The weights file (biases as 8-bit codes, the rest as floats) and its manifest."""
        data, entries = b"", []
        for name, array in self.weights.items():
            entry = {"name": name, "shape": list(array.shape), "dtype": "float32"}
            if name.endswith("biases"):
                low, scale = float(array.min()), max(float(np.ptp(array)), 1e-3) / 255
                codes = np.round((array - low) / scale).astype(np.uint8)
                self.weights[name] = (codes * scale + low).astype(np.float32)
                entry["quantization"] = {"dtype": "uint8", "scale": scale, "min": low}
                data += codes.tobytes()
            else:
                data += array.astype("<f4").tobytes()
            entries.append(entry)
        return data, json.dumps([{"paths": ["x.bin"], "weights": entries}]).encode()


def test_dlib_resnet_equals_its_definition() -> None:
    network = Dlib()
    model = session(convert_dlib.convert(*network.files()))
    x = random(2, 3, 150, 150, seed=5)
    (found,) = model.run(["embedding"], {"input": x})
    assert found.shape == (2, 128)
    for one, expected in zip(found, (network.run(p.astype(float)) for p in x), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_a_weights_file_of_another_length_is_refused() -> None:
    data, companion = Dlib().files()
    for wrong in (data[:-1], data + b"\0"):
        with pytest.raises(WeightsInstallFailed, match="than its manifest states"):
            convert_dlib.convert(wrong, companion)


def test_an_unknown_code_is_refused() -> None:
    code = {"dtype": "float16", "scale": 1.0, "min": 0.0}
    entry = {"name": "fc", "shape": [1], "dtype": "float32", "quantization": code}
    with pytest.raises(WeightsInstallFailed, match="fc has a code"):
        convert_dlib.dequantised(b"\0\0", [{"weights": [entry]}])


class MiniFas:
    """The depthwise network as its definition reads, three channels wide, one block per stage."""

    width = 3

    def __init__(self, *, attention: bool) -> None:
        self.weights: dict[str, NDArray[np.float32]] = {}
        self.attention = attention
        n = self.width
        self.conv_block("conv1", (n, 3, 3, 3))
        self.conv_block("conv2_dw", (n, 1, 3, 3))
        for stage, stride in convert_minifasnet.STAGES:
            name = stage if stride == 2 else f"{stage}.model.0"
            self.conv_block(f"{name}.conv", (n, n, 1, 1))
            self.conv_block(f"{name}.conv_dw", (n, 1, 3, 3))
            self.conv_block(f"{name}.project", (n, n, 1, 1), prelu=False)
            if attention and stride == 1:
                for part in "12":
                    self.weights[f"{name}.se_module.fc{part}.weight"] = self.draw(n, n, 1, 1)
                    self.norm(f"{name}.se_module.bn{part}")
        self.conv_block("conv_6_sep", (n, n, 1, 1))
        self.conv_block("conv_6_dw", (n, 1, 5, 5), prelu=False)
        self.weights["linear.weight"] = self.draw(4, n)
        self.norm("bn", 4)
        self.weights["prob.weight"] = self.draw(3, 4)

    def draw(self, *shape: int) -> NDArray[np.float32]:
        return random(*shape, seed=len(self.weights))

    def norm(self, name: str, width: int = width) -> None:
        for part in ("weight", "bias", "running_mean"):
            self.weights[f"{name}.{part}"] = self.draw(width)
        self.weights[f"{name}.running_var"] = np.abs(self.draw(width)) + np.float32(0.5)

    def conv_block(self, name: str, shape: tuple[int, ...], *, prelu: bool = True) -> None:
        self.weights[f"{name}.conv.weight"] = self.draw(*shape)
        self.norm(f"{name}.bn")
        if prelu:
            self.weights[f"{name}.prelu.weight"] = self.draw(self.width)

    def normed(self, x: Array, name: str) -> Array:
        mean, var, weight, bias = (
            self.weights[f"{name}.{part}"].astype(float).reshape(-1, *[1] * (x.ndim - 1))
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / np.sqrt(var + 1e-5) * weight + bias

    def conv(self, x: Array, name: str, *, stride: int = 1, pad: int | None = None) -> Array:
        kernel = self.weights[f"{name}.conv.weight"].astype(float)
        pad = kernel.shape[2] // 2 if pad is None else pad
        if kernel.shape[1] == 1:
            parts = [
                convolved(c[None], k[None], stride=stride, pad=pad)
                for c, k in zip(x, kernel, strict=True)
            ]
            y = np.concatenate(parts)
        else:
            y = convolved(x, kernel, stride=stride, pad=pad)
        y = self.normed(y, f"{name}.bn")
        slope = self.weights.get(f"{name}.prelu.weight")
        return y if slope is None else np.where(y > 0, y, y * channels(slope.astype(float)))

    def stage(self, x: Array, stage: str, stride: int) -> Array:
        name = stage if stride == 2 else f"{stage}.model.0"
        y = self.conv(x, f"{name}.conv")
        y = self.conv(y, f"{name}.conv_dw", stride=stride)
        y = self.conv(y, f"{name}.project")
        if stride == 2:
            return y
        if self.attention:
            pooled = y.mean(axis=(1, 2), keepdims=True)
            se = f"{name}.se_module"
            hidden = np.maximum(self.normed(self.dense(pooled, f"{se}.fc1"), f"{se}.bn1"), 0)
            gate = self.normed(self.dense(hidden, f"{se}.fc2"), f"{se}.bn2")
            y = y / (1 + np.exp(-gate))
        return x + y

    def dense(self, x: Array, name: str) -> Array:
        return convolved(x, self.weights[f"{name}.weight"].astype(float))

    def run(self, x: Array) -> Array:
        x = self.conv(x, "conv1", stride=2)
        x = self.conv(x, "conv2_dw")
        for stage, stride in convert_minifasnet.STAGES:
            x = self.stage(x, stage, stride)
        x = self.conv(x, "conv_6_sep")
        x = self.conv(x, "conv_6_dw", pad=0)
        embedded = self.normed(self.weights["linear.weight"].astype(float) @ x.ravel(), "bn")
        return self.weights["prob.weight"].astype(float) @ embedded


@pytest.mark.parametrize("attention", [False, True])
def test_minifasnet_equals_its_definition(attention: bool) -> None:
    network = MiniFas(attention=attention)
    member = tiny.zip_checkpoint(network.weights, prefix="module.")
    model = session(convert_minifasnet.convert(member))
    x = np.random.default_rng(4).random((2, 3, 80, 80)).astype(np.float32)
    (found,) = model.run(["logits"], {"input": x})
    expected = np.stack([network.run(picture.astype(float)) for picture in x])
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_conversion_gives_the_same_bytes_every_time() -> None:
    member = tiny.zip_checkpoint(MiniFas(attention=True).weights)
    assert convert_minifasnet.convert(member) == convert_minifasnet.convert(member)
