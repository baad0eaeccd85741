"""The best rows of shards, found by reading all of them, and proven to be the best.

Every row is scored by its first plane against the first plane of the query: integers of one byte,
a quarter of what float32 would read. By the inequality of Cauchy and Schwarz such a score is off by
at most e = r + (1 + r) s, where r and s are the lengths that the first planes leave out of any row
and of the query. Of the m best so scored the least is t: then at least m rows have a cosine of
t - e or more, and each of those has a score of t - 2 e or more. Those rows, often a few dozen in a
million, are scored again with both planes.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numkong
import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats, Ints
from identity.gallery.rows import ROUNDING, Fixed, Shard, fixed

_RUN = 64
"""Rows of which only the best score is looked at first: each so many, evenly spread."""


def scan(
    shards: Sequence[Shard], query: Floats, most: int, pool: ThreadPoolExecutor | None
) -> tuple[Ints, Floats]:
    """Places and cosines of rows among which are the `most` best, in no order.

    A place is the number of the shard times its size, plus the slot. `query` (d,): a unit vector.
    Free slots may be among them. `pool`: reads shards side by side.
    """
    asked = fixed(query[None, :])
    run = pool.map if pool is not None else map
    rough = list(run(lambda shard: _rough(shard, asked), shards))
    best = np.concatenate([runs for _, runs in rough])
    slack = max(shard.rest for shard in shards)
    slack = slack + (1 + slack) * float(asked.rest[0]) + ROUNDING
    least = -np.inf
    if most < len(best):
        found = float(np.partition(best, len(best) - most)[len(best) - most])
        # Free slots score 0: below that, runs do not show that there are so many rows.
        least = found - 2 * slack if found > 0 else -np.inf
    places: list[Ints] = []
    scores: list[Floats] = []
    for number, (shard, (scored, runs)) in enumerate(zip(shards, rough, strict=True)):
        slots = _at_least(scored, runs, least)
        if len(slots):
            places.append(slots + number * len(shard.step))
            scores.append(shard.scores(slots, query))
    return np.concatenate(places), np.concatenate(scores)


def _rough(shard: Shard, asked: Fixed) -> tuple[Floats, Floats]:
    """Scores of the first plane, and the best of each run of rows."""
    whole = np.asarray(numkong.cdist(asked.high, shard.high, "dot"))[0]
    scored: Floats = whole.astype(np.float32)
    scored *= shard.step
    scored *= asked.step[0]
    runs: NDArray[np.float32] = scored.reshape(_RUN, -1).max(axis=0)
    return scored, runs


def _at_least(scored: Floats, runs: Floats, least: float) -> Ints:
    """Slots whose score is not below `least`; only runs that reach it are read."""
    reached = np.flatnonzero(runs >= least)
    rows, columns = np.nonzero(scored.reshape(_RUN, -1)[:, reached] >= least)
    slots: Ints = rows * len(runs) + reached[columns]
    return slots
