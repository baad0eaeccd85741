"""How often made answers to challenges are taken, left open and refused, and replays of them.

    python -m benchmarks.challenge PHOTOS [--most 12] [--kept answers.json]

Each photo becomes one sitter who answers one challenge in one of the conditions below; the video is
encoded as a browser does and measured by the shipped networks. The same recording is then held
against challenges with other nonces, which is what replaying it would be.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from api.models import open_models
from audit.challenges import Kind, Outcome, Plan, Telemetry, draw
from audit.interview import Interview
from audit.perception.faces import Networks
from audit.perception.mesh import region_of
from audit.settings import Settings
from datasets.attacks.animated import Take
from datasets.attacks.challenge_answers import Sitter, answering
from datasets.attacks.clips import ENCODINGS, render
from liveness.challenge import Response, measured, verified
from liveness.challenge.movement import likeness, movement_of
from tests.answering import telemetry

KINDS = (Kind.TURN_HEAD, Kind.COVER_FACE, Kind.SCREEN_COLOURS)
TAKE = Take(width=320, height=240, face=120.0, rate=8.0, sway=0.03)
CONDITIONS = {
    "room light": Sitter(),
    "bright room": Sitter(screen=0.02),
    "dark": Sitter(dim=0.12, screen=0.03, noise=4.0),
    "slow": Sitter(late_s=0.9),
    "one turn left out": Sitter(misses=1),
    "small turns": Sitter(turn=15.0, lift=12.0),
}
OTHERS = 50


def nonce_of(number: int) -> str:
    """A nonce by its number."""
    return np.random.default_rng(number).bytes(32).hex()


def told(plan: Plan, nonce: str, interview: Interview) -> Telemetry:
    """Telemetry that fits the recording, whatever the plan: what an attacker would send."""
    video = interview.facts.video
    assert video is not None
    size = {"width": video.width, "height": video.height, "frame_rate": 30.0}
    changes = {"reported": size, "element_width": video.width, "element_height": video.height}
    return Telemetry.model_validate(telemetry(plan, nonce, **changes))


def looked(interview: Interview, nonce: str, earlier: tuple[str, ...] = ()) -> Any:
    """The result for a nonce."""
    plan = draw(nonce, KINDS)
    given = told(plan, nonce, interview)
    return verified(
        interview,
        Response(plan=plan, telemetry=given, elapsed_s=plan.duration_s + 2, earlier=earlier),
    )


def one(photo: Path, number: int, sitter: Sitter, folder: Path) -> dict[str, Any] | None:
    """One sitter: the answer, the same against other nonces, and recorded again."""
    settings = Settings()
    models = open_models(settings)
    networks = Networks.of(models)
    image = cv2.imread(str(photo))
    found = networks.detector.find(image)
    if not found:
        return None
    mesh = networks.mesh.fit(image, region_of(found[0]), passes=2)
    nonce = nonce_of(number)
    plan = draw(nonce, KINDS)
    clip = answering(image, mesh.points, plan, TAKE, sitter, seed=number)
    interview = measured(render(clip, folder / "a.webm", ENCODINGS[4]), settings, models)
    own = looked(interview, nonce)
    movement = own.movement
    again = replace(clip, frames=np.stack([cv2.resize(f, (256, 192)) for f in clip.frames]))
    recorded = measured(render(again, folder / "b.webm", ENCODINGS[5]), settings, models)
    assert recorded.pictures is not None
    others = [looked(interview, nonce_of(10_000 + number * OTHERS + k)) for k in range(OTHERS)]
    codes = [[reason.code for reason in each.reasons] for each in others]
    return {
        "verdict": own.verdict.value,
        "reasons": [reason.code for reason in own.reasons],
        "cues": [(c.kind.value, c.steps[0], c.outcome.value, c.reason, c.value) for c in own.cues],
        "others": dict(Counter(each.verdict.value for each in others)),
        "others_by_cues": sum("cues_not_followed" in each for each in codes),
        "others_accepted_but_for_clock": sum(_passes(each) for each in others),
        "movement": movement,
        "likeness_again": likeness(movement, movement_of(recorded.pictures)),
    }


def _passes(result: Any) -> bool:
    """Whether cues alone would have let it pass."""
    outcomes = [cue.outcome for cue in result.cues]
    followed = outcomes.count(Outcome.FOLLOWED)
    return Outcome.NOT_FOLLOWED not in outcomes and followed >= len(outcomes) / 2


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", type=Path)
    parser.add_argument("--most", type=int, default=12)
    parser.add_argument("--kept", type=Path, default=Path("answers.json"))
    given = parser.parse_args()
    files = sorted(given.photos.rglob("*.jpg"))
    random = np.random.default_rng(5)
    chosen = [files[k] for k in random.permutation(len(files))[: given.most]]
    names = list(CONDITIONS)
    rows = []
    for number, photo in enumerate(chosen):
        condition = names[number % len(names)]
        began = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            row = one(photo, number, CONDITIONS[condition], Path(folder))
        if row is None:
            continue
        rows.append({"condition": condition, **row})
        shown = {name: value for name, value in row.items() if name != "movement"}
        print(condition, shown, f"{time.process_time() - began:.0f} s", flush=True)
        given.kept.write_text(json.dumps(rows))
    pairs = [likeness(a["movement"], b["movement"]) for i, a in enumerate(rows) for b in rows[:i]]
    print("likeness of different answers, largest:", sorted(pairs)[-5:], "of", len(pairs))


if __name__ == "__main__":
    main()
