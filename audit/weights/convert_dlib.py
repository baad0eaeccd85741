"""dlib's face recognition ResNet (29 convolutions, King 2017), from its 8-bit TensorFlow.js copy.

The member is `model/face_recognition_model.bin` of @vladmandic/face-api 1.7.15. Its companion, the
weights manifest, states shapes and the linear code of each 8-bit tensor (code * scale + min).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.errors import WeightsInstallFailed
from audit.weights.graph import Array, Graph

SIDE = 150
DIMENSIONS = 128
# Residual blocks in order; those ending in `_down` or `_down_out` halve the resolution.
BLOCKS = (
    *("conv32_1", "conv32_2", "conv32_3"),
    *("conv64_down", "conv64_1", "conv64_2", "conv64_3"),
    *("conv128_down", "conv128_1", "conv128_2"),
    *("conv256_down", "conv256_1", "conv256_2", "conv256_down_out"),
)

Weights = Mapping[str, Array]


def convert(member: bytes, companion: bytes) -> bytes:
    """ONNX model: `input` [N, 3, 150, 150] -> `embedding` [N, 128], not normalised.

    `input` is RGB, (x - [122.782, 117.001, 104.298]) / 256 of values 0..255.
    """
    weights = dequantised(member, json.loads(companion))
    graph = Graph("dlib_resnet")
    x = _conv(graph, "input", weights, "conv32_down", stride=2)
    x = graph.node("Relu", [x])
    x = graph.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2])
    side = ((SIDE - 7) // 2 + 1 - 3) // 2 + 1
    for name in BLOCKS:
        if "_down" in name:
            x, side = _halving_block(graph, x, weights, name, side)
        else:
            x = _block(graph, x, weights, name)
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])])
    graph.node("MatMul", [x, graph.constant(weights["fc"])], outputs=["embedding"])
    return graph.model({"input": ["N", 3, SIDE, SIDE]}, {"embedding": ["N", DIMENSIONS]})


def dequantised(data: bytes, groups: list[dict[str, Any]]) -> dict[str, Array]:
    """The tensors of a TensorFlow.js weights file, in double precision.

    Raises:
        WeightsInstallFailed: the file is shorter or longer than its manifest states, or uses a
            code other than float32 and linear uint8.
    """
    found: dict[str, Array] = {}
    start = 0
    for entry in (entry for group in groups for entry in group["weights"]):
        code = entry.get("quantization", {"dtype": "float32", "scale": 1.0, "min": 0.0})
        if entry["dtype"] != "float32" or code["dtype"] not in ("uint8", "float32"):
            raise WeightsInstallFailed(f"Tensor {entry['name']} has a code that is not supported.")
        kind = np.dtype(code["dtype"]).newbyteorder("<")
        count = math.prod(entry["shape"])
        end = start + count * kind.itemsize
        if end > len(data):
            raise WeightsInstallFailed("The weights file is shorter than its manifest states.")
        codes = np.frombuffer(data, kind, count, start).astype(np.float64)
        # The reference stores the product and sum rounded to float32.
        values = (codes * code["scale"] + code["min"]).astype(np.float32)
        found[entry["name"]] = values.reshape(entry["shape"])
        start = end
    if start != len(data):
        raise WeightsInstallFailed("The weights file is longer than its manifest states.")
    return found


def _conv(graph: Graph, x: str, weights: Weights, name: str, *, stride: int = 1) -> str:
    """Convolution with the channel scale after it folded in.

    Steps of one keep the size; steps of two see only whole windows, as in dlib.
    """
    filters = weights[f"{name}/conv/filters"].astype(np.float64).transpose(3, 2, 0, 1)
    scale = weights[f"{name}/scale/weights"].astype(np.float64)
    bias = weights[f"{name}/conv/bias"] * scale + weights[f"{name}/scale/biases"]
    kernel = filters * scale[:, None, None, None]
    pad = kernel.shape[2] // 2 if stride == 1 else 0
    return graph.node(
        "Conv",
        [x, graph.constant(kernel), graph.constant(bias)],
        strides=[stride, stride],
        pads=[pad] * 4,
    )


def _block(graph: Graph, x: str, weights: Weights, name: str) -> str:
    inner = graph.node("Relu", [_conv(graph, x, weights, f"{name}/conv1")])
    inner = _conv(graph, inner, weights, f"{name}/conv2")
    return graph.node("Relu", [graph.node("Add", [inner, x])])


def _halving_block(graph: Graph, x: str, weights: Weights, name: str, side: int) -> tuple[str, int]:
    """A block whose shortcut is average-pooled, with the smaller of both padded by zeros.

    Returns the result and its side in pixels.
    """
    channels_in = weights[f"{name}/conv1/conv/filters"].shape[2]
    channels_out = weights[f"{name}/conv2/conv/filters"].shape[3]
    inner = graph.node("Relu", [_conv(graph, x, weights, f"{name}/conv1", stride=2)])
    inner = _conv(graph, inner, weights, f"{name}/conv2")
    pooled = graph.node("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
    inner_side, pooled_side = (side - 3) // 2 + 1, side // 2
    inner = _padded(graph, inner, 0, pooled_side - inner_side)
    pooled = _padded(graph, pooled, channels_out - channels_in, 0)
    return graph.node("Relu", [graph.node("Add", [inner, pooled])]), pooled_side


def _padded(graph: Graph, x: str, channels: int, border: int) -> str:
    """Zeros after the last channel, row and column."""
    if not channels and not border:
        return x
    widths = [0, 0, 0, 0, 0, channels, border, border]
    return graph.node("Pad", [x, graph.constant(widths, np.int64)])
