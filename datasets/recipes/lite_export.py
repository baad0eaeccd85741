"""The network of `lite_network` as ONNX: batch normalisation folded, kernels kept as float16.

Built node by node from the weights, so that the bytes do not depend on an exporter's version.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from onnx import TensorProto

from audit.weights.graph import Array, Graph, Shape
from datasets.recipes.lite_network import BLOCKS, GRAIN_BLOCK, GRAIN_GAIN, MIDDLE, NORM, padding

Weights = Mapping[str, Array]


def onnx_bytes(weights: Weights, *, side: int = 224) -> bytes:
    """`input` [N, 3, side, side], RGB, (x - 127) / 128 -> `logit` [N], `parts` [N, s/16, s/16].

    Both outputs are logits; high ones speak for manipulation.
    """
    graph = Graph("face_manipulation")
    x = _conv(graph, "input", weights, "_conv_stem", "_bn0", stride=2)
    middle = x
    for number, shape in enumerate(BLOCKS):
        x = _block(graph, x, weights, f"_blocks.{number}", shape)
        if number == GRAIN_BLOCK and "grain.fixed" in weights:
            x = graph.node("Add", [x, _grain(graph, weights)])
        middle = x if number == MIDDLE else middle
    x = _conv(graph, x, weights, "_conv_head", "_bn1")
    whole = graph.linear(_mean(graph, x), weights["whole.weight"], weights["whole.bias"])
    means = _mean(graph, middle)
    added = graph.linear(means, weights["middle.weight"], weights["middle.bias"])
    total = graph.node("Add", [whole, added])
    graph.node("Squeeze", [total, graph.constant([1], np.int64)], outputs=["logit"])
    kernel, bias = (graph.constant(weights[f"parts.{name}"]) for name in ("weight", "bias"))
    parts = graph.node("Conv", [middle, kernel, bias])
    graph.node("Squeeze", [parts, graph.constant([1], np.int64)], outputs=["parts"])
    small = side // 16
    outputs: dict[str, Shape] = {"logit": ["N"], "parts": ["N", small, small]}
    return graph.model({"input": ["N", 3, side, side]}, outputs)


def _grain(graph: Graph, weights: Weights) -> str:
    """Fine grain of the input, as `lite_network.Grain` has it."""
    fixed = graph.constant(weights["grain.fixed"] * GRAIN_GAIN)
    found = graph.node("Conv", ["input", fixed], kernel_shape=[5, 5], pads=[2] * 4, group=3)
    found = graph.node("Clip", [found, graph.constant(-1.0), graph.constant(1.0)])
    made = _conv(graph, found, weights, "grain.first", "grain.norm", stride=2)
    last = graph.constant(weights["grain.last.weight"], np.float16)
    full = graph.node("Cast", [last], to=TensorProto.FLOAT)
    before, after = padding(3, 2)
    pads = [before, before, after, after]
    return graph.node("Conv", [made, full], kernel_shape=[3, 3], strides=[2, 2], pads=pads)


def _block(
    graph: Graph, x: str, weights: Weights, name: str, shape: tuple[int, int, int, int, int]
) -> str:
    _, stride, expansion, into, out = shape
    made = x
    if expansion > 1:
        made = _conv(graph, made, weights, f"{name}._expand_conv", f"{name}._bn0")
    depth = (f"{name}._depthwise_conv", f"{name}._bn1")
    made = _conv(graph, made, weights, *depth, stride=stride, is_depthwise=True)
    project = (f"{name}._project_conv", f"{name}._bn2")
    made = _conv(graph, made, weights, *project, is_clipped=False)
    return graph.node("Add", [made, x]) if stride == 1 and into == out else made


def _conv(
    graph: Graph,
    x: str,
    weights: Weights,
    conv: str,
    norm: str,
    *,
    stride: int = 1,
    is_depthwise: bool = False,
    is_clipped: bool = True,
) -> str:
    """Convolution with its normalisation folded in, and the clipped rectifier after it."""
    deviation = np.sqrt(weights[f"{norm}.running_var"].astype(np.float64) + NORM["eps"])
    scale = weights[f"{norm}.weight"] / deviation
    shift = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    kernel = weights[f"{conv}.weight"].astype(np.float64) * scale[:, None, None, None]
    before, after = padding(kernel.shape[-1], stride)
    half = graph.constant(kernel, np.float16)
    full = graph.node("Cast", [half], to=TensorProto.FLOAT)
    made = graph.node(
        "Conv",
        [x, full, graph.constant(shift)],
        kernel_shape=list(kernel.shape[2:]),
        strides=[stride] * 2,
        pads=[before, before, after, after],
        group=len(kernel) if is_depthwise else 1,
    )
    if not is_clipped:
        return made
    return graph.node("Clip", [made, graph.constant(0.0), graph.constant(6.0)])


def _mean(graph: Graph, x: str) -> str:
    return graph.node("Flatten", [graph.node("GlobalAveragePool", [x])])
