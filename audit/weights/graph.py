"""A small writer of ONNX graphs: nodes and constants in order, named by counting.

Names depend only on the order of the calls, so that one set of weights always gives the same
bytes. Operator set 17 and IR version 8: what onnxruntime 1.14 and later read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, checker, helper, numpy_helper

OPSET = 17
IR_VERSION = 8

Shape = Sequence[int | str]
Array = NDArray[np.float32]


class Graph:
    """Collects nodes; every method that adds one returns the name of its (first) result."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[object] = []
        self._constants: list[object] = []

    def constant(self, value: ArrayLike, dtype: type[np.generic] = np.float32) -> str:
        """Store an array in the model."""
        name = f"c{len(self._constants)}"
        array = np.ascontiguousarray(np.asarray(value, dtype=dtype))
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def node(
        self, kind: str, inputs: Sequence[str], *, outputs: Sequence[str] = (), **fields: object
    ) -> str:
        """Add an operator; `fields` are its attributes. Results are named unless given."""
        names = list(outputs) or [f"v{len(self._nodes)}"]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **fields))
        return next(n for n in names if n)

    def scaled(self, x: str, scale: ArrayLike, shift: ArrayLike) -> str:
        """x * scale + shift, broadcast over the last axes."""
        return self.node("Add", [self.node("Mul", [x, self.constant(scale)]), self.constant(shift)])

    def linear(self, x: str, weight: Array, bias: Array) -> str:
        """x @ weight.T + bias over the last axis; `weight` has shape (out, in)."""
        product = self.node("MatMul", [x, self.constant(weight.T)])
        return self.node("Add", [product, self.constant(bias)])

    def unsqueezed(self, x: str, axis: int) -> str:
        """Insert an axis of length 1."""
        return self.node("Unsqueeze", [x, self.constant([axis], np.int64)])

    def squeezed(self, x: str, axis: int) -> str:
        """Remove an axis of length 1."""
        return self.node("Squeeze", [x, self.constant([axis], np.int64)])

    def cut(self, x: str, start: int, end: int, axis: int) -> str:
        """Positions `start` to `end` (not included) of one axis."""
        ends = [self.constant([v], np.int64) for v in (start, end, axis)]
        return self.node("Slice", [x, *ends])

    def lstm(self, x: str, layers: Sequence[Mapping[str, Array]], hidden: int) -> tuple[str, str]:
        """One LSTM layer over x (frames, batch, features); one mapping per direction.

        Each mapping has `weight_ih` (4h, in), `weight_hh` (4h, h), `bias_ih` and `bias_hh` (4h,)
        in the gate order input, forget, cell, output; ONNX wants input, output, forget, cell.
        Returns the names of all outputs (frames, directions, batch, h) and of the last state
        (directions, batch, h).
        """
        order = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        w, r, b_ih, b_hh = (np.stack([_gates(d[key]) for d in layers]) for key in order)
        count = len(self._nodes)
        outputs = [f"y{count}", f"h{count}"]
        self.node(
            "LSTM",
            [x, self.constant(w), self.constant(r), self.constant(np.hstack([b_ih, b_hh]))],
            outputs=outputs,
            hidden_size=hidden,
            direction="bidirectional" if len(layers) == 2 else "forward",
        )
        return outputs[0], outputs[1]

    def model(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> bytes:
        """The finished model, checked; shapes may name a dynamic axis by a string."""
        graph = helper.make_graph(
            self._nodes,
            self._name,
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
            initializer=self._constants,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="fairwitness",
        )
        checker.check_model(model, full_check=True)
        serialised: bytes = model.SerializeToString(deterministic=True)
        return serialised


def _gates(block: Array) -> Array:
    first, forget, cell, output = np.split(block, 4)
    reordered: Array = np.concatenate([first, output, forget, cell])
    return reordered


def folded_norm(weights: Mapping[str, Array], name: str) -> tuple[Array, Array]:
    """Scale and shift of a batch normalisation in evaluation mode (epsilon 1e-5)."""
    deviation = np.sqrt(weights[f"{name}.running_var"].astype(np.float64) + 1e-5)
    scale = weights[f"{name}.weight"] / deviation
    shift = weights[f"{name}.bias"] - weights[f"{name}.running_mean"] * scale
    return scale.astype(np.float32), shift.astype(np.float32)
