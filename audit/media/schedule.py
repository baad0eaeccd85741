"""Which packets are decoded, how, and what their frames give: from packets and a plan.

The rules:
1. Inside a window every frame is decoded: all packets from the key frame before it on (and the
   stretch before that, where the first frames of the window lean on it). Every `stride`-th frame
   is handed out in colour.
2. Outside, key frames at least `step_s` apart are decoded; key frames in between only where
   leaving them out would leave more than `max_gap_s` without a decoded frame.
3. Where the next decoded key frame lies further away than `max_gap_s`, decoding goes on from the
   last one until the rest is no longer than that; frames on which no other depends are skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.confined.orders import ALL, DROP, PICTURE, REFERENCES, SIGNATURE, SILENT, SPARSE
from audit.facts import Packets
from audit.interview import Window
from audit.media.plan import PicturePlan

Times = NDArray[np.float64]
SLACK_S = 1e-6
"""Times are rounded sums of fractions; windows and steps are compared with this much room."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One order per packet, in file order: how to decode it, and what its frame gives (uint8)."""

    orders: NDArray[np.uint8]

    @property
    def how(self) -> NDArray[np.uint8]:
        """DROP, ALL or REFERENCES per packet."""
        return self.orders & np.uint8(3)

    @property
    def gives(self) -> NDArray[np.uint8]:
        """SPARSE, SIGNATURE, PICTURE or SILENT per packet."""
        return self.orders >> np.uint8(2)


def schedule(
    packets: Packets, times_s: Times, plan: PicturePlan, *, whole_groups: bool = False
) -> Schedule:
    """The orders that carry out `plan` on packets shown at `times_s`.

    `whole_groups`: frames are told apart by counting (files without presentation times), so a
    group is decoded as its key frame alone or to its end.
    """
    builder = _Builder(packets, times_s, whole_groups=whole_groups)
    gives = _classes(times_s, plan.windows, plan.stride)
    builder.cover(gives != SPARSE)
    builder.fill(plan.step_s, plan.max_gap_s)
    return Schedule((builder.how | (gives << np.uint8(2))).astype(np.uint8))


def schedule_exactly(
    packets: Packets, times_s: Times, chosen: Sequence[int], *, whole_groups: bool = False
) -> Schedule:
    """The orders that hand out exactly the frames of packets `chosen` (positions in the file)."""
    builder = _Builder(packets, times_s, whole_groups=whole_groups)
    gives = np.full(len(times_s), SILENT, dtype=np.uint8)
    gives[list(chosen)] = PICTURE
    builder.cover(gives == PICTURE)
    return Schedule((builder.how | (gives << np.uint8(2))).astype(np.uint8))


def _classes(times_s: Times, windows: Sequence[Window], stride: int) -> NDArray[np.uint8]:
    gives = np.full(len(times_s), SPARSE, dtype=np.uint8)
    for window in windows:
        inside = (times_s >= window.start_s - SLACK_S) & (times_s <= window.end_s + SLACK_S)
        gives[inside] = SIGNATURE
        if window.mode == "pictures":
            places = np.flatnonzero(inside)
            shown = places[np.argsort(times_s[places], kind="stable")]
            gives[shown[::stride]] = PICTURE
    return gives


class _Builder:
    """Works on groups: a key frame and all packets up to the next, in file order."""

    def __init__(self, packets: Packets, times_s: Times, *, whole_groups: bool) -> None:
        count = len(times_s)
        self.how = np.zeros(count, dtype=np.uint8)
        self._times = times_s
        self._whole = whole_groups
        self._light = ALL if whole_groups else REFERENCES
        starts = np.flatnonzero(packets.keyframe)
        if count and (len(starts) == 0 or starts[0] != 0):
            # Packets before the first key frame: decoders make what they can of them.
            starts = np.concatenate([[0], starts])
        self._starts = starts
        self._ends = np.append(starts[1:], count)

    def cover(self, wanted: NDArray[np.bool_]) -> None:
        """Decode every packet in `wanted`, and what those depend on."""
        places = np.flatnonzero(wanted)
        if not len(places):
            return
        groups = np.searchsorted(self._starts, places, side="right") - 1
        for group in np.unique(groups):
            mine = places[slice(*np.searchsorted(places, [self._starts[group], self._ends[group]]))]
            start, end = int(self._starts[group]), int(self._ends[group])
            first, last = int(mine[0]), end - 1 if self._whole else int(mine[-1])
            self._raise(start, first, self._light)
            self.how[first : last + 1] = ALL
            leading = self._times[mine] < self._times[start] - SLACK_S
            if group > 0 and bool(leading.any()):
                self._raise(int(self._starts[group - 1]), start, self._light)

    def fill(self, step_s: float, max_gap_s: float) -> None:
        """Decode enough outside of the windows that no stretch beyond `max_gap_s` stays unseen."""
        if not len(self._starts):
            return
        bounds = np.append(self._times[self._starts[1:]], self._times.max())
        last = -np.inf
        for group, (start, end) in enumerate(zip(self._starts, self._ends, strict=True)):
            seen = self._times[start:end][self.how[start:end] == ALL]
            if len(seen):
                last = max(last, float(seen.max()))
            next_s = float(bounds[group])
            key_s = float(self._times[start])
            spaced = key_s - last >= min(step_s, max_gap_s) - SLACK_S
            if spaced or next_s - last > max_gap_s + SLACK_S:
                self.how[start] = ALL
                last = max(last, key_s)
            if next_s - last > max_gap_s + SLACK_S:
                last = max(last, self._carry_on(int(start), int(end), next_s - max_gap_s))

    def _carry_on(self, start: int, end: int, until_s: float) -> float:
        """Decode on in a group until the first frame at or after `until_s`; the time reached."""
        times = self._times[start:end]
        late = np.flatnonzero(times >= until_s - SLACK_S)
        stop = start + int(late[0]) if len(late) and not self._whole else end - 1
        self._raise(start, stop, self._light)
        self.how[stop] = ALL
        return float(self._times[start : stop + 1].max())

    def _raise(self, start: int, stop: int, to: int) -> None:
        """Decode packets that would have been dropped."""
        part = self.how[start:stop]
        part[part == DROP] = to
