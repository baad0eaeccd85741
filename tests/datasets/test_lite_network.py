"""The exported network gives what the trained one gives. Needs torch, which training alone has."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="torch is installed for training only")

from datasets.recipes.lite_export import onnx_bytes  # noqa: E402
from datasets.recipes.lite_network import Network, high_pass, tensor  # noqa: E402


@pytest.mark.parametrize("has_grain", [True, False])
def test_the_export_gives_the_same_logits(has_grain: bool) -> None:
    torch.manual_seed(3)
    network = Network(has_grain=has_grain)
    with torch.no_grad():
        for value in network.parameters():
            value.normal_(0, 0.05) if value.dim() > 1 else value.uniform_(0.5, 1.0)
    network.eval()
    pictures = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        wanted = [part.numpy() for part in network(tensor(pictures))]
    weights = {name: value.float().numpy() for name, value in network.state_dict().items()}
    session = onnxruntime.InferenceSession(onnx_bytes(weights, side=64))
    found = session.run(None, {"input": tensor(pictures).contiguous().numpy()})
    for want, have in zip(wanted, found, strict=True):
        # Kernels are stored as float16: about three digits.
        assert have == pytest.approx(want, abs=0.02 * float(np.abs(want).max() + 1))


def test_the_kernels_for_grain_see_no_flat_colour_and_no_slope() -> None:
    slope = np.add.outer(np.arange(5.0), 2 * np.arange(5.0))
    for kernel in high_pass():
        assert abs(kernel.sum()) < 1e-6 and abs((kernel * slope).sum()) < 1e-5
