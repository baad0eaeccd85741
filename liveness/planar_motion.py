"""Does a face move like a flat picture of a face?

A picture that is held and moved before a camera changes from frame to frame by a homography (over
a fifth of a second: an affine map). The face carries along what surrounds it, and nothing moves
within it. A live face blinks and speaks, and moves against its background. None of this needs a
trained model.

Flat pictures were told by the homographies of their motion as early as K. Kollreider, H. Fronthaler
and J. Bigun, "Evaluating liveness by face images and the structure tensor", IEEE AutoID 2005.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.interview import FaceMotion

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Inner:
    """Movement within a face, and of the face with its surroundings.

    Attributes:
        compared_s: seconds of video that were compared and could be told.
        stirred: share of comparisons in which mouth or eyes moved, 0..1.
        stir: 90th percentile of that movement (1 - correlation after undoing the common motion,
            less that of the rest of the face).
        shift: mean displacement between pictures a fifth of a second apart, share of face size.
        follow: how far the surroundings are from following the face: 0 = they move as one plane
            with it, about 1 = they stay where they are; NaN where there was nothing to follow.
    """

    compared_s: float
    stirred: float
    stir: float
    shift: float
    follow: float


MOST_REST = 0.12
"""Where more of the rest of the face is unlike itself, one map does not describe the motion."""


def stir_of(motion: FaceMotion) -> Floats:
    """Movement of mouth or eyes within the face per comparison, shape (m,); about 0 on a photo.

    NaN where the common motion could not be undone (blur, a fast turn).
    """
    inner = np.fmax(motion.mouth, motion.eyes) - motion.rest
    stir: Floats = np.clip(inner, 0.0, 2.0).astype(np.float64)
    stir[~(motion.rest <= MOST_REST)] = np.nan
    return stir


def inner_movement(motion: FaceMotion, stir_at: float, rows: slice = slice(None)) -> Inner:
    """Summary of some comparisons; `stir_at` is the movement that counts as one."""
    whole = stir_of(motion)[rows]
    told = np.isfinite(whole)
    stir = whole[told]
    shift = motion.shift[rows][told].astype(np.float64)
    around = motion.around[rows][told].astype(np.float64)
    known = np.isfinite(around)
    carried = float(shift[known].sum())
    return Inner(
        compared_s=float(motion.gaps_s[rows][told].sum()),
        stirred=float((stir >= stir_at).mean()) if len(stir) else 0.0,
        stir=float(np.quantile(stir, 0.9)) if len(stir) else 0.0,
        shift=float(shift.mean()) if len(shift) else 0.0,
        follow=float(around[known].sum()) / carried if carried > 0 else float("nan"),
    )


def calm_runs(motion: FaceMotion, stir_at: float, most_gap_s: float = 0.5) -> list[slice]:
    """Runs of comparisons one after another in which neither mouth nor eyes moved."""
    calm = ~(stir_of(motion) >= stir_at)
    runs, start = [], 0
    for i in range(1, len(calm) + 1):
        broken = i == len(calm) or motion.times_s[i] - motion.times_s[i - 1] > most_gap_s
        if broken or calm[i] != calm[i - 1]:
            if calm[start]:
                runs.append(slice(start, i))
            start = i
    return runs


def moves_as_a_plane(inner: Inner, point: Mapping[str, Any]) -> bool:
    """Enough movement of the whole, its surroundings with it, none within the face."""
    return bool(
        inner.stirred <= point["most_stirred"]
        and inner.shift >= point["least_shift"]
        and inner.follow <= point["most_follow"]
    )
