"""Responses to challenges as a page would send them, made of numbers: telemetry and commitment."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from audit.challenges import Plan, binding_of

RATE = 30.0


def telemetry(plan: Plan, nonce: str, **changes: Any) -> dict[str, Any]:
    """What a page reports of a webcam of 640 x 480 at 30 frames a second, all as it should be."""
    begun, lasts = 5_000.0, plan.duration_s * 1000
    random = np.random.default_rng(7)
    count = int(plan.duration_s * RATE)
    at = begun + np.sort(np.arange(count) * 1000 / RATE + random.normal(0, 1.5, count)) + 40
    cues = [
        {"cue": number, "step": step, "at": begun + 1000 * (cue.start_s + step * cue.step_s) + 9}
        for number, cue in enumerate(plan.cues)
        for step in range(len(cue.steps))
    ]
    size = {"width": 640, "height": 480, "frame_rate": RATE}
    told = {
        "nonce": nonce,
        "label": "Integrated Camera (04f2:b6d0)",
        "labels": ["Integrated Camera (04f2:b6d0)"],
        "requested": {**size, "facing_mode": "user"},
        "reported": size,
        "reported_end": size,
        "element_width": 640,
        "element_height": 480,
        "frame_callback": True,
        "frames": [
            {"at": float(t), "presented": float(t) - 2, "media_s": float(t - at[0]) / 1000 + 1,
             "count": 40 + k, "captured": float(t) - 30}
            for k, t in enumerate(at)
        ],
        "cues": cues,
        "visibility": [],
        "started_at": begun,
        "stopped_at": begun + lasts + 12,
        "clock_start_ms": 1.7e12,
        "clock_stop_ms": 1.7e12 + lasts + 12,
        "recorder_type": "video/webm;codecs=vp8,opus",
        "screen": [390, 844],
        "agent": "Mozilla/5.0",
    }  # fmt: skip
    return {**told, **changes}


def answer(plan: Plan, nonce: str, recording: bytes, **changes: Any) -> dict[str, Any]:
    """The body of an answer that commits to a recording."""
    text = json.dumps(telemetry(plan, nonce, **changes))
    sha256 = hashlib.sha256(recording).hexdigest()
    return {
        "recording_sha256": sha256,
        "recording_bytes": len(recording),
        "telemetry": text,
        "binding": binding_of(nonce, sha256, hashlib.sha256(text.encode()).hexdigest()),
    }
